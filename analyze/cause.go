package analyze

import (
	"cmp"
	"slices"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// diagnosis is one cause with all evidence for it.
type diagnosis struct {
	slug       string
	cause      *specs.Cause
	confidence string
	severity   string
	hop        string    // the first place on the path where it shows by itself
	hops       []string  // all of them
	natural    string    // severity before a recovery lowered it; ranks go by it
	since      time.Time // of evidence that is at least likely, or of any when there is none
	until      time.Time
	recovered  bool // every piece of evidence is over
	standing   bool // a piece of evidence is a present state that shows itself late
	count      int
	evidence   []*Evidence
	by         *diagnosis // what explains it
	explains   []*diagnosis
}

// diagnose groups evidence by cause. Evidence for a cause that the specs do not know is dropped: lint forbids it.
func diagnose(f *Facts, lists ...[]Evidence) []*diagnosis {
	known := map[string]*diagnosis{}
	var out []*diagnosis
	for _, list := range lists {
		for i := range list {
			e := &list[i]
			d := known[e.Cause]
			if d == nil && f.Specs.Causes[e.Cause] != nil {
				d = &diagnosis{slug: e.Cause, cause: f.Specs.Causes[e.Cause]}
				known[e.Cause] = d
				out = append(out, d)
			}
			if d != nil {
				d.evidence = append(d.evidence, e)
			}
		}
	}
	for _, d := range out {
		d.sum(f)
	}
	slices.SortFunc(out, func(a, b *diagnosis) int { return cmp.Compare(a.slug, b.slug) })
	return out
}

// sum derives what holds for the cause as a whole.
func (d *diagnosis) sum(f *Facts) {
	slices.SortStableFunc(d.evidence, func(a, b *Evidence) int {
		return cmp.Or(cmp.Compare(sure(b.Confidence), sure(a.Confidence)), compareTimes(a.Since, b.Since), cmp.Compare(a.Check, b.Check),
			cmp.Compare(a.Subject.String(), b.Subject.String()), cmp.Compare(a.Count, b.Count))
	})
	d.confidence = d.evidence[0].Confidence
	d.stand(f)
	work := f.Flow.Hops[d.hop]
	d.recovered = true
	for _, e := range d.evidence {
		d.count += e.Count
		d.recovered = d.recovered && over(e, f.To, work)
		d.standing = d.standing || e.Standing
		if e.Until.After(d.until) {
			d.until = e.Until
		}
		if sure(e.Confidence) >= min(sure(Likely), sure(d.confidence)) && !e.Since.IsZero() && (d.since.IsZero() || e.Since.Before(d.since)) {
			d.since = e.Since
		}
	}
	d.severity, d.natural = d.judgeSeverity(f.To, work)
}

// stand finds where on the path the cause shows: the evidence that is sure enough tells, and the hop that a message meets first.
func (d *diagnosis) stand(f *Facts) {
	d.hop, d.hops = "", nil
	own := map[string]bool{}
	for _, e := range d.evidence {
		hops := f.hopsOf(e, d.cause)
		d.hops = append(d.hops, hops...)
		own[hops[0]] = own[hops[0]] || sure(e.Confidence) >= min(sure(Likely), sure(d.confidence))
	}
	for _, h := range f.Specs.Hops {
		if d.hop == "" && own[h.ID] {
			d.hop = h.ID
		}
	}
	slices.Sort(d.hops)
	d.hops = slices.Compact(d.hops)
}

// at is what shows of the cause at a hop; nil for nothing.
func (d *diagnosis) at(hop string, f *Facts) *diagnosis {
	switch {
	case !slices.Contains(d.hops, hop):
		return nil
	case len(d.hops) == 1:
		return d
	}
	part := &diagnosis{slug: d.slug, cause: d.cause}
	for _, e := range d.evidence {
		if slices.Contains(f.hopsOf(e, d.cause), hop) {
			part.evidence = append(part.evidence, e)
		}
	}
	part.sum(f)
	return part
}

// Evidence is over when its text goes on without it for a good while: as long as it lasted, between half a minute and a quarter
// of an hour. Where the hop is seen at work after the last hit, a few times the usual pause between hits is enough.
const (
	leastCalm  = 30 * time.Second
	mostCalm   = 15 * time.Minute
	calmAtWork = 5 * time.Second
	usualPause = 5 // times
)

// over tells whether evidence is history. end is the end of all logs, work what the hop of its cause was seen doing, or nil.
func over(e *Evidence, end time.Time, work *Progress) bool {
	if e.Recovered {
		return true
	}
	if e.Until.IsZero() || e.Quiet == 0 {
		return false
	}
	span := e.Until.Sub(e.Since)
	calm := min(max(span, leastCalm), mostCalm)
	if work != nil && work.Last.After(e.Until.Add(calmAtWork)) {
		calm = min(calm, max(calmAtWork, usualPause*span/time.Duration(max(1, e.Count))))
	}
	return e.Quiet >= calm && end.Sub(e.Until) >= calm
}

// brief is how long a fault may last and still be a mere warning once it is over.
const brief = time.Minute

// judgeSeverity starts from the cause's own and lowers it where the evidence is weak, and further where it is brief and over.
func (d *diagnosis) judgeSeverity(end time.Time, work *Progress) (shown, natural string) {
	worst, plain := 0, 0
	for _, e := range d.evidence {
		own := d.cause.Severity
		if e.Severity != "" {
			own = e.Severity
		}
		if e.Confidence == Possible {
			own = milder(own, Warning)
		}
		plain = max(plain, grave(own))
		if over(e, end, work) && e.Until.Sub(e.Since) <= brief {
			own = milder(own, Warning)
		}
		worst = max(worst, grave(own))
	}
	return severities[worst], severities[plain]
}

var severities = []string{Info, Warning, Error, Critical}

func grave(severity string) int { return slices.Index(severities, severity) }

func milder(a, b string) string { return severities[max(0, min(grave(a), grave(b)))] }

// compareTimes orders by time, unknown last.
func compareTimes(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

// fault tells a cause that needs action from a remark.
func (d *diagnosis) fault() bool { return grave(d.severity) >= grave(Error) }

// wasFault tells a cause that was a fault while it lasted.
func (d *diagnosis) wasFault() bool { return grave(d.natural) >= grave(Error) }

// beside tells a remark that says nothing about the path: a setting, vendor push, the client.
func (d *diagnosis) beside() bool {
	return !d.wasFault() && (d.cause.Layer == "config" || d.hop == "vendor" || d.hop == "client" || d.severity == Info)
}

// noticed is how much later than its consequence a cause may show itself: leases, sessions and heartbeats let a fault pass
// unnoticed for this long, and which component meets it first is chance.
const noticed = 30 * time.Second

// replaced is how long a pod that is gone may stay without a successor that tells what it waits for: a lost node is given up
// after five minutes, its volumes after six more.
const replaced = 12 * time.Minute

// late is how much after its consequence a cause may show itself.
func (d *diagnosis) late() time.Duration {
	if d.standing {
		return replaced
	}
	return noticed
}

// explain links every diagnosis to the one that it follows from, as far as the graph of causes, the times and the subjects allow.
func explain(ds []*diagnosis, tolerance time.Duration) {
	for _, b := range ds {
		for _, a := range ds {
			if a == b || !slices.Contains(a.cause.Explains, b.slug) || sure(a.confidence) < sure(Likely) {
				continue
			}
			if !a.since.IsZero() && !b.since.IsZero() && a.since.After(b.since.Add(tolerance+a.late())) || !related(a, b) {
				continue
			}
			if b.by == nil || (&ranking{asked: &intake{}, tolerance: tolerance}).before(a, b.by) {
				b.by = a
			}
		}
	}
	for _, d := range ds {
		if d.by != nil {
			d.by.explains = append(d.by.explains, d)
		}
	}
}

// related tells whether one cause's subject can bear on another's: a node only on what runs there, a pod on itself and on
// others than pods, everything else on everything.
func related(a, b *diagnosis) bool {
	for _, x := range a.evidence {
		for _, y := range b.evidence {
			if touches(x.Subject, y.Subject) {
				return true
			}
		}
	}
	return false
}

func touches(x, y Subject) bool {
	if x.Node == "" || y.Node == x.Node || y.Pod == "" && y.Node == "" {
		return true
	}
	return y.Node == ""
}

// ranking is what the order of diagnoses goes by, besides themselves.
type ranking struct {
	hops      map[string]int // position of each hop on the path
	asked     *intake
	tolerance time.Duration
}

// before tells which of two diagnoses a person should hear first.
func (r *ranking) before(a, b *diagnosis) bool {
	if n := cmp.Or(
		compareBool(a.by == nil, b.by == nil),
		compareBool(a.wasFault(), b.wasFault()),
		compareBool(!a.recovered, !b.recovered),
		cmp.Compare(r.asked.mismatch(a), r.asked.mismatch(b)),
		cmp.Compare(sure(b.confidence), sure(a.confidence)),
	); n != 0 {
		return n < 0
	}
	if d := a.since.Sub(b.since); a.since.IsZero() != b.since.IsZero() || !a.since.IsZero() && max(d, -d) > r.tolerance {
		return compareTimes(a.since, b.since) < 0
	}
	return cmp.Or(cmp.Compare(r.hops[a.hop], r.hops[b.hop]), cmp.Compare(grave(b.severity), grave(a.severity)), cmp.Compare(a.slug, b.slug)) < 0
}

// compareBool puts true first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// rank orders the diagnoses. Ties within the clock's uncertainty are not transitive, so the order is made by insertion in a
// fixed order: the same diagnoses always end in the same one.
func rank(ds []*diagnosis, f *Facts, tolerance time.Duration) []*diagnosis {
	r := &ranking{hops: map[string]int{}, asked: intakeOf(f), tolerance: tolerance}
	for i, h := range f.Specs.Hops {
		r.hops[h.ID] = i
	}
	out := make([]*diagnosis, 0, len(ds))
	for _, d := range ds {
		i := len(out)
		for i > 0 && r.before(d, out[i-1]) {
			i--
		}
		out = slices.Insert(out, i, d)
	}
	return out
}
