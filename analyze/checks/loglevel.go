package checks

import "github.com/imbundle/imbundle/analyze"

var logLevel = analyze.Check{
	ID: "log-visible", Guide: "5",
	Title: say("日志是否看得见", "logs are visible"),
	Doc: say("OpenIM 组件的日志全部为 WARN 及以上时，正常处理记录不可见：没有“看到”不等于没有“发生”。",
		"When a component's log holds WARN and above only, its ordinary work is invisible: not seen is not the same as not done."),
	Needs: []string{"logs of the OpenIM components"}, Collect: collectAll + " --exec",
	Run: func(f *analyze.Facts) analyze.Finding {
		seen := false
		for _, t := range f.Texts {
			if !t.Log || t.Role == "" {
				continue
			}
			seen = true
			if calm, loud := t.CalmAndLoud(); loud >= 20 && calm == 0 {
				return analyze.Finding{Status: analyze.Warn}
			}
		}
		if !seen {
			return unknown()
		}
		return analyze.Finding{Status: analyze.Pass}
	},
}
