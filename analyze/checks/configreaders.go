package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

// joined puts together what several components and files of one place show of the same setting.
func joined(found []analyze.Evidence) []analyze.Evidence {
	var out []analyze.Evidence
	for _, e := range found {
		i := slices.IndexFunc(out, func(o analyze.Evidence) bool {
			return o.Cause == e.Cause && o.Says.EN == e.Says.EN && o.Subject.Target == e.Subject.Target
		})
		if i < 0 {
			out = append(out, e)
			continue
		}
		for _, s := range e.Samples {
			if !slices.Contains(out[i].Samples, s) {
				out[i].Samples = append(out[i].Samples, s)
			}
		}
	}
	return out
}

// readers are the components that a sighting concerns.
type readers map[analyze.Sighting][]string

func (r readers) add(component string, found []analyze.Evidence) {
	for _, e := range found {
		for _, s := range e.Samples {
			if component != "" && !slices.Contains(r[s], component) {
				r[s] = append(r[s], component)
			}
		}
	}
}

// name tells the components behind what each sample shows.
func (r readers) name(found []analyze.Evidence) []analyze.Evidence {
	for _, e := range found {
		for i, s := range e.Samples {
			if names := r[s]; len(names) > 0 {
				e.Samples[i].Text += " (" + some(names) + ")"
			}
		}
	}
	return found
}

// some names a few of many.
func some(names []string) string {
	const most = 4
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
