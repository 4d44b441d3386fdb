package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/specs"
)

// Statuses of a verdict.
const (
	StatusBroken   = "broken"
	StatusDegraded = "degraded"
	StatusHealthy  = "healthy"
	StatusUnknown  = "unknown"
)

// vital are the roles without whose logs a healthy path cannot be claimed; of each group one is enough.
var vital = [][]string{{"api", "msggateway"}, {"rpc-msg"}, {"msgtransfer"}, {"push"}}

// verdict judges the whole from the ranked causes and the hops.
func verdict(ranked []*diagnosis, hops []HopState, f *Facts) Verdict {
	v := Verdict{Causes: []CauseResult{}, CollectNext: []string{}}
	for _, d := range ranked {
		v.Causes = append(v.Causes, d.result(f))
	}
	v.Status, v.Hop, v.Why = statusOfPath(ranked, hops, f)
	return v
}

func statusOfPath(ranked []*diagnosis, hops []HopState, f *Facts) (status, hop string, why specs.Text) {
	if f.foreign() && !slices.ContainsFunc(ranked, func(d *diagnosis) bool { return sure(d.confidence) >= sure(Likely) }) {
		if len(f.Texts) == 0 && len(f.Unread) > 0 {
			return StatusUnknown, "", text("输入中没有一个文件能读（原因见「未能读懂的内容」），无法据此判断",
				"not one file of the input can be read (NOT UNDERSTOOD says why), so nothing can be said from it")
		}
		return StatusUnknown, "", text("输入中没有认出任何 OpenIM 组件（或其依赖）的日志与数据：可能是别的产品的日志，无法据此判断",
			"nothing of OpenIM, nor of what it is built on, was recognised in the input: it may be of another product, and nothing can be said from it")
	}
	if lead := leadingFault(ranked); lead != nil {
		if lead.recovered {
			return StatusDegraded, lead.hop, text("曾发生故障，之后已恢复："+lead.cause.Title.ZH, "there was a fault, it is over: "+lead.cause.Title.EN)
		}
		if sure(lead.confidence) >= sure(Likely) {
			return StatusBroken, firstBroken(ranked, hops, lead), lead.cause.Title
		}
		return StatusDegraded, lead.hop, lead.cause.Title
	}
	var remark *diagnosis // the first of those that say nothing about the path
	for _, d := range ranked {
		switch {
		case d.beside():
			remark = cmp.Or(remark, d)
		case d.wasFault() && d.recovered:
			return StatusDegraded, d.hop, text("曾短暂故障，已恢复："+d.cause.Title.ZH, "there was a brief fault, it is over: "+d.cause.Title.EN)
		default:
			return StatusDegraded, d.hop, text("只有轻微的或证据不足的问题："+d.cause.Title.ZH, "only minor trouble, or trouble with weak evidence: "+d.cause.Title.EN)
		}
	}
	if i := slices.IndexFunc(hops, func(h HopState) bool {
		return h.State == hopDegraded && !slices.ContainsFunc(ranked, func(d *diagnosis) bool { return slices.Contains(d.hops, h.Hop) })
	}); i >= 0 { // a number says so, and nobody knows why
		return StatusDegraded, hops[i].Hop, hops[i].Why
	}
	if lacks := lacking(hops, f); len(lacks) > 0 {
		zh, en := "没有发现故障，但数据不足以断定正常，缺：", "no fault found, but the data does not allow to call it healthy; missing: "
		if remark != nil {
			zh = "链路上没有发现故障，只有提示「" + remark.cause.Title.ZH + "」；数据不足以断定正常，缺："
			en = fmt.Sprintf("no fault of the path found, only the remark %q; the data does not allow to call it healthy; missing: ", remark.cause.Title.EN)
		}
		return StatusUnknown, "", text(zh+joinZH(lacks), en+joinEN(lacks))
	}
	if remark != nil {
		return StatusHealthy, "", text("能观察到的每一跳都在正常处理，只有与消息路径无关的提示", "every hop that can be observed was seen working; there are remarks beside the path only")
	}
	return StatusHealthy, "", text("能观察到的每一跳都在正常处理，没有发现故障", "every hop that can be observed was seen working and no fault was found")
}

func leadingFault(ranked []*diagnosis) *diagnosis {
	for _, d := range ranked {
		if d.fault() {
			return d
		}
	}
	return nil
}

// firstBroken is the first hop of the path that is broken by itself, not as the consequence of another fault. When every fault
// lies below the path it is the first hop that is broken at all.
func firstBroken(ranked []*diagnosis, hops []HopState, lead *diagnosis) string {
	own := map[string]bool{}
	for _, d := range ranked {
		if d.fault() && !d.recovered && d.by == nil {
			own[d.hop] = true
		}
	}
	first := ""
	for _, h := range hops {
		if h.Below || h.State != hopBroken {
			continue
		}
		if own[h.Hop] {
			return h.Hop
		}
		first = cmp.Or(first, h.Hop)
	}
	return cmp.Or(first, lead.hop)
}

// lacking names what keeps the path from being called healthy: roles without a log, hops that their roles should show and do
// not, pods that are not ready, data that was refused.
func lacking(hops []HopState, f *Facts) []specs.Text {
	var out []specs.Text
	for _, group := range vital {
		if f.textOf(group) == nil {
			name := strings.Join(group, " / ")
			out = append(out, text(name+" 的日志", "a log of "+name))
		}
	}
	for i, h := range f.Specs.Hops {
		if !h.Below && len(h.Progress) > 0 && hops[i].State == hopUnknown && f.textOf(h.Roles) != nil && h.ID != "pull" && h.ID != "client" {
			out = append(out, text(h.Title.ZH+"的处理记录", "lines of the "+h.Title.EN+" at work"))
		}
	}
	for _, p := range f.Pods {
		if p.Role != "" && !p.Ready && p.Phase != "Succeeded" {
			out = append(out, text("Pod "+p.Name+" 未就绪", "pod "+p.Name+" to be ready"))
		}
	}
	for _, g := range f.Gaps {
		if len(out) < 8 && g.Reason != "not-found" {
			out = append(out, text(g.What+"("+g.Reason+")", g.What+" ("+g.Reason+")"))
		}
	}
	return out
}

func joinZH(ts []specs.Text) string {
	words := make([]string, 0, len(ts))
	for _, t := range ts {
		words = append(words, t.ZH)
	}
	return strings.Join(words, "、")
}

func joinEN(ts []specs.Text) string {
	words := make([]string, 0, len(ts))
	for _, t := range ts {
		words = append(words, t.EN)
	}
	return strings.Join(words, ", ")
}

// result is the form of a diagnosis in the report.
func (d *diagnosis) result(f *Facts) CauseResult {
	layer := f.Specs.Layer(d.cause.Layer)
	c := CauseResult{
		Cause: d.slug, Title: d.cause.Title, Means: d.cause.Means, Severity: d.severity, Confidence: d.confidence, Hop: d.hop,
		Layer: d.cause.Layer, Guide: d.cause.Guide, Subject: d.subjects(), Count: d.count, Evidence: d.sightings(), Fix: d.cause.Fix, Dont: d.cause.Dont,
		Reproduce: layer.Reproduce, Verify: layer.Verify, Prevent: layer.Prevent,
	}
	if d.confidence != Certain {
		for _, w := range f.lacks(f.Specs.Wants(d.cause)) {
			c.Lacks = append(c.Lacks, w.what)
		}
	}
	if !d.since.IsZero() {
		c.Since = &d.since
	}
	if !d.until.IsZero() {
		c.Until = &d.until
	}
	if d.by != nil {
		c.ExplainedBy = d.by.slug
	}
	for _, e := range d.explains {
		c.Explains = append(c.Explains, e.slug)
	}
	slices.Sort(c.Explains)
	return c
}

// shownSubjects bounds the subjects that are named; the rest is counted.
const shownSubjects = 3

func (d *diagnosis) subjects() string {
	var names []string
	for _, e := range d.evidence {
		if s := e.Subject.String(); s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	if more := len(names) - shownSubjects; more > 0 {
		names = append(names[:shownSubjects], fmt.Sprintf("+%d", more))
	}
	return strings.Join(names, ", ")
}

// shownSightings bounds the lines that are shown for a cause.
const shownSightings = 8

// sightings picks lines of every piece of evidence in turn, the surest evidence first.
func (d *diagnosis) sightings() []Sighting {
	out := []Sighting{}
	for round := 0; round < shownSamples; round++ {
		for _, e := range d.evidence {
			if len(out) == shownSightings {
				return out
			}
			if round < len(e.Hits)+len(e.Samples) {
				out = e.show(out, round)
			}
		}
	}
	return out
}

// show adds what stands in place i for a piece of evidence, unless it is there.
func (e *Evidence) show(list []Sighting, i int) []Sighting {
	s, text := e.sighting(i)
	if shown(list, s) {
		return list
	}
	s.Check, s.Count = e.Check, 1
	if s.Says == (specs.Text{}) {
		s.Says = e.Says
	}
	if i == 0 {
		s.Count = max(1, e.Count)
	}
	if i < len(e.Hits) {
		s.Text = text.String()
	}
	return append(list, s)
}

// shown tells whether a line is there already: two rules, or a rule and a check, may point at the same one.
func shown(list []Sighting, s Sighting) bool {
	return s.Line > 0 && slices.ContainsFunc(list, func(o Sighting) bool { return o.Entry == s.Entry && o.Line == s.Line })
}

// benignResults lists the recognised false alarms.
func benignResults(ds []*diagnosis) []BenignResult {
	out := []BenignResult{}
	for _, d := range ds {
		b := BenignResult{Cause: d.slug, Title: d.cause.Title, Why: d.cause.Means, Count: d.count, Evidence: d.sightings()}
		for _, e := range d.evidence {
			if e.Because != (specs.Text{}) {
				b.Why = e.Because
				break
			}
		}
		out = append(out, b)
	}
	return out
}
