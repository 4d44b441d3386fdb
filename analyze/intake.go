package analyze

import (
	"fmt"
	"strings"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// intake is what was reported (section 1 of the guide), as far as it changes the answer.
type intake struct {
	scenario string // history, realtime or empty
	scope    string // all, some or empty
}

func intakeOf(f *Facts) *intake {
	said := func(key string) string { text, _ := f.Incident[key].(string); return text }
	return &intake{scenario: said("scenario"), scope: said("scope")}
}

// elsewhere names the hops that cannot be behind what was reported: history is pulled, not pushed; a message in real time needs
// no pull.
var elsewhere = map[string]map[string]bool{
	"history":  {"to-push": true, "push": true, "vendor": true, "deliver": true},
	"realtime": {"pull": true, "mongo": true, "to-mongo": true},
}

// mismatch counts what speaks against a cause being behind the report: its hop is not concerned, or it hits single users where
// all are affected, or everybody where only some are.
func (in *intake) mismatch(d *diagnosis) int {
	n := 0
	if elsewhere[in.scenario][d.hop] {
		n++
	}
	if in.scope == "all" && d.cause.Some || in.scope == "some" && !d.cause.Some {
		n++
	}
	return n
}

// says tells how the report decided over the order, nil when nothing of use was reported.
func (in *intake) says(ranked []*diagnosis) *specs.Text {
	var zh, en []string
	add := func(z, e string) { zh, en = append(zh, z), append(en, e) }
	switch in.scenario {
	case "history":
		add("报的是登录拉取历史：推送与下发各跳排后", "history is missing, so the hops of push and delivery come later")
	case "realtime":
		add("报的是实时推送：落库与拉取各跳排后", "delivery in real time is late or missing, so the hops of storing and pulling come later")
	}
	switch in.scope {
	case "all":
		add("全部用户受影响：只打到个别用户的原因排后", "all users are affected, so what hits single users comes later")
	case "some":
		add("只有部分用户受影响：只打到个别用户或会话的原因在前", "only some users are affected, so what hits single users or conversations comes first")
	}
	if len(zh) == 0 {
		return nil
	}
	if moved := in.moved(ranked); moved > 0 {
		add(fmt.Sprintf("发现的原因里有 %d 个因此让位", moved), fmt.Sprintf("%d of the causes found stand back for it", moved))
	} else if len(ranked) > 0 {
		add("发现的原因之间不分先后", "between the causes found it makes no difference")
	}
	out := text(strings.Join(zh, "；"), strings.Join(en, "; "))
	return &out
}

// moved counts the causes that fit the report less well than the one that fits best.
func (in *intake) moved(ranked []*diagnosis) int {
	if len(ranked) == 0 {
		return 0
	}
	least, n := len(ranked), 0
	for _, d := range ranked {
		least = min(least, in.mismatch(d))
	}
	for _, d := range ranked {
		if in.mismatch(d) > least {
			n++
		}
	}
	return n
}

// wants are the kinds of data that the report asks for.
func (in *intake) wants() []string {
	var out []string
	switch in.scenario {
	case "history":
		out = append(out, "seq", "log-rpc-msg", "log-rpc-conversation")
	case "realtime":
		out = append(out, "log-push", "log-msggateway", "kafka-groups")
	}
	if in.scope == "some" {
		out = append(out, "log-sdk")
	}
	return out
}

// whyLeads says why the first cause stands before the next that it does not explain, and what it accounts for.
func whyLeads(ranked []*diagnosis, in *intake, tolerance time.Duration) *specs.Text {
	if len(ranked) == 0 {
		return nil
	}
	lead := ranked[0]
	var zh, en []string
	add := func(z, e string) { zh, en = append(zh, z), append(en, e) }
	if n := lead.follow(); n > 0 {
		add(fmt.Sprintf("它能解释另外 %d 个发现，而没有别的发现能解释它", n), fmt.Sprintf("it accounts for %d of the other findings and none of them accounts for it", n))
	}
	next := rival(ranked)
	switch {
	case next == nil && lead.follow() == 0:
		add("没有别的原因有证据", "no other cause has evidence")
	case next != nil:
		z, e := lead.beats(next, in, tolerance)
		add("排在「"+next.cause.Title.ZH+"」之前，因为"+z, fmt.Sprintf("it stands before %q because %s", next.cause.Title.EN, e))
	}
	out := text(strings.Join(zh, "；"), strings.Join(en, "; "))
	return &out
}

// follow counts what is explained by d, through any number of steps.
func (d *diagnosis) follow() int {
	n := len(d.explains)
	for _, e := range d.explains {
		n += e.follow()
	}
	return n
}

// rival is the first cause that stands by itself behind the leading one.
func rival(ranked []*diagnosis) *diagnosis {
	for _, d := range ranked[1:] {
		if d.by == nil {
			return d
		}
	}
	return nil
}

// beats is the first criterion of the ranking by which d stands before next.
func (d *diagnosis) beats(next *diagnosis, in *intake, tolerance time.Duration) (zh, en string) {
	earlier := next.since.Sub(d.since)
	switch {
	case d.wasFault() && !next.wasFault():
		return "那只是提示或警告，它是故障", "that is a remark and this is a fault"
	case !d.recovered && next.recovered:
		return "那个已经过去，它到数据末尾还在", "that is over and this lasts to the end of the data"
	case in.mismatch(d) < in.mismatch(next):
		return "那个与上报的现象不符", "that does not fit what was reported"
	case sure(d.confidence) > sure(next.confidence):
		return "它的证据更确实", "its evidence is surer"
	case !d.since.IsZero() && next.since.IsZero():
		return "它的起始时间可知", "its beginning is known"
	case !d.since.IsZero() && earlier > tolerance:
		took := earlier.Round(time.Second).String()
		return "它早开始 " + took, "it began " + took + " earlier"
	case d.hop != next.hop:
		return "两者同时开始，而它在消息路径上更靠前", "both began together and it is nearer to the beginning of the path"
	}
	return "它更严重", "it is the graver one"
}
