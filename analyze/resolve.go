package analyze

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// resolve turns what the passes gathered into facts: clocks aligned, ages made times, snapshots of one object merged, all sorted.
func resolve(p *pass, m *matcher, taken time.Time) *Facts {
	f := &Facts{
		Specs: m.specs, Collected: taken, Complete: true, Nodes: p.Nodes, Workloads: p.Workloads, Usage: p.Usage, Groups: p.Groups,
		Filesystems: p.Filesystems, Memory: p.Memory, Sizes: p.Sizes, Gauges: p.Gauges, Spaces: p.Spaces,
		Evictions: p.Evictions, PodSpaces: p.PodSpaces, Slow: p.Slow, Counters: p.Counters, Malformed: p.Malformed, Unread: p.Unread, nodeLists: p.nodeLists, images: p.images, Gaps: p.gaps, Incident: p.Incident,
		ConfigMaps: p.ConfigMaps, Certificates: p.Certificates, Metrics: p.Metrics, Ranges: p.Ranges, Edges: p.Edges, Services: p.Services, Lists: p.Lists,
		Classes: p.Classes, AlbConfigs: p.AlbConfigs,
		Infos: p.Infos, Redises: p.Redises, Mongos: p.Mongos, EtcdStatuses: p.EtcdStatuses, EtcdRegistries: p.EtcdRegistries, Conversations: p.Conversations,
	}
	f.takeKafka(&p.kafka)
	for _, t := range p.texts {
		t.settle(m)
		f.Texts = append(f.Texts, t.Text)
		f.span(t.Text)
	}
	if f.Collected.IsZero() {
		f.Collected = newestTime(f, p)
	}
	f.Pods = mergePods(p.Pods, f.Collected, m.specs)
	f.Configs = configurations(p.Effective, p.Files, ownPods(f.Pods, m.specs))
	f.Events = mergeEvents(p.Events, f.Collected)
	f.Flow = p.seen.flow()
	f.Answers = p.seen.answered()
	f.Waiting = waitingOf(p.texts, m)
	f.Sequences = sequencesOf(p.texts)
	f.Templates = templatesOf(p.texts)
	f.Unnamed = unnamedOf(p.texts, m.specs)
	f.Changes = append(p.Changes, revisions(p.Workloads)...)
	f.Versions, f.Line = versionsOf(f)
	f.sort(m.specs)
	return f
}

// settle gives an entry its role and its version.
func (t *textHits) settle(m *matcher) {
	votes := map[string]int64{}
	for module, n := range t.modules {
		if id := m.roleID(m.role(module)); id != "" {
			votes[id] += n
		}
	}
	t.Role = top(votes)
	for id := range votes {
		t.Roles = append(t.Roles, id)
	}
	if t.Role == "" {
		t.Role = m.roleID(t.roleID)
	}
	if len(t.Roles) == 0 && t.Role != "" {
		t.Roles = []string{t.Role}
	}
	sortStrings(t.Roles)
	t.Version = top(t.versions)
	t.Log = t.Log || len(t.modules) > 0
	t.modules, t.versions = nil, nil
}

// top is the key with the highest count; the first by name among equals.
func top(votes map[string]int64) string {
	best := ""
	for k, n := range votes {
		if k != "" && (best == "" || n > votes[best] || n == votes[best] && k < best) {
			best = k
		}
	}
	return best
}

func (f *Facts) span(t Text) {
	if !t.Log || t.First.IsZero() {
		return
	}
	if f.From.IsZero() || t.First.Before(f.From) {
		f.From = t.First
	}
	if t.Last.After(f.To) {
		f.To = t.Last
	}
}

// newestTime stands in for the time of collection where no manifest tells it.
func newestTime(f *Facts, p *pass) time.Time {
	newest := f.To
	later := func(t time.Time) {
		if t.After(newest) {
			newest = t
		}
	}
	for _, g := range f.Groups {
		later(g.Time)
	}
	for _, e := range p.Events {
		later(e.Last)
	}
	for _, pod := range p.Pods {
		for _, c := range pod.Containers {
			later(c.State.Started)
			later(c.State.Finished)
			later(c.Last.Finished)
		}
	}
	for _, n := range p.Nodes {
		for _, c := range n.Conditions {
			later(c.Since)
		}
	}
	return newest
}

// mergePods joins the snapshots of each pod: the one that says most wins, the others fill what it lacks.
func mergePods(all []Pod, now time.Time, s *specs.Set) []Pod {
	slices.SortStableFunc(all, func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.rank, a.rank), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Namespace, b.Namespace))
	})
	var out []Pod
	for _, p := range all {
		if p.hasAge && !now.IsZero() && p.Created.IsZero() {
			p.Created = now.Add(-p.age)
		}
		if p.lastAge > 0 && !now.IsZero() && len(p.Containers) > 0 {
			p.Containers[0].LastRestart = now.Add(-p.lastAge)
		}
		if n := len(out) - 1; n >= 0 && out[n].Name == p.Name && (out[n].Namespace == p.Namespace || p.Namespace == "" || out[n].Namespace == "") {
			out[n].fill(p)
			continue
		}
		p.Role = roleOfPod(p, s)
		out = append(out, p)
	}
	return out
}

// fill takes over what a richer snapshot does not say.
func (p *Pod) fill(o Pod) {
	if p.Created.IsZero() {
		p.Created = o.Created
	}
	for _, s := range []struct {
		to   *string
		from string
	}{{&p.Namespace, o.Namespace}, {&p.Node, o.Node}, {&p.IP, o.IP}, {&p.Owner, o.Owner}, {&p.Reason, o.Reason}, {&p.Message, o.Message}} {
		if *s.to == "" {
			*s.to = s.from
		}
	}
	if len(p.Containers) == 0 {
		p.Containers = o.Containers
	}
	if len(p.Conditions) == 0 {
		p.Conditions = o.Conditions
	}
	if len(p.References) == 0 {
		p.References, p.Folders = o.References, o.Folders
	}
}

// roleOfPod looks at the image of its containers first, then at names.
func roleOfPod(p Pod, s *specs.Set) string {
	names := []string{}
	for _, c := range p.Containers {
		names = append(names, c.Image, c.Name)
	}
	for _, name := range append(names, p.Name) {
		if id := roleNamed(s, name); id != "" {
			return id
		}
	}
	return ""
}

// mergeEvents joins the reports of one event in several snapshots and gives ages their time. Where the bundle holds the events
// themselves, its describe texts only tell them again, in other words and with ages of another moment.
func mergeEvents(all []Event, now time.Time) []Event {
	if slices.ContainsFunc(all, func(e Event) bool { return bundle.Sort(e.Entry) == bundle.SortEvents }) {
		all = slices.DeleteFunc(all, func(e Event) bool { return bundle.Sort(e.Entry) == bundle.SortDescribe })
	}
	for i := range all {
		if e := &all[i]; e.hasAge && !now.IsZero() {
			e.Last, e.First = now.Add(-e.lastAge), now.Add(-e.firstAge)
		}
	}
	slices.SortStableFunc(all, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message),
			cmp.Compare(b.Count, a.Count), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line))
	})
	all = slices.CompactFunc(all, func(a, b Event) bool {
		return a.Object == b.Object && a.Reason == b.Reason && a.Message == b.Message && a.Entry != b.Entry
	})
	slices.SortStableFunc(all, func(a, b Event) int { return a.Last.Compare(b.Last) })
	return all
}

// revisions reads rollouts from the creation of ReplicaSets that are not their Deployment's first.
func revisions(loads []Workload) []Change {
	var out []Change
	for _, w := range loads {
		if w.Kind == "ReplicaSet" && w.Revision > 1 {
			name := strings.TrimPrefix(w.Owner, "Deployment/")
			out = append(out, Change{
				Time: w.Created, Entry: w.Entry, Object: objectName("Deployment", w.Namespace, name),
				What: text("新版本，镜像 "+w.Image, "new revision, image "+w.Image),
			})
		}
	}
	return out
}

func (f *Facts) sort(s *specs.Set) {
	for i := range f.Workloads {
		w := &f.Workloads[i]
		for _, name := range []string{w.Image, w.Name} {
			w.Role = cmp.Or(w.Role, roleNamed(s, name))
		}
	}
	sort.SliceStable(f.Workloads, func(i, j int) bool {
		a, b := f.Workloads[i], f.Workloads[j]
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Entry, b.Entry)) < 0
	})
	sort.SliceStable(f.Nodes, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Nodes[i].Name, f.Nodes[j].Name), cmp.Compare(f.Nodes[i].Entry, f.Nodes[j].Entry)) < 0
	})
	f.Nodes = slices.CompactFunc(f.Nodes, func(a, b Node) bool { return a.Name == b.Name })
	sort.SliceStable(f.Usage, func(i, j int) bool {
		a, b := f.Usage[i], f.Usage[j]
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Container, b.Container)) < 0
	})
	sort.SliceStable(f.Groups, func(i, j int) bool {
		a, b := f.Groups[i], f.Groups[j]
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Sample, b.Sample), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition)) < 0
	})
	sort.SliceStable(f.Filesystems, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Filesystems[i].Entry, f.Filesystems[j].Entry), cmp.Compare(f.Filesystems[i].Line, f.Filesystems[j].Line)) < 0
	})
	sort.SliceStable(f.Memory, func(i, j int) bool { return f.Memory[i].Entry < f.Memory[j].Entry })
	sort.SliceStable(f.Sizes, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Sizes[i].Entry, f.Sizes[j].Entry), cmp.Compare(f.Sizes[i].Line, f.Sizes[j].Line)) < 0
	})
	f.sortHosts()
	sort.SliceStable(f.Slow, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Slow[i].Entry, f.Slow[j].Entry), cmp.Compare(f.Slow[i].Line, f.Slow[j].Line)) < 0
	})
	sort.SliceStable(f.Counters, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Counters[i].Entry, f.Counters[j].Entry), cmp.Compare(f.Counters[i].Line, f.Counters[j].Line)) < 0
	})
	sortMetrics(f.Metrics, f.Ranges)
	sort.SliceStable(f.Edges, func(i, j int) bool {
		a, b := f.Edges[i], f.Edges[j]
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Entry, b.Entry)) < 0
	})
	sort.SliceStable(f.Services, func(i, j int) bool {
		a, b := f.Services[i], f.Services[j]
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Entry, b.Entry)) < 0
	})
	slices.Sort(f.Lists)
	sort.SliceStable(f.Gaps, func(i, j int) bool { return f.Gaps[i].What < f.Gaps[j].What })
	sort.SliceStable(f.Classes, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Classes[i].Name, f.Classes[j].Name), cmp.Compare(f.Classes[i].Entry, f.Classes[j].Entry)) < 0
	})
	sort.SliceStable(f.AlbConfigs, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.AlbConfigs[i].Name, f.AlbConfigs[j].Name), cmp.Compare(f.AlbConfigs[i].Entry, f.AlbConfigs[j].Entry)) < 0
	})
	sort.SliceStable(f.Infos, func(i, j int) bool {
		return cmp.Or(cmp.Compare(f.Infos[i].Entry, f.Infos[j].Entry), cmp.Compare(f.Infos[i].Line, f.Infos[j].Line)) < 0
	})
	sort.SliceStable(f.Redises, func(i, j int) bool { return f.Redises[i].Entry < f.Redises[j].Entry })
	sort.SliceStable(f.Mongos, func(i, j int) bool { return f.Mongos[i].Entry < f.Mongos[j].Entry })
	sort.SliceStable(f.EtcdStatuses, func(i, j int) bool { return f.EtcdStatuses[i].Entry < f.EtcdStatuses[j].Entry })
	sort.SliceStable(f.EtcdRegistries, func(i, j int) bool { return f.EtcdRegistries[i].Entry < f.EtcdRegistries[j].Entry })
	sort.SliceStable(f.Conversations, func(i, j int) bool {
		a, b := f.Conversations[i], f.Conversations[j]
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line)) < 0
	})
	sort.SliceStable(f.Certificates, func(i, j int) bool {
		a, b := f.Certificates[i], f.Certificates[j]
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Name, b.Name), a.To.Compare(b.To), cmp.Compare(a.Entry, b.Entry)) < 0
	})
	slices.SortFunc(f.ConfigMaps, func(a, b ConfigMap) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Entry, b.Entry))
	})
	sort.SliceStable(f.Malformed, func(i, j int) bool { return f.Malformed[i].Entry < f.Malformed[j].Entry })
	sort.SliceStable(f.Changes, func(i, j int) bool {
		a, b := f.Changes[i], f.Changes[j]
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Object, b.Object), cmp.Compare(a.What.EN, b.What.EN), cmp.Compare(a.Entry, b.Entry)) < 0
	})
}
