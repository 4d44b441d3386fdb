package checks

import (
	"math"
	"slices"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// askHosts gets what only the hosts themselves tell.
const askHosts = "imbundle collect --node-mode pod"

// gauges are those of some kinds.
func gauges(f *analyze.Facts, what ...string) []analyze.Gauge {
	return slices.DeleteFunc(slices.Clone(f.Gauges), func(g analyze.Gauge) bool { return !slices.Contains(what, g.What) })
}

func ofGauge(f *analyze.Facts, g analyze.Gauge, cause, confidence string) analyze.Evidence {
	return analyze.Evidence{
		Cause: cause, Confidence: confidence, Subject: analyze.Subject{Node: g.Node, Target: g.Target}, Until: f.Collected,
		Samples: []analyze.Sighting{{Entry: g.Entry, Line: g.Line, Text: g.Text}},
	}
}

var hostLoad = analyze.Check{
	ID: "host-load", Guide: "5",
	Title: say("主机负载", "load of hosts"),
	Doc: say("5 分钟平均负载达到处理器数的 4 倍视为饱和，2 倍提示；负载也计入等待磁盘的进程，所以磁盘等待（PSI io）高时不怪 CPU。",
		"A load average of 5 minutes of four times the processors counts as saturated, of twice is worth a word. Load counts what waits for disks too, so where disks are waited for (PSI io) the CPU is not blamed."),
	Needs: []string{"nodes/<node>/load.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		all := gauges(f, analyze.GaugeLoad)
		if len(all) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, g := range all {
			if g.Of <= 0 || g.Value < 2*g.Of || waitsForDisks(f, g.Node) {
				continue
			}
			e := ofGauge(f, g, "node-cpu-saturated", analyze.Possible)
			e.Severity, e.Says = analyze.Warning, say("负载远高于处理器数", "the load is far above the number of processors")
			if g.Value >= 4*g.Of {
				e.Confidence = analyze.Likely
			}
			found = append(found, e)
		}
		return answer(found)
	},
}

// waitsForDisks tells whether everything on a node waits for disks for a good part of the time.
func waitsForDisks(f *analyze.Facts, node string) bool {
	return slices.ContainsFunc(f.Gauges, func(g analyze.Gauge) bool { return g.What == analyze.GaugeDiskWait && g.Node == node && g.Value >= 20 })
}

var hostPressure = analyze.Check{
	ID: "host-pressure", Guide: "5",
	Title: say("资源等待（PSI）", "waiting for resources (PSI)"),
	Doc: say("最近一分钟：有进程等 CPU 的时间达 80%，或全部进程等内存的时间达 10%，或全部等磁盘的时间达 20%。只说明当时。",
		"In the last minute: something waited for CPU in 80 % of the time, everything for memory in 10 %, or everything for disks in 20 %. It tells about its moment only."),
	Needs: []string{"nodes/<node>/pressure.txt", "nodes/<node>/summary.json"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		all := gauges(f, analyze.GaugeCPUWait, analyze.GaugeMemoryWait, analyze.GaugeDiskWait)
		if len(all) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		slow := false
		for _, g := range all {
			e := ofGauge(f, g, "", analyze.Possible)
			switch {
			case g.What == analyze.GaugeCPUWait && g.Value >= 80:
				e.Cause, e.Says = "node-cpu-saturated", say("进程大部分时间在等 CPU", "processes wait for CPU most of the time")
			case g.What == analyze.GaugeMemoryWait && g.Value >= 10:
				e.Cause, e.Confidence, e.Says = "node-memory-pressure", analyze.Likely, say("进程都在等内存", "everything waits for memory")
			default:
				slow = slow || g.What == analyze.GaugeDiskWait && g.Value >= 20
				continue
			}
			e.Severity = analyze.Warning
			found = append(found, e)
		}
		out := answer(found)
		if slow && out.Status == analyze.Pass {
			out.Status = analyze.Warn
		}
		return out
	},
}

var hostDescriptors = analyze.Check{
	ID: "host-descriptors", Guide: "5",
	Title: say("文件描述符", "file descriptors"),
	Doc: say("/proc/sys/fs/file-nr 达到 fs.file-max 的 90%，或某个进程打开的描述符达到自己上限的 90%。上限很小的辅助进程不算。",
		"/proc/sys/fs/file-nr at 90 % of fs.file-max, or a process at 90 % of its own limit. Small processes with limits below 1024 do not count."),
	Needs: []string{"nodes/<node>/files.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		return used(f, "node-fd-limit", say("文件描述符用尽或将尽", "descriptors are used up or nearly so"), 1024, analyze.GaugeDescriptors, analyze.GaugeProcess)
	},
}

var hostInotify = analyze.Check{
	ID: "host-inotify", Guide: "5",
	Title: say("inotify 实例", "inotify instances"),
	Doc: say("root 用户打开的 inotify 实例达到 fs.inotify.max_user_instances 的 90%。上限小（128）而用得少没有问题。容器内无法统计时不判断。",
		"Inotify instances of root at 90 % of fs.inotify.max_user_instances. A small limit (128) of which little is used is fine. Where they cannot be counted (in a pod) nothing is said."),
	Needs: []string{"nodes/<node>/inotify.txt"}, Collect: "imbundle collect --node-mode ssh",
	Run: func(f *analyze.Facts) analyze.Finding {
		return used(f, "node-inotify-limit", say("inotify 实例用尽或将尽", "inotify instances are used up or nearly so"), 0, analyze.GaugeInotify)
	},
}

// used finds gauges that are at 90 % of what they may be: from 98 % they are full.
func used(f *analyze.Facts, cause string, says specs.Text, least float64, what ...string) analyze.Finding {
	all := gauges(f, what...)
	if len(all) == 0 {
		return unknown()
	}
	var found []analyze.Evidence
	for _, g := range all {
		if g.Of < least || g.Value*10 < g.Of*9 {
			continue
		}
		e := ofGauge(f, g, cause, analyze.Possible)
		e.Says = says
		if g.Value*100 >= g.Of*98 {
			e.Confidence = analyze.Likely
		}
		found = append(found, e)
	}
	return answer(found)
}

var hostClock = analyze.Check{
	ID: "host-clock", Guide: "5",
	Title: say("主机时钟", "clocks of hosts"),
	Doc: say("各主机、API server 与采集机的时钟一起取中位数：偏离中位数超过 5 秒（扣除测量误差）的主机有偏差。其余都差同样多，是采集机自己的时钟不准，不怪主机。两边一样多时谁准不得而知，只算可能。",
		"The clocks of the hosts, the API server and the collector: a host that is more than 5 seconds (beyond the uncertainty) from the middle of them is off. Where all others differ from the collector's by the same, it is that one, and no host is blamed. Where as many say one thing as another, nobody knows which are right: it is possible, no more."),
	Needs: []string{"nodes/<node>/clock.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		all := gauges(f, analyze.GaugeClock)
		if len(all) == 0 {
			return unknown()
		}
		offsets := []float64{0} // the collector's own
		for _, g := range all {
			offsets = append(offsets, g.Value)
		}
		for _, c := range f.Clock {
			offsets = append(offsets, c.Offset.Seconds())
		}
		middle := middleClock(offsets)
		agree := 0
		for _, o := range offsets {
			if math.Abs(o-middle) <= clockApart {
				agree++
			}
		}
		var found []analyze.Evidence
		for _, g := range all {
			if math.Abs(g.Value-middle)-g.Of <= clockApart {
				continue
			}
			e := ofGauge(f, g, "node-clock-skew", analyze.Likely)
			e.Says = say("主机时钟与其他机器不一致", "the host's clock differs from the others")
			if 2*agree <= len(offsets) { // nobody knows which are right
				e.Confidence = analyze.Possible
			}
			found = append(found, e)
		}
		return answer(found)
	},
}

// clockApart is how many seconds apart clocks may be.
const clockApart = 5

// middleClock is the median; of the two of an even number that which is closer to the collector's.
func middleClock(offsets []float64) float64 {
	slices.Sort(offsets)
	low, high := offsets[(len(offsets)-1)/2], offsets[len(offsets)/2]
	if math.Abs(high) < math.Abs(low) {
		return high
	}
	return low
}

var kernelLines = analyze.Check{
	ID: "kernel-lines", Guide: "5",
	Title: say("内核日志：磁盘与 OOM", "kernel messages: disks and OOM"),
	Doc: say("时间窗内的内核日志里有没有块设备读写错误、文件系统转只读、整机 OOM；结论来自规则命中，这里只说看过没有。",
		"Whether the kernel's messages of the window tell of failing devices, filesystems turned read-only or the whole host out of memory. Rules find the lines; this says whether there were any to look at."),
	Needs: []string{"nodes/<node>/kernel.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		read := slices.ContainsFunc(f.Texts, func(t analyze.Text) bool {
			_, file, is := bundle.ParseNode(t.Entry)
			return is && file == "kernel.txt"
		})
		if !read {
			return unknown()
		}
		if slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool { return e.Check == "device-io-error" || e.Check == "kernel-oom-global" }) {
			return analyze.Finding{Status: analyze.Fail} // the rules have the lines
		}
		return analyze.Finding{Status: analyze.Pass}
	},
}
