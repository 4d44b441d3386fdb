package analyze

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/bundle/record"
)

// What gauges measure.
const (
	GaugeLoad        = "load"        // load average of 5 minutes, of so many processors
	GaugeDescriptors = "descriptors" // open files of the host, of fs.file-max
	GaugeProcess     = "open-files"  // descriptors of one process, of its limit
	GaugeInotify     = "inotify"     // inotify instances of root, of fs.inotify.max_user_instances
	GaugeClock       = "clock"       // seconds by which the host is ahead of the collector, of the uncertainty
	GaugeCPUWait     = "psi-cpu"     // share of the last minute in which something waited, percent, of 100
	GaugeMemoryWait  = "psi-memory"  // in which everything waited for memory
	GaugeDiskWait    = "psi-io"      // in which everything waited for disks
)

// Gauge is one number that a host tells of itself, and the number that it is to be seen against.
type Gauge struct {
	Entry, Node, Text string
	Line              int64
	What              string
	Target            string // name of the process
	Value, Of         float64
}

// hostReaders read a line of what a host tells, by the name of its entry; a number that comes in a line of its own is kept in
// the reader.
var hostReaders = map[string]func(h *hostReader, line string){
	"load": (*hostReader).load, "pressure": (*hostReader).pressure, "files": (*hostReader).files, "inotify": (*hostReader).inotify, "clock": (*hostReader).clock,
}

type hostReader struct {
	src     source
	n       int64
	to      *snapshots
	average float64 // load; until the processors are known
	text    string
	limit   float64 // of inotify instances
}

// readHost reads one text of a host line by line.
func (s *snapshots) readHost(r io.Reader, src source) error {
	h := &hostReader{src: src, to: s, average: -1}
	read := hostReaders[src.Stem]
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		h.n++
		read(h, strings.TrimRight(lines.Text(), "\r "))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading what a host says: %w", err)
	}
	return nil
}

func (h *hostReader) gauge(what, target, text string, value, of float64) {
	h.to.Gauges = append(h.to.Gauges, Gauge{
		Entry: h.src.Entry, Node: h.src.Node, Text: text, Line: h.n, What: what, Target: target, Value: value, Of: of,
	})
}

var (
	loadLine     = regexp.MustCompile(`^[\d.]+ ([\d.]+) [\d.]+ \d+/\d+ \d+$`)
	countLine    = regexp.MustCompile(`^\d+$`)
	pressureLine = regexp.MustCompile(`^/proc/pressure/(cpu|memory|io):(some|full) .*\bavg60=([\d.]+)`)
	fileLine     = regexp.MustCompile(`^(\d+)\t\d+\t(\d+)$`)
	processLine  = regexp.MustCompile(`^\d+\t(\d+)\t(\d+)\t(.+)$`)
	inotifyLimit = regexp.MustCompile(`^fs\.inotify\.max_user_instances = (\d+)$`)
	inotifyUsed  = regexp.MustCompile(`^instances of root in use: (\d+)$`)
)

// number is a text that a pattern has found to be one.
func number(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64)
	return v
}

func (h *hostReader) load(line string) {
	if m := loadLine.FindStringSubmatch(line); m != nil {
		h.average, h.text = number(m[1]), line
	} else if countLine.MatchString(line) && h.average >= 0 {
		h.gauge(GaugeLoad, "", h.text+", processors: "+line, h.average, number(line))
	}
}

// pressures are the lines of PSI that tell of trouble: anything that waits for CPU, everything that waits for the others.
var pressures = map[string]string{"cpu some": GaugeCPUWait, "memory full": GaugeMemoryWait, "io full": GaugeDiskWait}

func (h *hostReader) pressure(line string) {
	if m := pressureLine.FindStringSubmatch(line); m != nil && pressures[m[1]+" "+m[2]] != "" {
		h.gauge(pressures[m[1]+" "+m[2]], "", line, number(m[3]), 100)
	}
}

func (h *hostReader) files(line string) {
	if m := fileLine.FindStringSubmatch(line); m != nil {
		h.gauge(GaugeDescriptors, "", line, number(m[1]), number(m[2]))
	} else if m := processLine.FindStringSubmatch(line); m != nil {
		h.gauge(GaugeProcess, m[3], line, number(m[1]), number(m[2]))
	}
}

func (h *hostReader) inotify(line string) {
	if m := inotifyLimit.FindStringSubmatch(line); m != nil {
		h.limit = number(m[1])
	} else if m := inotifyUsed.FindStringSubmatch(line); m != nil && h.limit > 0 {
		h.gauge(GaugeInotify, "", fmt.Sprintf("%s, of %.0f", line, h.limit), number(m[1]), h.limit)
	}
}

func (h *hostReader) clock(line string) {
	if c, ok := record.ParseHostClock(line); ok {
		h.gauge(GaugeClock, "", line, c.Offset.Seconds(), c.Uncertainty.Seconds())
	}
}

// sortHosts puts in order what hosts and kubelets tell.
func (f *Facts) sortHosts() {
	slices.SortStableFunc(f.Gauges, func(a, b Gauge) int { return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line)) })
	slices.SortStableFunc(f.Spaces, func(a, b Space) int { return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Signal, b.Signal)) })
	slices.SortStableFunc(f.Evictions, func(a, b Eviction) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortStableFunc(f.PodSpaces, func(a, b PodSpace) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
