package record

import (
	"fmt"
	"strings"
	"time"
)

// NodePod begins the names of the pods by which nodes are asked. They say nothing of the installation.
const NodePod = "imbundle-node-"

// HostClock is how far a host's clock stood from the collector's, as a line of nodes/<node>/clock.txt.
type HostClock struct {
	Offset      time.Duration // host minus collector
	Uncertainty time.Duration // half width
}

const (
	hostClock   = "clock of this host minus the collector's: "
	plusOrMinus = " ± "
)

// String is the line, without its end.
func (c HostClock) String() string {
	return fmt.Sprintf("%s%s%s%s", hostClock, c.Offset.Round(time.Millisecond), plusOrMinus, c.Uncertainty.Round(time.Millisecond))
}

// ParseHostClock reads a line that String wrote.
func ParseHostClock(line string) (c HostClock, ok bool) {
	rest, ok := strings.CutPrefix(line, hostClock)
	if !ok {
		return c, false
	}
	offset, width, ok := strings.Cut(strings.TrimSpace(rest), plusOrMinus)
	var err1, err2 error
	c.Offset, err1 = time.ParseDuration(offset)
	c.Uncertainty, err2 = time.ParseDuration(width)
	return c, ok && err1 == nil && err2 == nil
}
