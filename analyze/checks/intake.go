package checks

import (
	"slices"

	"github.com/imbundle/imbundle/analyze"
)

var intake = analyze.Check{
	ID: "intake", Guide: "1",
	Title: say("现象与影响范围是否说清", "what was reported is known"),
	Doc: say("看上报的现象：是登录拉取历史还是实时推送，全部用户还是部分，哪些用户、群组或会话，什么时间。场景和范围会改变原因的先后与要补采的数据；缺的会点名。",
		"Looks at what was reported: history or real time, all users or some, which users, groups or conversations, when. Scenario and scope change the order of causes and what is asked for next; what is not known is named."),
	Needs: []string{"incident.yaml"}, Collect: "imbundle collect --ask",
	Run: func(f *analyze.Facts) analyze.Finding {
		var open []string
		for key, what := range map[string]string{"scenario": "scenario", "scope": "scope"} {
			if f.Incident[key] == nil {
				open = append(open, what)
			}
		}
		if f.Incident["scope"] == "some" && f.Incident["user"] == nil && f.Incident["group"] == nil && f.Incident["conversation"] == nil {
			open = append(open, "user, group or conversation")
		}
		if f.Incident["around"] == nil && f.Incident["from"] == nil {
			open = append(open, "time")
		}
		if len(open) > 0 {
			return analyze.Finding{Status: analyze.Unknown, Needs: slices.Sorted(slices.Values(open))}
		}
		return analyze.Finding{Status: analyze.Pass}
	},
}
