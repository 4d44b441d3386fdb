package checks

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

var v383 = []string{"v3.8.3"}

func n64(n int64) *int64 { return &n }

// sound is a conversation in order: 500 numbers given out, 550 reserved, the last message an hour old.
func sound() analyze.Conversation {
	asked := noon
	return analyze.Conversation{Entry: seqLines, Line: 1, Conversation: record.Conversation{
		ID: "si_a_b", Via: []string{record.ViaUsers}, Time: asked,
		Redis:   &record.RedisSeq{Malloc: &record.Malloc{Curr: 500, Last: 550, Time: asked.Add(-time.Hour)}},
		Mongo:   &record.MongoSeq{Seq: []record.SeqDocument{{Max: 550}}, Documents: 5, Highest: 500, Newest: asked.Add(-time.Hour)},
		Numbers: []record.Numbers{{From: 301, To: 500, Read: true, CacheRead: true, Stored: []record.Range{{From: 301, To: 500}}}},
		Users:   []record.UserSeq{{User: "a", Listed: &record.ListedDoc{}, SeqUser: &record.UserDocument{Read: 500}, Redis: &record.UserCounters{}}},
	}}
}

// hole makes a run of numbers without a message, an hour old.
func hole(c *analyze.Conversation, from, to int64, cached ...record.Range) {
	h := record.Hole{Range: record.Range{From: from, To: to}, Before: noon.Add(-2 * time.Hour), After: noon.Add(-time.Hour)}
	if from == c.Numbers[0].From {
		h.Before = time.Time{}
	}
	if to == c.Numbers[0].To {
		h.After, c.Mongo.Highest = time.Time{}, from-1
	}
	c.Numbers[0].Holes, c.Numbers[0].Cached = []record.Hole{h}, cached
}

type seqCase struct {
	name     string
	versions []string
	change   func(c *analyze.Conversation, f *analyze.Facts)
	want     string // cause; empty: nothing is said
	sure     string
}

func judge(t *testing.T, check analyze.Check, cases []seqCase) {
	t.Helper()
	for _, x := range cases {
		c := sound()
		f := &analyze.Facts{Specs: load(t), Versions: x.versions, Collected: noon}
		if x.change != nil {
			x.change(&c, f)
		}
		f.Conversations = []analyze.Conversation{c}
		got := check.Run(f)
		if x.want == "" {
			if len(got.Evidence) > 0 {
				t.Errorf("%s: %s %q, want nothing", x.name, got.Evidence[0].Cause, got.Evidence[0].Samples[0].Text)
			}
			continue
		}
		if len(got.Evidence) != 1 || got.Evidence[0].Cause != x.want || x.sure != "" && got.Evidence[0].Confidence != x.sure {
			t.Errorf("%s: %+v, want %s %s", x.name, got, x.sure, x.want)
		}
	}
}

func TestSeqState(t *testing.T) {
	old := func(c *analyze.Conversation, most *int64) {
		c.Redis, c.Mongo.Seq = &record.RedisSeq{Max37: most}, nil
	}
	judge(t, seqState, []seqCase{
		{"in order", v383, nil, "", ""},
		{"the key has expired", v383, func(c *analyze.Conversation, _ *analyze.Facts) { c.Redis.Malloc = nil }, "", ""},
		{"the counter below what is stored", v383, func(c *analyze.Conversation, _ *analyze.Facts) { c.Redis.Malloc.Curr, c.Redis.Malloc.Last = 120, 150 }, "seq-rollback", analyze.Certain},
		{"a message stored between the two readings", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.Redis.Malloc.Curr, c.Mongo.Newest = 490, c.Time.Add(-time.Second)
		}, "", ""},
		{"below while a block is fetched", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.Redis.Malloc.Curr, c.Redis.Malloc.Locked = 0, true
		}, "", ""},
		{"Mongo went back", v383, func(c *analyze.Conversation, _ *analyze.Facts) { c.Mongo.Seq[0].Max = 300 }, "seq-rollback", analyze.Certain},
		{"a block fetched between the two readings", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.Redis.Malloc.Last, c.Redis.Malloc.Time = 650, c.Time
		}, "", ""},
		{"all counters lost, messages there", v383, func(c *analyze.Conversation, _ *analyze.Facts) { c.Redis.Malloc, c.Mongo.Seq = nil, nil }, "seq-rollback", analyze.Likely},
		{"old counter above the new", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.Redis.Max37, c.Redis.Malloc.Curr, c.Mongo.Seq[0].Max, c.Mongo.Highest = n64(7196), 2, 52, 2
		}, "seq-migration-missing", analyze.Certain},
		{"old key left behind a migration", v383, func(c *analyze.Conversation, _ *analyze.Facts) { c.Redis.Max37 = n64(420) }, "", ""},
		{"at the reserved end since Redis started", v383, func(c *analyze.Conversation, f *analyze.Facts) {
			c.Redis.Malloc.Curr, c.Redis.Malloc.Last = 550, 550
			f.Infos = []analyze.RedisInfo{{Fields: map[string]string{"uptime_in_seconds": "600", "role": "master"}}}
		}, "seq-jump", analyze.Likely},
		{"a number that was not given out", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.Numbers = append(c.Numbers, record.Numbers{From: 600, To: 610, Read: true})
		}, "seq-not-written", analyze.Likely},
		{"3.7 in order", []string{"v3.7.0"}, func(c *analyze.Conversation, _ *analyze.Facts) { old(c, n64(500)) }, "", ""},
		{"3.7 after FLUSHALL", []string{"v3.7.0"}, func(c *analyze.Conversation, _ *analyze.Facts) { old(c, nil) }, "seq-rollback", analyze.Certain},
		{"3.7 by its keys", nil, func(c *analyze.Conversation, _ *analyze.Facts) { old(c, n64(3)) }, "seq-rollback", analyze.Certain},
	})
	if got := seqState.Run(&analyze.Facts{}); got.Status != analyze.Unknown {
		t.Errorf("without data: %s", got.Status)
	}
	c := sound()
	c.Mongo = nil // it was down
	if got := seqState.Run(&analyze.Facts{Conversations: []analyze.Conversation{c}}); got.Status != analyze.Unknown {
		t.Errorf("with one half of the data: %s", got.Status)
	}
}

func TestSeqHoles(t *testing.T) {
	start := func(f *analyze.Facts, ago string) {
		f.Infos = []analyze.RedisInfo{{Fields: map[string]string{"uptime_in_seconds": ago, "role": "master"}}}
	}
	judge(t, seqHoles, []seqCase{
		{"none", v383, nil, "", ""},
		{"in Redis and not in Mongo", v383, func(c *analyze.Conversation, _ *analyze.Facts) { hole(c, 400, 410, record.Range{From: 400, To: 405}) }, "seq-hole", analyze.Certain},
		{"nowhere", v383, func(c *analyze.Conversation, _ *analyze.Facts) { hole(c, 400, 410) }, "seq-hole", analyze.Likely},
		{"nowhere, in a conversation of the logs", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			hole(c, 400, 410)
			c.Via = []string{record.ViaLogs}
		}, "seq-hole", analyze.Possible},
		{"a long one across a start of Redis", v383, func(c *analyze.Conversation, f *analyze.Facts) {
			hole(c, 400, 470)
			start(f, "5400")
		}, "seq-jump", analyze.Likely},
		{"a long one while Redis ran", v383, func(c *analyze.Conversation, f *analyze.Facts) {
			hole(c, 400, 470)
			start(f, "864000")
		}, "seq-hole", analyze.Possible},
		{"the oldest documents were cleaned up", v383, func(c *analyze.Conversation, _ *analyze.Facts) { hole(c, 301, 400) }, "", ""},
		{"below min_seq", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			hole(c, 400, 410)
			c.Mongo.Seq[0].Min = 411
		}, "", ""},
		{"on their way", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			hole(c, 490, 500, record.Range{From: 490, To: 500})
			c.Redis.Malloc.Time = c.Time.Add(-2 * time.Second)
		}, "", ""},
		{"at the end, for an hour", v383, func(c *analyze.Conversation, _ *analyze.Facts) { hole(c, 490, 500, record.Range{From: 490, To: 500}) }, "seq-hole", analyze.Likely},
		{"reserved only", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.Numbers[0].To = 550
			hole(c, 501, 550)
		}, "", ""},
		{"documents that were not read", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			hole(c, 400, 410)
			c.Numbers[0].Read = false
			c.Numbers = append(c.Numbers, record.Numbers{From: 1, To: 2, Read: true})
		}, "", ""},
	})
}

func TestSeqUsers(t *testing.T) {
	user := func(change func(*record.UserSeq)) func(*analyze.Conversation, *analyze.Facts) {
		return func(c *analyze.Conversation, _ *analyze.Facts) { change(&c.Users[0]) }
	}
	judge(t, seqUsers, []seqCase{
		{"in order", v383, nil, "", ""},
		{"capped by the conversation document", v383, user(func(u *record.UserSeq) { u.Listed.Max = 300 }), "user-seq-capped", ""},
		{"capped by seq_user", v383, user(func(u *record.UserSeq) { u.SeqUser.Max = 300 }), "user-seq-capped", ""},
		{"capped in Redis only", v383, user(func(u *record.UserSeq) { u.Redis.Max = n64(300) }), "user-seq-capped", ""},
		{"capped above all there is", v383, user(func(u *record.UserSeq) { u.Listed.Max = 800 }), "", ""},
		{"cleared the history", v383, user(func(u *record.UserSeq) { u.SeqUser.Min = 501 }), "", ""},
		{"everything hidden", v383, user(func(u *record.UserSeq) { u.SeqUser.Min = 1400 }), "user-seq-capped", ""},
		{"has read what was never given out", v383, user(func(u *record.UserSeq) { u.SeqUser.Read = 900 }), "seq-rollback", ""},
		{"has no conversation document", v383, user(func(u *record.UserSeq) { u.Listed = nil }), "conversation-missing", ""},
		{"its document could not be read", v383, user(func(u *record.UserSeq) { u.Listed, u.Trouble = nil, "not authorized" }), "", ""},
		{"a stream of notifications", v383, func(c *analyze.Conversation, _ *analyze.Facts) { c.ID, c.Users[0].Listed = "n_a_b", nil }, "", ""},
		{"a group that he may never have been in", v383, func(c *analyze.Conversation, _ *analyze.Facts) {
			c.ID, c.Via, c.Users[0].Listed, c.Users[0].SeqUser = "sg_1", []string{record.ViaGroup}, nil, nil
		}, "", ""},
	})
}

// Of counters that somebody has asked redis-cli for, one that was not migrated shows by itself; nothing else does.
func TestPastedCounters(t *testing.T) {
	asked := func(old, curr, last string) map[string]string {
		return map[string]string{"redis.txt": "127.0.0.1:6379> GET MAX_SEQ:si_a_b\n" + old + "\n127.0.0.1:6379> HMGET MALLOC_SEQ:si_a_b CURR LAST\n1) " + curr + "\n2) " + last + "\n"}
	}
	for _, c := range []struct{ old, curr, last, status string }{
		{`"5320"`, `"12"`, `"60"`, analyze.Fail},
		{`"40"`, `"112"`, `"160"`, analyze.Unknown},
		{"(nil)", `"112"`, `"160"`, analyze.Unknown},
		{`"5320"`, "(nil)", "(nil)", analyze.Unknown}, // the next number comes from Mongo, which was not asked
	} {
		got := seqState.Run(factsOf(t, asked(c.old, c.curr, c.last)))
		if got.Status != c.status || c.status == analyze.Fail && causesOf(got)["seq-migration-missing"] != analyze.Certain {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}
