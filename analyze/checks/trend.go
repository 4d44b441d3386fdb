package checks

import (
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// trend is what the samples of one partition of a group say.
type trend int

const (
	lagOK       trend = iota
	lagUnknown        // no end, or too few samples to tell
	uncommitted       // nothing was committed
	growing           // offsets move and the lag grows
	stalled           // there is a reader, and offsets stand
	stopped           // there is lag and no reader
	rewound           // the committed offset went back
	beyond            // the committed offset lies beyond the end
	expired           // the committed offset lies before the start
)

// Lag below smallLag is what batches in flight leave behind; a single sample needs largeLag to mean anything. residual is the
// most that releases leave uncommitted for a while which commit one partition of a batch only: a batch.
const (
	smallLag = 20
	largeLag = 1000
	residual = 500

	residualTime = 3 * time.Minute
)

// partition is one partition of a group over all samples, oldest first.
type partition struct {
	topic   string
	number  int
	samples []analyze.GroupSample
	trend   trend
}

func (p *partition) first() analyze.GroupSample { return p.samples[0] }
func (p *partition) last() analyze.GroupSample  { return p.samples[len(p.samples)-1] }

// span is the time between the first and the last sample; zero when unknown.
func (p *partition) span() time.Duration {
	if p.first().Time.IsZero() {
		return 0
	}
	return p.last().Time.Sub(p.first().Time)
}

// judge names the trend.
func (p *partition) judge() trend {
	a, z := p.first(), p.last()
	switch {
	case z.Current < 0:
		return uncommitted
	case z.End < 0:
		return lagUnknown
	case z.Current > z.End:
		return beyond
	case z.Start > 0 && z.Current < z.Start:
		return expired
	case p.wentBack():
		return rewound
	case z.Lag >= smallLag && z.Member == "":
		return stopped
	case len(p.samples) == 1 && z.Lag >= smallLag:
		return lagUnknown
	case len(p.samples) == 1:
		return lagOK
	case a.Current == z.Current && z.Lag >= smallLag && (z.Lag > a.Lag || z.Lag >= largeLag):
		return stalled
	case a.Current >= 0 && z.Current > a.Current && outgrown(a.Lag, z.Lag):
		return growing
	}
	return lagOK
}

func (p *partition) wentBack() bool {
	for i := 1; i < len(p.samples); i++ {
		if now := p.samples[i].Current; now >= 0 && now < p.samples[i-1].Current {
			return true
		}
	}
	return false
}

// outgrown tells lag that grew by more than the batches in flight.
func outgrown(first, last int64) bool { return last > first+largeLag/10 && last > first*5/4 }

// moved are the offsets that were committed from the first to the last sample.
func (p *partition) moved() int64 {
	if p.first().Current < 0 || p.last().Current < 0 {
		return 0
	}
	return p.last().Current - p.first().Current
}

// written are the records that came from the first to the last sample.
func (p *partition) written() int64 {
	if p.first().End < 0 || p.last().End < 0 {
		return 0
	}
	return max(0, p.last().End-p.first().End)
}

// residue tells lag that is no trouble: this release commits only the partition of a batch's last record, so the others of
// its reader stand for a moment while that reader goes on.
func (p *partition) residue(all []*partition) bool {
	return p.last().Lag < residual && p.span() <= residualTime && slices.ContainsFunc(all, func(o *partition) bool {
		return o != p && o.last().Member == p.last().Member && o.moved() > 0
	})
}
