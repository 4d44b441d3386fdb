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
		"不算空洞：预留而未发的号、一分钟内还在途中的、清空历史（min_seq）以下的、整篇文档都不在的最旧部分（按期清理）。被彻底删除的消息与从未写入的分不开，所以单凭这些最多说“很可能”。",
		"Runs of recent numbers without a message. A body in Redis and none in Mongo: it was not stored. 40 and more in a row across a start of Redis or an eviction: a jump, harmless. The rest are holes. "+
			"No holes: numbers reserved and not given out, those on their way for less than a minute, those below min_seq (cleared history), whole documents missing at the old end (retention). A message removed for good looks like one never written, so this alone is likely at most."),
	Needs: []string{seqLines}, Collect: collectSeq,
	Run: func(f *analyze.Facts) analyze.Finding {
		if !slices.ContainsFunc(f.Conversations, func(c analyze.Conversation) bool { return slices.ContainsFunc(c.Numbers, readable) }) {
			return unknown()
		}
		t := &tally{}
		for _, c := range f.Conversations {
			for _, n := range c.Numbers {
				if !n.Read || c.Mongo == nil {
					continue
				}
				for _, h := range n.Holes {
					judgeHole(t, f, c, n, h)
				}
			}
		}
		return answer(t.all)
	},
}

func readable(n record.Numbers) bool { return n.Read }

// judgeHole says what a run of numbers without a message means, if it means anything.
func judgeHole(t *tally, f *analyze.Facts, c analyze.Conversation, n record.Numbers, h record.Hole) {
	h = givenOut(c, h)
	size := h.To - h.From + 1
	cached := overlap(n.Cached, h.Range)
	text := fmt.Sprintf("no message from %d to %d (%d numbers, %d of them in Redis)", h.From, h.To, size, cached)
	if !h.Before.IsZero() {
		text += ", after the message of " + h.Before.Format(time.DateTime)
	}
	switch e := (analyze.Evidence{Subject: analyze.Subject{Role: "mongo", Target: c.ID}, Since: h.Before}); {
	case size <= 0 || onTheWay(c, h):
	case cached > 0 && h.After.IsZero():
		e.Cause, e.Confidence = "seq-hole", analyze.Likely
		e.Says = say("最新的正文在 Redis 而 Mongo 里一直没有：落库积压或失败", "the newest bodies are in Redis and have not come to Mongo: its consumer lags, or its writes fail")
		t.add(c, e, text)
	case cached > 0:
		e.Cause, e.Confidence = "seq-hole", analyze.Certain
		e.Says = say("正文在 Redis 而 Mongo 里没有：没有落库", "the body is in Redis and not in Mongo: it was not stored")
		t.add(c, e, text)
	case h.Before.IsZero(): // the old end: cleaned up, or it begins before what was looked at
	case size >= leastJump && redisLost(f, h):
		e.Cause, e.Confidence, e.Subject.Role = "seq-jump", analyze.Likely, "redis"
		e.Says = say("Redis 丢了计数后跳到预留的末尾，这一段本来就是空号", "Redis lost its counter and went on at the reserved end: these numbers never held a message")
		t.add(c, e, text)
	case named(c) && size < leastJump:
		e.Cause, e.Confidence = "seq-hole", analyze.Likely
		e.Says = say("发出的号没有消息", "numbers were given out and hold no message")
		t.add(c, e, text)
	default:
		e.Cause, e.Confidence = "seq-hole", analyze.Possible
		e.Says = say("有一段号没有消息，可能是丢失、跳号或彻底删除", "a run of numbers holds no message: lost, jumped over, or removed for good")
		t.add(c, e, text)
	}
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
	m := (*record.Malloc)(nil)
	if c.Redis != nil {
		m = c.Redis.Malloc
	}
	if m == nil || m.Locked {
		return true // how old they are is not known
	}
	return c.Time.Sub(m.Time) < settling
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
