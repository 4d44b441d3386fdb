package analyze

import (
	"fmt"

	"github.com/imbundle/imbundle/specs"
)

// What counters and offsets say of a hop of which no log shows the work: of two readings the later is higher.

// counters are metrics that rise with the work of a hop, each at the role that counts it.
var counters = map[string][]counter{
	"api": {{"api", "api_count", "code", "0"}},
	"rpc": {
		{"rpc-msg", "single_chat_msg_process_success_total", "", ""},
		{"rpc-msg", "group_chat_msg_process_success_total", "", ""},
	},
	"mongo": {{"msgtransfer", "msg_insert_mongo_success_total", "", ""}},
}

type counter struct{ role, name, label, value string }

// observed is the state of a hop by metrics and by Kafka; unknown where neither tells.
func (f *Facts) observed(h *specs.Hop) (state string, why specs.Text) {
	if h.ID == "gateway" {
		return f.online()
	}
	rise := 0.0
	for _, c := range counters[h.ID] {
		rise += f.rise(c)
	}
	if rise > 0 {
		n := fmt.Sprintf("%.0f", rise)
		return hopOK, text("它的计数在两次采样之间增加了 "+n, "its counter rose by "+n+" between two samples")
	}
	return f.moving(h)
}

// rise adds up by how much a counter went up in each pod, from its first to its last sample.
func (f *Facts) rise(c counter) float64 {
	type series struct{ pod, labels string }
	first, sum := map[series]float64{}, 0.0
	last := map[series]float64{}
	for _, m := range f.Metrics { // by pod and sample
		if m.Name != c.name || c.label != "" && m.Labels[c.label] != c.value || f.RoleOf(m.Pod) != c.role {
			continue
		}
		key := series{m.Namespace + "/" + m.Pod, fmt.Sprint(m.Labels)}
		if _, again := first[key]; !again {
			first[key] = m.Value
		}
		last[key] = m.Value
	}
	for key, value := range last {
		sum += max(0, value-first[key])
	}
	return sum
}

// moving looks at the offsets of the topic in which messages wait at a hop, or of the group that works there.
func (f *Facts) moving(h *specs.Hop) (string, specs.Text) {
	if len(h.Topic)+len(h.Group) == 0 || h.ID == "transfer" && (len(f.Versions) == 0 || VersionFits(f.Versions[0], "line-a <3.8.0")) {
		return hopUnknown, specs.Text{} // up to 3.7 the offsets of the first group say that messages were received, not what became of them
	}
	type place struct {
		group, topic string
		partition    int
	}
	type span struct{ least, most int64 }
	spans, moved := map[place]span{}, int64(0)
	for _, s := range f.Groups {
		now := s.Current
		switch {
		case len(h.Group) == 0 && f.TopicHop(s.Topic) == h:
			now = s.End
		case len(h.Group) == 0 || f.ReaderHop(s.Group, s.Topic) != h:
			continue
		}
		if now < 0 {
			continue
		}
		key := place{s.Group, s.Topic, s.Partition}
		seen, again := spans[key]
		if !again {
			seen = span{now, now}
		}
		seen = span{min(seen.least, now), max(seen.most, now)}
		spans[key], moved = seen, max(moved, seen.most-seen.least)
	}
	if moved <= 0 {
		return hopUnknown, specs.Text{}
	}
	n := fmt.Sprint(moved)
	if len(h.Group) == 0 {
		return hopOK, text("主题的末尾在两次采样之间前进了 "+n, "the end of the topic moved by "+n+" between two samples")
	}
	return hopOK, text("消费位点在两次采样之间前进了 "+n, "committed offsets moved by "+n+" between two samples")
}

// leastOnline are users of whom it is no chance that all are gone a moment later.
const leastOnline = 10

// online tells by the gateways' own count whether anybody is connected.
func (f *Facts) online() (string, specs.Text) {
	first, last, all := f.onlineUsers()
	n, m := fmt.Sprintf("%.0f", first), fmt.Sprintf("%.0f", last)
	switch {
	case last > 0:
		return hopOK, text("在线用户 "+m, m+" users are online")
	case all && first >= leastOnline:
		return hopDegraded, text("所有网关的在线用户从 "+n+" 降到 0", "users online at all gateways fell from "+n+" to none")
	}
	return hopUnknown, specs.Text{}
}

// onlineUsers are those of the gateways in the first and in the last of several samples; all tells that no gateway was left
// out. Where the pods themselves were not asked, they are those by Prometheus before none was left.
func (f *Facts) onlineUsers() (first, last float64, all bool) {
	samples := map[string][]float64{}
	for _, m := range f.Metrics {
		if m.Name == "online_user_num" && f.RoleOf(m.Pod) == "msggateway" {
			samples[m.Namespace+"/"+m.Pod] = append(samples[m.Namespace+"/"+m.Pod], m.Value)
		}
	}
	for _, values := range samples {
		first, last = first+values[0], last+values[len(values)-1]
	}
	if len(samples) > 0 {
		gateways := 0
		for _, p := range f.Pods {
			if p.Role == "msggateway" && p.Ready {
				gateways++
			}
		}
		return first, last, gateways > 0 && len(samples) >= gateways
	}
	for _, r := range f.Ranges {
		if r.Query == "online-users" {
			first, last = first+lastPositive(r), last+r.Points[len(r.Points)-1].Value
		}
	}
	return first, last, true
}

// lastPositive is the newest value above zero; zero for none.
func lastPositive(r Range) float64 {
	for i := len(r.Points) - 1; i >= 0; i-- {
		if r.Points[i].Value > 0 {
			return r.Points[i].Value
		}
	}
	return 0
}
