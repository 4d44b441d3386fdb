package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

var seqUsers = analyze.Check{
	ID: "seq-users", Guide: "2.4",
	Title: say("用户自身的上下限与会话文档", "the users' own bounds and conversation documents"),
	Doc: say("对事故涉及的用户：max_seq 不为 0 且小于会话最新号，或 min_seq 超过最新号之后，消息就被挡住；min_seq 等于最新号加一只是清空了历史。已读号大于所有发出的号，说明计数回退过。"+
		"会话有消息而该用户没有会话文档，客户端不会同步它。离群的人被 max_seq 挡住是正常的，需要核对。通知流没有会话文档。",
		"Of the incident's users: a max_seq other than 0 below the newest number, or a min_seq beyond the one after it, hides messages; a min_seq of exactly the one after it is a cleared history. A read number above all that were given out says that the counter went back. "+
			"A conversation with messages and no conversation document of the user is never synced by his client. That max_seq caps somebody who left a group is in order, which has to be looked up. Streams of notifications have no conversation document."),
	Needs: []string{seqLines}, Collect: collectSeq,
	Run: func(f *analyze.Facts) analyze.Finding {
		t := &tally{}
		any := false
		for _, c := range f.Conversations {
			for _, u := range c.Users {
				any = any || u.Redis != nil || u.SeqUser != nil || u.Listed != nil || c.Mongo != nil
				if c.Redis != nil && c.Mongo != nil {
					judgeUser(t, f, c, u)
				}
			}
		}
		if !any {
			return unknown()
		}
		return answer(t.all)
	},
}

// bounds are a user's own, the tightest of where they are held.
func bounds(u record.UserSeq) (least, most, read int64) {
	tighten := func(low, high int64) {
		least = max(least, low)
		if high > 0 && (most == 0 || high < most) {
			most = high
		}
	}
	if s := u.SeqUser; s != nil {
		tighten(s.Min, s.Max)
		read = s.Read
	}
	if l := u.Listed; l != nil {
		tighten(l.Min, l.Max)
	}
	if r := u.Redis; r != nil {
		for _, p := range []*int64{r.Read, r.Read37} {
			if p != nil {
				read = max(read, *p)
			}
		}
		for _, p := range []*int64{r.Min, r.Min37} {
			if p != nil {
				least = max(least, *p)
			}
		}
		if r.Max != nil {
			tighten(0, *r.Max)
		}
	}
	return least, most, read
}

func judgeUser(t *tally, f *analyze.Facts, c analyze.Conversation, u record.UserSeq) {
	newest, given := newestOf(c), max(newestOf(c), reserved(c))
	least, most, read := bounds(u)
	about := analyze.Subject{Role: "rpc-msg", Target: u.User}
	text := fmt.Sprintf("user %s: min_seq %d, max_seq %d, read %d, newest %d", u.User, least, most, read, newest)
	switch e := (analyze.Evidence{Confidence: analyze.Likely, Subject: about}); {
	case newest <= 0 || c.Redis.Malloc != nil && c.Redis.Malloc.Locked:
	case most > 0 && most < newest:
		e.Cause, e.Says = "user-seq-capped", say("用户的 max_seq 小于最新号：之后的消息他拉不到", "the user's max_seq is below the newest number: he cannot pull what came after")
		t.add(c, e, text)
	case least > newest+1:
		e.Cause, e.Says = "user-seq-capped", say("用户的 min_seq 超过最新号：全部消息都被挡住", "the user's min_seq is beyond the newest number: all messages are hidden")
		t.add(c, e, text)
	case read > given:
		e.Cause, e.Subject, e.Since = "seq-rollback", analyze.Subject{Role: "redis", Target: c.ID}, redisStart(f)
		e.Says = say("已读号大于发出过的号：计数回退过", "the user has read beyond all numbers: the counter went back")
		t.add(c, e, text)
	}
	if newest > 0 && u.Listed == nil && u.Trouble == "" && c.Mongo.Trouble == "" && !stream(c) && !strings.HasPrefix(c.ID, "g_") {
		e := analyze.Evidence{Cause: "conversation-missing", Confidence: analyze.Likely, Subject: about, Says: say("会话有消息，用户却没有会话文档", "the conversation has messages and the user no document of it")}
		if !slices.Contains(c.Via, record.ViaUsers) && u.SeqUser == nil { // whether he takes part is not known
			return
		}
		t.add(c, e, text)
	}
}

// newestOf is the newest number that was given out, as far as anybody knows.
func newestOf(c analyze.Conversation) int64 {
	newest := c.Mongo.Highest
	if m := c.Redis.Malloc; m != nil {
		newest = max(newest, m.Curr)
	}
	if c.Redis.Max37 != nil && c.Redis.Malloc == nil {
		newest = max(newest, *c.Redis.Max37)
	}
	return newest
}
