package checks

import (
	"fmt"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var seqJump = analyze.Check{
	ID: "seq-jump", Guide: "2.4",
	Title: say("seq 是否跳号", "sequence numbers go on without a jump"),
	Doc: say("同一会话在 Redis 故障前后的 lastSeq 向前跳了 40 以上：Redis 计数丢失后从 Mongo 的预留上限继续，中间的号永久为空。没有 Redis 故障的跳号不作判断。",
		"lastSeq of a conversation jumps forward by 40 and more across a Redis outage: the counter was lost and went on from the reserved end in Mongo; the numbers between stay empty. A jump without an outage is not judged."),
	Needs: []string{"log of msgtransfer at DEBUG, or seq/conversations.jsonl"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if !f.HasLog("msgtransfer") {
			return unknown()
		}
		var found []analyze.Evidence
		for _, s := range f.Sequences {
			if s.Example.Time == nil || s.Before.IsZero() || !redisTroubled(f, s) {
				continue
			}
			example := s.Example
			example.Text = fmt.Sprintf("%s: lastSeq %d → %d", s.Conversation, s.From, s.To)
			found = append(found, analyze.Evidence{
				Cause: "seq-jump", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "msgtransfer", Target: s.Conversation}, Since: *s.Example.Time, Until: *s.Example.Time,
				Says: say("Redis 故障之后 seq 跳号", "seq jumped after the Redis outage"), Samples: []analyze.Sighting{example},
			})
		}
		return answer(found)
	},
}

// redisTroubled tells whether Redis failed between the two numbers.
func redisTroubled(f *analyze.Facts, s analyze.Sequence) bool {
	for _, e := range f.Evidence {
		if strings.HasPrefix(e.Cause, "redis-") && !e.Until.Before(s.Before) && !e.Since.After(*s.Example.Time) {
			return true
		}
	}
	return false
}
