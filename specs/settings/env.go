package settings

import (
	"slices"
	"strings"
)

// Var is a variable of a component's environment.
type Var struct {
	Name, Value string
	Where       string // as in Origin
	Hidden      bool   // the value was read from a Secret
	Unread      string // why the value is not known
}

// Ignored is a variable that looks as if it set something and does not.
type Ignored struct {
	Name, Where, Why string
}

// Env lays variables over the files that were read. OpenIM looks for variables by the keys of its files: one that fits none of
// a file is without effect, as is an empty one. Of a file that was not read every variable is taken.
func (s *Set) Env(vars []Var) (ignored []Ignored) {
	for _, v := range vars {
		rest, ours := strings.CutPrefix(v.Name, s.prefix())
		switch {
		case !ours:
			s.legacy(v, vars)
			continue
		case v.Value == "" && v.Unread == "":
			ignored = append(ignored, Ignored{v.Name, v.Where, "it is empty: OpenIM takes the file's value"})
			continue
		}
		if why := s.override(rest, v); why != "" {
			ignored = append(ignored, Ignored{v.Name, v.Where, why})
		}
	}
	return ignored
}

func (s *Set) prefix() string {
	if s.Prefix == "" {
		return OpenIM
	}
	return s.Prefix
}

// override finds the setting that a variable means; why it is without effect is told.
func (s *Set) override(rest string, v Var) (why string) {
	file, key := split(rest)
	if file == "" {
		return "no file of that name holds settings"
	}
	old := s.Get(file, key)
	if old == nil && s.Has(file) {
		return file + " has no such key, and OpenIM reads variables for keys of its files only"
	}
	f := &Setting{File: file, Key: strings.ToLower(key)}
	if old != nil {
		f.File, f.Key, f.List = old.File, old.Key, old.List
	}
	f.Value = v.value(f.List)
	s.lay(f)
	return ""
}

// value splits the value of a list at its commas, as OpenIM does.
func (v Var) value(list bool) Value {
	value := Value{List: list, Origin: Origin{Where: v.Where}, Hidden: v.Hidden, Unread: v.Unread}
	switch {
	case v.Value == "":
	case list:
		value.Values = strings.Split(v.Value, ",")
	default:
		value.Values = []string{v.Value}
	}
	return value
}

// split takes the name of a variable, without its prefix, apart: the longest name of a file that it begins with, and a key.
func split(rest string) (file, key string) {
	best := ""
	for _, k := range known {
		if name := stem(k) + "_"; strings.HasPrefix(rest, name) && len(rest) > len(name) && len(k) > len(best) {
			best = k
		}
	}
	if best == "" {
		return "", ""
	}
	return best + ".yml", rest[len(best)+1:]
}

// earlier are the variables that releases up to 3.6 read, and the keys of config.yaml that they stand for.
var earlier = map[string]string{
	"KAFKA_USERNAME": "kafka.username", "KAFKA_PASSWORD": "kafka.password", "KAFKA_ADDRESS": "kafka.addr",
	"REDIS_USERNAME": "redis.username", "REDIS_PASSWORD": "redis.password", "REDIS_ADDRESS": "redis.address",
	"MONGO_URI": "mongo.uri", "MONGO_OPENIM_USERNAME": "mongo.username", "MONGO_OPENIM_PASSWORD": "mongo.password",
	"MONGO_DATABASE": "mongo.database", "MONGO_ADDRESS": "mongo.address",
}

// legacy lays a variable of earlier releases over config.yaml. An address counts only with its port, which all of a list share.
func (s *Set) legacy(v Var, vars []Var) {
	key, ours := earlier[v.Name]
	if !ours || !s.Has("config") || v.Value == "" && v.Unread == "" {
		return
	}
	f := &Setting{File: "config.yaml", Key: key, Value: v.value(false)}
	if name, isAddress := strings.CutSuffix(v.Name, "_ADDRESS"); isAddress {
		i := slices.IndexFunc(vars, func(o Var) bool { return o.Name == name+"_PORT" })
		if i < 0 || vars[i].Value == "" {
			return
		}
		f.Value = v.value(true)
		for n, host := range f.Values {
			f.Values[n] = host + ":" + vars[i].Value
		}
	}
	s.lay(f)
}

// Needs reports whether a variable sets how a backend is reached: where it is and who asks.
func Needs(name string) bool {
	if _, ours := earlier[name]; ours {
		return true
	}
	for _, prefix := range []string{OpenIM, Chat} {
		rest, ours := strings.CutPrefix(name, prefix)
		if !ours {
			continue
		}
		file, _ := split(rest)
		return slices.Contains([]string{"kafka.yml", "redis.yml", "mongodb.yml", "discovery.yml"}, file)
	}
	return false
}

// centreNames are the names that the config centre has for keys which files spell differently: those of Go's fields.
var centreNames = map[string]map[string]string{
	"KAFKA": {"TOOFFLINEGROUPID": "toOfflinePushGroupID"},
	"REDIS": {"SENTINELMODE_SENTINELADDRS": "sentinelMode.sentinelsAddrs"},
}

// Centre lays over what the config centre holds of a file: JSON, which wins over variables.
func (s *Set) Centre(file, where string, json []byte) []error {
	found, errs := read(file, where, json)
	for _, f := range found {
		if name := centreNames[stem(file)][variable(f.Key)]; name != "" {
			f.Key = name
		}
		s.lay(f)
	}
	return errs
}
