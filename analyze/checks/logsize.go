package checks

import (
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var logSize = analyze.Check{
	ID: "log-size", Guide: "5",
	Title: say("日志文件大小", "size of log files"),
	Doc: say("du 里单个容器日志，或 /var/log/pods 下一个 Pod、/var/lib/docker/containers 下一个容器的目录，达到 5 GiB：日志泛滥，且没有轮转。",
		"A single container log, a pod's folder below /var/log/pods, or a container's below /var/lib/docker/containers, of 5 GiB and more in the output of du: a flood, and no rotation."),
	Needs: []string{"nodes/<node>/du.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Sizes) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, s := range f.Sizes {
			if s.Bytes < 5<<30 || !containerLog(s.Path) {
				continue
			}
			found = append(found, analyze.Evidence{
				Cause: "log-flood", Confidence: analyze.Certain, Subject: analyze.Subject{Node: s.Node, Target: s.Path}, Until: f.Collected,
				Says: say("容器日志占满磁盘", "a container's log eats the disk"), Samples: []analyze.Sighting{{Entry: s.Entry, Line: s.Line, Text: s.Text}},
			})
		}
		return answer(found)
	},
}

func containerLog(path string) bool {
	if pod, below := strings.CutPrefix(path, "/var/log/pods/"); below && !strings.Contains(pod, "/") {
		return true
	}
	if id, below := strings.CutPrefix(path, "/var/lib/docker/containers/"); below && id != "" && !strings.Contains(strings.TrimSuffix(id, "/"), "/") {
		return true // beside its log there are a few small files
	}
	return strings.HasSuffix(path, "-json.log") || strings.HasSuffix(path, ".log") && (strings.Contains(path, "/pods/") || strings.Contains(path, "/containers/"))
}
