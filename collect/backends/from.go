package backends

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/specs/settings"
)

// Names of the backends, as problems, flags and gaps have them.
const (
	KafkaName = "kafka"
	RedisName = "redis"
	MongoName = "mongo"
	EtcdName  = "etcd"
)

// Problem is why a backend cannot be reached as the configuration has it.
type Problem struct {
	Of   string // KafkaName, …
	Text string // what is wrong, where
	Hint string // what to do about it
}

func (p *Problem) Error() string { return p.Of + ": " + p.Text }

// From finds the backends in the settings of components: each in the first set that names it. A file that a setting names by
// its path, as a certificate, is asked of file, which gives nil where it is not known.
func From(sets []*settings.Set, file func(path string) []byte) (Backends, []*Problem) {
	f := &finder{file: file}
	b := Backends{unplaced: &Backends{}}
	for _, set := range sets {
		if b.Kafka == nil {
			k := f.kafka(section{set, "kafka", "kafka"})
			settle(k, k != nil && len(k.Addresses) > 0, &b.Kafka, &b.unplaced.Kafka)
		}
		if b.Redis == nil {
			r := f.redis(section{set, "redis", "redis"})
			settle(r, r != nil && len(r.Addresses) > 0, &b.Redis, &b.unplaced.Redis)
		}
		if b.Mongo == nil {
			m := f.mongo(section{set, "mongodb", "mongo"})
			settle(m, m != nil && (len(m.Addresses) > 0 || m.SRV != ""), &b.Mongo, &b.unplaced.Mongo)
		}
		if b.Etcd == nil {
			b.Etcd = f.etcd(section{set, "discovery", ""})
		}
	}
	return b, f.problems
}

// settle puts a backend into its place, or beside it where there is no address of use; the first one stays.
func settle[T any](found *T, usable bool, into, beside **T) {
	if usable {
		*into = found
	} else if *beside == nil {
		*beside = found
	}
}

// finder collects what is wrong on the way.
type finder struct {
	file     func(path string) []byte
	problems []*Problem
}

// fail notes a problem once: many components share a configuration.
func (f *finder) fail(of, hint, format string, args ...any) {
	p := &Problem{of, fmt.Sprintf(format, args...), hint}
	for _, known := range f.problems {
		if *known == *p {
			return
		}
	}
	f.problems = append(f.problems, p)
}

// section is what a component's configuration says of one backend: a file of its own, or a part of config.yaml up to 3.6.
type section struct {
	set       *settings.Set
	file, old string
}

// get finds the first of several spellings of a key; nil: it is not set, or empty.
func (s section) get(keys ...string) *settings.Setting {
	for _, key := range keys {
		if one := s.set.Get(s.file, key); one != nil && (len(one.Values) > 0 || one.Unread != "") {
			return one
		}
		if s.old == "" {
			continue
		}
		if one := s.set.Get("config", s.old+"."+key); one != nil && (len(one.Values) > 0 || one.Unread != "") {
			return one
		}
	}
	return nil
}

func (s section) text(keys ...string) string {
	if one := s.get(keys...); one != nil && len(one.Values) > 0 {
		return strings.TrimSpace(one.Values[0])
	}
	return ""
}

func (s section) is(key string) bool {
	on, err := strconv.ParseBool(s.text(key))
	return err == nil && on
}

// texts are the values of several keys, without those that are not set.
func (s section) texts(keys ...string) []string {
	var all []string
	for _, key := range keys {
		if text := s.text(key); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// addresses are those of a list, and where it was found. Written as one text it is split at commas, as OpenIM does.
func (f *finder) addresses(of string, s section, port string, keys ...string) (all []string, from string) {
	one := s.get(keys...)
	if one == nil {
		return nil, ""
	}
	if one.Unread != "" {
		f.fail(of, flagHint(of), "the address in %s is not known: %s", where(one), one.Unread)
		return nil, ""
	}
	return f.usable(of, one, Hosts(one.String(), port)), where(one)
}

// usable gives addresses that a setting names if all of them lead somewhere from here.
func (f *finder) usable(of string, one *settings.Setting, all []string) []string {
	for _, address := range all {
		if strings.ContainsAny(address, "@/") { // it may hold a password
			f.fail(of, flagHint(of), "an address in %s is no HOST:PORT: it has a user, or a scheme", where(one))
			return nil
		}
		if !isAddress(address) { // so may this
			f.fail(of, flagHint(of), "an address in %s is no HOST:PORT", where(one))
			return nil
		}
		host, _, _ := net.SplitHostPort(address)
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
			f.fail(of, flagHint(of), "%s says %s, which is each pod for itself", where(one), quoted(one, address))
			return nil
		}
	}
	return all
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// isHost reports whether a text is a host and nothing else.
func isHost(text string) bool { return hostName.MatchString(text) || net.ParseIP(text) != nil }

// isAddress reports whether a text is HOST:PORT and nothing else: any other may hold a password, and is neither dialled nor quoted.
func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && isHost(host)
}

// Hosts splits a list of HOST:PORT at commas; port is added where none is named.
func Hosts(list, port string) []string {
	var all []string
	for _, one := range strings.Split(list, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(one); err != nil && port != "" {
			one = net.JoinHostPort(strings.Trim(one, "[]"), port)
		}
		all = append(all, one)
	}
	return all
}

// flagHint is what helps where the configuration does not.
func flagHint(of string) string {
	if of == EtcdName {
		return "only the registry and the config centre are missing without it"
	}
	return fmt.Sprintf("say where it is with --%s HOST:PORT", of)
}

// quoted is a value for people, if they may know it.
func quoted(one *settings.Setting, text string) string {
	if one.Hidden {
		return "(hidden)"
	}
	return text
}

// where says for people where a setting stands.
func where(s *settings.Setting) string {
	if s.Origin.Line == 0 {
		return s.Origin.Where
	}
	return s.File + " of " + s.Origin.Where
}

// login reads who asks. Without the password that is set it asks as nobody, which the server will say something about.
func (f *finder) login(of string, s section, user, password string) Login {
	name, word := s.get(user), s.get(password)
	for _, one := range []*settings.Setting{name, word} {
		if one != nil && one.Unread != "" {
			f.fail(of, fmt.Sprintf("give the credentials with --%s-auth FILE, env:NAME or ask", of), "the credentials in %s are not known: %s", where(one), one.Unread)
			return Login{}
		}
	}
	return Login{Username: s.text(user), Password: secretOf(word)}
}

// secretOf is a value as it is, blanks at its ends included.
func secretOf(one *settings.Setting) Secret {
	if one == nil || len(one.Values) == 0 {
		return ""
	}
	if one.List {
		return Secret(strings.Join(one.Values, ","))
	}
	return Secret(one.Values[0])
}
