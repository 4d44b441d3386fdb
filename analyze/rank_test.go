package analyze

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// testSpecs is a small vocabulary: kafka explains lag and crash, node explains kafka.
func testSpecs() *specs.Set {
	cause := func(slug, hop, severity string, explains ...string) *specs.Cause {
		return &specs.Cause{Slug: slug, Hop: hop, Severity: severity, Explains: explains, Title: specs.Text{ZH: slug, EN: slug}}
	}
	s := &specs.Set{Causes: map[string]*specs.Cause{
		"node":    cause("node", "node", Critical, "kafka", "evicted"),
		"kafka":   cause("kafka", "to-redis", Critical, "lag", "crash"),
		"lag":     cause("lag", "transfer", Error),
		"crash":   cause("crash", "kubernetes", Error),
		"evicted": cause("evicted", "kubernetes", Error),
		"redis":   cause("redis", "redis", Critical),
		"vendor":  {Slug: "vendor", Hop: "vendor", Severity: Warning, Layer: "config", Title: specs.Text{ZH: "vendor", EN: "vendor"}},
		"benign":  {Slug: "benign", Benign: true, Severity: Info},
	}}
	s.Causes["kafka"].Not = "benign"
	for _, h := range []string{"api", "to-redis", "transfer", "redis", "push", "vendor"} {
		s.Hops = append(s.Hops, &specs.Hop{ID: h, Progress: []string{h + " works"}})
	}
	s.Hops = append(s.Hops, &specs.Hop{ID: "kubernetes", Below: true}, &specs.Hop{ID: "node", Below: true})
	return s
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

func testFacts() *Facts {
	return &Facts{Specs: testSpecs(), Flow: &Flow{Hops: map[string]*Progress{}}, From: noon, To: at(60), Collected: at(60)}
}

func found(cause, confidence string, since, until float64) Evidence {
	return Evidence{Check: "r-" + cause, Cause: cause, Confidence: confidence, Since: at(since), Until: at(until), Count: 10}
}

func order(f *Facts, evidence ...Evidence) []string {
	ds := diagnose(f, evidence)
	explain(ds, clockTie)
	var slugs []string
	for _, d := range rank(ds, f, clockTie) {
		slugs = append(slugs, d.slug)
	}
	return slugs
}

func TestRank(t *testing.T) {
	quiet := func(e Evidence, d time.Duration) Evidence { e.Quiet = d; return e }
	standing := func(e Evidence) Evidence { e.Standing = true; return e }
	onNode := func(e Evidence, node, pod string) Evidence { e.Subject = Subject{Node: node, Pod: pod}; return e }
	for _, c := range []struct {
		name string
		in   []Evidence
		want []string
	}{
		{"a cause explains its consequences", []Evidence{found("lag", Certain, 5, 60), found("kafka", Likely, 1, 60)}, []string{"kafka", "lag"}},
		{"not when it began later", []Evidence{found("lag", Certain, 1, 60), found("kafka", Likely, 5, 60)}, []string{"lag", "kafka"}},
		{"a heartbeat's delay is no later beginning", []Evidence{found("lag", Certain, 1, 60), found("kafka", Likely, 1.4, 60)}, []string{"kafka", "lag"}},
		{"a present state shows itself late", []Evidence{found("lag", Certain, 1, 60), standing(found("kafka", Likely, 11, 60))}, []string{"kafka", "lag"}},
		{"but not for ever", []Evidence{found("lag", Certain, 1, 60), standing(found("kafka", Likely, 20, 60))}, []string{"lag", "kafka"}},
		{"not when it is merely possible", []Evidence{found("lag", Certain, 5, 60), found("kafka", Possible, 1, 60)}, []string{"lag", "kafka"}},
		{"through two steps", []Evidence{found("lag", Certain, 5, 60), found("kafka", Certain, 3, 60), found("node", Likely, 1, 60)}, []string{"node", "kafka", "lag"}},
		{"sure before unsure", []Evidence{found("redis", Likely, 1, 60), found("kafka", Certain, 20, 60)}, []string{"kafka", "redis"}},
		{"then the earlier", []Evidence{found("redis", Likely, 1, 60), found("kafka", Likely, 20, 60)}, []string{"redis", "kafka"}},
		{"a tie goes by the path", []Evidence{found("redis", Likely, 1, 60), found("kafka", Likely, 1.01, 60)}, []string{"kafka", "redis"}},
		{"what goes on before what is over", []Evidence{quiet(found("redis", Certain, 1, 2), 58*time.Minute), found("kafka", Likely, 30, 60)}, []string{"kafka", "redis"}},
		{"faults before remarks", []Evidence{found("vendor", Certain, 0, 60), quiet(found("redis", Likely, 1, 1.2), 50*time.Minute)}, []string{"redis", "vendor"}},
		{"unknown times come last", []Evidence{{Check: "c", Cause: "redis", Confidence: Likely}, found("kafka", Likely, 9, 60)}, []string{"kafka", "redis"}},
		{"a node bears on its own pods", []Evidence{onNode(found("node", Certain, 1, 60), "n1", ""), onNode(found("evicted", Certain, 2, 60), "n1", "p")}, []string{"node", "evicted"}},
	} {
		if got := order(testFacts(), c.in...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestUnrelatedNodeExplainsNothing(t *testing.T) {
	f := testFacts()
	f.Pods = []Pod{{Name: "p", Node: "n2"}}
	node, pod := found("node", Certain, 1, 60), found("evicted", Certain, 2, 60)
	node.Subject, pod.Subject = Subject{Node: "n1"}, Subject{Pod: "p"}
	all := []Evidence{node, pod}
	f.place(all)
	ds := diagnose(f, all)
	explain(ds, clockTie)
	for _, d := range ds {
		if d.by != nil {
			t.Errorf("%s is explained by %s on another node", d.slug, d.by.slug)
		}
	}
}

func TestRankIsTheSameForAnyOrder(t *testing.T) {
	evidence := []Evidence{
		found("lag", Certain, 5, 60), found("kafka", Likely, 1, 60), found("redis", Likely, 1.01, 50), found("vendor", Certain, 0, 60),
		found("kafka", Certain, 2, 60), found("crash", Possible, 1.02, 60),
	}
	want := order(testFacts(), evidence...)
	for range 50 {
		rand.Shuffle(len(evidence), func(i, j int) { evidence[i], evidence[j] = evidence[j], evidence[i] })
		if got := order(testFacts(), evidence...); !slices.Equal(got, want) {
			t.Fatalf("got %v, before %v", got, want)
		}
	}
}

func TestScenarioTurnsTheOrder(t *testing.T) {
	f := testFacts()
	f.Specs.Causes["push"] = &specs.Cause{Slug: "push", Hop: "push", Severity: Critical}
	in := []Evidence{found("push", Certain, 1, 60), found("redis", Likely, 20, 60)}
	if got := order(f, in...); got[0] != "push" {
		t.Errorf("without a scenario: %v", got)
	}
	f.Incident = map[string]any{"scenario": "history"}
	if got := order(f, in...); got[0] != "redis" {
		t.Errorf("for missing history: %v", got)
	}
}

func TestSeverity(t *testing.T) {
	f := testFacts()
	f.Flow.Hops["redis"] = &Progress{Count: 9, Last: at(60)}
	for _, c := range []struct {
		name     string
		evidence Evidence
		want     string
		over     bool
	}{
		{"goes on", found("redis", Certain, 1, 60), Critical, false},
		{"possible", found("redis", Possible, 1, 60), Warning, false},
		{"brief and over", Evidence{Cause: "redis", Confidence: Certain, Since: at(1), Until: at(1.5), Count: 40, Quiet: time.Minute}, Warning, true},
		{"long and over", Evidence{Cause: "redis", Confidence: Certain, Since: at(1), Until: at(20), Count: 400, Quiet: 40 * time.Minute}, Critical, true},
		{"a pause is not the end", Evidence{Cause: "redis", Confidence: Certain, Since: at(1), Until: at(59), Count: 10, Quiet: time.Minute}, Critical, false},
		{"a single mild line", Evidence{Cause: "redis", Confidence: Likely, Severity: Warning, Since: at(1), Until: at(1), Count: 1}, Warning, false},
	} {
		d := diagnose(f, []Evidence{c.evidence})[0]
		if d.severity != c.want || d.recovered != c.over {
			t.Errorf("%s: severity %s, over %v; want %s, %v", c.name, d.severity, d.recovered, c.want, c.over)
		}
	}
}
