package checks

import (
	"fmt"
	"sort"

	"github.com/imbundle/imbundle/analyze"
)

var consumerGroups = analyze.Check{
	ID: "consumer-lag", Guide: "2.3",
	Title: say("消费组积压", "lag of consumer groups"),
	Doc: say("比较同一组多次采样：积压增长而位点在走是消费太慢；有积压而位点不动是停住；没有成员是消费者不在。单次采样只看成员和数量级。"+
		"主干版本的 push 组从不提交位点（显示“-”），不作判断。",
		"Compares samples of a group: lag that grows while offsets move means too slow; lag while offsets stand means stalled; no member means no consumer. "+
			"One sample alone tells members and magnitude only. On main the push groups never commit (shown as '-') and are not judged."),
	Needs: []string{"kafka/groups.txt (two samples)"}, Collect: "imbundle collect --attach kafka-groups.txt",
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Groups) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, g := range groupsOf(f) {
			if e, ok := g.judge(); ok {
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

// partition is one partition of a group over all samples, oldest first.
type partition struct {
	samples []analyze.GroupSample
}

type group struct {
	name, topic string
	partitions  []*partition
}

// groupsOf orders the samples by group and partition.
func groupsOf(f *analyze.Facts) []*group {
	groups := map[string]*group{}
	parts := map[string]*partition{}
	var order []*group
	for _, s := range f.Groups {
		key := s.Group + "\x00" + s.Topic
		g := groups[key]
		if g == nil {
			g = &group{name: s.Group, topic: s.Topic}
			groups[key] = g
			order = append(order, g)
		}
		pkey := fmt.Sprint(key, s.Partition)
		p := parts[pkey]
		if p == nil {
			p = &partition{}
			parts[pkey] = p
			g.partitions = append(g.partitions, p)
		}
		p.samples = append(p.samples, s)
	}
	for _, p := range parts {
		sort.SliceStable(p.samples, func(i, j int) bool { return p.samples[i].Time.Before(p.samples[j].Time) })
	}
	return order
}

// Lag below smallLag is what batches in flight leave behind; a single sample needs largeLag to mean anything.
const (
	smallLag = 20
	largeLag = 1000
)

// sums are what the partitions of a group add up to.
type sums struct {
	samples                int
	firstLag, lastLag      int64
	moved                  int64 // offsets committed from the first to the last sample
	members, stuck, beyond int   // partitions with a member, that stand, whose offset lies beyond their end
	first, worst           analyze.GroupSample
}

func (g *group) sum() sums {
	var s sums
	for _, p := range g.partitions {
		a, z := p.samples[0], p.samples[len(p.samples)-1]
		if z.Current < 0 {
			continue
		}
		s.samples = max(s.samples, len(p.samples))
		s.firstLag, s.lastLag = s.firstLag+max(0, a.Lag), s.lastLag+max(0, z.Lag)
		s.moved += z.Current - a.Current
		if z.Member != "" {
			s.members++
		}
		if len(p.samples) > 1 && a.Current == z.Current && z.Lag > a.Lag && z.Lag >= smallLag {
			s.stuck++
		}
		if z.Lag < 0 {
			s.beyond++
		}
		if z.Lag >= s.worst.Lag {
			s.worst, s.first = z, a
		}
	}
	return s
}

// grows tells lag that grows by more than the batches in flight.
func (s sums) grows() bool {
	return s.samples > 1 && s.moved > 0 && s.lastLag > s.firstLag+largeLag/10 && s.lastLag > s.firstLag*5/4
}

// judge looks at the group as a whole.
func (g *group) judge() (analyze.Evidence, bool) {
	s := g.sum()
	e := analyze.Evidence{
		Confidence: analyze.Certain, Subject: analyze.Subject{Role: consumerRole(g.topic), Target: g.name}, Since: s.first.Time, Until: s.worst.Time,
		Samples: []analyze.Sighting{{Entry: s.worst.Entry, Line: s.worst.Line, Text: fmt.Sprintf("group %s topic %s: lag %d → %d over %d samples, %d of %d partitions with a member",
			g.name, g.topic, s.firstLag, s.lastLag, s.samples, s.members, len(g.partitions))}},
	}
	switch {
	case s.beyond > 0:
		e.Cause, e.Confidence, e.Says = "kafka-offset-out-of-range", analyze.Likely, say("已提交位点超过主题末尾：主题被重建", "committed offsets lie beyond the end of the topic: it was recreated")
	case s.lastLag >= smallLag && s.members == 0:
		e.Cause, e.Says = "consumer-stalled", say("有积压而没有任何消费者", "there is lag and no consumer at all")
	case s.stuck > 0:
		e.Cause, e.Says = "consumer-stalled", say("有积压而位点不动", "there is lag and offsets do not move")
	case s.grows():
		e.Cause, e.Says = "consumer-lag-growing", say("积压在增长，消费跟不上", "lag grows, the consumer is slower than its topic")
	case s.samples == 1 && s.lastLag >= largeLag:
		e.Cause, e.Confidence, e.Says = "consumer-lag-growing", analyze.Possible, say("有明显积压（只有一次采样）", "there is much lag, in a single sample")
	default:
		return e, false
	}
	return e, true
}

func consumerRole(topic string) string {
	switch topic {
	case "toPush", "toOfflinePush", "msgToPush":
		return "push"
	}
	return "msgtransfer"
}
