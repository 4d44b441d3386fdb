package analyze

import (
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// What to collect next, in as few lines as possible: what several questions need is asked for at once.

const collectCommand = "imbundle collect"

// collectNext is the command that gets what is missing: first what the leading cause is proven by and what the report asks for.
// Once a leading cause is at least likely, only data of its own section of the guide is still worth asking for. What the
// input shows to have been refused is asked for again behind the command that grants it.
func collectNext(all []answered, ranked []*diagnosis, asked *intake, f *Facts) []string {
	n := next{f: f}
	names := asked.wants()
	if len(ranked) > 0 {
		names = slices.Concat(f.Specs.Wants(ranked[0].cause), names)
	}
	for _, w := range f.lacks(names) {
		n.add(w.collect, w.needs)
	}
	if f.foreign() {
		return []string{collectCommand + " --ask"} // it is not even known whether there is an OpenIM
	}
	about := ""
	if lead := leadingFault(ranked); lead != nil && sure(lead.confidence) >= sure(Likely) {
		about = lead.cause.Guide
	}
	for _, a := range all {
		if a.finding.Status == Unknown && (about == "" || a.check.Guide == about) {
			needs := a.finding.Needs
			if needs == nil {
				needs = a.check.Needs
			}
			n.add(a.check.Collect, needs...)
		}
	}
	for _, group := range vital {
		if f.textOf(group) == nil {
			n.add(collectCommand, needed(group)...)
		} else if f.silenced(group) {
			n.add(collectCommand + " --exec")
		}
	}
	return n.lines()
}

// next gathers the flags of one command.
type next struct {
	f     *Facts
	flags []string // "--node-mode pod"
	asks  bool     // something can be got, be it without any flag
	grant bool
}

// add asks for what a command gets, unless the input shows that it would come back without it again.
func (n *next) add(command string, needs ...string) {
	rest, ours := strings.CutPrefix(command, collectCommand)
	if !ours {
		return
	}
	flags := flagsOf(rest)
	tried, hopeless := 0, 0
	for _, o := range origins {
		if !o.of(needs) {
			continue
		}
		tried++
		switch o.outcome(n.f.Gaps) {
		case refused:
			n.grant = true
		case denied:
			flags = append(flags, "--"+o.server+"-auth FILE")
		case nowhere:
			flags = append(flags, "--"+o.server+" HOST:PORT")
		case silent:
			hopeless++
		}
	}
	if tried > 0 && tried == hopeless {
		return
	}
	n.asks = true
	for _, flag := range flags {
		n.flag(flag)
	}
}

// flag adds one; of several values of the same flag the first counts, but for those that may be given repeatedly.
func (n *next) flag(flag string) {
	name, _, _ := strings.Cut(flag, " ")
	if !slices.ContainsFunc(n.flags, func(have string) bool {
		has, _, _ := strings.Cut(have, " ")
		return have == flag || has == name && name != "--attach"
	}) {
		n.flags = append(n.flags, flag)
	}
}

// lines are the commands. The questions of --ask are also for what ID stands for.
func (n *next) lines() []string {
	if !n.asks {
		return []string{}
	}
	if slices.Contains(n.flags, "--ask") {
		n.flags = slices.DeleteFunc(n.flags, func(flag string) bool { return strings.HasSuffix(flag, " ID") })
	}
	line := strings.Join(append([]string{collectCommand}, n.flags...), " ")
	if !n.grant {
		return []string{line}
	}
	right := []string{collectCommand}
	for _, flag := range n.flags {
		name, _, _ := strings.Cut(flag, " ")
		if slices.Contains(withRights, name) {
			right = append(right, flag)
		}
	}
	return []string{strings.Join(append(right, "--plan=rbac | kubectl apply -f -"), " "), line}
}

// withRights are the flags that need rights of their own.
var withRights = []string{"--exec", "--metrics", "--node-mode", "--node-stats", "--prometheus"}

// flagsOf takes flags apart, each with its value.
func flagsOf(text string) []string {
	var flags []string
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(word, "-") || len(flags) == 0 {
			flags = append(flags, word)
		} else {
			flags[len(flags)-1] += " " + word
		}
	}
	return flags
}

// origin is where a kind of data comes from, and by what the input shows that it was asked for.
type origin struct {
	words  []string // of what is needed
	entry  string   // that gaps name begins so
	right  string   // the source that a lacking right of Kubernetes is booked on
	server string   // whom the flags are called after that say where it is and who asks
}

var origins = []origin{
	{[]string{"kafka/"}, "kafka", "kube-reach", "kafka"},
	{[]string{"redis/", "seq/"}, "redis/", "kube-reach", "redis"},
	{[]string{"mongo/", "seq/"}, "mongo/", "kube-reach", "mongo"},
	{[]string{"summary.json", "configz.json"}, "nodes/", "kube-nodes", ""},
	{[]string{"nodes/"}, "nodes/", "node", ""},
	{[]string{"metrics/"}, "metrics/", "kube-metrics", ""},
	{[]string{"top/"}, "top/", "kube-top", ""},
	{[]string{"log of", "logs of"}, bundle.PodLogs, "kube-logs", ""},
	{[]string{AlbConfigsEntry}, AlbConfigsEntry, "", ""},
	{[]string{ClassesEntry}, ClassesEntry, "", ""},
	{[]string{"cluster-resources/pods/", "tables/pods", "describe"}, "cluster-resources/pods/", "", ""},
}

func (o origin) of(needs []string) bool {
	return slices.ContainsFunc(needs, func(need string) bool {
		return slices.ContainsFunc(o.words, func(w string) bool { return strings.Contains(need, w) })
	})
}

// Outcomes of asking.
const (
	open    = iota // not asked, or it may answer another time
	refused        // Kubernetes lacks a right
	denied         // the server itself refuses who asks
	nowhere        // no address is known
	silent         // the server is not there
)

// outcome is what came of asking before.
func (o origin) outcome(gaps []Missing) int {
	worst := open
	for _, g := range gaps {
		forbidden := g.Reason == bundle.Forbidden
		ours := strings.HasPrefix(g.What, o.entry)
		switch {
		case forbidden && (g.What == o.right || ours && o.server == ""):
			return refused
		case o.server == "":
		case g.What == "kube-config" && strings.HasPrefix(g.Detail, o.server+": "):
			worst = max(worst, nowhere)
		case ours && forbidden:
			worst = denied
		case ours && worst == open && (g.Reason == bundle.Failed || g.Reason == bundle.NotFound):
			worst = silent
		}
	}
	return worst
}
