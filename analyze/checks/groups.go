package checks

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var consumerGroups = analyze.Check{
	ID: "consumer-lag", Guide: "2.3",
	Title: say("消费组积压", "lag of consumer groups"),
	Doc: say("逐组逐分区比较多次采样：位点在走而积压增长是消费太慢；有积压而位点不动是停住；有积压而没有成员是没人消费；位点回退、超过末尾或早于起点是越界。只有一次采样时只看成员和数量级，其余为未知。"+
		"各版本语义不同：3.7 及以前的 redis 组一收到就提交，积压为 0 不说明已处理；3.8.0 起的 redis 组只提交每批最后一条所在的分区，其余分区短时残留积压属正常；主干版本的 push 与 offlinePush 组从不提交位点，只判断有没有成员。",
		"Compares samples by group and partition: offsets that move while lag grows mean too slow; lag while offsets stand means stalled; lag without a member means nobody consumes; offsets that go back, lie beyond the end or before the start are out of range. "+
			"One sample alone tells members and magnitude only, the rest is unknown. What releases mean differs: up to 3.7 the redis group commits on receipt, so no lag does not prove work; from 3.8.0 it commits only the partition of a batch's last message, so little lag that stays for a moment on others is normal; on main push and offlinePush never commit and are judged by their members alone."),
	Needs: []string{"kafka/groups.json or kafka/groups.txt (two samples)"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Groups) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		open := false
		for _, g := range groupsOf(f) {
			e, ok := g.judge(f)
			if ok {
				if n := idle(f.Kafka, g.name); n > 0 {
					e.Samples[0].Text += fmt.Sprintf("; %d members have no partition left to read", n)
				}
				found = append(found, e)
			}
			open = open || !ok && g.undecided(f)
		}
		if len(found) == 0 && open {
			return unknown()
		}
		return answer(found)
	},
}

// idle counts the members of a group that were given nothing in its newest sample: more replicas would not help.
func idle(k *analyze.Kafka, group string) int {
	n := 0
	if k != nil {
		for _, s := range k.States { // oldest first
			if s.Group == group {
				n = s.Idle
			}
		}
	}
	return n
}

// group is a consumer group on one topic.
type group struct {
	name, topic string
	at          string // the hop at which messages wait in the topic; empty for one that is not on the path
	role        string // who reads
	partitions  []*partition
	never       bool // this release never commits
}

// groupsOf orders the samples by group, topic and partition, and judges each partition.
func groupsOf(f *analyze.Facts) []*group {
	groups := map[[2]string]*group{}
	parts := map[partitionKey]*partition{}
	var order []*group
	for _, s := range f.Groups {
		g := groups[[2]string{s.Group, s.Topic}]
		if g == nil {
			g = &group{name: s.Group, topic: s.Topic, at: topicHop(f, s.Topic), role: readerRole(f, s.Group, s.Topic)}
			g.never = f.Line == "b" && g.role == "push"
			groups[[2]string{s.Group, s.Topic}] = g
			order = append(order, g)
		}
		key := partitionKey{s.Group, s.Topic, s.Partition}
		p := parts[key]
		if p == nil {
			p = &partition{topic: s.Topic, number: s.Partition}
			parts[key] = p
			g.partitions = append(g.partitions, p)
		}
		p.samples = append(p.samples, s)
	}
	for _, p := range parts {
		sort.SliceStable(p.samples, func(i, j int) bool { return p.samples[i].Time.Before(p.samples[j].Time) })
		p.trend = p.judge()
	}
	for _, g := range order {
		if g.onlyLast(f) {
			g.forgive()
		}
	}
	return order
}

type partitionKey struct {
	group, topic string
	partition    int
}

// onlyLast tells the groups that commit only the partition of a batch's last record. Where the release is unknown it may be one.
func (g *group) onlyLast(f *analyze.Facts) bool {
	return g.at == "to-redis" && (len(f.Versions) == 0 || analyze.VersionFits(f.Versions[0], ">=3.8.0"))
}

func (g *group) forgive() {
	for _, p := range g.partitions {
		if p.trend == stalled && p.residue(g.partitions) {
			p.trend = lagOK
		}
	}
}

// onReceipt tells the groups whose offsets say only that messages were received.
func (g *group) onReceipt(f *analyze.Facts) bool {
	return g.at == "to-redis" && len(f.Versions) > 0 && analyze.VersionFits(f.Versions[0], "line-a <3.8.0")
}

// undecided tells a group of which the samples do not say how it does.
func (g *group) undecided(f *analyze.Facts) bool {
	if g.never {
		return false
	}
	return g.onReceipt(f) || slices.ContainsFunc(g.partitions, func(p *partition) bool { return p.trend == lagUnknown })
}

// sums are what the partitions of a group add up to.
type sums struct {
	samples           int
	firstLag, lastLag int64
	moved, written    int64 // offsets committed and records written from the first to the last sample
	span              time.Duration
	members           int // partitions with a member
	by                map[trend]int
	worst             *partition // that with most lag, of the worst kind
}

func (g *group) sum() sums {
	s := sums{by: map[trend]int{}}
	for _, p := range g.partitions {
		if p.last().Member != "" {
			s.members++
		}
		s.by[p.trend]++
		if p.trend == uncommitted {
			continue
		}
		a, z := p.first(), p.last()
		s.samples, s.span = max(s.samples, len(p.samples)), max(s.span, p.span())
		s.firstLag, s.lastLag = s.firstLag+max(0, a.Lag), s.lastLag+max(0, z.Lag)
		s.moved, s.written = s.moved+p.moved(), s.written+p.written()
		if s.worst == nil || p.worse(s.worst) {
			s.worst = p
		}
	}
	return s
}

// worse orders partitions for the example that is shown: the kind of trouble before the lag.
func (p *partition) worse(o *partition) bool {
	if p.trend != o.trend {
		return p.trend > o.trend
	}
	return p.last().Lag >= o.last().Lag
}

// drain is how long the backlog takes at the present rates, for people.
func (s sums) drain() string {
	gain := s.moved - s.written
	switch {
	case s.samples < 2 || s.span <= 0 || s.lastLag < smallLag:
		return ""
	case gain <= 0:
		return ", never drained at this rate"
	}
	return ", drained in about " + time.Duration(float64(s.span)*float64(s.lastLag)/float64(gain)).Round(time.Second).String()
}

// verdict is what a group's trends mean.
type verdict struct {
	cause, confidence string
	says              specs.Text
}

// judge looks at the group as a whole; false: there is nothing to say against it.
func (g *group) judge(f *analyze.Facts) (analyze.Evidence, bool) {
	s := g.sum()
	v, ok := g.verdict(s)
	if !ok {
		return analyze.Evidence{}, false
	}
	worst := s.worst
	if worst == nil {
		worst = g.partitions[0]
	}
	z := worst.last()
	text := fmt.Sprintf("group %s topic %s: lag %d → %d over %d samples, %d of %d partitions with a member%s; partition %d: committed %d → %d, end %d",
		g.name, g.topic, s.firstLag, s.lastLag, s.samples, s.members, len(g.partitions), s.drain(), worst.number, worst.first().Current, z.Current, z.End)
	e := analyze.Evidence{
		Cause: v.cause, Confidence: v.confidence, Says: v.says, Subject: analyze.Subject{Role: g.role, Target: g.name},
		Since: worst.first().Time, Until: z.Time, Samples: []analyze.Sighting{{Entry: z.Entry, Line: z.Line, Text: text}},
	}
	if v.cause == "consumer-stalled" && s.members == 0 {
		e.Hops = unread(f, g.name, g.topic)
	}
	return e, true
}

func (g *group) verdict(s sums) (verdict, bool) {
	if g.never { // only whether anybody reads can be told
		if s.members == 0 && s.lastLag >= smallLag {
			return verdict{"consumer-stalled", analyze.Likely, say("没有任何消费者（此版本不提交位点，积压数值无意义）", "there is no consumer at all (this release never commits, so the lag itself means nothing)")}, true
		}
		return verdict{}, false
	}
	switch {
	case s.by[beyond] > 0:
		return verdict{"kafka-offset-out-of-range", analyze.Likely, say("已提交位点超过主题末尾：主题被重建", "committed offsets lie beyond the end of the topic: it was recreated")}, true
	case s.by[expired] > 0:
		return verdict{"kafka-offset-out-of-range", analyze.Likely, say("已提交位点早于主题起点：保留期已删去未消费的消息", "committed offsets lie before the start of the topic: retention removed messages that were never consumed")}, true
	case s.lastLag >= smallLag && s.members == 0:
		return verdict{"consumer-stalled", analyze.Certain, say("有积压而没有任何消费者", "there is lag and no consumer at all")}, true
	case s.by[stalled] > 0:
		return verdict{"consumer-stalled", analyze.Certain, say("有积压而位点不动", "there is lag and offsets do not move")}, true
	case s.by[stopped] > 0:
		return verdict{"consumer-stalled", analyze.Likely, say("有积压的分区没有消费者", "partitions with lag have no consumer")}, true
	case s.by[rewound] > 0:
		return verdict{"kafka-offset-out-of-range", analyze.Possible, say("已提交位点回退：被重置，或主题被重建；消息会重复处理", "committed offsets went back: they were reset, or the topic was recreated; messages are processed again")}, true
	case s.samples > 1 && s.moved > 0 && outgrown(s.firstLag, s.lastLag), s.by[growing] > 0 && s.lastLag >= largeLag:
		return verdict{"consumer-lag-growing", analyze.Certain, say("积压在增长，消费跟不上", "lag grows, the consumer is slower than its topic")}, true
	case s.samples == 1 && s.lastLag >= largeLag:
		return verdict{"consumer-lag-growing", analyze.Possible, say("有明显积压（只有一次采样）", "there is much lag, in a single sample")}, true
	}
	return verdict{}, false
}

// topicHop is the hop at which messages wait in a topic; empty for one that is not on the path.
func topicHop(f *analyze.Facts, topic string) string {
	if h := f.TopicHop(topic); h != nil {
		return h.ID
	}
	return ""
}

// readerRole is the role that reads a topic in a group.
func readerRole(f *analyze.Facts, group, topic string) string {
	if h := f.ReaderHop(group, topic); h != nil {
		return h.Roles[0]
	}
	return "msgtransfer"
}

// unread are the hops where it shows that nobody reads in a group: its own, and that of its topic.
func unread(f *analyze.Facts, group, topic string) []string {
	h := f.ReaderHop(group, topic)
	if h == nil {
		return nil
	}
	return []string{h.ID, h.Reads}
}
