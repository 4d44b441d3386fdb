package analyze

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/specs"
)

func TestRecast(t *testing.T) {
	min := func(n float64) specs.Duration { return specs.Duration(n * float64(time.Minute)) }
	c := &circumstances{
		starts: []time.Time{at(0)}, boots: boots{at: map[string][]time.Time{"": {at(20)}}}, rolls: []time.Time{at(30)},
		others: signs{"redis": nil, "kafka": nil},
	}
	c.others.replace([]Evidence{{Check: "x", Cause: "redis", Confidence: Likely, Since: at(10), Until: at(12)}, {Check: "y", Cause: "kafka", Confidence: Possible, Since: at(10), Until: at(12)}})
	ep := func(first, last float64, count int, quiet time.Duration) *episode {
		return &episode{rule: &compiledRule{Rule: &specs.Rule{ID: "own"}}, count: count, first: at(first), last: at(last), quiet: quiet}
	}
	for _, x := range []struct {
		name string
		e    *episode
		r    specs.Recast
		want bool
	}{
		{"short enough", ep(1, 2, 5, time.Hour), specs.Recast{Shorter: min(2), Quiet: min(10)}, true},
		{"too long", ep(1, 4, 5, time.Hour), specs.Recast{Shorter: min(2)}, false},
		{"not quiet after", ep(1, 2, 5, time.Minute), specs.Recast{Shorter: min(2), Quiet: min(10)}, false},
		{"long enough", ep(1, 4, 5, 0), specs.Recast{Longer: min(3)}, true},
		{"near a start", ep(1, 2, 5, 0), specs.Recast{NearStart: min(2)}, true},
		{"far from a start", ep(9, 10, 5, 0), specs.Recast{NearStart: min(2)}, false},
		{"after everything started", ep(21, 22, 5, 0), specs.Recast{NearBoot: min(2)}, true},
		{"before everything started", ep(19, 20, 5, 0), specs.Recast{NearBoot: min(2)}, false},
		{"long after everything started", ep(23, 24, 5, 0), specs.Recast{NearBoot: min(2)}, false},
		{"near a rollout that comes after", ep(28, 29, 5, 0), specs.Recast{NearRoll: min(5)}, true},
		{"few", ep(1, 1, 3, 0), specs.Recast{AtMost: 3}, true},
		{"not few", ep(1, 1, 4, 0), specs.Recast{AtMost: 3}, false},
		{"many", ep(1, 1, 4, 0), specs.Recast{AtLeast: 4}, true},
		{"with another cause at the time", ep(11, 11, 1, 0), specs.Recast{With: []string{"kafka"}}, true},
		{"with another cause at another time", ep(40, 41, 1, 0), specs.Recast{With: []string{"redis"}}, false},
		{"without a likely cause", ep(11, 11, 1, 0), specs.Recast{Without: []string{"redis"}}, false},
		{"a possible cause does not forbid", ep(11, 11, 1, 0), specs.Recast{Without: []string{"kafka"}}, true},
		{"unknown time is not short", &episode{rule: &compiledRule{Rule: &specs.Rule{ID: "own"}}, count: 1}, specs.Recast{Shorter: min(2)}, false},
		{"unknown time may be few", &episode{rule: &compiledRule{Rule: &specs.Rule{ID: "own"}}, count: 1}, specs.Recast{AtMost: 2}, true},
	} {
		if got := c.holds(x.e, &x.r); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

func TestEpisodes(t *testing.T) {
	c := &cell{}
	for _, m := range []float64{0, 1, 2, 30, 31, 70} {
		c.tick(at(m).UnixNano(), true)
		c.count++
	}
	s := &subjectHits{rule: &compiledRule{Rule: &specs.Rule{ID: "r"}}, minutes: c.minutes, count: c.count, ends: at(100)}
	eps := s.episodes()
	if len(eps) != 3 {
		t.Fatalf("got %d episodes, want 3", len(eps))
	}
	if e := eps[0]; e.count != 3 || !e.last.Equal(at(2)) || e.quiet != 28*time.Minute || e.final {
		t.Errorf("first episode: %+v", e)
	}
	if e := eps[2]; e.count != 1 || e.quiet != 30*time.Minute || !e.final {
		t.Errorf("last episode: %+v", e)
	}
}

func TestCountWithin(t *testing.T) {
	hits := func(minutes ...float64) *subjectHits {
		c := &cell{}
		for _, m := range minutes {
			c.tick(at(m).UnixNano(), true)
			c.count++
		}
		return &subjectHits{minutes: c.minutes, count: c.count}
	}
	for _, x := range []struct {
		name  string
		s     *subjectHits
		count int
		in    time.Duration
		want  bool
	}{
		{"close together", hits(1, 1.1, 1.2), 3, time.Minute, true},
		{"spread", hits(1, 5, 9), 3, time.Minute, false},
		{"spread within the span", hits(1, 5, 9), 3, 10 * time.Minute, true},
		{"one is enough by default", hits(1), 0, 0, true},
		{"too few at all", hits(1, 2), 3, time.Hour, false},
		{"later burst", hits(1, 20, 20.5, 21), 3, 2 * time.Minute, true},
	} {
		x.s.rule = &compiledRule{Rule: &specs.Rule{Count: x.count, Within: specs.Duration(x.in)}}
		if got := x.s.enough(); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

func TestMinutesStayBounded(t *testing.T) {
	c := &cell{}
	taken := 0
	for i := range 100 {
		taken += c.tick(at(float64(i)).UnixNano(), taken < 10)
	}
	n := int32(0)
	for _, m := range c.minutes {
		n += m.count
	}
	if taken != 10 || len(c.minutes) != 10 || n != 100 {
		t.Errorf("%d minutes hold %d hits, want 10 and 100", len(c.minutes), n)
	}
}
