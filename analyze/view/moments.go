package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

// moment is one thing that happened.
type moment struct {
	at     time.Time
	kind   word
	weight int             // the heavier stays when there are too many
	about  analyze.LogName // whom it concerns, as far as known
	object string          // its name
	text   string
	color  string
}

// Weights of moments, lightest first.
const (
	light    = iota // ordinary events, old pods
	usual           // starts, warnings of logs
	telling         // warnings of Kubernetes, errors of logs
	heavy           // ends of containers, rollouts, nodes, what rules found
	heaviest        // causes, the frame
)

// story gathers the moments of facts and verdict.
type story struct {
	facts   *analyze.Facts
	report  *analyze.Report
	screen  Screen
	moments []moment
}

func (st *story) add(m moment) {
	if !m.at.IsZero() {
		m.text = clean(m.text)
		st.moments = append(st.moments, m)
	}
}

// pod says whom a pod's moment concerns.
func (st *story) pod(namespace, name, container, role string) (analyze.LogName, string) {
	if role == "" {
		role = cmp.Or(st.facts.RoleOf(container), st.facts.RoleOf(name))
	}
	return analyze.LogName{Role: role, Pod: analyze.PodName{Namespace: namespace, Pod: name, Container: container}}, cmp.Or(name, role)
}

// tell gathers everything.
func (st *story) tell() {
	st.frame()
	for _, e := range st.facts.Events {
		st.event(e)
	}
	for _, p := range st.facts.Pods {
		st.life(p)
	}
	for _, c := range st.facts.Changes {
		st.change(c)
	}
	for _, n := range st.facts.Nodes {
		st.node(n)
	}
	for _, t := range st.facts.Texts {
		st.starts(t)
	}
	for _, t := range st.facts.Templates {
		st.template(t)
	}
	st.findings()
	slices.SortStableFunc(st.moments, func(a, b moment) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(b.weight, a.weight), cmp.Compare(a.object, b.object), cmp.Compare(a.text, b.text))
	})
}

func (st *story) frame() {
	say := st.screen.say
	st.add(moment{at: st.facts.Window.From, kind: "kind.snapshot", weight: heaviest, text: say("tl.since"), color: faint})
	verdict := st.report.Verdict.Why.In(st.screen.Lang)
	st.add(moment{at: st.facts.Collected, kind: "kind.snapshot", weight: heaviest, text: say("tl.taken", verdict), color: bold})
}

func (st *story) event(e analyze.Event) {
	kind, name, _ := strings.Cut(e.Object, "/")
	about, object := analyze.LogName{Stem: name, Role: st.facts.RoleOf(name)}, e.Object
	if kind == "pod" {
		about, object = st.pod(e.Namespace, name, "", "")
	}
	weight, color := light, ""
	if e.Type == "Warning" {
		weight, color = telling, yellow
	}
	text := e.Reason + ": " + e.Message
	st.add(moment{at: e.First, kind: "kind.event", weight: weight, about: about, object: object, text: st.times(e.Count, e.First, e.Last) + text, color: color})
}

// times is "7× until 04:05:06: " for what happened more than once.
func (st *story) times(count int, first, last time.Time) string {
	if count < 2 {
		return ""
	}
	text := st.screen.say("tl.times", count)
	if last.Sub(first) >= time.Second {
		text += " " + st.screen.say("tl.until", hour(last))
	}
	return text + " · "
}

func hour(t time.Time) string { return t.UTC().Format("15:04:05") }

// life is what the status of a pod tells: when it was made, and when its containers started and ended.
func (st *story) life(p analyze.Pod) {
	about, object := st.pod(p.Namespace, p.Name, "", p.Role)
	st.add(moment{at: p.Created, kind: "kind.start", weight: light, about: about, object: object, text: st.screen.say("tl.created")})
	for _, c := range p.Containers {
		st.ended(p, c, c.Last)
		st.ended(p, c, c.State)
		started := c.State.Started
		if c.State.Kind == "Terminated" {
			started = time.Time{}
		}
		text := st.screen.say("tl.started")
		if c.Restarts > 0 {
			text += " · " + st.screen.say("tl.restarts", c.Restarts)
		}
		about.Pod.Container = c.Name
		st.add(moment{at: started, kind: "kind.start", weight: usual, about: about, object: object, text: named(c, p) + text})
	}
}

// named is the name of a container where the pod has several.
func named(c analyze.Container, p analyze.Pod) string {
	if len(p.Containers) < 2 || c.Name == "" {
		return ""
	}
	return c.Name + ": "
}

func (st *story) ended(p analyze.Pod, c analyze.Container, s analyze.ContainerState) {
	if s.Kind != "Terminated" {
		return
	}
	weight, color := heavy, red
	if s.ExitCode == 0 {
		weight, color = light, ""
	}
	about, object := st.pod(p.Namespace, p.Name, c.Name, p.Role)
	text := named(c, p) + st.screen.say("tl.ended", cmp.Or(s.Reason, "?"), s.ExitCode)
	if s.Message != "" {
		text += " — " + s.Message
	}
	st.add(moment{at: s.Finished, kind: "kind.end", weight: weight, about: about, object: object, text: text, color: color})
}

func (st *story) change(c analyze.Change) {
	parts := strings.SplitN(c.Object, "/", 3)
	kind, name := parts[0], parts[len(parts)-1]
	m := moment{
		at: c.Time, kind: "kind.change", weight: usual, about: analyze.LogName{Stem: name, Role: st.facts.RoleOf(name)},
		object: kind + "/" + name, text: c.What.In(st.screen.Lang),
	}
	if kind == "replicaset" {
		m.weight = light // of its Deployment's rollout, which is told
	}
	if kind == "deployment" || kind == "statefulset" || kind == "daemonset" {
		m.kind, m.weight, m.color = "kind.rollout", heavy, cyan
	}
	st.add(m)
}

func (st *story) node(n analyze.Node) {
	for _, c := range n.Conditions {
		weight, color := light, ""
		if (c.Type == "Ready") != (c.Status == "True") {
			weight, color = heavy, red
		}
		st.add(moment{
			at: c.Since, kind: "kind.node", weight: weight, about: analyze.LogName{Stem: n.Name}, object: n.Name,
			text: st.screen.say("tl.condition", c.Type, c.Status, cmp.Or(c.Reason, c.Message)), color: color,
		})
	}
}

// nearStart is how close a container's and a process' start are to be one.
const nearStart = 15 * time.Second

// starts are those of processes of which no pod tells.
func (st *story) starts(t analyze.Text) {
	about, object := st.pod(t.Pod.Namespace, t.Pod.Pod, t.Pod.Container, t.Role)
	for _, at := range t.Starts {
		known := slices.ContainsFunc(st.moments, func(m moment) bool {
			return m.kind == "kind.start" && m.about.Pod.Pod == t.Pod.Pod && t.Pod.Pod != "" && at.Sub(m.at).Abs() < nearStart
		})
		if !known {
			st.add(moment{at: at, kind: "kind.start", weight: usual, about: about, object: cmp.Or(object, t.Entry), text: st.screen.say("tl.process")})
		}
	}
}

func (st *story) template(t analyze.Template) {
	about, object := st.pod(t.Subject.Namespace, t.Subject.Pod, "", t.Subject.Role)
	weight, color := usual, yellow
	if t.Level != "warn" {
		weight, color = telling, red
	}
	text := st.times(t.Count, t.First, t.Last)
	if t.Count > 5 && t.Last.Sub(t.First) > time.Minute {
		text = strings.TrimSuffix(text, " · ") + ", " + st.screen.say("tl.peak", t.Peak.Format("15:04"), t.PeakCount) + " · "
	}
	text += strings.TrimSpace(t.Text + "  " + t.Caller)
	st.add(moment{at: t.First, kind: "kind.log", weight: weight, about: about, object: cmp.Or(object, t.Entry), text: text, color: color})
}

// findings are the causes of the verdict, and what rules found of them for each subject.
func (st *story) findings() {
	for i, c := range st.report.Verdict.Causes {
		if c.Since == nil {
			continue
		}
		color := yellow
		if c.Severity == analyze.Critical || c.Severity == analyze.Error {
			color = red
		}
		mark := "● "
		if i > 0 {
			mark = "○ "
		}
		st.add(moment{
			at: *c.Since, kind: "kind.finding", weight: heaviest, about: st.subject(c.Subject), object: c.Subject, color: color,
			text: mark + st.times(c.Count, *c.Since, deref(c.Until, *c.Since)) + fmt.Sprintf("%s (%s)", c.Title.In(st.screen.Lang), c.Cause),
		})
	}
	for _, e := range st.facts.Evidence {
		st.evidence(e)
	}
}

func deref(t *time.Time, or time.Time) time.Time {
	if t == nil {
		return or
	}
	return *t
}

// subject reads the name under which a report lists whom a cause concerns.
func (st *story) subject(name string) analyze.LogName {
	first, _, _ := strings.Cut(name, ",")
	namespace, pod, isPod := strings.Cut(strings.TrimSpace(first), "/")
	if !isPod {
		return analyze.LogName{Stem: first, Role: st.facts.RoleOf(first)}
	}
	about, _ := st.pod(namespace, pod, "", "")
	return about
}

func (st *story) evidence(e analyze.Evidence) {
	cause := st.facts.Specs.Causes[e.Cause]
	if cause == nil {
		return
	}
	about, _ := st.pod(e.Subject.Namespace, e.Subject.Pod, "", e.Subject.Role)
	m := moment{at: e.Since, kind: "kind.finding", weight: heavy, about: about, object: cmp.Or(e.Subject.Pod, e.Subject.String())}
	says, color := e.Says, yellow
	if cause.Benign {
		m.kind, m.weight, color = "kind.benign", usual, faint
		says = specs.Text{ZH: cause.Title.ZH, EN: cause.Title.EN}
	}
	m.color, m.text = color, st.times(e.Count, e.Since, e.Until)+says.In(st.screen.Lang)
	st.add(m)
}
