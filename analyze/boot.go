package analyze

import (
	"cmp"
	"slices"
	"time"
)

// An installation boots when its components start together, as after an installation, a reboot or the start of a compose
// project. The ones that crash because a backend is gone are fewer: those that use it. A release starts all of OpenIM and leaves
// the backends running, which is no boot.
const (
	bootSpan  = 2 * time.Minute
	bootLeast = 4 // components
)

// boots are the times at which each installation as a whole started, sorted, by its namespace.
type boots struct {
	places places
	at     map[string][]time.Time
}

// of lists the boots of the installation to which a subject belongs.
func (b boots) of(s Subject) []time.Time { return b.at[b.places.of(s.Namespace, s.Pod)] }

func bootsOf(f *Facts) boots {
	b := boots{placesOf(f), map[string][]time.Time{}}
	all := map[string]*installation{}
	for place := range b.places.installed {
		all[place] = &installation{roles: map[string]bool{}}
	}
	shared := &installation{roles: map[string]bool{}} // backends in namespaces of their own
	for _, l := range livesOf(f) {
		cmp.Or(all[b.places.of(l.namespace, l.pod)], shared).add(l)
	}
	for place, i := range all {
		i.backends = append(i.backends, shared.backends...)
		if !i.roles["kafka"] {
			i.kafka = shared.kafka
		}
		b.at[place] = i.boots()
	}
	return b
}

// life is what one log or pod tells of the starts of a component.
type life struct {
	role, namespace, pod string
	backend, log         bool
	starts               []time.Time
	began                time.Time // a log's first line, or when the pod was made
}

func livesOf(f *Facts) []life {
	var out []life
	note := func(l life) {
		if l.role != "" {
			r := f.Specs.Role(l.role)
			l.backend, l.starts = r != nil && r.Backend, known(l.starts)
			out = append(out, l)
		}
	}
	for _, t := range f.Texts {
		note(life{role: t.Role, namespace: t.Pod.Namespace, pod: t.Pod.Pod, log: true, starts: slices.Clone(t.Starts), began: t.First})
	}
	for _, p := range f.Pods {
		l := life{role: p.Role, namespace: p.Namespace, pod: p.Name, began: p.Created}
		for _, c := range p.Containers {
			if c.Kind == "" {
				l.starts = append(l.starts, c.State.Started, c.Last.Started)
			}
		}
		note(l)
	}
	return out
}

// installation is what the input tells of the starts of one.
type installation struct {
	roles    map[string]bool
	starts   []componentStart
	began    []time.Time // the first lines of OpenIM's own logs
	backends []time.Time // starts of backends
	kafka    []time.Time // when Kafka may have started
}

// componentStart is one start of one component.
type componentStart struct {
	role string
	at   time.Time
}

func (i *installation) add(l life) {
	i.roles[l.role] = true
	for _, at := range l.starts {
		i.starts = append(i.starts, componentStart{l.role, at})
	}
	if l.backend {
		i.backends = append(i.backends, l.starts...)
	} else if l.log {
		i.began = append(i.began, l.began)
	}
	if l.role == "kafka" {
		i.kafka = append(i.kafka, l.starts...)
		if l.log || len(l.starts) == 0 {
			i.kafka = append(i.kafka, l.began)
		}
	}
}

// boots lists the times at which the starts of at least four components begin that are more than half of all that the input
// shows, and lie within two minutes. None is a boot through which Kafka kept running, nor one before which OpenIM worked and at
// which no backend started.
func (i *installation) boots() []time.Time {
	slices.SortFunc(i.starts, func(a, b componentStart) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.role, b.role)) })
	began, backends, kafka := known(i.began), known(i.backends), known(i.kafka)
	var out []time.Time
	for n, s := range i.starts {
		together := map[string]bool{}
		for _, o := range i.starts[n:] {
			if o.at.Sub(s.at) > bootSpan {
				break
			}
			together[o.role] = true
		}
		switch {
		case len(together) < bootLeast, 2*len(together) <= len(i.roles),
			len(kafka) > 0 && !near(kafka, s.at, bootSpan),
			len(began) > 0 && began[0].Before(s.at.Add(-bootSpan)) && !near(backends, s.at, bootSpan):
		default:
			out = append(out, s.at)
		}
	}
	return out
}
