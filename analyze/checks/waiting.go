package checks

import (
	"fmt"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var requestsAnswered = analyze.Check{
	ID: "requests-answered", Guide: "2.2",
	Title: say("请求是否都有应答", "requests get an answer"),
	Doc: say("登录、发送、拉取请求以前有应答，从某一刻起直到日志结束都没有：对端挂住而不是报错（这些调用大多没有超时）。",
		"Logins, sends and pulls that were answered before and have no answer from some moment to the end of the log: the peer hangs instead of failing (most of these calls carry no deadline)."),
	Needs: []string{"log of api, msggateway or chat with rpc client request lines"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Answers) == 0 && len(f.Waiting) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, w := range f.Waiting {
			if w.Count < 5 || w.Until.Sub(w.Since) < time.Minute {
				continue
			}
			example := w.Example
			example.Text = fmt.Sprintf("%d %s requests without an answer since; %s", w.Count, w.Request, example.Text)
			found = append(found, analyze.Evidence{
				Cause: "rpc-slow-dependency", Confidence: analyze.Likely, Subject: analyze.Subject{Role: w.Role, Target: w.Request}, Count: w.Count,
				Since: w.Since, Until: w.Until, Says: say("请求发出后再无应答", "requests go out and no answer comes back"), Samples: []analyze.Sighting{example},
			})
		}
		return answer(found)
	},
}
