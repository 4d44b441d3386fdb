package analyze

import (
	"cmp"
	"slices"
	"time"
)

// An installation boots when its components start together, as after an installation, a reboot or the start of a compose
// project. The ones that crash because a backend is gone are fewer: those that use it.
const (
	bootSpan  = 2 * time.Minute
	bootLeast = 4 // components
)

// componentStart is one start of one component.
type componentStart struct {
	component string
	at        time.Time
}

// bootsOf lists when the installation as a whole started: times at which the starts of at least four components begin that are
// more than half of all that the input shows, and lie within two minutes.
func bootsOf(f *Facts) []time.Time {
	starts, all := componentStarts(f)
	var out []time.Time
	for i, s := range starts {
		together := map[string]bool{}
		for _, o := range starts[i:] {
			if o.at.Sub(s.at) > bootSpan {
				break
			}
			together[o.component] = true
		}
		if len(together) >= bootLeast && 2*len(together) > all {
			out = append(out, s.at)
		}
	}
	return out
}

// componentStarts lists the starts that logs and containers tell, in order of time, and counts the components that there are.
func componentStarts(f *Facts) (starts []componentStart, all int) {
	known := map[string]bool{}
	note := func(component string, times ...time.Time) {
		known[component] = true
		for _, at := range times {
			if !at.IsZero() {
				starts = append(starts, componentStart{component, at})
			}
		}
	}
	for _, t := range f.Texts {
		if t.Role != "" {
			note(t.Role, t.Starts...)
		}
	}
	for _, p := range f.Pods {
		if p.Role == "" {
			continue
		}
		for _, c := range p.Containers {
			if c.Kind == "" {
				note(p.Role, c.State.Started, c.Last.Started)
			}
		}
	}
	slices.SortFunc(starts, func(a, b componentStart) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.component, b.component))
	})
	return starts, len(known)
}
