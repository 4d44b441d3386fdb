package analyze

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/imbundle/imbundle/specs"
)

// checkResults lists the coded checks and the rule packs of each section of the guide.
func checkResults(all []answered, f *Facts, context map[string]int) []CheckResult {
	out := []CheckResult{}
	for _, a := range all {
		r := CheckResult{Check: a.check.ID, Title: a.check.Title, Guide: a.check.Guide, Status: a.finding.Status, Needs: a.finding.Needs}
		if r.Status == Unknown {
			r.Collect = a.check.Collect
			if r.Needs == nil {
				r.Needs = a.check.Needs
			}
		}
		for _, e := range a.finding.Evidence {
			r.Count += e.Count
			r.Cause = cmp.Or(r.Cause, e.Cause)
		}
		out = append(out, r)
	}
	out = append(out, packResults(f, context)...)
	slices.SortStableFunc(out, func(a, b CheckResult) int {
		return cmp.Or(cmp.Compare(a.Guide, b.Guide), cmp.Compare(a.Check, b.Check))
	})
	return out
}

// sections of the guide that rules answer, and the roles whose logs they read.
var sections = []struct {
	guide string
	title specs.Text
	roles []string
	seen  func(*Facts) bool // for rules that read more than logs of components; nil: the roles tell
	needs string
}{
	{"2.1", text("API 层日志规则", "rules for the API layer"), []string{"api", "chat", "msggateway"}, nil, ""},
	{"2.2", text("RPC 层日志规则", "rules for the RPC layer"), []string{"rpc-msg", "rpc-group", "rpc-user", "rpc-friend", "rpc-conversation", "rpc-auth", "rpc-third"}, nil, ""},
	{"2.3", text("Kafka 与消费端日志规则", "rules for Kafka and its consumers"), []string{"msgtransfer", "push", "kafka"}, nil, ""},
	{"2.4", text("Mongo / Redis 日志规则", "rules for Mongo and Redis"), []string{"msgtransfer", "rpc-msg", "mongo", "redis"}, nil, ""},
	{"2.5", text("推送与网关日志规则", "rules for push and gateway"), []string{"push", "msggateway"}, nil, ""},
	{"2.6", text("客户端日志规则", "rules for the client"), []string{"sdk"}, nil, ""},
	{"3", text("配置类日志规则", "rules for configuration"), nil, (*Facts).hasConfig, "config/*.yml, or a log of a start"},
	{"4", text("常见误区识别规则", "rules for the usual false alarms"), nil, (*Facts).hasLogs, "logs"},
	{"5", text("节点与集群日志规则", "rules for nodes and cluster"), nil, (*Facts).hasCluster, "events, nodes, df"},
}

// packResults answers for all rules of a section at once: fail on a fault, pass only where the texts they read are there.
func packResults(f *Facts, context map[string]int) []CheckResult {
	var out []CheckResult
	for _, s := range sections {
		r := CheckResult{Check: "rules-" + s.guide, Title: s.title, Guide: s.guide, Status: Pass}
		for _, rule := range f.Specs.Rules {
			if rule.Guide == s.guide && context[rule.ID] > 0 {
				r.Count += context[rule.ID]
			}
		}
		var lead *Evidence
		for i := range f.Evidence {
			e := &f.Evidence[i]
			if c := f.Specs.Causes[e.Cause]; e.Guide != s.guide || c == nil || c.Benign {
				continue
			}
			r.Count += e.Count
			if lead == nil || sure(e.Confidence) > sure(lead.Confidence) {
				lead = e
			}
		}
		switch {
		case lead != nil && sure(lead.Confidence) >= sure(Likely) && grave(f.Specs.Causes[lead.Cause].Severity) >= grave(Error):
			r.Status, r.Cause = Fail, lead.Cause
		case lead != nil:
			r.Status, r.Cause = Warn, lead.Cause
		case s.seen != nil && !s.seen(f):
			r.Status, r.Collect, r.Needs = Unknown, collectCommand, []string{s.needs}
		case s.seen == nil && f.textOf(s.roles) == nil:
			r.Status, r.Collect, r.Needs = Unknown, collectCommand, needed(s.roles)
		}
		out = append(out, r)
	}
	return out
}

func needed(roles []string) []string {
	out := make([]string, 0, len(roles))
	for _, r := range roles {
		out = append(out, fmt.Sprintf("log of %s", r))
	}
	return out
}

// hasConfig tells whether a configuration file or the start of a process can be read; mistakes of configuration show there.
func (f *Facts) hasConfig() bool {
	return slices.ContainsFunc(f.Texts, func(t Text) bool { return !t.Log || len(t.Starts) > 0 })
}

func (f *Facts) hasLogs() bool {
	return slices.ContainsFunc(f.Texts, func(t Text) bool { return t.Log })
}

func (f *Facts) hasCluster() bool { return len(f.Events)+len(f.Nodes)+len(f.Filesystems) > 0 }
