package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

func builtin(t *testing.T) *specs.Set {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// checkIDs are the coded checks and the packs of rules.
func checkIDs(set *specs.Set) map[string]analyze.Check {
	ids := map[string]analyze.Check{}
	for _, c := range checks.All() {
		ids[c.ID] = c
	}
	for _, r := range set.Rules {
		ids["rules-"+r.Guide] = analyze.Check{ID: "rules-" + r.Guide, Guide: r.Guide}
	}
	return ids
}

var sectionsOfGuide = []string{"1", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3", "4", "5", "6"}

// Every section of the guide has a check, and every step names checks, entries and commands that exist. That its rules and
// causes do is linted.
func TestGuideNamesWhatExists(t *testing.T) {
	set := builtin(t)
	ids := checkIDs(set)
	served := map[string]bool{}
	for _, s := range set.Guide {
		for _, id := range s.Checks {
			c, known := ids[id]
			if !known {
				t.Errorf("%s: no check is called %q", s.At, id)
			}
			served[s.Guide] = served[s.Guide] || known && c.Guide == s.Guide
		}
		for _, entry := range s.Entries {
			if sort := bundle.Sort(entry); sort == bundle.SortOther {
				t.Errorf("%s: the layout has no entry %q", s.At, entry)
			}
		}
		for _, line := range s.Commands {
			if err := exists(line); err != nil {
				t.Errorf("%s: %q: %v", s.At, line, err)
			}
		}
	}
	for _, section := range sectionsOfGuide {
		if !served[section] {
			t.Errorf("section %s of the guide has no check of its own", section)
		}
	}
}

// exists tells whether a command line as documented names a command and flags of ours.
func exists(line string) error {
	words := strings.Fields(line)
	c, rest, err := newRoot(streams{getenv: func(string) string { return "" }}).Find(words[1:])
	if err != nil {
		return err
	}
	if !c.Runnable() || c.Name() == "imbundle" {
		return fmt.Errorf("no command")
	}
	for _, w := range rest {
		name, isLong := strings.CutPrefix(w, "--")
		switch {
		case isLong && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil:
			return fmt.Errorf("no flag %s", w)
		case !isLong && len(w) == 2 && w[0] == '-' && c.Flags().ShorthandLookup(w[1:]) == nil:
			return fmt.Errorf("no flag %s", w)
		}
	}
	return nil
}

// What proves a cause is a kind of data that the analysis knows.
func TestWantsAreKnown(t *testing.T) {
	set := builtin(t)
	for slug, c := range set.Causes {
		for _, name := range set.Wants(c) {
			if _, ok := analyze.WantTitle(name, set); !ok {
				t.Errorf("%s wants %q, which is no kind of data", slug, name)
			}
		}
	}
}

// The guide, the causes and the rules as documents are what the data says; a difference fails.
func TestReferencePages(t *testing.T) {
	set := builtin(t)
	for _, lang := range []string{"en", "zh"} {
		suffix := map[string]string{"en": ".md", "zh": ".zh-CN.md"}[lang]
		p := printer{set: set, lang: lang, checks: checkIDs(set)}
		for name, text := range map[string]string{"guide": p.guide(), "causes": p.causes(), "rules": p.rules()} {
			file := "../../docs/" + name + suffix
			if *update {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != text {
				t.Errorf("%s differs from the specs (rewrite with go test ./cmd/imbundle -run Reference -update)", file)
			}
		}
	}
}

// printer writes the documents of one language.
type printer struct {
	set    *specs.Set
	lang   string
	checks map[string]analyze.Check
}

func (p printer) say(zh, en string) string { return specs.Text{ZH: zh, EN: en}.In(p.lang) }

func (p printer) page(name string) string {
	return name + map[string]string{"en": ".md", "zh": ".zh-CN.md"}[p.lang]
}

const printed = "go test ./cmd/imbundle -run Reference -update"

func (p printer) guide() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", p.say("排障指南对照表", "The troubleshooting guide and what does it"),
		p.say("由 specs/guide.yaml 打印（"+printed+"）：指南的每一句，由哪些检查、规则、原因、条目与命令完成。", "Printed from specs/guide.yaml by "+printed+": every sentence of the guide and the checks, rules, causes, entries and commands that do it."))
	section := ""
	for _, s := range p.set.Guide {
		here := s.Guide
		if s.Hop != "" {
			here = p.say("判断表：看到什么，先断的是哪一跳", "The decision table: what is seen, and which hop broke first")
		}
		if here != section {
			section = here
			fmt.Fprintf(&b, "\n## %s\n", section)
		}
		fmt.Fprintf(&b, "\n### %s\n\n", s.Says.In(p.lang))
		if s.Hop != "" {
			fmt.Fprintf(&b, "- %s: %s (%s %s)\n", p.say("先断的一跳", "First broken hop"), p.hop(s.Hop), p.say("指南", "guide"), s.Guide)
		}
		p.item(&b, p.say("检查", "Checks"), s.Checks, func(id string) string {
			title := p.checks[id].Title.In(p.lang)
			if title == "" {
				return "`" + id + "`"
			}
			return "`" + id + "` (" + title + ")"
		})
		p.item(&b, p.say("规则", "Rules"), s.Rules, func(id string) string { return "[`" + id + "`](" + p.page("rules") + "#" + id + ")" })
		p.item(&b, p.say("原因", "Causes"), s.Causes, p.cause)
		p.item(&b, p.say("不是故障", "No fault"), s.Benign, p.cause)
		for _, slug := range s.Dont {
			fmt.Fprintf(&b, "- %s: %s (%s)\n", p.say("切勿", "Do not"), p.set.Causes[slug].Dont.In(p.lang), p.cause(slug))
		}
		p.item(&b, p.say("采集", "Collected"), s.Entries, func(e string) string { return "`" + e + "`" })
		p.item(&b, p.say("命令", "Commands"), s.Commands, func(c string) string { return "`" + c + "`" })
		if note := s.Note.In(p.lang); note != "" {
			fmt.Fprintf(&b, "- %s: %s\n", p.say("注", "Note"), note)
		}
	}
	return b.String()
}

func (p printer) item(b *strings.Builder, name string, ids []string, show func(string) string) {
	if len(ids) == 0 {
		return
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = show(id)
	}
	fmt.Fprintf(b, "- %s: %s\n", name, strings.Join(words, ", "))
}

func (p printer) hop(id string) string {
	for _, h := range p.set.Hops {
		if h.ID == id {
			return h.Title.In(p.lang)
		}
	}
	return id
}

func (p printer) cause(slug string) string {
	return "[" + p.set.Causes[slug].Title.In(p.lang) + "](" + p.page("causes") + "#" + slug + ")"
}

func (p printer) causes() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", p.say("原因", "Causes"), p.say("由 specs/causes.yaml 与 layers.yaml 打印（"+printed+"）。", "Printed from specs/causes.yaml and layers.yaml by "+printed+"."))
	for _, slug := range slices.Sorted(maps.Keys(p.set.Causes)) {
		c := p.set.Causes[slug]
		layer := p.set.Layer(c.Layer)
		fmt.Fprintf(&b, "\n## %s\n\n**%s** · %s · %s · %s %s\n\n%s\n\n", slug, c.Title.In(p.lang), c.Severity, layer.Title.In(p.lang), p.say("指南", "guide"), c.Guide, c.Means.In(p.lang))
		fmt.Fprintf(&b, "- %s: %s\n- %s: %s\n", p.say("处理", "Fix"), c.Fix.In(p.lang), p.say("切勿", "Do not"), c.Dont.In(p.lang))
		var wants []string
		for _, name := range p.set.Wants(c) {
			title, _ := analyze.WantTitle(name, p.set)
			wants = append(wants, title.In(p.lang))
		}
		plain := func(s string) string { return s }
		p.item(&b, p.say("证据", "Evidence"), wants, plain)
		if !c.Benign {
			fmt.Fprintf(&b, "- %s: %s\n- %s: %s\n- %s: %s\n", p.say("复现", "Reproduce"), layer.Reproduce.In(p.lang), p.say("验证", "Verify"), layer.Verify.In(p.lang), p.say("预防", "Prevent"), layer.Prevent.In(p.lang))
		}
		p.item(&b, p.say("可解释", "Explains"), c.Explains, p.cause)
		if c.Not != "" {
			p.item(&b, p.say("勿与之混淆", "Not to be taken for"), []string{c.Not}, p.cause)
		}
		var rules []string
		for _, r := range p.set.Rules {
			if r.Cause == slug || slices.ContainsFunc(r.Recast, func(x specs.Recast) bool { return x.Cause == slug }) {
				rules = append(rules, r.ID)
			}
		}
		p.item(&b, p.say("规则", "Rules"), rules, func(id string) string { return "[`" + id + "`](" + p.page("rules") + "#" + id + ")" })
	}
	return b.String()
}

func (p printer) rules() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", p.say("规则", "Rules"), p.say("由 specs/rules 打印（"+printed+"）。", "Printed from specs/rules by "+printed+"."))
	for _, r := range p.set.Rules {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n- %s: %s\n- %s: %s\n- %s: %s\n", r.ID, r.Says.In(p.lang), p.say("原因", "Cause"), p.cause(r.Cause),
			p.say("指南", "Guide"), r.Guide, p.say("文本出处", "Source of the text"), r.Source)
		for _, x := range r.Recast {
			fmt.Fprintf(&b, "- %s %s: %s\n", p.say("有时是", "Sometimes"), p.cause(x.Cause), x.Because.In(p.lang))
		}
		fmt.Fprintf(&b, "\n```\n%s\n```\n", r.Hit[0])
	}
	return b.String()
}

// What a check advises to collect is a command line that there is.
func TestChecksAdviseWhatExists(t *testing.T) {
	for _, c := range checks.All() {
		if err := exists(c.Collect); err != nil {
			t.Errorf("%s: %q: %v", c.ID, c.Collect, err)
		}
	}
}
