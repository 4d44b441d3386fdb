package specs

import (
	"strings"
	"testing"
)

// broken is an overlay in which every stanza has a mistake that Lint or Test has to find.
var broken = map[string]string{
	"causes.yaml": `
circle-a: {layer: l, hop: push, severity: error, guide: "2.5", explains: [circle-b], title: {zh: a, en: a}, means: {zh: a, en: a}, fix: {zh: a, en: a}, dont: {zh: a, en: a}}
circle-b: {layer: l, hop: push, severity: error, guide: "2.5", explains: [circle-a], title: {zh: a, en: a}, means: {zh: a, en: a}, fix: {zh: a, en: a}, dont: {zh: a, en: a}}
Bad_Slug: {layer: l, hop: psuh, severity: fatal, guide: "9", not: kafka-unreachabel, title: {zh: a}, means: {zh: a, en: a}, fix: {zh: a, en: a}, dont: {zh: a, en: a}}
`,
	"rules/broken.yaml": `
- {id: short-literal, cause: kafka-unreachable, guide: "2.3", match: 'abc|a long literal', says: {zh: a, en: a}, source: s, hit: [abc], miss: [x]}
- {id: bad-references, cause: kafka-unreachabel, guide: "2.3", hop: to-puhs, any: [long enough], level: [wran], roles: [pusher], versions: '>=3.8.0 line-c', confidence: sure, says: {zh: a, en: a}, source: s, hit: [long enough], miss: [x]}
- {id: fixed-blanks, cause: kafka-unreachable, guide: "2.3", any: ['"topic": [""]'], match: '"msg":"some text', unless: '"a", ?"b": "c"', says: {zh: a, en: a}, source: s, hit: ['{"level":"warn","msg":"some text","topic":[""]}'], miss: [x]}
- {id: no-examples, cause: kafka-unreachable, guide: "2.3", match: 'broken ([', says: {zh: "", en: a}}
- {id: wrong-examples, cause: kafka-unreachable, guide: "2.3", match: expected text, level: [warn], says: {zh: a, en: a}, source: s, hit: [other text], miss: [the expected text]}
`,
	"layers.yaml":   "- {id: kafka, title: {zh: a, en: a}, verify: {zh: a, en: a}, prevent: {zh: a, en: a}}\n",
	"guide.yaml":    "- {guide: \"7\", says: {zh: a, en: a}, rules: [no-such], benign: [kafka-unreachable]}\n- {guide: \"1\", says: {zh: a, en: a}}\n",
	"suppress.yaml": "- {id: aimless, reason: r, until: 2026-12-31}\n- {id: endless, cause: kafka-unreachable, until: some day}\n",
	"redact.yaml":   "- {id: changes-nothing, pattern: secret, says: {zh: a, en: a}, hit: [a secret], miss: [a word]}\n",
}

func TestLintFindsMistakes(t *testing.T) {
	set, err := Load(overlay(t, broken))
	if err != nil {
		t.Fatal(err)
	}
	got := messages(Lint(set))
	for _, want := range []string{
		"explains goes in a circle: circle-a → circle-b → circle-a",
		`id "Bad_Slug" is not kebab-case`, `unknown hop "psuh"; did you mean "push"?`, `unknown severity "fatal"`,
		`unknown guide section "9"`, `unknown cause in not "kafka-unreachabel"; did you mean "kafka-unreachable"?`,
		"title needs a sentence in both zh and en",
		`rule "short-literal" requires no literal of 7 bytes or more`,
		`unknown cause "kafka-unreachabel"; did you mean "kafka-unreachable"?`, `unknown level "wran"; did you mean "warn"?`,
		`unknown role "pusher"; did you mean "push"?`, `unknown hop "to-puhs"; did you mean "to-push"?`, `unknown confidence "sure"`, `versions: "line-c" is neither line-a, line-b nor a release`,
		`rule "fixed-blanks" has "\":\""`, `rule "fixed-blanks" has "\": \""`, `rule "fixed-blanks" has "\"topic\": [\"\"]" in any, but not both "\"topic\":[\"\"]" and`,
		"match does not compile", `rule "no-examples" names no source`, `rule "no-examples" needs hit and miss lines`,
		"says needs a sentence in both zh and en",
		`unknown layer "l"`, "reproduce needs a sentence in both zh and en",
		`unknown guide section "7"`, `unknown rule "no-such"`, `"kafka-unreachable" is no false alarm`, "nothing does this step",
		`suppression "aimless" names neither a rule nor a cause`, `suppression "endless" has no reason`, `until of suppression "endless" is no date`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Lint does not say %q", want)
		}
	}
	if !strings.Contains(got, "broken.yaml:2: ") {
		t.Error("problems do not name the line of their stanza")
	}
}

func TestExamplesAreRun(t *testing.T) {
	set, err := Load(overlay(t, broken))
	if err != nil {
		t.Fatal(err)
	}
	got := messages(Test(set))
	for _, want := range []string{
		`rule "wrong-examples" does not match its hit line "other text"`,
		`rule "wrong-examples" matches its miss line "the expected text"`,
		`rule "fixed-blanks" does not match its hit line "{\"level\": \"warn\", \"msg\": \"some text\", \"topic\": [\"\"]}": match`,
		`rule "no-examples": `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Test does not say %q:\n%s", want, got)
		}
	}
	set.Redactions = set.Redactions[len(set.Redactions)-1:]
	if got := messages(TestRedactions(set, func(s string) string { return s })); !strings.Contains(got, "leaves its hit line") {
		t.Errorf("an idle redactor passes: %q", got)
	}
	if got := messages(TestRedactions(set, func(string) string { return "*" })); !strings.Contains(got, "its miss line") {
		t.Errorf("a redactor of everything passes: %q", got)
	}
}

func messages(ps []Problem) string {
	all := Problems(ps)
	return all.Error()
}

func TestMatcherReadsLevelAndRole(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMatcher(set, &Rule{Match: "consume err", Level: []string{"warn"}, Roles: []string{"push"}})
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bool{
		"2026-11-23 08:03:28.345\t\x1b[33mWARN\x1b[0m\t[PID:1]\topenim-push\t[main]\t[a.go:1]\tconsume err\t{}":    true,
		"2026-11-23T08:03:28Z 2026-11-23 08:03:28.345\tWARN\topenim-push\tconsume err\t{}":                         true,
		"openim-server  | 2026-11-23 08:03:28.345\tERROR\t[PID:1]\topenim-push\t[main]\t[a.go:1]\tconsume err\t{}": false,
		"2026-11-23 08:03:28.345\tWARN\t[PID:1]\topenim-msgtransfer\t[main]\t[a.go:1]\tconsume err\t{}":            false,
		`{"level":"WARN","logger":"openim-push","msg":"consume err   "}`:                                           true,
		`{"level":"INFO","logger":"openim-push","msg":"consume err   "}`:                                           false,
		"]             \t[kafka/consumer_group.go:61]  \tconsume err\t{}":                                          true,
	} {
		if got := m.match(line); got != want {
			t.Errorf("match(%q) = %v, want %v", line, got, want)
		}
	}
}

func TestRequiredLiteral(t *testing.T) {
	for expression, want := range map[string]string{
		"plain text":                     "plain text",
		"(?:abc|abcdef) common (?:x|yz)": " common ",
		"a(b)c(?P<n>d)e+f":               "abcd",
		"(?i:folded) kept":               " kept",
		"one|another":                    "one",
		"(?:optional text)?end":          "end",
		"(?:repeated){2,}":               "repeated",
		`\d+`:                            "",
	} {
		if got, err := requiredLiteral(expression); err != nil || got != want {
			t.Errorf("requiredLiteral(%q) = %q, %v, want %q", expression, got, err, want)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// Two rules of which one calls a line a fault and the other a false alarm contradict each other, unless circumstances decide.
func TestContradictions(t *testing.T) {
	rule := func(id, cause, more string) string {
		return "- {id: " + id + ", cause: " + cause + ", guide: \"2.5\", match: odd thing happened, says: {zh: a, en: a}, source: s, hit: [odd thing happened], miss: [x]" + more + "}\n"
	}
	for name, c := range map[string]struct {
		rules string
		want  int
	}{
		"torn":     {rule("a", "push-delayed", "") + rule("b", "benign-progress", ""), 2},
		"one mind": {rule("a", "push-delayed", "") + rule("b", "push-no-gateway", ""), 0},
		"often":    {rule("a", "push-delayed", ", count: 9, within: 1m") + rule("b", "benign-progress", ""), 0},
	} {
		set, err := Load(overlay(t, map[string]string{"rules/r.yaml": c.rules}))
		if err != nil {
			t.Fatal(err)
		}
		if got := Contradictions(set); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := Contradictions(set); len(got) > 0 {
		t.Errorf("without an overlay %v", got)
	}
}
