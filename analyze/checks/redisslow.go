package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

var redisSlow = analyze.Check{
	ID: "redis-slowlog", Guide: "2.4",
	Title: say("Redis 慢日志", "the slow log of Redis"),
	Doc: say("SLOWLOG 里同类命令三次以上、每次 100 毫秒以上，或有一次长达 1 秒：Redis 单线程，期间其他请求都在等。FLUSHDB、FLUSHALL 另作判断：3.8 起 seq 会跳到 Mongo 的预留上限，3.7 及以前会归零。LATENCY 里一次停顿一秒以上（fork、AOF 刷盘、命令、删除）作提示。",
		"Three commands and more of 100 ms and more in SLOWLOG, or one of a second: Redis has one thread, everybody else waits. FLUSHDB and FLUSHALL are judged for themselves: from 3.8 on seq jumps to the end reserved in Mongo, before that it starts again. A pause of a second and more in LATENCY (fork, AOF, a command, an expiry) is worth a word."),
	Needs: []string{"redis/server.json, or SLOWLOG GET of Redis"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Slow) == 0 && !slices.ContainsFunc(nodes(f), func(n record.RedisNode) bool { return n.Trouble == "" && n.Refused["SLOWLOG"] == "" }) {
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
			all := slow[name]
			e := overloaded(all)
			switch long := slices.ContainsFunc(all, func(c analyze.SlowCommand) bool { return c.Took >= longStall }); {
			case len(all) >= 3:
				found = append(found, e)
			case long:
				e.Confidence, e.Says = analyze.Possible, say("一条命令让所有请求等了一秒以上", "one command made everybody wait for a second and more")
				found = append(found, e)
			}
		}
		for _, r := range f.Redises {
			found = append(found, paused(f, r)...)
		}
		return answer(found)
	},
}

// paused are the events that held up a server of Redis.
func paused(f *analyze.Facts, r analyze.RedisServer) (found []analyze.Evidence) {
	for _, n := range r.Nodes {
		for _, l := range n.Latency {
			if time.Duration(l.Most)*time.Millisecond < longStall || longAgo(f, l.Time) {
				continue
			}
			at := l.Time
			found = append(found, analyze.Evidence{
				Cause: "redis-overloaded", Confidence: analyze.Possible, Subject: analyze.Subject{Role: "redis", Target: n.Address}, Since: at, Until: at,
				Says:    say("Redis 停顿过一秒以上", "Redis stood still for a second and more"),
				Samples: []analyze.Sighting{{Entry: r.Entry, Time: &at, Text: fmt.Sprintf("%s: event %s, latest %d ms, at most %d ms", n.Address, l.Event, l.Latest, l.Most)}},
			})
		}
	}
	return found
}

const (
	slowCommand = 100 * time.Millisecond
	longStall   = time.Second // that everybody notices
)

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
	at, key := c.At, c.Key
	if slices.Contains([]string{"auth", "hello", "acl", "config"}, strings.ToLower(c.Command)) {
		key = "…" // what follows is no key and may be a password
	}
	return analyze.Sighting{Entry: c.Entry, Line: c.Line, Time: &at, Text: fmt.Sprintf("%s %s took %s", c.Command, key, c.Took)}
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
