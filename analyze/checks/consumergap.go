package checks

import (
	"fmt"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var consumerGap = analyze.Check{
	ID: "consumer-gap", Guide: "2.3",
	Title: say("msgtransfer 与 push 有没有停过", "msgtransfer and push kept working while messages came"),
	Doc: say("把成功发送的时间与 msgtransfer 的处理记录对照：连续数秒有发送而没有任何处理，就是停顿；停顿结束时的进程启动说明它是被重启的。日志从某刻起不再有任何一行、而上游还在送，也是停顿；push 只按这一条判断。需要 INFO 级日志。",
		"Lays successful sends beside msgtransfer's own progress: seconds with sends and no progress at all are a stall; a process start at its end tells a restart. A log that says nothing more at all while the hop before goes on handing over is a stall too; push is judged by that alone. Needs logs at INFO."),
	Needs: []string{"log of msgtransfer at INFO", "log of rpc-msg or api at INFO"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		work, toPush := f.Flow.Hops["transfer"], f.Flow.Hops["to-push"]
		transferSeen := f.Flow.Sends != nil && work != nil && len(work.Ticks) > 0 && f.HasLog("msgtransfer")
		if !transferSeen && (toPush == nil || f.Flow.Hops["push"] == nil) {
			return unknown()
		}
		var found []analyze.Evidence
		if transferSeen {
			for _, gap := range gaps(work) {
				if e, ok := stall(f, gap[0], gap[1]); ok {
					found = append(found, e)
				}
			}
		}
		if e, ok := silence(f, "msgtransfer", f.Flow.Sends, work); ok {
			found = append(found, e)
		}
		if e, ok := silence(f, "push", toPush, f.Flow.Hops["push"]); ok {
			found = append(found, e)
		}
		return answer(found)
	},
}

// Messages are taken within 100 ms; a stall is told from ordinary delay by this much, and by so many sends.
const (
	leastGap   = 4 * time.Second
	leastSends = 3
)

// gaps lists the pauses of msgtransfer between two seconds of work.
func gaps(work *analyze.Progress) [][2]time.Time {
	var out [][2]time.Time
	for i := 1; i < len(work.Ticks); i++ {
		from, to := work.Ticks[i-1].Second, work.Ticks[i].Second
		if to-from > int64(leastGap/time.Second) {
			out = append(out, [2]time.Time{time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC()})
		}
	}
	return out
}

// stall tells whether messages were sent during a pause, long enough before its end.
func stall(f *analyze.Facts, from, to time.Time) (analyze.Evidence, bool) {
	sends := f.Flow.Sends.Between(from, to)
	count := 0
	for _, t := range sends {
		count += t.Count
	}
	if count < leastSends || to.Sub(time.Unix(sends[0].Second, 0)) < leastGap {
		return analyze.Evidence{}, false
	}
	e := analyze.Evidence{
		Cause: "consumer-stalled", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "msgtransfer"}, Count: count,
		Since: time.Unix(sends[0].Second, 0).UTC(), Until: to, Recovered: true, Says: say("有消息发送成功，而 msgtransfer 没有任何处理记录", "messages were sent and msgtransfer processed none"),
	}
	for _, t := range f.Texts {
		if t.Role != "msgtransfer" {
			continue
		}
		restarted := ""
		for _, start := range t.Starts {
			if start.After(from) && !start.After(to.Add(leastGap)) {
				restarted = ", started again at " + start.Format("15:04:05")
			}
		}
		e.Samples = append(e.Samples, analyze.Sighting{Entry: t.Entry, Text: fmt.Sprintf("no message taken from %s to %s while %d were sent%s",
			from.Format("15:04:05"), to.Format("15:04:05"), count, restarted)})
	}
	return e, len(e.Samples) > 0
}

// leastSilence is longer than leastGap: a log may simply have been taken a little earlier than the others.
const leastSilence = 10 * time.Second

// silence tells whether a role that did its work says nothing more while the hop before it goes on to hand over.
func silence(f *analyze.Facts, role string, handed, work *analyze.Progress) (analyze.Evidence, bool) {
	if handed == nil || work == nil || work.Last.IsZero() || handed.Last.Sub(work.Last) < leastSilence {
		return analyze.Evidence{}, false
	}
	e := analyze.Evidence{
		Cause: "consumer-stalled", Confidence: analyze.Likely, Subject: analyze.Subject{Role: role}, Until: handed.Last,
		Says: say("上游还在送消息，而它的日志到此为止", "messages went on to be handed over, and its log says nothing more"),
	}
	if role == "push" {
		e.Hops = []string{"push"}
	}
	for _, t := range f.Texts {
		switch {
		case t.Role != role || t.Previous:
		case t.Last.After(work.Last.Add(leastGap)):
			return analyze.Evidence{}, false
		case !t.Last.IsZero():
			e.Samples = append(e.Samples, analyze.Sighting{Entry: t.Entry, Line: t.Lines, Text: fmt.Sprintf("the log ends at %s, the last message was handed over at %s",
				t.Last.Format("15:04:05"), handed.Last.Format("15:04:05"))})
		}
	}
	after := handed.Between(work.Last.Add(leastGap), handed.Last.Add(time.Second))
	for _, t := range after {
		e.Count += t.Count
	}
	if e.Count < leastSends || len(e.Samples) == 0 {
		return analyze.Evidence{}, false
	}
	e.Since = time.Unix(after[0].Second, 0).UTC()
	return e, true
}
