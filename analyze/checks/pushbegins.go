package checks

import (
	"fmt"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// A push process that was started begins to consume once it has loaded who is online; five tries take 25 seconds.
const leastLoading = 2 * time.Minute

var pushBegins = analyze.Check{
	ID: "push-begins", Guide: "2.5",
	Title: say("push 启动后是否开始消费", "push begins to consume after its start"),
	Doc: say("3.8.1 起的 push 先加载在线表，然后打印 begin consume messages。启动后两分钟仍没有这句、也没有处理过任何消息，而日志还在继续，就是卡在加载上：Pod 在运行，推送没有。需要 INFO 级日志和一次启动。",
		"Since 3.8.1 push loads who is online first and then prints \"begin consume messages\". Two minutes after a start without that line and without any message done, while the log goes on, it is stuck in loading: the pod runs, pushing does not. Needs logs at INFO that hold a start."),
	Needs: []string{"log of push at INFO with its start"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		work, seen := f.Flow.Hops["push"], false
		var found []analyze.Evidence
		for _, t := range f.Texts {
			calm, _ := t.CalmAndLoud()
			if t.Role != "push" || t.Previous || len(t.Starts) == 0 || calm == 0 || t.Version != "" && analyze.VersionFits(analyze.CleanVersion(t.Version), "<3.8.1") {
				continue
			}
			seen = true
			start := t.Starts[len(t.Starts)-1]
			if t.Last.Sub(start) < leastLoading || work != nil && work.Last.After(start) {
				continue
			}
			found = append(found, analyze.Evidence{
				Cause: "push-online-map-stale", Confidence: analyze.Likely, Subject: analyze.Subject{Role: "push", Pod: t.Pod.Pod}, Since: start, Until: t.Last,
				Says: say("启动后没有开始消费", "it never began to consume after its start"),
				Samples: []analyze.Sighting{{Entry: t.Entry, Text: fmt.Sprintf("started at %s, no \"begin consume messages\" until %s",
					start.Format("15:04:05"), t.Last.Format("15:04:05"))}},
			})
		}
		if !seen {
			return unknown()
		}
		return answer(found)
	},
}
