package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

const (
	seqLines   = "seq/conversations.jsonl"
	collectSeq = "imbundle collect --conversation ID --user ID"
)

// What may pass between two readings of counters that move: so long, and so many numbers. A counter that has lost its key goes on
// at the end of a block, which is this many numbers ahead at least.
const (
	apart     = 10 * time.Second
	inFlight  = 500
	leastJump = 40
)

var seqState = analyze.Check{
	ID: "seq-state", Guide: "2.4",
	Title: say("会话序号：Redis 与 Mongo 是否一致", "seq of conversations: Redis and Mongo agree"),
	Doc: say("逐个会话对照 Redis 的计数（CURR、LAST）、Mongo 的 seq 与已存消息。正常：CURR ≤ LAST = seq.max_seq，预留的号不是空洞；锁住（LOCK）时不判断。"+
		"CURR 小于已存的最大号是 Redis 回到了旧数据；CURR 大于 seq.max_seq 是 Mongo 回到了旧数据或连错库；3.8 起旧键 MAX_SEQ 大于新计数是没有迁移；3.7 及以前 MAX_SEQ 是唯一的一份。两次读取之间的正常前进不算。"+
		"要找的号还没发出时对照 toRedis：该会话所在分区有积压或停住，消息在等 msgtransfer；已读完，就是没有发到或没有处理成功。",
		"Lays the counters in Redis (CURR, LAST), seq in Mongo and the stored messages of each conversation side by side. Ordinary: CURR ≤ LAST = seq.max_seq; reserved numbers are no gap; while LOCK is set nothing is judged. "+
			"CURR below the highest stored number: Redis went back to old data. CURR above seq.max_seq: Mongo did, or it is the wrong database. From 3.8 on an old MAX_SEQ above the new counter was not migrated; up to 3.7 MAX_SEQ is the only copy. What moves on between two readings does not count. "+
			"Where numbers that were asked for were not given out toRedis is looked at: with lag in the partition of the conversation the messages wait for msgtransfer; with none they never came, or failed there."),
	Needs: []string{seqLines}, Collect: collectSeq,
	Run: func(f *analyze.Facts) analyze.Finding {
		if !slices.ContainsFunc(f.Conversations, func(c analyze.Conversation) bool { return c.Redis != nil && c.Mongo != nil }) {
			return pastedCounters(f)
		}
		s := &states{Facts: f, groups: groupsOf(f)}
		old := numbersOld(f)
		for _, c := range f.Conversations {
			if c.Redis == nil || c.Mongo == nil {
				continue
			}
			if old {
				s.old(c)
			} else {
				s.now(c)
			}
		}
		found := answer(s.all)
		found.Refutes = s.refutes
		return found
	},
}

// pastedCounters judges what somebody has asked redis-cli. Only a counter that was not migrated shows by Redis alone.
func pastedCounters(f *analyze.Facts) analyze.Finding {
	t := &tally{}
	for _, c := range f.Counters {
		if c.Old > max(c.Current, c.Last) {
			of := analyze.Conversation{Entry: c.Entry, Line: c.Line, Conversation: record.Conversation{ID: c.Conversation}}
			t.add(of, notMigrated(), fmt.Sprintf("MAX_SEQ %d, CURR %d, LAST %d", c.Old, c.Current, c.Last))
		}
	}
	if len(t.all) == 0 {
		return unknown()
	}
	return answer(t.all)
}

func notMigrated() analyze.Evidence {
	return analyze.Evidence{Cause: "seq-migration-missing", Confidence: analyze.Certain, Says: say("旧计数 MAX_SEQ 大于新计数：升级到 3.8 时没有迁移", "the old MAX_SEQ is above the new counter: it was not migrated to 3.8")}
}

// tally joins what is said of many conversations: one piece of evidence for each cause and reason.
type tally struct{ all []analyze.Evidence }

func (t *tally) add(c analyze.Conversation, e analyze.Evidence, text string) {
	s := analyze.Sighting{Entry: c.Entry, Line: c.Line, Text: c.ID + ": " + text}
	for i := range t.all {
		o := &t.all[i]
		if o.Cause != e.Cause || o.Says != e.Says || o.Confidence != e.Confidence {
			continue
		}
		o.Count++
		if len(o.Samples) < 5 {
			o.Samples = append(o.Samples, s)
		}
		if !e.Since.IsZero() && (o.Since.IsZero() || e.Since.Before(o.Since)) {
			o.Since = e.Since
		}
		return
	}
	e.Count, e.Samples = 1, []analyze.Sighting{s}
	e.Until = c.Time
	if e.Subject == (analyze.Subject{}) {
		e.Subject = analyze.Subject{Role: "redis", Target: c.ID}
	}
	t.all = append(t.all, e)
}

// numbersOld tells an installation before 3.8, where Redis holds the only counter. Without a version the keys tell.
func numbersOld(f *analyze.Facts) bool {
	if len(f.Versions) > 0 {
		return !analyze.VersionFits(f.Versions[0], ">=3.8.0")
	}
	before := false
	for _, c := range f.Conversations {
		if c.Redis != nil && c.Redis.Malloc != nil || c.Mongo != nil && len(c.Mongo.Seq) > 0 {
			return false
		}
		before = before || c.Redis != nil && c.Redis.Max37 != nil
	}
	return before
}

// reserved is the highest end of a block in Mongo.
func reserved(c analyze.Conversation) int64 {
	most := int64(0)
	for _, d := range c.Mongo.Seq {
		most = max(most, d.Max)
	}
	return most
}

// moving tells whether a difference may be what went on while Redis and Mongo were asked one after the other.
func moving(c analyze.Conversation, difference int64, at time.Time) bool {
	return difference <= inFlight && !at.IsZero() && c.Time.Sub(at) < apart
}

// states gathers what the counters of conversations mean.
type states struct {
	*analyze.Facts
	tally
	groups  []*group
	refutes []analyze.Refutation
}

func (s *states) old(c analyze.Conversation) {
	high := c.Mongo.Highest
	curr := int64(0)
	if c.Redis.Max37 != nil {
		curr = *c.Redis.Max37
	}
	switch {
	case high > curr && !moving(c, high-curr, c.Mongo.Newest):
		e := analyze.Evidence{Cause: "seq-rollback", Confidence: analyze.Certain, Since: redisStart(s.Facts), Says: say("MAX_SEQ 小于已存的最大号：Redis 被清空或恢复了旧数据", "MAX_SEQ is below the highest stored number: Redis was emptied, or restored from old data")}
		s.add(c, e, fmt.Sprintf("MAX_SEQ %d, highest stored %d", curr, high))
	case asked(c, max(curr, high)):
		s.notGiven(c, fmt.Sprintf("asked for %d, MAX_SEQ %d, highest stored %d", c.Numbers[len(c.Numbers)-1].From, curr, high))
	}
}

func (s *states) now(c analyze.Conversation) {
	m, most, high := c.Redis.Malloc, reserved(c), c.Mongo.Highest
	curr := int64(-1) // no key: the next number comes from Mongo, which is in order
	if m != nil {
		curr = m.Curr
	}
	switch now := max(curr, most); {
	case m != nil && m.Locked:
	case c.Redis.Max37 != nil && *c.Redis.Max37 > now:
		s.add(c, notMigrated(), fmt.Sprintf("MAX_SEQ %d, CURR %d, seq.max_seq %d", *c.Redis.Max37, max(0, curr), most))
	case curr >= 0 && high > curr && !moving(c, high-curr, c.Mongo.Newest):
		s.add(c, analyze.Evidence{Cause: "seq-rollback", Confidence: analyze.Certain, Since: redisStart(s.Facts), Says: say("计数小于已存的最大号：Redis 恢复了旧数据，新消息会覆盖旧号", "the counter is below the highest stored number: Redis was restored from old data, and new messages overwrite old ones")},
			fmt.Sprintf("CURR %d, LAST %d, highest stored %d", curr, m.Last, high))
	case m != nil && most > 0 && m.Last > most && !moving(c, m.Last-most, m.Time):
		s.add(c, analyze.Evidence{Cause: "seq-rollback", Confidence: analyze.Certain, Subject: analyze.Subject{Role: "mongo", Target: c.ID}, Says: say("Redis 的号段超过 Mongo 的 seq.max_seq：Mongo 恢复了旧数据，或连错了库", "the block in Redis ends above seq.max_seq in Mongo: Mongo was restored from old data, or it is the wrong database")},
			fmt.Sprintf("CURR %d, LAST %d, seq.max_seq %d", curr, m.Last, most))
	case len(c.Mongo.Seq) == 0 && high > 0 && m == nil:
		s.add(c, analyze.Evidence{Cause: "seq-rollback", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "mongo", Target: c.ID}, Says: say("有消息而两处都没有计数：下一条消息会从 1 开始", "there are messages and no counter anywhere: the next one would get number 1")},
			fmt.Sprintf("no MALLOC_SEQ, no document in seq, highest stored %d", high))
	case m != nil && curr == m.Last && most == curr && curr-high >= leastJump && high > 0 && redisStart(s.Facts).After(c.Mongo.Newest):
		s.add(c, analyze.Evidence{Cause: "seq-jump", Confidence: analyze.Likely, Since: redisStart(s.Facts), Says: say("Redis 重启后计数停在预留的末尾", "after Redis started anew the counter stands at its reserved end")},
			fmt.Sprintf("CURR %d = LAST = seq.max_seq, highest stored %d", curr, high))
	case asked(c, max(curr, most, high)):
		s.notGiven(c, fmt.Sprintf("asked for %d, CURR %d, highest stored %d", c.Numbers[len(c.Numbers)-1].From, max(0, curr), high))
	case named(c) && curr < 0 && most == 0 && high == 0 && c.Redis.Max37 == nil && sent(s.Facts):
		s.add(c, analyze.Evidence{Cause: "seq-not-written", Confidence: analyze.Possible, Subject: analyze.Subject{Role: "msgtransfer", Target: c.ID}, Says: say("这个会话从未发过号", "no number was ever given out in this conversation")},
			"no MALLOC_SEQ, no document in seq, no message")
	}
}

// notGiven tells of numbers that were asked for and not given out: their messages wait in Kafka, or do not.
func (s *states) notGiven(c analyze.Conversation, text string) {
	e := analyze.Evidence{Cause: "seq-not-written", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "msgtransfer", Target: c.ID}, Says: say("所问的号还没有发出", "the numbers that were asked for have not been given out")}
	q := queueOf(s.Facts, s.groups, "to-redis", c.ID, 1, time.Time{}, false)
	switch q.state {
	case waiting:
		e = q.evidence(s.Facts, say("所问的号还没有发出：消息在 toRedis 里等 msgtransfer", "the numbers that were asked for have not been given out: the messages wait in toRedis for msgtransfer"))
		s.refutes = append(s.refutes, q.refuted(c.ID, e.Cause, "seq-hole", say("消息还没有领到号，在所在分区里等消费", "the messages have no number yet: they wait in the partition of their conversation")))
		text += "; " + q.String()
	case drained:
		for _, cause := range lagCauses {
			s.refutes = append(s.refutes, q.refuted(c.ID, e.Cause, cause, say("该会话所在分区已读完，不是在等消费", "the partition of the conversation was worked off: nothing waits there")))
		}
		text += "; " + q.String()
	}
	s.add(c, e, text)
}

// asked tells whether the collection was told to look at numbers above all that are known.
func asked(c analyze.Conversation, known int64) bool {
	return len(c.Numbers) > 0 && c.Numbers[len(c.Numbers)-1].From > known
}

// named tells whether the incident leads to the conversation itself.
func named(c analyze.Conversation) bool {
	return slices.ContainsFunc(c.Via, func(v string) bool { return v == record.ViaNamed || v == record.ViaUsers || v == record.ViaGroup })
}

func sent(f *analyze.Facts) bool {
	return f.Flow != nil && f.Flow.Sends != nil && f.Flow.Sends.Count > 0
}

// redisStart is when Redis began to run, the latest of its servers; zero when unknown.
func redisStart(f *analyze.Facts) time.Time {
	var latest time.Time
	at := f.Collected
	for _, r := range f.Redises {
		at = r.Time
	}
	for _, i := range f.Infos {
		if up := i.Number("uptime_in_seconds"); up >= 0 && i.Fields["role"] != "slave" && !at.IsZero() {
			if start := at.Add(-time.Duration(up) * time.Second); start.After(latest) {
				latest = start
			}
		}
	}
	return latest
}

// stream tells a conversation that only carries notifications.
func stream(c analyze.Conversation) bool { return strings.HasPrefix(c.ID, "n_") }
