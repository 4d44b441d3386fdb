package collect

import (
	"bytes"
	"cmp"
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

// Or fills what i leaves open with what an earlier run was told.
func (i Incident) Or(e Incident) Incident {
	lists := func(a, b []string) []string {
		if len(a) > 0 {
			return a
		}
		return b
	}
	i.Users, i.Groups = lists(i.Users, e.Users), lists(i.Groups, e.Groups)
	i.Conversations, i.Platforms = lists(i.Conversations, e.Conversations), lists(i.Platforms, e.Platforms)
	i.Scenario, i.Scope, i.Note = cmp.Or(i.Scenario, e.Scenario), cmp.Or(i.Scope, e.Scope), cmp.Or(i.Note, e.Note)
	i.From, i.To, i.Around = e.From, e.To, e.Around // the window is the earlier run's
	i.attach(e.Attachments)
	return i
}

// attach adds entry names of attachments.
func (i *Incident) attach(names []string) {
	for _, name := range names {
		if !slices.Contains(i.Attachments, name) {
			i.Attachments = append(slices.Clip(i.Attachments), name)
		}
	}
}

// incidentOf reads what Map made, as a plan keeps it. What does not fit is left out.
func incidentOf(m map[string]any) Incident {
	text := func(key string) string { s, _ := m[key].(string); return s }
	list := func(key string) (words []string) {
		all, _ := m[key].([]any)
		for _, v := range all {
			if s, is := v.(string); is {
				words = append(words, s)
			}
		}
		return words
	}
	at := func(key string) time.Time { t, _ := time.Parse(time.RFC3339, text(key)); return t }
	return Incident{
		Users: list("user"), Groups: list("group"), Conversations: list("conversation"), Platforms: list("platform"),
		Scenario: text("scenario"), Scope: text("scope"), From: at("from"), To: at("to"), Around: text("around"), Note: text("note"),
		Attachments: list("attachments"),
	}
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
