package analyze

import (
	"slices"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// circumstances are what a recast looks at besides the episode itself.
type circumstances struct {
	starts []time.Time // of any process of the installation, sorted
	boots  boots       // of installations as a whole
	rolls  []time.Time // pod rebuilds and rollouts, sorted
	others signs       // what else was found
}

// sameTime is how far apart two pieces of evidence may lie and still be of one time.
const sameTime = 2 * time.Minute

// holds tells whether every condition that is set holds. A condition about time fails when the time is unknown.
func (c *circumstances) holds(e *episode, r *specs.Recast) bool {
	timed := !e.first.IsZero()
	span := e.last.Sub(e.first)
	switch {
	case r.Shorter > 0 && (!timed || span > time.Duration(r.Shorter)),
		r.Longer > 0 && (!timed || span < time.Duration(r.Longer)),
		r.Quiet > 0 && (!timed || e.quiet < time.Duration(r.Quiet)),
		r.AtMost > 0 && e.count > r.AtMost,
		r.AtLeast > 0 && e.count < r.AtLeast,
		r.NearStart > 0 && (!timed || !near(c.starts, e.first, time.Duration(r.NearStart))),
		r.NearBoot > 0 && (!timed || !after(c.boots.of(e.subject), e.first, time.Duration(r.NearBoot))),
		r.NearRoll > 0 && (!timed || !near(c.rolls, e.first, time.Duration(r.NearRoll))):
		return false
	}
	if len(r.With) > 0 && !c.has(e, r.With, Possible) {
		return false
	}
	return len(r.Without) == 0 || !c.has(e, r.Without, Likely)
}

// near tells whether one of the times is within d of t, before or after.
func near(times []time.Time, t time.Time, d time.Duration) bool {
	i, _ := slices.BinarySearchFunc(times, t.Add(-d), time.Time.Compare)
	return i < len(times) && !times[i].After(t.Add(d))
}

// after tells whether t is one of the times or within d after it.
func after(times []time.Time, t time.Time, d time.Duration) bool {
	i, _ := slices.BinarySearchFunc(times, t.Add(-d), time.Time.Compare)
	return i < len(times) && !times[i].After(t)
}

// has tells whether other evidence for one of the causes, at least as sure as wanted, is of the episode's time.
func (c *circumstances) has(e *episode, causes []string, atLeast string) bool {
	for _, cause := range causes {
		if slices.ContainsFunc(c.others[cause], func(o sign) bool {
			own := o.check == e.rule.ID && o.pod == e.subject.Pod && o.role == e.subject.Role
			return !own && o.sure >= sure(atLeast) && overlap(o.since, o.until, e.first, e.last)
		}) {
			return true
		}
	}
	return false
}

// sign is what a recast looks at in other evidence; it is small because there may be very much.
type sign struct {
	check, pod, role string
	sure             int
	since, until     time.Time
}

// signs are kept by the cause that they speak for; only the causes that some recast asks for have a key.
type signs map[string][]sign

// signsFor makes room for what the recasts of the rules ask for.
func signsFor(rules []*specs.Rule) signs {
	out := signs{}
	for _, rule := range rules {
		for _, r := range rule.Recast {
			for _, cause := range slices.Concat(r.With, r.Without) {
				out[cause] = nil
			}
		}
	}
	return out
}

func (s signs) add(cause string, one sign) {
	if list, asked := s[cause]; asked {
		s[cause] = append(list, one)
	}
}

// addPlain takes in what the episodes would mean without any recast.
func (s signs) addPlain(eps []*episode) {
	for _, e := range eps {
		s.add(e.rule.Cause, sign{e.rule.ID, e.subject.Pod, e.subject.Role, sure(e.confidence()), e.first, e.last})
	}
}

// replace forgets what it has for what evidence speaks for.
func (s signs) replace(lists ...[]Evidence) {
	for cause, list := range s {
		s[cause] = list[:0]
	}
	for _, list := range lists {
		for i := range list {
			e := &list[i]
			s.add(e.Cause, sign{e.Check, e.Subject.Pod, e.Subject.Role, sure(e.Confidence), e.Since, e.Until})
		}
	}
}

// overlap tells whether two spans meet; unknown times meet any.
func overlap(a1, a2, b1, b2 time.Time) bool {
	if a1.IsZero() || b1.IsZero() {
		return true
	}
	return !a1.After(b2.Add(sameTime)) && !b1.After(a2.Add(sameTime))
}

// sure ranks confidences.
func sure(c string) int {
	return slices.Index([]string{Possible, Likely, Certain}, c)
}

// recast states what each episode means, given what else was found. It writes to the memory of out.
func recast(out []Evidence, eps []*episode, c *circumstances) []Evidence {
	out = slices.Grow(out[:0], len(eps))
	for _, e := range eps {
		ev := e.evidence()
		if r := e.recastBy(c); r != nil {
			ev.Instead, ev.Cause, ev.Because, ev.Severity, ev.Hops = ev.Cause, r.Cause, r.Because, "", nil
		}
		out = append(out, ev)
	}
	return out
}

// startsOf lists when processes began, as far as logs and pods tell.
func startsOf(f *Facts) []time.Time {
	var out []time.Time
	for _, t := range f.Texts {
		out = append(out, t.Starts...)
	}
	for _, p := range f.Pods {
		for _, c := range p.Containers {
			out = append(out, c.State.Started, c.Last.Started, c.LastRestart)
		}
	}
	for _, e := range f.Events {
		if e.Reason == "Started" {
			out = append(out, e.Last)
		}
	}
	return known(out)
}

// rollsOf lists when pods were made, ended or replaced.
func rollsOf(f *Facts) []time.Time {
	var out []time.Time
	for _, p := range f.Pods {
		out = append(out, p.Created, p.Started)
	}
	for _, e := range f.Events {
		switch e.Reason {
		case "Killing", "Started", "Created", "Scheduled", "SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet", "Drain", "NodeNotSchedulable":
			out = append(out, e.First, e.Last)
		}
	}
	for _, w := range f.Workloads {
		if w.Kind == "ReplicaSet" {
			out = append(out, w.Created)
		}
	}
	return known(out)
}

func known(times []time.Time) []time.Time {
	times = slices.DeleteFunc(times, time.Time.IsZero)
	slices.SortFunc(times, time.Time.Compare)
	return times
}
