package analyze

import (
	"slices"
	"strconv"
	"time"

	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs"
)

// States of a hop.
const (
	hopOK       = "ok"
	hopBroken   = "broken"
	hopDegraded = "degraded"
	hopUnknown  = "unknown"
)

// hopStates judges every hop of the path and below it. A hop is ok only when it was seen to work after its last fault: by a log,
// or by counters and offsets that go on.
func hopStates(ranked []*diagnosis, f *Facts) []HopState {
	out := make([]HopState, 0, len(f.Specs.Hops))
	for _, h := range f.Specs.Hops {
		out = append(out, hopState(h, ranked, f))
	}
	return out
}

func hopState(h *specs.Hop, ranked []*diagnosis, f *Facts) HopState {
	state := HopState{Hop: h.ID, Title: h.Title, Below: h.Below, State: hopUnknown}
	var worst *diagnosis
	var lastFault time.Time
	for _, whole := range ranked {
		d := whole.at(h.ID, f)
		if d == nil || d.cause.Benign || d.severity == Info {
			continue
		}
		if worst == nil || !d.recovered && worst.recovered || grave(d.severity) > grave(worst.severity) {
			worst = d
		}
		if d.until.After(lastFault) {
			lastFault = d.until
		}
	}
	work := f.Flow.Hops[h.ID]
	switch {
	case worst != nil && worst.fault() && !worst.recovered && sure(worst.confidence) >= sure(Likely):
		state.State, state.Why = hopBroken, worst.cause.Title
	case worst != nil:
		state.State, state.Why = hopDegraded, worst.cause.Title
		if worst.recovered {
			state.Why = text(worst.cause.Title.ZH+"（已恢复）", worst.cause.Title.EN+" (over)")
		}
	case work != nil && !work.Last.IsZero() && work.Last.After(lastFault), work != nil && work.Count > 0:
		state.State, state.Why = hopOK, seenWorking(work)
	case h.Below:
		state.State, state.Why = belowState(h.ID, f)
	default:
		if state.State, state.Why = f.observed(h); state.State == hopUnknown {
			state.Why = notObserved(h, f)
		}
	}
	return state
}

func seenWorking(p *Progress) specs.Text {
	if p.Last.IsZero() {
		return text("日志中有正常处理记录", "seen working in the log")
	}
	at := p.Last.UTC().Format("2006-01-02 15:04:05")
	return text("最后一次正常处理："+at, "last seen working at "+at)
}

// belowState looks for positive evidence below the path: pods all ready, nodes all Ready.
func belowState(hop string, f *Facts) (string, specs.Text) {
	switch {
	case hop == "kubernetes" && len(f.Pods) > 0 && !slices.ContainsFunc(f.Pods, func(p Pod) bool { return !p.Ready && p.Phase != "Succeeded" }):
		return hopOK, text("所有 Pod 就绪", "all pods are ready")
	case hop == "node" && len(f.Nodes) > 0 && !slices.ContainsFunc(f.Nodes, nodeTroubled):
		return hopOK, text("所有节点 Ready 且无压力", "all nodes are Ready and without pressure")
	case hop == "discovery" && f.registered() > 0:
		n := strconv.Itoa(f.registered())
		return hopOK, text("etcd 有主，登记着 "+n+" 个端点", "etcd has a leader and "+n+" endpoints are registered")
	case hop == "discovery":
		return hopUnknown, text("没有可判断的数据", "nothing here tells")
	}
	return hopUnknown, text("未观察到", "not observed")
}

// registered counts the endpoints in an etcd that works.
func (f *Facts) registered() int {
	n := 0
	for _, s := range f.EtcdStatuses {
		if len(s.Alarms) > 0 || !slices.ContainsFunc(s.Members, func(m record.EtcdMember) bool { return m.Led() }) {
			return 0
		}
	}
	for _, r := range f.EtcdRegistries {
		for _, service := range r.Services {
			n += len(service.Endpoints)
		}
	}
	if len(f.EtcdStatuses) == 0 {
		return 0
	}
	return n
}

func nodeTroubled(n Node) bool {
	return slices.ContainsFunc(n.Conditions, func(c Condition) bool { return (c.Type == "Ready") != (c.Status == "True") })
}

// notObserved says why nothing is known about a hop.
func notObserved(h *specs.Hop, f *Facts) specs.Text {
	if len(h.Progress) == 0 {
		return text("日志无法直接反映这一跳", "no log shows this hop directly")
	}
	if t := f.textOf(h.Roles); t != nil {
		if t.Levels[levelInfo] == 0 && t.Lines > 0 {
			return text("日志级别只到 WARN，看不到正常处理记录", "the log holds WARN and above only, so ordinary work is invisible")
		}
		return text("日志中没有这一跳的处理记录", "the log has no line of this hop at work")
	}
	return text("没有相关组件的日志", "no log of a component of this hop")
}

// textOf returns a log of one of the roles, nil for none.
func (f *Facts) textOf(roles []string) *Text {
	for i := range f.Texts {
		t := &f.Texts[i]
		if t.Log && t.Lines > 0 && (slices.Contains(roles, t.Role) || slices.ContainsFunc(t.Roles, func(r string) bool { return slices.Contains(roles, r) })) {
			return t
		}
	}
	return nil
}

// HasLog tells whether the input has a log of the role.
func (f *Facts) HasLog(role string) bool { return f.textOf([]string{role}) != nil }
