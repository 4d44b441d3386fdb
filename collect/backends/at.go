package backends

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// kafkaAt leaves topics, groups and credentials as the configuration has them: the address alone is another way there.
func (b *Backends) kafkaAt(address string) error {
	if address == "" {
		return nil
	}
	hosts, err := hostsOf(address, kafkaPort)
	if err != nil {
		return err
	}
	if b.Kafka == nil {
		b.Kafka = &Kafka{}
		if u := b.unplaced; u != nil && u.Kafka != nil {
			*b.Kafka = *u.Kafka
		}
	}
	b.Kafka.Addresses, b.Kafka.From = hosts, "--kafka"
	return nil
}

// redisAt also takes redis:// and rediss:// with a database. The mode is found out.
func (b *Backends) redisAt(address string) error {
	if address == "" {
		return nil
	}
	r, known := &Redis{}, b.Redis
	if known == nil && b.unplaced != nil {
		known = b.unplaced.Redis
	}
	if known != nil {
		r.Login, r.DB, r.TLS = known.Login, known.DB, known.TLS
	}
	if scheme, rest, isURL := strings.Cut(address, "://"); isURL {
		var err error
		if address, err = r.url(scheme, rest); err != nil {
			return err
		}
	}
	hosts, err := hostsOf(address, redisPort)
	if err != nil {
		return err
	}
	r.Addresses, r.From = hosts, "--redis"
	b.Redis = r
	return nil
}

// url reads redis://[USER@]HOSTS[/DB] and rediss:// of the same form, which is with TLS, and gives the hosts.
func (r *Redis) url(scheme, rest string) (hosts string, err error) {
	if scheme != "redis" && scheme != "rediss" {
		return "", fmt.Errorf("%s:// is no address of Redis", scheme)
	}
	if scheme == "rediss" {
		r.TLS = secure()
	}
	hosts, db, _ := strings.Cut(rest, "/")
	if db != "" {
		if r.DB, err = strconv.Atoi(db); err != nil {
			return "", fmt.Errorf("%q is no number of a database", db)
		}
	}
	if user, behind, named := strings.Cut(hosts, "@"); named {
		r.Login.Username, hosts = user, behind
	}
	return hosts, nil
}

// mongoAt takes a URI or hosts; what it does not say is as the configuration has it.
func (b *Backends) mongoAt(address string) error {
	if address == "" {
		return nil
	}
	known := Mongo{Database: mongoDatabase}
	if b.Mongo != nil {
		known = *b.Mongo
	} else if u := b.unplaced; u != nil && u.Mongo != nil {
		known = *u.Mongo
	}
	m := &Mongo{}
	var err error
	if strings.Contains(address, "://") {
		m, err = ParseMongo(address)
	} else {
		m.Addresses, err = hostsOf(address, mongoPort)
	}
	if err != nil {
		return err
	}
	if m.Login == (Login{}) {
		m.Login = known.Login
	}
	m.Database, m.AuthSource = orElse(m.Database, known.Database), orElse(m.AuthSource, known.AuthSource)
	m.From = "--mongo"
	b.Mongo = m
	return nil
}

func hostsOf(list, port string) ([]string, error) {
	hosts := Hosts(list, port)
	if len(hosts) == 0 {
		return nil, errors.New("it names no host")
	}
	for _, address := range hosts {
		if !isAddress(address) {
			return nil, errors.New("what it names is no list of HOST:PORT")
		}
	}
	return hosts, nil
}
