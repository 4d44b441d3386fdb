package analyze

import (
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// want is a kind of data that causes are proven by.
type want struct {
	what    specs.Text
	collect string
	needs   string // as in Check
	has     func(*Facts) bool
}

// kinds of data that layers and causes may name, besides log-ROLE.
var kinds = map[string]want{
	"pods":         {text("Pod 列表", "the list of pods"), collectCommand, "tables/pods", func(f *Facts) bool { return len(f.Pods) > 0 }},
	"events":       {text("Kubernetes 事件", "events of Kubernetes"), collectCommand, "events", func(f *Facts) bool { return len(f.Events) > 0 }},
	"describe":     {text("describe 输出", "describe of the pods"), collectCommand, "describe", func(f *Facts) bool { return f.named("describe") }},
	"previous":     {text("容器上一次退出前的日志", "the log of the container before it last ended"), collectCommand, "logs of containers that ended", (*Facts).hasPrevious},
	"nodes":        {text("节点状态", "the state of the nodes"), collectCommand, "cluster-resources/nodes.json", func(f *Facts) bool { return len(f.Nodes) > 0 }},
	"usage":        {text("kubectl top 的 CPU 与内存", "CPU and memory by kubectl top"), collectCommand, "top/pods.txt", func(f *Facts) bool { return len(f.Usage) > 0 }},
	"disk":         {text("节点的 df -h 与 df -i", "df -h and df -i of the nodes"), collectCommand + " --node-mode pod", "nodes/<node>/df.txt", func(f *Facts) bool { return len(f.Filesystems) > 0 }},
	"memory":       {text("节点的 free -h", "free -h of the nodes"), collectCommand + " --node-mode pod", "nodes/<node>/free.txt", func(f *Facts) bool { return len(f.Memory) > 0 }},
	"kafka-groups": {text("两次 kafka-consumer-groups.sh --describe", "kafka-consumer-groups.sh --describe, twice"), collectCommand, "kafka/groups.json", func(f *Facts) bool { return len(f.Groups) > 0 }},
	"redis-info":   {text("Redis 的 INFO 与 SLOWLOG", "INFO and SLOWLOG of Redis"), collectCommand, "redis/info.txt", func(f *Facts) bool { return len(f.Slow) > 0 || f.named("redis-cli", "redis/") }},
	"seq":          {text("会话序号在 Redis 与 Mongo 里的值", "the numbers of a conversation in Redis and in Mongo"), collectCommand + " --conversation ID --user ID", "seq/conversations.jsonl", func(f *Facts) bool { return len(f.Counters) > 0 || f.named("seq/") }},
	"config":       {text("生效的配置", "the effective configuration"), collectCommand, "config/effective.json", func(f *Facts) bool { return f.named("config") }},
	"log-start": {text("一次启动的日志", "the log of a start"), collectCommand, "logs of the OpenIM components", func(f *Facts) bool {
		return slices.ContainsFunc(f.Texts, func(t Text) bool { return len(t.Starts) > 0 })
	}},
}

// wantNamed is the kind of data of that name; ok is false for none.
func wantNamed(name string, s *specs.Set) (w want, ok bool) {
	if w, ok = kinds[name]; ok {
		return w, true
	}
	role, isLog := strings.CutPrefix(name, "log-")
	if !isLog || !slices.ContainsFunc(s.Roles, func(r *specs.Role) bool { return r.ID == role }) {
		return want{}, false
	}
	collect := collectCommand
	if role == "sdk" {
		collect = collectCommand + " --attach sdk.log"
	}
	return want{text(role+" 的日志", "a log of "+role), collect, "log of " + role, func(f *Facts) bool { return f.HasLog(role) }}, true
}

// WantTitle is what a kind of data is called; ok is false for a name that means nothing.
func WantTitle(name string, s *specs.Set) (title specs.Text, ok bool) {
	w, ok := wantNamed(name, s)
	return w.what, ok
}

// lacks lists the kinds of data among names that the input has not.
func (f *Facts) lacks(names []string) []want {
	var out []want
	for _, name := range names {
		if w, ok := wantNamed(name, f.Specs); ok && !w.has(f) {
			out = append(out, w)
		}
	}
	return out
}

// named tells whether an entry was read that has one of the words in its name.
func (f *Facts) named(words ...string) bool {
	return slices.ContainsFunc(f.Texts, func(t Text) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(t.Entry), w) })
	})
}

func (f *Facts) hasPrevious() bool {
	return slices.ContainsFunc(f.Texts, func(t Text) bool {
		log, ok := bundle.ParsePodLog(t.Entry)
		return t.Previous || ok && log.Previous
	})
}
