package analyze

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs/settings"
)

// Effective is what a collector found to configure each component: files and variables laid over each other.
type Effective struct {
	Entry string
	record.Config
}

func (s *snapshots) readEffective(r io.Reader, entry string) error {
	e := Effective{Entry: entry}
	if err := json.NewDecoder(r).Decode(&e.Config); err != nil {
		return fmt.Errorf("reading the effective configuration: %w", err)
	}
	s.Effective = append(s.Effective, e)
	return nil
}

// configurations are those of each component, and of the places of files that stand in none of them.
func (e Effective) configurations() []Configuration {
	var out []Configuration
	for _, p := range e.Problems {
		if p.From == "" { // of a backend, not of a file
			continue
		}
		out = append(out, Configuration{
			Where: p.From, Entry: e.Entry, Kubernetes: true, Set: &settings.Set{},
			Wrong: []error{&settings.Error{File: p.Of, Where: p.From, Line: p.Line, Text: p.Text}},
		})
	}
	for _, g := range e.Groups {
		where := e.Entry
		if len(g.Files) > 0 {
			where = g.Files[0].From
		}
		set := setOf(g.Settings)
		for _, w := range g.Of {
			out = append(out, Configuration{
				Where: where, Entry: e.Entry, Namespace: w.Namespace, Role: w.Role, Chat: w.Role == "chat", Kubernetes: true, Set: set,
				Component: w.Name, Ignored: g.Ignored,
			})
		}
	}
	return out
}

// setOf is the configuration that was told key by key.
func setOf(told []record.ConfigSetting) *settings.Set {
	set := &settings.Set{}
	for _, t := range told {
		one := settings.Setting{File: t.File, Key: t.Name, Value: valueOf(t.ConfigValue)}
		for _, v := range t.Overridden {
			one.Overridden = append(one.Overridden, valueOf(v))
		}
		set.Put(one)
	}
	return set
}

func valueOf(v record.ConfigValue) settings.Value {
	value := settings.Value{List: v.List, Origin: settings.Origin{Where: v.From, Line: v.Line}, Hidden: v.Secret, Unread: v.Unknown, Alike: v.Alike}
	switch {
	case v.Value == "":
	case v.List:
		value.Values = strings.Split(v.Value, ", ")
	default:
		value.Values = []string{v.Value}
	}
	return value
}

// holds tells whether a file is among those that were read into the effective configuration: in its ConfigMap, or as the
// copy that lies beside the record.
func (e Effective) holds(f configFile) bool {
	beside := strings.TrimSuffix(e.Entry, bundle.ConfigEffective)
	return slices.ContainsFunc(e.Groups, func(g record.ConfigGroup) bool {
		return slices.ContainsFunc(g.Files, func(read record.ConfigFile) bool {
			return read.From == f.where || beside+read.Entry == f.entry
		})
	})
}

// mounts tells whether the configuration of a namespace's components is told: what none of its files came from is mounted nowhere.
func (e Effective) mounts(namespace string) bool {
	return slices.ContainsFunc(e.Groups, func(g record.ConfigGroup) bool {
		return len(g.Files) > 0 && slices.ContainsFunc(g.Of, func(w record.Workload) bool { return w.Namespace == namespace && w.Role != "chat" })
	})
}

// effective are the configurations that collectors told, and the files that remain to be read: not those of ConfigMaps that no
// component mounts.
func effective(told []Effective, files []configFile) (out []Configuration, rest []configFile) {
	slices.SortFunc(told, func(a, b Effective) int { return strings.Compare(a.Entry, b.Entry) })
	for _, e := range told {
		out = append(out, e.configurations()...)
	}
	rest = slices.DeleteFunc(files, func(f configFile) bool {
		return slices.ContainsFunc(told, func(e Effective) bool { return e.holds(f) || f.kubernetes && e.mounts(f.namespace) })
	})
	return out, rest
}
