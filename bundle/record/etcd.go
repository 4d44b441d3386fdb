package record

// EtcdStatus is etcd/status.json: every member that the configuration names.
type EtcdStatus struct {
	From    string       `json:"from"` // where the addresses were found
	Members []EtcdMember `json:"members"`
	Alarms  []string     `json:"alarms"` // NOSPACE, CORRUPT, with the member's id
}

// EtcdMember is what one member says of itself.
type EtcdMember struct {
	Address string   `json:"address"`
	Error   string   `json:"error,omitempty"` // why it said nothing
	ID      string   `json:"id,omitempty"`
	Version string   `json:"version,omitempty"`
	DBSize  int64    `json:"dbSize"`  // bytes on disk
	DBInUse int64    `json:"dbInUse"` // bytes of them that hold something
	Leader  string   `json:"leader"`  // id; empty or "0": there is none
	Term    string   `json:"term,omitempty"`
	Errors  []string `json:"errors"` // its own complaints
}

// Led tells whether the member answered and knows a leader.
func (m EtcdMember) Led() bool { return m.Error == "" && m.Leader != "" && m.Leader != "0" }

// EtcdRegistry is etcd/registry.json: which endpoints OpenIM's services have registered, and the config centre.
type EtcdRegistry struct {
	Root      string        `json:"root"`
	Services  []EtcdService `json:"services"`
	Truncated bool          `json:"truncated,omitempty"` // there are more keys than were read
	Centre    ConfigCentre  `json:"centre"`
}

// EtcdService is a service by its register name.
type EtcdService struct {
	Name      string   `json:"name"`
	Endpoints []string `json:"endpoints"` // ip:port
}

// ConfigCentre says whether line B's config centre is switched on, and which files it holds.
type ConfigCentre struct {
	Switch string   `json:"switch"` // value of its key: enable, disable; empty: there is none
	Files  []string `json:"files"`
}
