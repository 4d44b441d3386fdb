package backends

import (
	"crypto/tls"
	"errors"
	"net/url"
	"strings"
)

// ParseMongo reads mongodb:// and mongodb+srv:// addresses, several hosts included. Its errors never quote the address.
func ParseMongo(uri string) (*Mongo, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(uri), "://")
	if !ok || scheme != "mongodb" && scheme != "mongodb+srv" {
		return nil, errors.New("it does not begin with mongodb:// or mongodb+srv://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	m := &Mongo{}
	if strings.Contains(query, "@") { // else a part of the password would pass for a host
		return nil, errors.New("its user or password has a ? that is no escape (%3F), or its options an @ (%40)")
	}
	i := strings.LastIndexByte(rest, '@')
	if err := m.Login.read(rest[:max(i, 0)]); err != nil {
		return nil, err
	}
	hosts, database, _ := strings.Cut(rest[i+1:], "/")
	m.Database = database
	if scheme == "mongodb+srv" {
		if !isHost(hosts) {
			return nil, errors.New("what it names is no host")
		}
		m.SRV, m.TLS = hosts, secure()
		return m, m.options(query)
	}
	var err error
	if m.Addresses, err = hostsOf(hosts, mongoPort); err != nil {
		return nil, err
	}
	return m, m.options(query)
}

// read takes user:password as an address has it.
func (l *Login) read(userinfo string) error {
	name, password, _ := strings.Cut(userinfo, ":")
	name, err1 := url.PathUnescape(name)
	password, err2 := url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return errors.New("its user or password has a % that begins no escape")
	}
	l.Username, l.Password = name, Secret(password)
	return nil
}

// options are those that decide how to connect; their names are the same in upper and lower case.
func (m *Mongo) options(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("its options cannot be read")
	}
	insecure := false
	for name, all := range values {
		value := all[len(all)-1]
		switch strings.ToLower(name) {
		case "authsource":
			m.AuthSource = value
		case "replicaset":
			m.ReplicaSet = value
		case "tls", "ssl":
			m.TLS = nil
			if value == "true" {
				m.TLS = secure()
			}
		case "tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames":
			insecure = value == "true"
		}
	}
	if m.TLS != nil {
		m.TLS.InsecureSkipVerify = insecure
	}
	return nil
}

func secure() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }
