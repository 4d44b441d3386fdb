package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var prometheusRanges = analyze.Check{
	ID: "prometheus-ranges", Guide: "5",
	Title: say("Prometheus 的时间窗曲线", "series of Prometheus over the window"),
	Doc: say("时间窗内的曲线：CPU 限额卡住四分之一以上的时段、卷或节点磁盘的字节与 inode 用到 97%（90% 起提示）、消费积压增长一倍且过千、Redis 逐出键、写 Mongo 失败、离线推送失败、超过 10 秒才推送、RPC 的 95 分位延迟超过 3 秒。接口错误码另有检查，在线人数见消息路径；CPU、内存、重启、负载、连接数、消息速率与 RPC 错误没有普遍适用的界限，只供人看。没有曲线的项目不作判断：没有导出器不等于正常。",
		"Series over the window: a CPU limit that holds a pod up in more than a quarter of the periods, volumes and disks of nodes from 97 % of bytes or inodes (a word from 90 %), lag that doubles beyond a thousand, keys that Redis evicts, batches that are not written to Mongo, offline notifications that fail, pushes after more than 10 seconds, a 95th percentile of an RPC above 3 seconds. Error codes of the API have a check of their own, users online stand at the message path; CPU, memory, restarts, load, connections, rates of messages and errors of RPCs have no bound that holds everywhere and are there for people. What has no series is not judged: no exporter does not mean sound."),
	Needs: []string{"metrics/prometheus/<query>.json"}, Collect: collectAll + " --prometheus auto",
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Ranges) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, r := range f.Ranges {
			for _, j := range rangeJudgements {
				if e, ok := j.judge(f, r); ok {
					found = append(found, e)
				}
			}
		}
		return answer(found)
	},
}

// rangeJudgement is what a value of a query means.
type rangeJudgement struct {
	query, cause  string
	full, nearly  float64 // values from which it is a fault, and worth a word; 0: never
	severity      string
	growing       bool // only where the series at least doubles
	says          specs.Text
	label, format string // of the series that names the subject; how a value is shown
}

var rangeJudgements = []rangeJudgement{
	{query: "throttling", cause: "node-cpu-saturated", nearly: 0.25, severity: analyze.Warning, label: "pod", format: "%.2f of periods throttled", says: say("CPU 限额卡住了这个 Pod", "its CPU limit holds the pod up")},
	{query: "volumes", cause: "node-disk-full", full: 0.97, nearly: 0.90, label: "persistentvolumeclaim", format: "%.2f full", says: say("卷已满或将满", "a volume is full or nearly so")},
	{query: "volume-inodes", cause: "node-inodes-exhausted", full: 0.97, nearly: 0.90, label: "persistentvolumeclaim", format: "%.2f of inodes in use", says: say("卷的 inode 用尽或将尽", "inodes of a volume are used up or nearly so")},
	{query: "node-disk", cause: "node-disk-full", full: 0.97, nearly: 0.90, label: "instance", format: "%.2f full", says: say("节点文件系统已满或将满", "a filesystem of a node is full or nearly so")},
	{query: "node-memory", cause: "node-memory-pressure", full: 0.97, nearly: 0.95, label: "instance", format: "%.2f in use", says: say("节点内存将尽", "a node is short of memory")},
	{query: "kafka-lag", cause: "consumer-lag-growing", full: 1000, growing: true, label: "consumergroup", format: "lag %.0f", says: say("时间窗内积压翻倍增长", "lag more than doubled within the window")},
	{query: "redis-evictions", cause: "redis-out-of-memory", full: 1, label: "instance", format: "%.0f keys evicted in 5 minutes", says: say("Redis 在逐出键：seq 计数可能丢失", "Redis evicts keys: seq counters may be lost")},
	{query: "push-failed", cause: "push-vendor-rejected", nearly: 1, severity: analyze.Warning, label: "pod", format: "%.0f notifications failed in 5 minutes", says: say("离线推送失败", "offline notifications fail")},
	{query: "push-late", cause: "push-delayed", nearly: 1, severity: analyze.Warning, label: "pod", format: "%.0f messages pushed late in 5 minutes", says: say("消息在发出 10 秒以后才推送", "messages are pushed more than 10 seconds after they were sent")},
	{query: "rpc-latency", cause: "rpc-slow-dependency", nearly: 3, severity: analyze.Warning, label: "grpc_method", format: "95th percentile %.1f s", says: say("RPC 很慢", "an RPC is slow")},
	{query: "mongo-insert-failed", cause: "mongo-write-failed", full: 1, label: "pod", format: "%.0f batches failed in 5 minutes", says: say("有批次没有写入 Mongo", "batches were not written to Mongo")},
}

// judge looks at the largest value of a series.
func (j rangeJudgement) judge(f *analyze.Facts, r analyze.Range) (analyze.Evidence, bool) {
	top := r.Peak()
	last := r.Points[len(r.Points)-1]
	full := j.full > 0 && top.Value >= j.full && (!j.growing || last.Value >= 2*r.Points[0].Value && last.Value >= j.full)
	if r.Query != j.query || !full && (j.nearly == 0 || top.Value < j.nearly) {
		return analyze.Evidence{}, false
	}
	subject := analyze.Subject{Namespace: r.Labels["namespace"], Target: r.Labels[j.label]}
	if j.label == "pod" {
		subject.Pod, subject.Target = r.Labels["pod"], ""
		subject.Role = f.RoleOf(subject.Pod)
	}
	e := analyze.Evidence{
		Cause: j.cause, Confidence: analyze.Likely, Severity: j.severity, Subject: subject, Says: j.says, Since: j.since(r), Until: last.Time,
		Samples: []analyze.Sighting{{Entry: r.Entry, Time: &top.Time, Text: clip(fmt.Sprintf(j.format, top.Value) + " " + labelText(r.Labels))}},
	}
	if !full {
		e.Confidence = analyze.Possible
	}
	return e, true
}

// since is when the series first reached what matters.
func (j rangeJudgement) since(r analyze.Range) time.Time {
	least := cmp.Or(j.nearly, j.full)
	i := slices.IndexFunc(r.Points, func(p analyze.Point) bool { return p.Value >= least })
	return r.Points[max(0, i)].Time
}

func labelText(labels map[string]string) string {
	var words []string
	for name, value := range labels {
		words = append(words, name+"="+value)
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
