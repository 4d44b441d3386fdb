package specs

import (
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// Duration is a time.Duration that YAML writes as "90s" or "5m".
type Duration time.Duration

// UnmarshalYAML reads Go's duration syntax.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is no duration such as 90s or 5m", n.Line, n.Value)}}
	}
	*d = Duration(v)
	return nil
}

// String returns Go's duration syntax.
func (d Duration) String() string { return time.Duration(d).String() }
