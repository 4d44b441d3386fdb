package checks

import (
	"fmt"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var podMetrics = analyze.Check{
	ID: "pod-metrics", Guide: "5",
	Title: say("OpenIM 自己的指标", "OpenIM's own metrics"),
	Doc: say("两次采样之间上升的失败计数：写 Mongo 失败、离线推送失败、超过 10 秒才推送、已读 seq 写失败；只有一次采样时，非零仅作可能。描述符用到上限的九成为满。rpc-msg 的单聊失败计数也包括接收方拒收，所以只在没有一条成功时才提示；群聊失败计数只数权限与禁言，不判断。没有失败而每个 Pod 只有一次采样时为未知。在线人数与各跳的计数见消息路径。msg_insert_redis_* 自 3.8.3 起不再累加，为 0 不代表正常，因此从不据此判断。",
		"Failure counters that rise between two samples: batches not written to Mongo, failed offline notifications, pushes after more than 10 seconds, read seqs not written. In a single sample what is not zero is merely possible. Descriptors count as used up from nine tenths of their limit. What rpc-msg counts as failed single chats includes messages that the receiver does not want, so it is worth a word only while none succeeds; failed group chats are permissions and mutes, and not judged. With no failure and but one sample of each pod it is unknown. Users online and the counters of the hops' work stand at the message path. msg_insert_redis_* is not counted since 3.8.3: its zero means nothing and is never judged."),
	Needs: []string{"metrics/<namespace>/<pod>-<port>.txt (two samples)"}, Collect: collectAll + " --metrics",
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Metrics) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		compared := false
		for _, of := range podsOfMetrics(f.Metrics) {
			compared = compared || of[0].Sample != of[len(of)-1].Sample
			for _, c := range risingCounters {
				if e, ok := of.rising(f, c); ok {
					found = append(found, e)
				}
			}
			for _, judged := range []func(*analyze.Facts) (analyze.Evidence, bool){of.sends, of.descriptors} {
				if e, ok := judged(f); ok {
					found = append(found, e)
				}
			}
		}
		if len(found) == 0 && !compared {
			return unknown()
		}
		return answer(found)
	},
}

// risingCounter is a counter of failures.
type risingCounter struct {
	name, cause, severity string
	says                  specs.Text
}

var risingCounters = []risingCounter{
	{"msg_insert_mongo_failed_total", "mongo-write-failed", "", say("写 Mongo 失败的批次在增加：消息已推送但没有存下", "batches fail to be written to Mongo: messages are pushed and not stored")},
	{"msg_offline_push_failed_total", "push-vendor-rejected", analyze.Warning, say("离线推送失败在增加", "offline notifications fail")},
	{"msg_long_time_push_total", "push-delayed", analyze.Warning, say("超过 10 秒才推送的消息在增加", "messages are pushed more than 10 seconds after they were sent")},
	{"seq_set_failed_total", "mongo-write-failed", analyze.Info, say("已读 seq 写失败：只影响未读数", "read seqs fail to be written: only unread counts are wrong")},
}

// metricsOfPod are all samples of a pod's metrics.
type metricsOfPod []analyze.Metric

// podsOfMetrics splits what is ordered by pod.
func podsOfMetrics(all []analyze.Metric) (out []metricsOfPod) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Namespace == all[0].Namespace && all[n].Pod == all[0].Pod && all[n].Port == all[0].Port {
			n++
		}
		out = append(out, metricsOfPod(all[:n]))
		all = all[n:]
	}
	return out
}

// ends are the first and the last sample of a metric without labels, or of all its label values together.
func (m metricsOfPod) ends(name string) (first, last analyze.Metric, samples int) {
	sums := map[int]analyze.Metric{}
	for _, x := range m {
		if x.Name != name {
			continue
		}
		if sum, again := sums[x.Sample]; again {
			x.Value += sum.Value
		}
		sums[x.Sample] = x
	}
	for n, x := range sums {
		if samples == 0 || n < first.Sample {
			first = x
		}
		if samples == 0 || n > last.Sample {
			last = x
		}
		samples++
	}
	return first, last, samples
}

func (m metricsOfPod) rising(f *analyze.Facts, c risingCounter) (analyze.Evidence, bool) {
	first, last, samples := m.ends(c.name)
	rise := last.Value - first.Value
	if samples == 0 || last.Value == 0 || samples > 1 && rise <= 0 {
		return analyze.Evidence{}, false
	}
	e := m.evidence(f, last, c.cause)
	e.Severity, e.Says, e.Until = c.severity, c.says, f.Collected
	e.Samples[0].Text = fmt.Sprintf("%s: %g → %g", c.name, first.Value, last.Value)
	if samples == 1 {
		e.Confidence, e.Until = analyze.Possible, e.Since
		e.Says = say(c.says.ZH+"（只有一次采样，不知是否仍在发生）", c.says.EN+" (a single sample: whether it still happens is not known)")
		e.Samples[0].Text = fmt.Sprintf("%s: %g", c.name, last.Value)
	}
	return e, true
}

func (m metricsOfPod) evidence(f *analyze.Facts, at analyze.Metric, cause string) analyze.Evidence {
	return analyze.Evidence{
		Cause: cause, Confidence: analyze.Likely, Subject: analyze.Subject{Role: f.RoleOf(at.Pod), Namespace: at.Namespace, Pod: at.Pod},
		Samples: []analyze.Sighting{{Entry: at.Entry, Line: at.Line, Text: at.Text}},
	}
}

// leastFailures are sends of which it is no chance that each of them failed.
const leastFailures = 20

// sends tells an rpc-msg that hands over no message at all. Others count failed sends of their own in some releases.
func (m metricsOfPod) sends(f *analyze.Facts) (analyze.Evidence, bool) {
	first, last, n := m.ends("single_chat_msg_process_failed_total")
	failed := last.Value - first.Value
	if n < 2 || failed < leastFailures || f.RoleOf(m[0].Pod) != "rpc-msg" {
		return analyze.Evidence{}, false
	}
	for _, name := range []string{"single_chat_msg_process_success_total", "group_chat_msg_process_success_total"} {
		if a, z, _ := m.ends(name); z.Value > a.Value {
			return analyze.Evidence{}, false
		}
	}
	e := m.evidence(f, last, "producer-path-error")
	e.Confidence, e.Until = analyze.Possible, f.Collected
	e.Says = say("发送都在失败：写不进 Kafka，或接收方都拒收", "every send fails: Kafka does not take it, or each receiver refuses it")
	e.Samples[0].Text = fmt.Sprintf("single_chat_msg_process_failed_total: %g → %g, no message of any kind succeeded", first.Value, last.Value)
	return e, true
}

// descriptors tells a process that is about to run out of file descriptors.
func (m metricsOfPod) descriptors(f *analyze.Facts) (analyze.Evidence, bool) {
	_, open, n := m.ends("process_open_fds")
	_, most, _ := m.ends("process_max_fds")
	if n == 0 || most.Value <= 0 || open.Value < 0.9*most.Value {
		return analyze.Evidence{}, false
	}
	e := m.evidence(f, open, "node-fd-limit")
	e.Says = say("文件描述符快用完", "file descriptors are nearly used up")
	e.Samples[0].Text = fmt.Sprintf("process_open_fds %g of process_max_fds %g", open.Value, most.Value)
	return e, true
}
