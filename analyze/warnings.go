package analyze

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// What about the input as a whole a reader must know before the verdict is believed.

// clusterSign is a mark of a cluster: the UID of what there is once in each, or the names of its nodes as one list tells them.
type clusterSign struct {
	entry, kind, name, uid string
}

// noteCluster remembers what tells clusters apart.
func (s *snapshots) noteCluster(entry string, o *object) {
	once := o.Kind == "Namespace" && o.Metadata.Name == "kube-system" || o.Kind == "Service" && o.Metadata.Name == "kubernetes" && o.Metadata.Namespace == "default"
	if (once || o.Kind == "Node") && o.Metadata.UID != "" && len(s.clusters) < maxClusterSigns {
		s.clusters = append(s.clusters, clusterSign{entry, o.Kind, o.Metadata.Name, o.Metadata.UID})
	}
}

const maxClusterSigns = 20_000

// takeWarnings judges the input as a whole.
func (f *Facts) takeWarnings(r *bundle.Reader, signs []clusterSign) {
	if a, b := twoBundles(r.Names()); b != "" {
		f.warn(text(fmt.Sprintf("输入中有不止一个 imbundle 文件（%s、%s）：它们的证据被合在一起，请分开分析", a, b),
			fmt.Sprintf("the input holds more than one bundle (%s, %s): their evidence is mixed, analyze each by itself", a, b)))
	}
	if a, b := f.twoClusters(signs); b != "" {
		f.warn(text(fmt.Sprintf("%s 与 %s 来自不同的集群：证据被合在一起，结论可能张冠李戴，请分开分析", a, b),
			fmt.Sprintf("%s and %s are of different clusters: their evidence is mixed and may be put together wrongly, analyze each by itself", a, b)))
	} else if a, b := f.twoSets(); b != "" {
		f.warn(text(fmt.Sprintf("%s 与 %s 各有一套组件的日志：若来自两套部署，请分开分析", a, b),
			fmt.Sprintf("%s and %s each hold logs of the same components: if they are of two installations, analyze each by itself", a, b)))
	}
	var names []string
	longest := time.Duration(0)
	for _, t := range f.Texts {
		if t.Log && t.Back >= clockBack {
			longest = max(longest, t.Back)
			if !slices.Contains(names, t.Entry) {
				names = append(names, t.Entry)
			}
		}
	}
	if len(names) > 0 {
		shown, more := strings.Join(names[:min(len(names), 3)], ", "), ""
		if len(names) > 3 {
			more = fmt.Sprintf(" +%d", len(names)-3)
		}
		f.warn(text(fmt.Sprintf("%s%s 中的时间会倒退（最多 %s）：可能是多个日志拼在一个文件里，或时钟被调回，先后顺序需谨慎看待", shown, more, longest),
			fmt.Sprintf("times in %s%s go back, by up to %s: several logs in one file, or a clock that was set back; what came first is uncertain there", shown, more, longest)))
	}
}

// clockBack is how far times of one log go back before it is worth a word.
const clockBack = 5 * time.Minute

func (f *Facts) warn(w specs.Text) { f.Warnings = append(f.Warnings, w) }

// twoBundles names the folders of two bundles in one input.
func twoBundles(names []string) (a, b string) {
	for _, name := range names {
		if name != bundle.PlanFile && !strings.HasSuffix(name, "/"+bundle.PlanFile) {
			continue
		}
		switch top := path.Dir(path.Dir(name)); {
		case a == "":
			a = top
		case top != a && b == "":
			b = top
		}
	}
	if b != "" && b < a {
		a, b = b, a
	}
	return a, b
}

// twoClusters names two entries that cannot be of one cluster: what there is once has two UIDs, or two lists of nodes have no node
// in common.
func (f *Facts) twoClusters(signs []clusterSign) (a, b string) {
	slices.SortFunc(signs, func(x, y clusterSign) int { return strings.Compare(x.entry+"\t"+x.name, y.entry+"\t"+y.name) })
	first := map[[2]string]clusterSign{}
	for _, s := range signs {
		key := [2]string{s.kind, s.name}
		if o, known := first[key]; known && o.uid != s.uid && o.entry != s.entry {
			return o.entry, s.entry
		} else if !known {
			first[key] = s
		}
	}
	lists := map[string]map[string]bool{}
	var entries []string
	for _, n := range f.nodeLists {
		if lists[n.entry] == nil {
			lists[n.entry] = map[string]bool{}
			entries = append(entries, n.entry)
		}
		lists[n.entry][n.name] = true
	}
	slices.Sort(entries)
	for i, x := range entries {
		for _, y := range entries[:i] {
			if disjoint(lists[x], lists[y]) {
				return y, x
			}
		}
	}
	return "", ""
}

// leastShared are so many components that two folders have in common where each is of an installation of its own.
const leastShared = 4

// twoSets names two folders at the top that hold logs of the same components and of no pod in common.
func (f *Facts) twoSets() (a, b string) {
	roles, pods := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, t := range f.Texts {
		top, _, within := strings.Cut(t.Entry, "/")
		if !t.Log || t.Role == "" || !within {
			continue
		}
		if roles[top] == nil {
			roles[top], pods[top] = map[string]bool{}, map[string]bool{}
		}
		roles[top][t.Role] = true
		if t.Pod.Pod != "" {
			pods[top][t.Pod.Pod] = true
		}
	}
	tops := slices.Sorted(maps.Keys(roles))
	for i, x := range tops {
		for _, y := range tops[:i] {
			if shared(roles[x], roles[y]) >= leastShared && disjoint(pods[x], pods[y]) {
				return y, x
			}
		}
	}
	return "", ""
}

func shared(a, b map[string]bool) (n int) {
	for name := range a {
		if b[name] {
			n++
		}
	}
	return n
}

func disjoint(a, b map[string]bool) bool {
	for name := range a {
		if b[name] {
			return false
		}
	}
	return true
}

// foreign tells whether nothing in the input is of OpenIM or of what it is built on.
func (f *Facts) foreign() bool {
	own := func(role string) bool { return role != "" && role != "ingress" && role != "dns" } // those serve anybody
	for _, t := range f.Texts {
		if own(t.Role) || t.Version != "" {
			return false
		}
	}
	return !slices.ContainsFunc(f.Events, func(e Event) bool { return own(f.RoleOf(bareName(e.Object))) }) &&
		!slices.ContainsFunc(f.Pods, func(p Pod) bool { return own(p.Role) }) &&
		!slices.ContainsFunc(f.Workloads, func(w Workload) bool { return own(w.Role) }) &&
		len(f.Groups)+len(f.Filesystems)+len(f.Memory)+len(f.Sizes)+len(f.Slow)+len(f.Counters)+len(f.Answers)+len(f.Nodes)+len(f.Usage)+len(f.Infos)+len(f.Mongos) == 0 && f.Kafka == nil
}
