package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

// settling is how long a message may take from its number to its document.
const settling = time.Minute

var seqHoles = analyze.Check{
	ID: "seq-holes", Guide: "2.4",
	Title: say("发出的号是否都有消息", "every number that was given out has its message"),
	Doc: say("最近的号里没有消息的一段：正文还在 Redis 而 Mongo 里没有，是没落库；跨过 Redis 重启或淘汰的 40 个以上连续空号是跳号，无害；其余是空洞。"+
		"最新一段没有消息、而 toMongo 里该会话所在分区有积压或停住时，消息还在 Kafka 里等，是消费问题而不是丢失；该分区已读完而它们仍不在，才是丢失。没有分区对照时，组的所有分区一致才下这个结论。"+
		"mongo 组写失败后也会提交（主干版本是下一批成功时跳过），所以没有积压不说明都写进去了。不算空洞：预留而未发的号、一分钟内还在途中的、清空历史（min_seq）以下的、整篇文档都不在的最旧部分（按期清理）。被彻底删除的消息与从未写入的分不开，所以单凭这些最多说“很可能”。",
		"Runs of recent numbers without a message. A body in Redis and none in Mongo: it was not stored. 40 and more in a row across a start of Redis or an eviction: a jump, harmless. The rest are holes. "+
			"Where the newest run is missing and the partition of toMongo that carries the conversation lags or stands, the messages wait in Kafka: the consumer is the trouble and nothing is lost. They are lost where that partition was worked off and they still are not there. Without the conversation's partition all partitions of the group have to agree. "+
			"The mongo group commits after a failed write too (on main the next success skips it), so no lag does not prove that all was written. No holes: numbers reserved and not given out, those on their way for less than a minute, those below min_seq (cleared history), whole documents missing at the old end (retention). A message removed for good looks like one never written, so this alone is likely at most."),
	Needs: []string{seqLines, "kafka/groups.json and kafka/conversations.json, for what waits in Kafka"}, Collect: collectSeq,
	Run: func(f *analyze.Facts) analyze.Finding {
		if !slices.ContainsFunc(f.Conversations, func(c analyze.Conversation) bool { return slices.ContainsFunc(c.Numbers, readable) }) {
			return unknown()
		}
		j := &holes{Facts: f, groups: groupsOf(f)}
		for _, c := range f.Conversations {
			for _, n := range c.Numbers {
				if !n.Read || c.Mongo == nil {
					continue
				}
				for _, h := range n.Holes {
					j.judge(c, n, h)
				}
			}
		}
		found := answer(j.all)
		found.Refutes = j.refutes
		return found
	},
}

func readable(n record.Numbers) bool { return n.Read }

// holes gathers what runs of numbers without a message mean.
type holes struct {
	*analyze.Facts
	tally
	groups  []*group
	refutes []analyze.Refutation
}

// judge says what a run of numbers without a message means, if it means anything.
func (j *holes) judge(c analyze.Conversation, n record.Numbers, h record.Hole) {
	h = givenOut(c, h)
	size, cached := h.To-h.From+1, overlap(n.Cached, h.Range)
	if size <= 0 {
		return
	}
	text := fmt.Sprintf("no message from %d to %d (%d numbers, %d of them in Redis)", h.From, h.To, size, cached)
	if !h.Before.IsZero() {
		text += ", after the message of " + h.Before.Format(time.DateTime)
	}
	fresh, newest := onTheWay(c, h), h.To > c.Mongo.Highest
	jumped := !fresh && !h.Before.IsZero() && size >= leastJump && redisLost(j.Facts, h)
	q := queue{}
	if newest && !locked(c) && !jumped {
		q = queueOf(j.Facts, j.groups, "to-mongo", c.ID, size, givenAt(c), !fresh)
	}
	e := analyze.Evidence{Subject: analyze.Subject{Role: "mongo", Target: c.ID}, Since: h.Before}
	switch {
	case q.state == waiting:
		j.waits(c, h, q, text)
	case fresh:
	case cached > 0 && newest && q.state == unsaid:
		e.Cause, e.Confidence = "seq-hole", analyze.Likely
		e.Says = say("最新的正文在 Redis 而 Mongo 里一直没有：落库积压或失败", "the newest bodies are in Redis and have not come to Mongo: its consumer lags, or its writes fail")
		j.add(c, e, text)
	case cached > 0:
		e.Cause, e.Confidence = "seq-hole", analyze.Certain
		e.Says = say("正文在 Redis 而 Mongo 里没有：没有落库", "the body is in Redis and not in Mongo: it was not stored")
		j.lost(c, e, q, newest, text)
	case h.Before.IsZero(): // the old end: cleaned up, or it begins before what was looked at
	case jumped:
		e.Cause, e.Confidence, e.Subject.Role = "seq-jump", analyze.Likely, "redis"
		e.Says = say("Redis 丢了计数后跳到预留的末尾，这一段本来就是空号", "Redis lost its counter and went on at the reserved end: these numbers never held a message")
		j.add(c, e, text)
	case named(c) && size < leastJump:
		e.Cause, e.Confidence = "seq-hole", analyze.Likely
		e.Says = say("发出的号没有消息", "numbers were given out and hold no message")
		j.lost(c, e, q, newest, text)
	default:
		e.Cause, e.Confidence = "seq-hole", analyze.Possible
		e.Says = say("有一段号没有消息，可能是丢失、跳号或彻底删除", "a run of numbers holds no message: lost, jumped over, or removed for good")
		j.lost(c, e, q, newest, text)
	}
}

// waits tells of messages that Kafka still has.
func (j *holes) waits(c analyze.Conversation, h record.Hole, q queue, text string) {
	e := q.evidence(j.Facts, say("没有落库的消息还在 toMongo 里等：是迟到，不是丢失", "the messages that are not stored wait in toMongo: they are late and not lost"))
	if j.Line == "b" && e.Cause == "consumer-stalled" && len(e.Hops) == 0 {
		e.Says = say("没有落库的消息停在 toMongo 里（主干版本写失败的批次也停在这里，重启后会重读，之后一批成功则被跳过）",
			"the messages that are not stored stand in toMongo (on main a batch that could not be written stands too: it is read again after a restart and skipped by the next success)")
	}
	e.Since = h.Before
	j.add(c, e, text+"; "+q.String())
	j.refutes = append(j.refutes, q.refuted(c.ID, e.Cause, "seq-hole", say("这些号没有丢，还在所在分区里等消费", "these numbers are not lost: they wait in the partition of their conversation")))
}

// lost tells of messages for which nothing waits in Kafka, or cannot.
func (j *holes) lost(c analyze.Conversation, e analyze.Evidence, q queue, newest bool, text string) {
	switch {
	case !newest:
		why := say("同一会话更晚的号已落库；同一分区按序消费，所以不是积压（"+c.ID+"）", "later numbers of the conversation are stored, and a partition is worked off in order: it is no lag ("+c.ID+")")
		for _, cause := range lagCauses {
			j.refutes = append(j.refutes, analyze.Refutation{Cause: cause, Target: c.ID, By: e.Cause, Because: why})
		}
	case q.state == drained:
		text += "; " + q.String()
		for _, cause := range lagCauses {
			j.refutes = append(j.refutes, q.refuted(c.ID, e.Cause, cause, say("该会话所在分区已读完，不是在等消费", "the partition of the conversation was worked off: nothing waits there")))
		}
	}
	j.add(c, e, text)
}

// lagCauses look like lost messages from where the messages should be.
var lagCauses = []string{"consumer-lag-growing", "consumer-stalled"}

// givenAt is when the newest number was given out; zero where nobody knows.
func givenAt(c analyze.Conversation) time.Time {
	if c.Redis == nil || c.Redis.Malloc == nil {
		return time.Time{}
	}
	return c.Redis.Malloc.Time
}

func locked(c analyze.Conversation) bool {
	return c.Redis != nil && c.Redis.Malloc != nil && c.Redis.Malloc.Locked
}

// givenOut cuts off what was cleared, and what was reserved and not given out.
func givenOut(c analyze.Conversation, h record.Hole) record.Hole {
	least, most := int64(0), c.Mongo.Highest // without a counter nobody knows what was given out above
	for _, d := range c.Mongo.Seq {
		least = max(least, d.Min)
	}
	if r := c.Redis; r != nil {
		for _, cleared := range []*int64{r.Min, r.Min37} {
			if cleared != nil {
				least = max(least, *cleared)
			}
		}
		if r.Malloc != nil {
			most = max(most, r.Malloc.Curr)
		} else if r.Max37 != nil {
			most = max(most, *r.Max37)
		}
	}
	if h.From < least { // the beginning may be cleared without anything having gone wrong
		h.From, h.Before = least, time.Time{}
	}
	h.To = min(h.To, most)
	return h
}

// onTheWay tells numbers that may still become messages.
func onTheWay(c analyze.Conversation, h record.Hole) bool {
	if !h.After.IsZero() {
		return c.Time.Sub(h.After) < settling
	}
	given := givenAt(c)
	return locked(c) || given.IsZero() || c.Time.Sub(given) < settling // with no time it is not known how old they are
}

// redisLost tells whether Redis may have lost keys within a hole: it started, was emptied, evicts keys, or was in trouble.
func redisLost(f *analyze.Facts, h record.Hole) bool {
	within := func(at time.Time) bool {
		return !at.IsZero() && at.After(h.Before.Add(-apart)) && (h.After.IsZero() || at.Before(h.After.Add(apart)))
	}
	if within(redisStart(f)) {
		return true
	}
	for _, s := range f.Slow {
		if (s.Command == "flushdb" || s.Command == "flushall") && within(s.At) {
			return true
		}
	}
	for _, e := range f.Evidence {
		if (e.Cause == "redis-unreachable" || e.Cause == "redis-out-of-memory" || e.Cause == "seq-jump") && (within(e.Since) || within(e.Until)) {
			return true
		}
	}
	return slices.ContainsFunc(f.Infos, func(i analyze.RedisInfo) bool { return i.Number("evicted_keys") > 0 })
}

// overlap counts the numbers that two sets share.
func overlap(all []record.Range, r record.Range) int64 {
	n := int64(0)
	for _, x := range all {
		n += max(0, min(x.To, r.To)-max(x.From, r.From)+1)
	}
	return n
}
