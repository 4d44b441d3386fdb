package backends

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
)

// None is the address of a backend that is not to be asked.
const None = "none"

// Override is what the user says of one backend. The zero value leaves it to the configuration.
type Override struct {
	Address   string // HOST:PORT[,…], an address of the backend's own kind, or None
	Auth      string // FILE, env:NAME or ask; each gives USER:PASSWORD or :PASSWORD
	TLS       string // "on", "off", "insecure", or the FILE of a certificate authority
	Mechanism string // of Kafka's SASL
}

// Overrides are what the user says of the backends.
type Overrides struct{ Kafka, Redis, Mongo Override }

// ArgError is a mistake in a flag, with advice.
type ArgError struct{ Flag, Text, Hint string }

func (e *ArgError) Error() string { return e.Flag + ": " + e.Text }

// Surroundings are where credentials come from.
type Surroundings struct {
	Getenv func(name string) string
	Ask    func(prompt string) (string, error) // without an echo; nil: there is nobody to ask
}

// Check finds mistakes before anything is asked of anybody. Its errors are *ArgError.
func (o Overrides) Check() error {
	for _, p := range o.places(&Backends{}) {
		if hasPassword(p.Address) {
			return &ArgError{
				p.flag, "a password on the command line stands in the list of processes and in the shell's history",
				fmt.Sprintf("give the address without it, and %s-auth FILE, env:NAME or ask, where FILE and NAME hold USER:PASSWORD", p.flag),
			}
		}
		if p.Address == None {
			continue
		}
		if err := p.at(p.Address); err != nil {
			return &ArgError{p.flag, err.Error(), addressHint}
		}
	}
	switch o.Kafka.Mechanism {
	case "", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		return nil
	}
	return &ArgError{"--kafka-mechanism", fmt.Sprintf("%q is none that is known here", o.Kafka.Mechanism), "use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"}
}

// hasPassword reports whether an address carries user and password. An @ alone is a user.
func hasPassword(address string) bool {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 && strings.Contains(rest[:i], ":") {
		return true
	}
	_, query, _ := strings.Cut(rest, "?")
	return strings.Contains(strings.ToLower(query), "password=")
}

// place is where an override goes.
type place struct {
	flag string
	Override
	at    func(address string) error
	drop  func()
	parts func() (*Login, **tls.Config) // nil: neither the configuration nor the user says where the backend is
}

func (o Overrides) places(b *Backends) []place {
	return []place{
		{"--kafka", o.Kafka, b.kafkaAt, func() { b.Kafka = nil }, func() (*Login, **tls.Config) {
			if b.Kafka == nil {
				return nil, nil
			}
			return &b.Kafka.Login, &b.Kafka.TLS
		}},
		{"--redis", o.Redis, b.redisAt, func() { b.Redis = nil }, func() (*Login, **tls.Config) {
			if b.Redis == nil {
				return nil, nil
			}
			return &b.Redis.Login, &b.Redis.TLS
		}},
		{"--mongo", o.Mongo, b.mongoAt, func() { b.Mongo = nil }, func() (*Login, **tls.Config) {
			if b.Mongo == nil {
				return nil, nil
			}
			return &b.Mongo.Login, &b.Mongo.TLS
		}},
	}
}

// Addresses are those that the user names. Mistakes among them are left to Check.
func (o Overrides) Addresses() []string {
	var named Backends
	for _, p := range o.places(&named) {
		if p.Address == None || p.at(p.Address) != nil {
			continue
		}
	}
	return named.Addresses()
}

// Say reports whether the user says something of a backend that makes a problem of its configuration void.
func (o Overrides) Say(of string) bool {
	one := map[string]Override{KafkaName: o.Kafka, RedisName: o.Redis, MongoName: o.Mongo}[of]
	return one.Address != "" || one.Auth != "" || one.TLS != ""
}

// WithoutAuth leaves the credentials out, for a plan: nobody is asked for them.
func (o Overrides) WithoutAuth() Overrides {
	o.Kafka.Auth, o.Redis.Auth, o.Mongo.Auth = "", "", ""
	return o
}

// Apply puts what the user says over what was found, and reads the credentials. Errors are *ArgError.
func (o Overrides) Apply(b *Backends, s Surroundings) error {
	for _, p := range o.places(b) {
		if p.Address == None {
			p.drop()
			continue
		}
		if err := p.at(p.Address); err != nil {
			return &ArgError{p.flag, err.Error(), addressHint}
		}
		login, config := p.parts()
		if login == nil {
			continue
		}
		if err := p.credentials(p.flag, login, s); err != nil {
			return err
		}
		if err := p.secure(p.flag, config); err != nil {
			return err
		}
	}
	if b.Kafka != nil {
		b.Kafka.Mechanism = orElse(o.Kafka.Mechanism, b.Kafka.Mechanism)
	}
	return nil
}

const addressHint = "give HOST:PORT, several with commas between them"

// credentials reads them from where the user says; nothing is said: what is known stays.
func (o Override) credentials(flag string, into *Login, s Surroundings) error {
	if o.Auth == "" {
		return nil
	}
	text, err := o.authText(flag, s)
	if err != nil {
		return &ArgError{flag + "-auth", err.Error(), "FILE, env:NAME or ask gives one line: USER:PASSWORD, or :PASSWORD where there is no user"}
	}
	user, password, ok := strings.Cut(strings.TrimRight(text, "\r\n"), ":")
	if !ok || strings.ContainsAny(password, "\r\n") {
		return &ArgError{flag + "-auth", "what was read is not one line with USER:PASSWORD", "where there is no user, begin with the colon: :PASSWORD"}
	}
	*into = Login{Username: user, Password: Secret(password)}
	return nil
}

func (o Override) authText(flag string, s Surroundings) (string, error) {
	if name, is := strings.CutPrefix(o.Auth, "env:"); is {
		if value := s.Getenv(name); value != "" {
			return value, nil
		}
		return "", fmt.Errorf("the variable %q is empty or not set", name)
	}
	if o.Auth == "ask" {
		if s.Ask == nil {
			return "", errors.New("there is no terminal to ask at")
		}
		return s.Ask(fmt.Sprintf("%s, USER:PASSWORD (not shown): ", strings.TrimPrefix(flag, "--")))
	}
	b, err := os.ReadFile(o.Auth)
	return string(b), err
}

// secure decides over TLS; nothing is said: as it is.
func (o Override) secure(flag string, into **tls.Config) error {
	switch o.TLS {
	case "":
	case "off":
		*into = nil
	case "on":
		*into = secure()
	case "insecure":
		*into = secure()
		(*into).InsecureSkipVerify = true
	default:
		pem, err := os.ReadFile(o.TLS)
		if err != nil {
			return &ArgError{flag + "-tls", err.Error(), "use on, off, insecure, or the file of a certificate authority"}
		}
		c := secure()
		if c.RootCAs = pool(pem); c.RootCAs == nil {
			return &ArgError{flag + "-tls", fmt.Sprintf("there is no certificate in %q", o.TLS), "give a file in PEM form"}
		}
		*into = c
	}
	return nil
}
