package kube

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs/settings"
)

// config writes what the survey read of OpenIM's configuration: each file once, and what each component makes of them. It
// asks the server nothing.
type config struct {
	c *Cluster
	s *Survey
}

func (*config) Name() string { return configName }

func (f *config) Promise() collect.Promise {
	names := []string{bundle.ConfigEffective}
	for name := range f.files() {
		names = append(names, name)
	}
	slices.Sort(names)
	return collect.Promise{Entries: names, Priority: configPriority}
}

// files are the texts of ConfigMaps that components mount, by entry.
func (f *config) files() map[string]string {
	files := map[string]string{}
	for _, comp := range f.s.config.components {
		for _, file := range comp.files {
			if file.Entry != "" {
				files[file.Entry] = file.text
			}
		}
	}
	return files
}

func (f *config) Collect(_ context.Context, b *collect.Batch) error {
	for _, gap := range f.s.config.gaps {
		b.Gap(gap)
	}
	var errs []error
	files := f.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !b.Has(name) {
			errs = append(errs, b.Put(name, bundle.Meta{}, []byte(files[name])))
		}
	}
	return errors.Join(append(errs, putJSON(b, bundle.ConfigEffective, f.effective()))...)
}

// effective groups components that do not differ.
func (f *config) effective() record.Config {
	c := record.Config{Schema: record.ConfigSchema, Groups: []record.ConfigGroup{}, Problems: notNil(f.s.config.problems)}
	secrets := alike{}
	for _, comp := range f.s.config.components {
		g := f.s.config.group(comp, secrets)
		of := record.Workload{Role: comp.Role, Namespace: comp.Namespace, Kind: comp.Kind, Name: comp.Name}
		i := slices.IndexFunc(c.Groups, func(o record.ConfigGroup) bool {
			return reflect.DeepEqual(o.Files, g.Files) && reflect.DeepEqual(o.Settings, g.Settings) && reflect.DeepEqual(o.Ignored, g.Ignored)
		})
		if i < 0 {
			c.Groups = append(c.Groups, g)
			i = len(c.Groups) - 1
		}
		c.Groups[i].Of = append(c.Groups[i].Of, of)
	}
	return c
}

// group is a component's configuration without its name, so that those of others compare with it.
func (f *configuration) group(comp *configured, secrets alike) record.ConfigGroup {
	g := record.ConfigGroup{Files: []record.ConfigFile{}, Settings: []record.ConfigSetting{}, Ignored: []record.IgnoredVariable{}}
	for _, file := range comp.files {
		if !ofSecretFile(file.From) || settings.Known(file.File) {
			g.Files = append(g.Files, file.ConfigFile)
		}
	}
	for _, one := range comp.set.All() {
		if f.untold(one) {
			countUntold(g.Files, one)
			continue
		}
		r := record.ConfigSetting{File: one.File}
		for i, v := range everyValue(one) {
			value := record.ConfigValue{
				Name: one.Key, Value: f.text(one, v), List: v.List, Secret: v.Hidden, Unknown: v.Unread, From: comp.plain(v.Origin.Where), Line: v.Origin.Line,
			}
			if settings.Secret(one.Key) {
				value.Alike = secrets.number(v.String())
			}
			if i == 0 {
				r.ConfigValue = value
			} else {
				r.Overridden = append(r.Overridden, value)
			}
		}
		g.Settings = append(g.Settings, r)
	}
	for _, i := range comp.ignored {
		g.Ignored = append(g.Ignored, record.IgnoredVariable{Variable: i.Name, From: comp.plain(i.Where), Why: i.Why})
	}
	return g
}

// countUntold counts a setting in its file.
func countUntold(files []record.ConfigFile, one *settings.Setting) {
	for i := range files {
		if files[i].File == one.File && files[i].From == one.Origin.Where {
			files[i].Untold++
			return
		}
	}
}

// alike numbers secrets in the order in which they come, so that a bundle tells which are equal and nothing else of them.
type alike map[string]int

func (a alike) number(secret string) int {
	if secret == "" {
		return 0
	}
	if a[secret] == 0 {
		a[secret] = len(a) + 1
	}
	return a[secret]
}

// plain leaves the component's own name out of where a variable stands.
func (comp *configured) plain(where string) string {
	return strings.Replace(where, " of "+comp.object(), "", 1)
}
