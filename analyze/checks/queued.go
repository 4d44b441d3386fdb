package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

// queued says whether the messages that a conversation lacks behind a topic still wait in Kafka.
type queued int

const (
	unsaid  queued = iota // Kafka was not asked, or does not tell
	waiting               // they wait: they are late and not lost
	drained               // everything in the partition of the conversation was taken
)

// batchRecords is how many messages one record of toMongo may hold.
const batchRecords = 100

// queue is what the group that takes messages at a hop shows of the partition of a conversation; where that is not known, of
// all partitions, which then have to agree.
type queue struct {
	state     queued
	group     *group
	partition *partition
	all       bool // the partition is an example: all are like it
}

// queueOf looks at the topic of a hop. most is how many numbers are missing, given when the newest was given out (zero:
// unknown); settled tells that this is longer ago than any message takes.
func queueOf(f *analyze.Facts, groups []*group, hop, conversation string, most int64, given time.Time, settled bool) queue {
	i := slices.IndexFunc(groups, func(g *group) bool {
		return g.at == hop && (f.ReaderHop(g.name, "") == nil || f.ReaderHop(g.name, "").Reads == hop)
	})
	if i < 0 || groups[i].never || groups[i].onReceipt(f) {
		return queue{}
	}
	q := queue{group: groups[i]}
	of := q.group.partitions
	if number, known := placeOf(f, q.group.topic, conversation); known {
		of = slices.DeleteFunc(slices.Clone(of), func(p *partition) bool { return p.number != number })
	} else {
		q.all = len(of) > 1
	}
	for n, p := range of {
		state := p.queued(most, given, settled)
		switch {
		case n == 0:
			q.state, q.partition = state, p
		case state != q.state:
			return queue{}
		case p.worse(q.partition):
			q.partition = p
		}
	}
	return q
}

// placeOf is the partition that carries a conversation.
func placeOf(f *analyze.Facts, topic, conversation string) (number int, known bool) {
	if f.Kafka == nil {
		return 0, false
	}
	for _, c := range f.Kafka.Conversations {
		if at, ok := c.Partitions[topic]; ok && c.ID == conversation {
			return int(at), true
		}
	}
	return 0, false
}

// queued judges one partition. What came within the last moments passes through any partition, so that only lag which is a
// fault by itself explains its absence; what is missing for longer is explained by any lag that is no batch in flight.
func (p *partition) queued(most int64, given time.Time, settled bool) queued {
	z := p.last()
	switch {
	case z.Lag < 0 || p.trend == beyond || p.trend == expired || p.trend == rewound || p.trend == uncommitted:
		return unsaid
	case z.Lag == 0 && (z.Time.IsZero() || given.IsZero() || !given.After(z.Time)):
		return drained
	case z.Lag*batchRecords < most:
		return unsaid
	case p.trend == growing || p.trend == stalled || p.trend == stopped || z.Lag >= largeLag:
		return waiting
	case settled && (z.Lag >= smallLag || p.stands()):
		return waiting
	}
	return unsaid
}

// stands tells offsets that do not move although there is something to read.
func (p *partition) stands() bool {
	return len(p.samples) > 1 && p.last().Lag > 0 && p.first().Current == p.last().Current
}

// String shows the partition to a person.
func (q queue) String() string {
	z := q.partition.last()
	of := fmt.Sprintf("partition %d", q.partition.number)
	if q.all {
		of = "every partition, as " + of
	}
	member := "no member"
	if z.Member != "" {
		member = "a member"
	}
	return fmt.Sprintf("%s of topic %s: group %s committed %d → %d, end %d, lag %d, %s", of, q.group.topic, q.group.name, q.partition.first().Current, z.Current, z.End, z.Lag, member)
}

// cause is what keeps the messages waiting, and how sure that is.
func (q queue) cause() (slug, confidence string) {
	slug, confidence = "consumer-lag-growing", analyze.Likely
	if q.partition.last().Member == "" || q.partition.stands() {
		slug = "consumer-stalled"
	}
	if len(q.partition.samples) > 1 && !q.all && q.partition.trend > uncommitted {
		confidence = analyze.Certain
	}
	return slug, confidence
}

// evidence is that of a conversation's messages waiting in Kafka.
func (q queue) evidence(f *analyze.Facts, says specs.Text) analyze.Evidence {
	e := analyze.Evidence{Subject: analyze.Subject{Role: q.group.role, Target: q.group.name}, Says: says}
	e.Cause, e.Confidence = q.cause()
	if e.Cause == "consumer-stalled" && q.partition.last().Member == "" {
		e.Hops = unread(f, q.group.name, q.group.topic)
	}
	return e
}

// refuted is what is ruled out once it is known whether the messages of a conversation wait: what by says is, against what.
func (q queue) refuted(conversation, by, against string, why specs.Text) analyze.Refutation {
	shown := conversation + ": " + q.String()
	return analyze.Refutation{Cause: against, Target: conversation, By: by, Because: say(why.ZH+"（"+shown+"）", why.EN+" ("+shown+")")}
}
