package backends

import (
	"crypto/tls"
)

// Secret is a value that no text may hold: printed or marshalled it is three asterisks, and empty only if it is empty.
type Secret string

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the value, for the client that authenticates with it.
func (s Secret) Reveal() string { return string(s) }

// Backends are the servers of one installation. Nil: the configuration names none, or cannot be read.
type Backends struct {
	Kafka *Kafka
	Redis *Redis
	Mongo *Mongo
	Etcd  *Etcd

	unplaced *Backends // what the configuration says of servers whose address there is of no use: an address by the user completes it
}

// Addresses are those of all of them.
func (b Backends) Addresses() []string {
	var all []string
	if b.Kafka != nil {
		all = append(all, b.Kafka.Addresses...)
	}
	if b.Redis != nil {
		all = append(all, b.Redis.Addresses...)
	}
	if b.Mongo != nil {
		all = append(all, b.Mongo.Addresses...)
	}
	if b.Etcd != nil {
		all = append(all, b.Etcd.Addresses...)
	}
	return all
}

// Passwords are those with which they are asked, to be kept out of everything that is written.
func (b Backends) Passwords() []string {
	var all []string
	add := func(of ...Login) {
		for _, l := range of {
			if l.Password != "" {
				all = append(all, l.Password.Reveal())
			}
		}
	}
	if b.Kafka != nil {
		add(b.Kafka.Login)
	}
	if b.Redis != nil {
		add(b.Redis.Login, b.Redis.SentinelLogin)
	}
	if b.Mongo != nil {
		add(b.Mongo.Login)
	}
	if b.Etcd != nil {
		add(b.Etcd.Login)
	}
	return all
}

// Login is who asks. The zero value asks without authentication.
type Login struct {
	Username string
	Password Secret
}

// Kafka is a cluster of brokers and what OpenIM uses of it.
type Kafka struct {
	Addresses []string    // bootstrap, host:port
	Login     Login       // SASL where a user name is set
	Mechanism string      // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty: PLAIN, as OpenIM does
	TLS       *tls.Config // nil: plain text
	Topics    []string    // that the configuration names; their order means nothing
	Groups    []string    // consumer groups that the configuration names
	From      string      // where the addresses were found, for people: "kafka.yml of configmap openim/openim-config"
}

// Modes of Redis.
const (
	Standalone = "standalone"
	Cluster    = "cluster"
	Sentinel   = "sentinel"
)

// Redis is a server, a cluster or a group watched by sentinels.
type Redis struct {
	Addresses     []string // host:port; of the sentinels where Mode is Sentinel
	Mode          string   // Standalone, Cluster, Sentinel; empty: it is found out
	Master        string   // name of the group that sentinels watch
	Login         Login
	SentinelLogin Login
	DB            int
	TLS           *tls.Config
	From          string
}

// Mongo is a server or a replica set.
type Mongo struct {
	Addresses  []string // host:port; several are members of one replica set
	SRV        string   // host of a mongodb+srv:// URI; Addresses is empty then
	Login      Login
	AuthSource string // empty: Database
	Database   string // openim_v3 unless the configuration says otherwise
	ReplicaSet string
	TLS        *tls.Config
	From       string
}

// Etcd is the registry and, on line B, the config centre.
type Etcd struct {
	Addresses []string
	Login     Login
	Root      string // prefix of OpenIM's keys
	TLS       *tls.Config
	From      string
}
