package analyze

import (
	"path"
	"slices"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// muting applies the suppressions of the overlays: evidence that an installation accepts is counted and kept out of the verdict.
type muting struct {
	list  []*specs.Suppression
	now   time.Time
	count []int
}

// newMuting takes the present, or the time of the collection where that is not known.
func newMuting(list []*specs.Suppression, now, collected time.Time) *muting {
	if now.IsZero() {
		now = collected
	}
	return &muting{list: list, now: now, count: make([]int, len(list))}
}

func (m *muting) expired(s *specs.Suppression) bool { return !m.now.Before(s.Ends()) }

// sift counts what the suppressions are about and leaves out what one that still holds mutes.
func (m *muting) sift(evidence []Evidence) []Evidence {
	if len(m.list) == 0 {
		return evidence
	}
	return slices.DeleteFunc(evidence, func(e Evidence) bool {
		muted := false
		for i, s := range m.list {
			if concerns(s, &e) {
				m.count[i] += e.Count
				muted = muted || !m.expired(s)
			}
		}
		return muted
	})
}

// concerns tells whether evidence is what a suppression names: every field of it that is set.
func concerns(s *specs.Suppression, e *Evidence) bool {
	if s.Rule != "" && s.Rule != e.Check || s.Cause != "" && s.Cause != e.Cause {
		return false
	}
	if s.Subject == "" {
		return true
	}
	return slices.ContainsFunc([]string{e.Subject.String(), e.Subject.Pod, e.Subject.Node, e.Subject.Role, e.Subject.Target}, func(name string) bool {
		fits, err := path.Match(s.Subject, name)
		return err == nil && fits && name != ""
	})
}

// results lists every suppression, also one that met nothing: what is not needed any more should go.
func (m *muting) results(set *specs.Set) []Muted {
	var out []Muted
	for i, s := range m.list {
		r := Muted{ID: s.ID, What: s.Rule, Subject: s.Subject, Reason: s.Reason, Until: s.Until, Expired: m.expired(s), Count: m.count[i]}
		if c := set.Causes[s.Cause]; c != nil {
			r.What, r.Title = s.Cause, c.Title
		}
		for _, rule := range set.Rules {
			if s.Cause == "" && rule.ID == s.Rule {
				r.Title = rule.Says
			}
		}
		out = append(out, r)
	}
	return out
}
