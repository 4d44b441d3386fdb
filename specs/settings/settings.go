package settings

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Prefixes of the variables that override files.
const (
	OpenIM = "IMENV_"
	Chat   = "CHATENV_"
)

// Origin is where a value was found.
type Origin struct {
	Where string // an entry of a bundle, an object, a variable: "configmap openim/openim-config"
	Line  int    // of the file; 0: it has none
}

// Value is what a key holds. A list has any number of Values, a scalar one, and none if it is empty.
type Value struct {
	Values []string
	List   bool
	Origin Origin
	Hidden bool   // it was read from a Secret
	Unread string // why it is not known, although it is set; Values is empty then
	Alike  int    // of a secret whose text is not known: those of one record with the same number are equal; 0: nothing tells
}

// String is the value as one text.
func (v Value) String() string { return strings.Join(v.Values, ", ") }

// Setting is one key of one file.
type Setting struct {
	File string // as it is mounted: kafka.yml
	Key  string // with a dot between levels, as it is spelt: tls.enableTLS, tagSets.0.rack
	Value
	Overridden []Value // what the value stands in the place of, the nearest first
}

// Set is the configuration of one component. The zero value is empty and of OpenIM itself.
type Set struct {
	Prefix   string // of variables; empty: OpenIM
	settings []*Setting
	index    map[string]*Setting
	files    map[string]bool // stems of those that were read
}

// Error is a mistake in a configuration file. What else the file holds was read, unless it is no YAML at all.
type Error struct {
	File  string
	Where string // as in Origin
	Line  int    // 0: it is not known
	Key   string // what the text is about, as the file spells it; empty: the file
	Text  string
}

// Says is the text with its key.
func (e *Error) Says() string {
	if e.Key == "" {
		return e.Text
	}
	return fmt.Sprintf("key %q %s", e.Key, e.Text)
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s of %s: %s", e.File, e.Where, e.Says())
	}
	return fmt.Sprintf("%s:%d of %s: %s", e.File, e.Line, e.Where, e.Says())
}

// Get finds a key of a file: "kafka", "tls.enableTLS". The file is named with or without its suffix. Nil: it is not set.
func (s *Set) Get(file, key string) *Setting { return s.index[slot(file, key)] }

// All lists the settings by file and key.
func (s *Set) All() []*Setting {
	all := slices.Clone(s.settings)
	slices.SortStableFunc(all, func(a, b *Setting) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Key, b.Key)) })
	return all
}

// Put takes a setting over as somebody else has read it: its file counts as read.
func (s *Set) Put(one Setting) {
	s.note(one.File)
	s.lay(&one)
}

// Has reports whether a file was read.
func (s *Set) Has(file string) bool { return s.files[stem(file)] }

// Add reads a file; keys that are there already are overridden. Every mistake is an *Error.
func (s *Set) Add(file, where string, text []byte) []error {
	found, errs := read(file, where, text)
	s.note(file)
	for _, f := range found {
		s.lay(f)
	}
	return errs
}

func (s *Set) note(file string) {
	if s.files == nil {
		s.files = map[string]bool{}
	}
	s.files[stem(file)] = true
}

// lay puts a setting over one of the same key.
func (s *Set) lay(f *Setting) {
	if s.index == nil {
		s.index = map[string]*Setting{}
	}
	at := slot(f.File, f.Key)
	old := s.index[at]
	if old == nil {
		s.index[at] = f
		s.settings = append(s.settings, f)
		return
	}
	old.Overridden = append([]Value{old.Value}, old.Overridden...)
	old.Value = f.Value
}

// stem is what a file and the variables for it have in common.
func stem(file string) string {
	name := path.Base(file)
	for _, suffix := range []string{".yml", ".yaml", ".json"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func slot(file, key string) string { return stem(file) + "\x00" + variable(key) }

// variable is a key as the names of variables have it.
func variable(key string) string { return strings.ToUpper(strings.ReplaceAll(key, ".", "_")) }

// Secret reports whether a key holds what nobody else may know, or may hold it.
func Secret(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc([]string{"secret", "password", "pwd", "token", "key", "keyid", "secretid", "uri"}, func(end string) bool { return strings.HasSuffix(key, end) })
}

// known are the files of OpenIM and openim-chat that hold settings, without suffix.
var known = []string{
	"config", "notification", "share", "webhooks", "local-cache", "kafka", "redis", "mongodb", "minio", "log", "discovery", "zookeeper",
	"openim-api", "openim-crontask", "openim-msggateway", "openim-msgtransfer", "openim-push",
	"openim-rpc-auth", "openim-rpc-conversation", "openim-rpc-friend", "openim-rpc-group", "openim-rpc-msg", "openim-rpc-third", "openim-rpc-user",
	"chat-api-admin", "chat-api-chat", "chat-rpc-admin", "chat-rpc-chat", "chat-api-bot", "chat-rpc-bot",
}

// Known reports whether a file is one of OpenIM's or openim-chat's.
func Known(file string) bool {
	suffix := path.Ext(file)
	return (suffix == ".yml" || suffix == ".yaml") && slices.ContainsFunc(known, func(k string) bool { return stem(k) == stem(file) })
}

// File tells which of the files a text is: by its own name, packed or not, or else by the keys that only that file has at its
// top. It is empty for anything else.
func File(name string, text []byte) string {
	if name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"); Known(name) {
		return name
	}
	for _, s := range signatures {
		if !slices.ContainsFunc(s.keys, func(any []string) bool { return !atTop(text, any) }) {
			return s.file
		}
	}
	return ""
}

// signatures are keys at the top of a file that no other file has together; of each list one is enough.
var signatures = []struct {
	file string
	keys [][]string
}{
	{"kafka.yml", [][]string{{"toRedisTopic"}, {"toPushTopic"}}},
	{"redis.yml", [][]string{{"redisMode", "clusterMode"}, {"address"}}},
	{"mongodb.yml", [][]string{{"maxPoolSize", "authSource"}, {"uri", "database"}}},
	{"share.yml", [][]string{{"secret"}, {"rpcRegisterName", "imAdminUserID", "imAdminUser", "multiLogin"}}},
	{"log.yml", [][]string{{"isStdout"}, {"remainLogLevel"}}},
	{"minio.yml", [][]string{{"externalAddress"}, {"accessKeyID"}}},
	{"discovery.yml", [][]string{{"enable"}, {"etcd", "zookeeper"}}},
	{"openim-push.yml", [][]string{{"enable"}, {"geTui", "getui", "fcm", "jpns", "jpush"}}},
}

// atTop tells whether one of the keys begins a line.
func atTop(text []byte, keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		return bytes.HasPrefix(text, []byte(key+":")) || bytes.Contains(text, []byte("\n"+key+":"))
	})
}
