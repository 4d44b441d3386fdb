package kube

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// stream is one log that a container has, or should have.
type stream struct {
	ns, pod, container string
	uid                string // of the pod
	kind               string // container, init, sidecar, ephemeral
	previous           bool
	node, image, id    string
	role               string
	own                bool // of OpenIM itself
	restarts           int32
	ended              *corev1.ContainerStateTerminated // of the instance whose log this is
	none               string                           // why there can be no log; empty when there should be one
	lines              *atomic.Int64                    // that were read
}

func (s *stream) entry() string { return bundle.PodLog(s.ns, s.pod, s.container, s.previous) }

// path is where the log is read.
func (s *stream) path() string {
	return kindFor("pods").path(s.ns) + "/" + url.PathEscape(s.pod) + "/log"
}

// rank orders logs by what they are worth: OpenIM's own, then its backends', then the others; what runs before what ran.
func (s *stream) rank() int {
	rank := 4
	switch {
	case s.own:
		rank = 0
	case s.role != "":
		rank = 2
	}
	if s.previous {
		rank++
	}
	return rank
}

// weight is a log's share of the budget against that of others.
func (s *stream) weight() float64 { return []float64{8, 4, 4, 2, 2, 1}[s.rank()] }

func (s *stream) attrs() map[string]string {
	a := map[string]string{
		"container": s.kind, "restarts": strconv.Itoa(int(s.restarts)), "node": s.node, "image": s.image, "containerID": s.id, "role": s.role,
	}
	if s.ended != nil {
		a["exitCode"], a["reason"] = strconv.Itoa(int(s.ended.ExitCode)), s.ended.Reason
	}
	for key, v := range a {
		if v == "" {
			delete(a, key)
		}
	}
	return a
}

// streamsOf lists the logs of a pod.
func streamsOf(set *specs.Set, p *corev1.Pod) []*stream {
	role := signOf(set, p.Name, p.Labels, &p.Spec).role
	var all []*stream
	add := func(kind string, c *corev1.Container, statuses []corev1.ContainerStatus) {
		base := stream{ns: p.Namespace, pod: p.Name, container: c.Name, uid: string(p.UID), kind: kind, node: p.Spec.NodeName, image: c.Image}
		if role != nil {
			base.role, base.own = role.ID, !role.Backend
		}
		i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == c.Name })
		if i < 0 {
			base.none = "the container has not been started" + because(p)
			all = append(all, &base)
			return
		}
		all = append(all, instances(base, &statuses[i])...)
	}
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		kind := "init"
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = "sidecar"
		}
		add(kind, c, p.Status.InitContainerStatuses)
	}
	for i := range p.Spec.Containers {
		add("container", &p.Spec.Containers[i], p.Status.ContainerStatuses)
	}
	for i := range p.Spec.EphemeralContainers {
		c := corev1.Container(p.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		add("ephemeral", &c, p.Status.EphemeralContainerStatuses)
	}
	return all
}

// instances are the running or last log of a container, and the one before it where there was a restart.
func instances(base stream, st *corev1.ContainerStatus) []*stream {
	base.restarts = st.RestartCount
	before := st.LastTerminationState.Terminated
	current := base
	current.id, current.ended = st.ContainerID, st.State.Terminated
	if w := st.State.Waiting; w != nil {
		current.ended = before // the kubelet serves the log of the last instance until the next one runs
		if before != nil {
			current.id = before.ContainerID
		} else if st.RestartCount == 0 {
			current.none = "the container is waiting to start: " + w.Reason
		}
	}
	current.lines = new(atomic.Int64)
	all := []*stream{&current}
	if st.RestartCount > 0 || before != nil {
		previous := base
		previous.lines = new(atomic.Int64)
		previous.previous, previous.ended = true, before
		if before != nil {
			previous.id = before.ContainerID
		}
		all = append(all, &previous)
	}
	return all
}

// because says why a pod has no containers yet, as far as it says so itself.
func because(p *corev1.Pod) string {
	if p.Status.Reason != "" {
		return ": the pod is " + string(p.Status.Phase) + " (" + p.Status.Reason + ")"
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return ": the pod is not scheduled (" + c.Reason + ")"
		}
	}
	return ": the pod is " + string(p.Status.Phase)
}

// byRank sorts logs by worth, then by name.
func byRank(all []*stream) {
	slices.SortStableFunc(all, func(a, b *stream) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.ns, b.ns), cmp.Compare(a.pod, b.pod), cmp.Compare(a.container, b.container))
	})
}
