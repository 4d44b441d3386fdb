package specs

import (
	"time"

	"gopkg.in/yaml.v3"
)

// Duration is a time.Duration that YAML writes as "90s" or "5m".
type Duration time.Duration

// UnmarshalYAML reads Go's duration syntax.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}
