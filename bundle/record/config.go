package record

// ConfigSchema is the schema of Config.
const ConfigSchema = "imbundle/config/1"

// Config is config/effective.json: what configures each component, and where each value comes from.
type Config struct {
	Schema   string          `json:"schema"`   // ConfigSchema
	Groups   []ConfigGroup   `json:"groups"`   // components with the same settings share one
	Problems []ConfigProblem `json:"problems"` // files and variables that could not be read or used
}

// ConfigGroup is the configuration of components that do not differ in it.
type ConfigGroup struct {
	Of       []Workload        `json:"of"`
	Files    []ConfigFile      `json:"files"`
	Settings []ConfigSetting   `json:"settings"` // by file and name
	Ignored  []IgnoredVariable `json:"ignored"`  // variables that look as if they set something and do not
}

// Workload names a component.
type Workload struct {
	Role      string `json:"role"`
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"` // Deployment, StatefulSet, DaemonSet, Pod
	Name      string `json:"name"`
}

// ConfigFile is a file that is mounted into a component.
type ConfigFile struct {
	File   string `json:"file"`             // kafka.yml
	From   string `json:"from"`             // "configmap openim/openim-config", "secret openim/openim-config"
	Entry  string `json:"entry"`            // of the bundle; empty: it is mounted from a Secret, and not there
	Untold int    `json:"untold,omitempty"` // keys of a Secret's file that are not among OpenIM's: they are not written
}

// ConfigValue is a value and where it comes from. Name stands before value, as redaction expects of variables.
type ConfigValue struct {
	Name    string `json:"name"`              // of the key, with a dot between levels: tls.enableTLS
	Value   string `json:"value"`             // elements of a list are joined by ", "; redacted as everything
	List    bool   `json:"list,omitempty"`    // of scalars
	Secret  bool   `json:"secret,omitempty"`  // it was read from a Secret and may not be told: Value is empty whatever it is
	Unknown string `json:"unknown,omitempty"` // why the value is not known, although it is set
	From    string `json:"from"`              // the configmap, or the variable and whose it is
	Line    int    `json:"line,omitempty"`    // of the file
	Alike   int    `json:"alike,omitempty"`   // of a secret: those with the same number are equal; 0: it is none, empty or unknown
}

// ConfigSetting is one key of one file as a component sees it.
type ConfigSetting struct {
	File string `json:"file"`
	ConfigValue
	Overridden []ConfigValue `json:"overridden,omitempty"` // what the value stands in the place of, the nearest first
}

// IgnoredVariable is a variable without effect.
type IgnoredVariable struct {
	Variable string `json:"variable"`
	From     string `json:"from"`
	Why      string `json:"why"`
}

// ConfigProblem is what could not be read or used.
type ConfigProblem struct {
	Of   string `json:"of"`             // a file, or a backend: kafka.yml, kafka
	From string `json:"from,omitempty"` // as in ConfigValue
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}
