package checks

import (
	"fmt"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var redisSlow = analyze.Check{
	ID: "redis-slowlog", Guide: "2.4",
	Title: say("Redis 慢日志", "the slow log of Redis"),
	Doc: say("SLOWLOG 里同类命令三次以上、每次 100 毫秒以上：Redis 单线程，期间其他请求都在等。FLUSHDB、FLUSHALL 另作判断：3.8 起 seq 会跳到 Mongo 的预留上限，3.7 及以前会归零。",
		"Three commands and more of 100 ms and more in SLOWLOG: Redis has one thread, everybody else waits. FLUSHDB and FLUSHALL are judged for themselves: from 3.8 on seq jumps to the end reserved in Mongo, before that it starts again."),
	Needs: []string{"redis/server.json, or SLOWLOG GET of Redis"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Slow) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		slow := map[string][]analyze.SlowCommand{}
		var order []string
		for _, c := range f.Slow {
			if c.Command == "flushdb" || c.Command == "flushall" {
				found = append(found, flushed(f, c))
				continue
			}
			if c.Took >= slowCommand && !strings.HasPrefix(c.Command, "bgsave") && !longAgo(f, c.At) {
				if slow[c.Command] == nil {
					order = append(order, c.Command)
				}
				slow[c.Command] = append(slow[c.Command], c)
			}
		}
		for _, name := range order {
			if all := slow[name]; len(all) >= 3 {
				found = append(found, overloaded(all))
			}
		}
		return answer(found)
	},
}

const slowCommand = 100 * time.Millisecond

// longAgo tells what was over before the window began: the slow log keeps its entries until others push them out.
func longAgo(f *analyze.Facts, at time.Time) bool {
	return !f.Window.From.IsZero() && !at.IsZero() && at.Before(f.Window.From.Add(-time.Hour))
}

func overloaded(all []analyze.SlowCommand) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "redis-overloaded", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "redis", Target: all[0].Key}, Count: len(all),
		Says: say("同一种慢命令反复出现", "the same slow command again and again"),
	}
	for _, c := range all {
		if e.Since.IsZero() || c.At.Before(e.Since) {
			e.Since = c.At
		}
		if c.At.After(e.Until) {
			e.Until = c.At
		}
		if len(e.Samples) < 3 {
			e.Samples = append(e.Samples, slowSighting(c))
		}
	}
	return e
}

func slowSighting(c analyze.SlowCommand) analyze.Sighting {
	at := c.At
	return analyze.Sighting{Entry: c.Entry, Line: c.Line, Time: &at, Text: fmt.Sprintf("%s %s took %s", c.Command, c.Key, c.Took)}
}

// flushed says what emptying Redis did to the counters of this version.
func flushed(f *analyze.Facts, c analyze.SlowCommand) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "seq-jump", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "redis"}, Since: c.At, Until: f.Collected,
		Says: say("有人清空了 Redis", "somebody emptied Redis"), Samples: []analyze.Sighting{slowSighting(c)},
	}
	if len(f.Versions) > 0 && !analyze.VersionFits(f.Versions[0], ">=3.8.0") {
		e.Cause = "seq-rollback"
	}
	for _, s := range f.Counters {
		e.Samples = append(e.Samples, analyze.Sighting{Entry: s.Entry, Line: s.Line, Text: fmt.Sprintf("%s: CURR %d, LAST %d", s.Conversation, s.Current, s.Last)})
	}
	return e
}
