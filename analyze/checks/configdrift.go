package checks

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
	"github.com/imbundle/imbundle/specs/settings"
)

var configDrift = analyze.Check{
	ID: "config-drift", Guide: "3",
	Title: say("配置与官方默认的差异", "configuration against the official defaults"),
	Doc: say("把 ConfigMap、配置文件与 IMENV_ 变量和同版本的官方默认逐项对照，只报告已知有影响的项：为什么，改哪一个键。被脱敏的值不作判断；文件里缺的键按该版本是否需要来判断。版本不明时，只看与版本无关的项。知道各组件的生效配置时，没有组件挂载的 ConfigMap 不看，写了却不起作用的 IMENV_ 变量作提示，并写明哪些组件受影响。",
		"Compares ConfigMaps, configuration files and IMENV_ variables with the official defaults of the same release and tells only what is known to matter: why, and which key to change. Redacted values are not judged; a missing key counts where the release needs it. Without a release only what holds for every release is looked at. Where the effective configuration of the components is told, ConfigMaps that none of them mounts are left out, IMENV_ variables without effect are worth a word, and the components that it concerns are named."),
	Needs: []string{"cluster-resources/configmaps/<namespace>.json, or config/*.yml"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		judged := false
		concerns := readers{}
		for _, c := range f.Configs {
			if c.Chat {
				continue
			}
			judged = true
			own := slices.Concat(invalid(c), ignored(c))
			for _, s := range f.Specs.Baseline.Settings {
				own = append(own, drift(f, c, s)...)
			}
			concerns.add(c.Component, own)
			found = append(found, own...)
		}
		switch {
		case !judged:
			return unknown()
		case len(found) == 0 && len(f.Versions) == 0:
			return analyze.Finding{Status: analyze.Unknown, Needs: []string{"the release: a log of a component, or an image with its tag"}}
		}
		found = concerns.name(joined(found))
		slices.SortStableFunc(found, func(a, b analyze.Evidence) int { return cmp.Compare(weight(b), weight(a)) })
		return answer(found)
	},
}

// weight puts what does most harm first.
func weight(e analyze.Evidence) int {
	return slices.Index([]string{analyze.Info, analyze.Warning, "", analyze.Error, analyze.Critical}, e.Severity)
}

// ignored shows variables that somebody has set in vain.
func ignored(c analyze.Configuration) (found []analyze.Evidence) {
	for _, v := range c.Ignored {
		if strings.HasPrefix(v.Why, "it is empty") {
			continue // charts leave many so
		}
		found = append(found, analyze.Evidence{
			Cause: "config-drift", Confidence: analyze.Possible, Severity: analyze.Warning, Subject: analyze.Subject{Role: c.Role, Namespace: c.Namespace, Target: v.Variable},
			Says:    say("变量不起作用：OpenIM 不认这个名字，用的是文件里的值", "a variable is without effect: OpenIM knows no such name and takes what the file says"),
			Samples: []analyze.Sighting{{Entry: c.Entry, Text: clip(v.Variable + ": " + v.Why)}},
		})
	}
	return found
}

// invalid shows files that OpenIM cannot read. A file that somebody sent loose may have suffered on the way.
func invalid(c analyze.Configuration) []analyze.Evidence {
	if len(c.Wrong) == 0 || c.Role != "" {
		return nil
	}
	e := analyze.Evidence{
		Cause: "config-invalid", Confidence: analyze.Possible, Subject: analyze.Subject{Target: c.Where},
		Says: say("配置文件不是合法的 YAML", "a configuration file is not valid YAML"),
	}
	if c.Kubernetes {
		e.Confidence = analyze.Likely
	}
	for _, err := range c.Wrong {
		sight := analyze.Sighting{Entry: c.Entry, Text: clip(err.Error())}
		var wrong *settings.Error
		if errors.As(err, &wrong) && !c.Kubernetes {
			sight.Entry, sight.Line = wrong.Where, int64(wrong.Line)
		}
		e.Samples = append(e.Samples, sight)
	}
	return []analyze.Evidence{e}
}

// drift looks for the values of one setting that hurt.
func drift(f *analyze.Facts, c analyze.Configuration, s *specs.Setting) []analyze.Evidence {
	if s.Versions != "" && !fitsAll(f.Versions, s.Versions) {
		return nil
	}
	release := ""
	if len(f.Versions) > 0 {
		release = f.Versions[0]
	}
	if s.When.Missing {
		return missing(f, c, s, release)
	}
	var found []analyze.Evidence
	for _, v := range c.Set.All() {
		if !s.Covers(fileName(v.File), v.Key) || !known(v) || !reads(f, c, v.File) || !with(c, s, v) {
			continue
		}
		def := f.Default(v.File, v.Key, cmp.Or(release, "main"))
		if !hurts(s.When, v.String(), def) {
			continue
		}
		was := ""
		if def != nil {
			was = fmt.Sprintf(" (default %q)", def.Value)
		}
		shown := fmt.Sprintf("%s %s: %q%s", v.File, v.Key, v.String(), was)
		found = append(found, settingEvidence(f, c, s, v.Origin, shown, change(s, v.Key, def)))
	}
	return found
}

// missing shows the keys that the release has and the file lacks.
func missing(f *analyze.Facts, c analyze.Configuration, s *specs.Setting, release string) []analyze.Evidence {
	var lacks []string
	var first *specs.Default
	for _, d := range f.Defaults(release) {
		if s.Covers(d.File, d.Key) && c.Set.Has(d.File) && c.Set.Get(d.File, d.Key) == nil {
			if first == nil {
				first = d
			}
			lacks = append(lacks, fmt.Sprintf("%s: %s", d.Key, d.Value))
		}
	}
	if first == nil {
		return nil
	}
	list := strings.Join(lacks, ", ")
	shown := fmt.Sprintf("%s lacks what %s has: %s", first.File, release, list)
	return []analyze.Evidence{settingEvidence(f, c, s, settings.Origin{Where: c.Entry}, shown, say("补上 "+list, "add "+list))}
}

// fitsAll tells whether all releases that were seen are in a range; none are if none were seen.
func fitsAll(versions []string, want string) bool {
	for _, v := range versions {
		if !analyze.VersionFits(v, want) {
			return false
		}
	}
	return len(versions) > 0
}

// fileName has the suffix that the specs use.
func fileName(file string) string {
	if name, ok := strings.CutSuffix(file, ".yaml"); ok && name != "config" {
		return name + ".yml"
	}
	return file
}

// known tells whether a value can be judged.
func known(v *settings.Setting) bool {
	return v.Unread == "" && !v.Hidden && !strings.Contains(v.String(), "<redacted:")
}

// reads tells whether a file counts as this configuration has it: a component's own file counts with its variables.
func reads(f *analyze.Facts, c analyze.Configuration, file string) bool {
	owner, own := strings.CutPrefix(strings.TrimSuffix(fileName(file), ".yml"), "openim-")
	return !own || c.Role == owner || !slices.ContainsFunc(f.Configs, func(o analyze.Configuration) bool { return o.Where == c.Where && o.Role == owner })
}

// with tells whether the other settings have the values that they must have.
func with(c analyze.Configuration, s *specs.Setting, v *settings.Setting) bool {
	for key, want := range s.With {
		got := ""
		file, path, absolute := strings.Cut(key, ":")
		if !absolute {
			file, path = v.File, beside(v.Key, key)
		}
		if other := c.Set.Get(file, path); other != nil {
			if !known(other) {
				return false
			}
			got = other.String()
		}
		if key == "kubernetes" {
			got = strconv.FormatBool(c.Kubernetes)
		}
		if !strings.EqualFold(got, want) {
			return false
		}
	}
	return true
}

// beside is a key of the same level as another, or of a level of its own if it has one.
func beside(of, key string) string {
	dot := strings.LastIndexByte(of, '.')
	if dot < 0 || strings.Contains(key, ".") {
		return key
	}
	return of[:dot+1] + key
}

func hurts(w specs.When, value string, def *specs.Default) bool {
	equal := func(other string) bool { return strings.EqualFold(value, other) }
	number, err := strconv.ParseFloat(value, 64)
	switch {
	case len(w.Is) > 0:
		return slices.ContainsFunc(w.Is, equal)
	case len(w.Not) > 0:
		return !slices.ContainsFunc(w.Not, equal)
	case err != nil:
		return false
	case w.Below != nil:
		return number < *w.Below
	case w.Above != nil:
		return number > *w.Above
	case w.BelowDefault && def != nil:
		usual, err := strconv.ParseFloat(def.Value, 64)
		return err == nil && number < usual
	}
	return false
}

// change is the smallest one that helps.
func change(s *specs.Setting, key string, def *specs.Default) specs.Text {
	switch {
	case s.Change != (specs.Text{}):
		return s.Change
	case def != nil && def.Value == "":
		return say(key+" 置空", "leave "+key+" empty")
	case def != nil:
		return say(key+" 改回 "+def.Value, "set "+key+" back to "+def.Value)
	}
	return specs.Text{}
}

func settingEvidence(f *analyze.Facts, c analyze.Configuration, s *specs.Setting, from settings.Origin, shown string, change specs.Text) analyze.Evidence {
	e := analyze.Evidence{
		Cause: s.CauseOf(), Severity: s.Severity, Confidence: cmp.Or(s.Confidence, analyze.Likely), Says: s.Says,
		Subject: analyze.Subject{Role: c.Role, Namespace: c.Namespace, Target: c.Where},
	}
	if change != (specs.Text{}) {
		e.Says = say(s.Says.ZH+"。最小改动："+change.ZH, s.Says.EN+". Smallest change: "+change.EN)
	}
	if s.Versions != "" && !f.VersionLogged() {
		e.Confidence = analyze.Possible
	}
	sight := analyze.Sighting{Entry: c.Entry, Text: clip(shown)}
	if from.Where != "" && !c.Kubernetes {
		sight.Entry, sight.Line = from.Where, int64(from.Line)
	} else if from.Where != c.Entry {
		sight.Text += ", " + from.Where
	} else if c.Kubernetes {
		sight.Text += ", " + c.Where
	}
	e.Samples = []analyze.Sighting{sight}
	return e
}
