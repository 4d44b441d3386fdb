package analyze

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle/record"
)

// addObject turns one Kubernetes object into facts. Kinds that nothing asks for are passed over.
func (s *snapshots) addObject(entry string, o *object) {
	if ours(o) {
		return
	}
	s.told++
	s.noteCluster(entry, o)
	switch o.Kind {
	case "Pod":
		s.Pods = append(s.Pods, podOf(entry, o))
	case "Node":
		s.Nodes = append(s.Nodes, nodeOf(entry, o))
	case "Event":
		s.Events = append(s.Events, eventOf(entry, o))
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		w, who := workloadOf(entry, o)
		s.Workloads = append(s.Workloads, w)
		s.addChange(entry, o, w.Modified, who)
	case "ConfigMap":
		s.addConfigMap(entry, o)
		at, who := o.Metadata.modified()
		s.addChange(entry, o, at, who)
	case "Certificate":
		if strings.HasPrefix(o.APIVersion, "cert-manager.io/") {
			s.addIssued(entry, o)
		}
	case "Service", "Ingress":
		s.addEdge(entry, o)
		at, who := o.Metadata.modified()
		s.addChange(entry, o, at, who)
	case "IngressClass":
		s.Classes = append(s.Classes, classOf(entry, o))
	case record.AlbConfigKind:
		if a, ok := albConfigOf(entry, o); ok {
			s.AlbConfigs = append(s.AlbConfigs, a)
			at, who := o.Metadata.modified()
			s.addChange(entry, o, at, who)
		}
	case "Secret":
		at, who := o.Metadata.modified()
		s.addChange(entry, o, at, who)
	case "PodMetrics":
		for _, c := range o.Containers {
			s.Usage = append(s.Usage, Usage{
				Entry: entry, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Container: c.Name,
				CPU: millicores(c.Usage.CPU), Memory: quantity(c.Usage.Memory), CPUPercent: -1, MemoryPercent: -1,
			})
		}
	case "NodeMetrics":
		s.Usage = append(s.Usage, Usage{
			Entry: entry, Node: true, Name: o.Metadata.Name,
			CPU: millicores(o.Usage.CPU), Memory: quantity(o.Usage.Memory), CPUPercent: -1, MemoryPercent: -1,
		})
	case "Status":
		if string(o.Status) == `"Failure"` {
			said := fmt.Sprintf("Error from server (%s): %s", o.Reason, o.Message) // as kubectl says it
			s.gaps = append(s.gaps, Missing{What: entry, Reason: refusal(said), Detail: said, Costs: costs(nil, entry, "")})
		}
	}
}

// ours tells of an object that an earlier collection caused: a pod that asked a node, or an event about one.
func ours(o *object) bool {
	name := o.Metadata.Name
	if o.Kind == "Event" {
		name = cmp.Or(o.Involved.Name, o.Regarding.Name)
	}
	return strings.HasPrefix(name, record.NodePod)
}

// addChange notes that somebody altered an object after its creation.
func (s *snapshots) addChange(entry string, o *object, at time.Time, who string) {
	if at.IsZero() || at.Sub(o.Metadata.Created) < time.Second {
		return
	}
	s.Changes = append(s.Changes, Change{
		Time: at, Entry: entry, Object: objectName(o.Kind, o.Metadata.Namespace, o.Metadata.Name),
		What: text("被 "+who+" 修改", "changed by "+who),
	})
}

func objectName(kind, namespace, name string) string {
	return strings.ToLower(kind) + "/" + namespace + "/" + name
}

type podSpec struct {
	NodeName   string          `json:"nodeName"`
	Containers []containerSpec `json:"containers"`
	Init       []containerSpec `json:"initContainers"`
}

type containerSpec struct {
	Name      string `json:"name"`
	Image     string `json:"image"`
	Resources struct {
		Limits map[string]string `json:"limits"`
	} `json:"resources"`
	Env []struct {
		Name  string          `json:"name"`
		Value string          `json:"value"`
		From  json.RawMessage `json:"valueFrom"`
	} `json:"env"`
	Liveness  json.RawMessage `json:"livenessProbe"`
	Readiness json.RawMessage `json:"readinessProbe"`
	Startup   json.RawMessage `json:"startupProbe"`
}

type podStatus struct {
	Phase      string            `json:"phase"`
	Reason     string            `json:"reason"`
	Message    string            `json:"message"`
	PodIP      string            `json:"podIP"`
	StartTime  time.Time         `json:"startTime"`
	Conditions []objectCondition `json:"conditions"`
	Containers []containerStatus `json:"containerStatuses"`
	Init       []containerStatus `json:"initContainerStatuses"`
	Ephemeral  []containerStatus `json:"ephemeralContainerStatuses"`
}

type objectCondition struct {
	Type    string    `json:"type"`
	Status  string    `json:"status"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Since   time.Time `json:"lastTransitionTime"`
}

type containerStatus struct {
	Name     string         `json:"name"`
	Image    string         `json:"image"`
	ImageID  string         `json:"imageID"`
	Ready    bool           `json:"ready"`
	Restarts int            `json:"restartCount"`
	State    containerPhase `json:"state"`
	Last     containerPhase `json:"lastState"`
}

type containerPhase struct {
	Running *struct {
		Started time.Time `json:"startedAt"`
	} `json:"running"`
	Waiting *struct {
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"waiting"`
	Terminated *struct {
		Reason   string    `json:"reason"`
		Message  string    `json:"message"`
		ExitCode int       `json:"exitCode"`
		Started  time.Time `json:"startedAt"`
		Finished time.Time `json:"finishedAt"`
	} `json:"terminated"`
}

func (p containerPhase) state() ContainerState {
	switch {
	case p.Terminated != nil:
		t := p.Terminated
		return ContainerState{Kind: "Terminated", Reason: t.Reason, Message: t.Message, ExitCode: t.ExitCode, Started: t.Started.UTC(), Finished: t.Finished.UTC()}
	case p.Waiting != nil:
		return ContainerState{Kind: "Waiting", Reason: p.Waiting.Reason, Message: p.Waiting.Message}
	case p.Running != nil:
		return ContainerState{Kind: "Running", Started: p.Running.Started.UTC()}
	}
	return ContainerState{}
}

// podOf reads a Pod. Parts that do not decode stay empty; the list's own syntax was checked before.
func podOf(entry string, o *object) Pod {
	var spec podSpec
	var status podStatus
	decodePart(o.Spec, &spec)
	decodePart(o.Status, &status)
	p := Pod{
		Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Entry: entry, rank: rankJSON,
		Phase: status.Phase, Reason: status.Reason, Message: status.Message, Node: spec.NodeName, IP: status.PodIP,
		Owner: o.Metadata.owner(), Created: o.Metadata.Created.UTC(), Started: status.StartTime.UTC(), Deleted: o.Metadata.Deleted != nil,
	}
	p.Conditions, p.Ready = conditionsOf(status.Conditions, "Ready")
	p.Containers = append(containersOf("init", spec.Init, status.Init), containersOf("", spec.Containers, status.Containers)...)
	p.References, p.Folders = referencesOf(o.Spec), configFoldersOf(o.Spec)
	p.Containers = append(p.Containers, containersOf("ephemeral", nil, status.Ephemeral)...)
	p.Status = statusOf(p)
	return p
}

// decodePart decodes a part of an object as far as its types fit.
func decodePart(raw json.RawMessage, into any) {
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, into) // syntax was checked with the whole; a field of another type stays empty
	}
}

func conditionsOf(list []objectCondition, wanted string) (all []Condition, is bool) {
	for _, c := range list {
		all = append(all, Condition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message, Since: c.Since.UTC()})
		is = is || c.Type == wanted && c.Status == "True"
	}
	return all, is
}

func containersOf(kind string, specs []containerSpec, statuses []containerStatus) []Container {
	var out []Container
	at := map[string]int{}
	for _, c := range specs {
		at[c.Name] = len(out)
		out = append(out, containerOf(kind, c))
	}
	for _, st := range statuses {
		i, ok := at[st.Name]
		if !ok {
			i = len(out)
			out = append(out, Container{Name: st.Name, Kind: kind, Image: st.Image})
		}
		c := &out[i]
		c.ImageID, c.Ready, c.Restarts = st.ImageID, st.Ready, st.Restarts
		c.State, c.Last = st.State.state(), st.Last.state()
		c.LastRestart = c.Last.Finished
	}
	return out
}

func containerOf(kind string, c containerSpec) Container {
	out := Container{Name: c.Name, Kind: kind, Image: c.Image, Env: map[string]string{}}
	if v, ok := c.Resources.Limits["memory"]; ok {
		out.MemoryLimit = max(0, quantity(v))
	}
	if v, ok := c.Resources.Limits["cpu"]; ok {
		out.CPULimit = max(0, millicores(v))
	}
	for _, e := range c.Env {
		out.Env[e.Name] = e.Value
		if len(e.From) > 0 {
			out.Refs = append(out.Refs, e.Name)
		}
	}
	for name, probe := range map[string]json.RawMessage{"liveness": c.Liveness, "readiness": c.Readiness, "startup": c.Startup} {
		if len(probe) > 0 && string(probe) != "null" {
			out.Probes = append(out.Probes, name)
		}
	}
	sortStrings(out.Probes)
	return out
}

// statusOf derives kubectl's STATUS column.
func statusOf(p Pod) string {
	if p.Reason != "" {
		return p.Reason
	}
	status := p.Phase
	for _, c := range p.Containers {
		switch {
		case c.State.Kind == "Waiting" && c.State.Reason != "" && c.State.Reason != "PodInitializing":
			return c.State.Reason
		case c.State.Kind == "Terminated" && c.Kind == "" && c.State.Reason != "" && c.State.Reason != "Completed":
			status = c.State.Reason
		}
	}
	return status
}
