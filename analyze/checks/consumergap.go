package checks

import (
	"fmt"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var consumerGap = analyze.Check{
	ID: "consumer-gap", Guide: "2.3",
	Title: say("msgtransfer 有没有停过", "msgtransfer kept working while messages were sent"),
	Doc: say("把成功发送的时间与 msgtransfer 的处理记录对照：连续数秒有发送而没有任何处理，就是停顿；停顿结束时的进程启动说明它是被重启的。需要 INFO 级日志。",
		"Lays successful sends beside msgtransfer's own progress: seconds with sends and no progress at all are a stall; a process start at its end tells a restart. Needs logs at INFO."),
	Needs: []string{"log of msgtransfer at INFO", "log of rpc-msg or api at INFO"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		work := f.Flow.Hops["transfer"]
		if f.Flow.Sends == nil || work == nil || len(work.Ticks) == 0 || !f.HasLog("msgtransfer") {
			return unknown()
		}
		var found []analyze.Evidence
		for _, gap := range gaps(work) {
			if e, ok := stall(f, gap[0], gap[1]); ok {
				found = append(found, e)
			}
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
