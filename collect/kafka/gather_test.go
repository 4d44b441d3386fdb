package kafka

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
	"github.com/imbundle/imbundle/specs"
)

// gathered is what one collection brought.
type gathered struct {
	t       *testing.T
	entries map[string][]byte
	gaps    []bundle.Gap
	*collect.Result
}

// gather runs the source as a collection would, through the product's own redaction.
func gather(t *testing.T, o Options) gathered {
	t.Helper()
	return gatherIn(t.Context(), t, o)
}

func gatherIn(ctx context.Context, t *testing.T, o Options, change ...func(*collect.Options)) gathered {
	t.Helper()
	s, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	var rules []redact.Rule
	for _, r := range s.Redactions {
		rules = append(rules, redact.Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern})
	}
	redactor, err := redact.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	run := collect.Options{Output: filepath.Join(t.TempDir(), "imbundle-x.tgz"), Redactor: redactor, RequestTimeout: 5 * time.Second, Deadline: time.Minute}
	for _, c := range change {
		c(&run)
	}
	result, err := collect.Run(ctx, run, []collect.Source{New(o)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(result.Path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g := gathered{t: t, entries: map[string][]byte{}, gaps: r.Manifest().Gaps, Result: result}
	for _, name := range r.Names() {
		in, err := r.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if g.entries[name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	return g
}

// read decodes an entry.
func read[T any](g gathered, name string) (v T) {
	g.t.Helper()
	body, there := g.entries[name]
	if !there {
		g.t.Fatalf("no entry %q; gaps %+v", name, g.gaps)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		g.t.Fatalf("reading %q: %v", name, err)
	}
	return v
}

func (g gathered) groups() record.KafkaGroups {
	return read[record.KafkaGroups](g, bundle.KafkaGroupsJSON)
}

func (g gathered) topics() record.KafkaTopics { return read[record.KafkaTopics](g, bundle.KafkaTopics) }

// gap finds a gap that tells all of the words.
func (g gathered) gap(reason string, words ...string) {
	g.t.Helper()
next:
	for _, gap := range g.gaps {
		for _, w := range words {
			if !strings.Contains(gap.Detail+" "+gap.Costs, w) {
				continue next
			}
		}
		if gap.Reason == reason {
			return
		}
	}
	g.t.Errorf("no gap %s with %q in %+v", reason, words, g.gaps)
}

// options ask for one sample of everything at addresses.
func options(addresses ...string) Options {
	return Options{Backend: &backends.Kafka{Addresses: addresses}, Dial: new(net.Dialer).DialContext, All: true, Samples: 1, Every: 10 * time.Millisecond}
}

func background(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), 30*time.Second)
}
