package collect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Incident is what the reporter knows: the intake of the troubleshooting guide, section 1. Every field may be empty.
type Incident struct {
	Users         []string  // OpenIM user ids
	Groups        []string  // group ids
	Conversations []string  // conversation ids: si_a_b, sg_group, n_…
	Platforms     []string  // ios, android, windows, web, …
	Scenario      string    // history or realtime
	Scope         string    // all or some
	From, To      time.Time // when it was seen; zero when unknown
	Around        string    // as the user wrote it
	Note          string
	Attachments   []string // entry names
}

// Scenarios and Scopes are the accepted values of the two fields.
var (
	Scenarios = []string{"history", "realtime"}
	Scopes    = []string{"all", "some"}
)

// Validate checks the fields with a closed set of values.
func (i Incident) Validate() error {
	if i.Scenario != "" && !slices.Contains(Scenarios, i.Scenario) {
		return fmt.Errorf("reading --scenario: %q is none of %s", i.Scenario, strings.Join(Scenarios, ", "))
	}
	if i.Scope != "" && !slices.Contains(Scopes, i.Scope) {
		return fmt.Errorf("reading --scope: %q is none of %s", i.Scope, strings.Join(Scopes, ", "))
	}
	return nil
}

// IsZero reports whether nothing at all is known.
func (i Incident) IsZero() bool { return len(i.fields()) == 0 }

// Map is the incident for the plan: only what is known, keys as in incident.yaml.
func (i Incident) Map() map[string]any {
	m := map[string]any{}
	for _, f := range i.fields() {
		m[f.key] = f.value
	}
	return m
}

// YAML renders the incident. Every value is a JSON string or a list of them, which is YAML too.
func (i Incident) YAML() ([]byte, error) {
	var b bytes.Buffer
	for _, f := range i.fields() {
		var value bytes.Buffer
		enc := json.NewEncoder(&value)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(f.value); err != nil {
			return nil, fmt.Errorf("writing %q of the incident: %w", f.key, err)
		}
		fmt.Fprintf(&b, "%s: %s\n", f.key, bytes.TrimSpace(value.Bytes()))
	}
	return b.Bytes(), nil
}

type incidentField struct {
	key   string
	value any
}

// fields lists what is known, in the order of the intake.
func (i Incident) fields() []incidentField {
	var known []incidentField
	list := func(key string, v []string) {
		if len(v) > 0 {
			known = append(known, incidentField{key, v})
		}
	}
	text := func(key, v string) {
		if v != "" {
			known = append(known, incidentField{key, v})
		}
	}
	at := func(key string, t time.Time) {
		if !t.IsZero() {
			text(key, t.Format(time.RFC3339))
		}
	}
	list("user", i.Users)
	list("group", i.Groups)
	list("conversation", i.Conversations)
	list("platform", i.Platforms)
	text("scenario", i.Scenario)
	text("scope", i.Scope)
	at("from", i.From)
	at("to", i.To)
	text("around", i.Around)
	text("note", i.Note)
	list("attachments", i.Attachments)
	return known
}
