package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// nodeLists answers lists of nodes, as a list or as a table.
func nodeLists(nodes ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "as=Table") {
			fmt.Fprint(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`)
			return
		}
		fmt.Fprintf(w, `{"kind":"NodeList","metadata":{},"items":[%s]}`, strings.Join(nodes, ","))
	}
}

// TestKubelets reads what kubelets measure: of the nodes that carry pods, where that is granted; a virtual one is told of.
func TestKubelets(t *testing.T) {
	f := newFaulty(t)
	installation(f)
	f.handle("/api/v1/nodes", nodeLists(
		`{"metadata":{"name":"one-node"}}`, `{"metadata":{"name":"idle-node"}}`,
		`{"metadata":{"name":"eci","labels":{"type":"virtual-kubelet"}}}`,
		`{"metadata":{"name":"broken"}}`))
	f.handle("/api/v1/namespaces/openim/pods", answer(podList(pod("a", "one-node"), pod("b", "eci"), pod("c", "broken"))))
	f.handle("/api/v1/nodes/one-node/proxy/stats/summary", answer(`{"node":{"nodeName":"one-node","fs":{"availableBytes":1}},"token":"x"}`))
	f.handle("/api/v1/nodes/one-node/proxy/configz", refuse(http.StatusNotFound, "no configz"))
	f.handle("/api/v1/nodes/broken/proxy/", refuse(http.StatusBadGateway, "dial tcp 10.0.0.9:10250: connection refused"))
	c := connect(t, f)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, r := run(t, collect.Options{}, &kubelets{c, s})
	if got := read(t, r, bundle.NodeSummary("one-node")); !strings.Contains(got, `"availableBytes":1`) {
		t.Errorf("summary: %s", got)
	}
	var gaps []string
	for _, g := range res.Gaps {
		gaps = append(gaps, g.Reason+" "+g.Entry)
		if g.Costs == "" {
			t.Errorf("%+v says not what is lost", g)
		}
	}
	slices.Sort(gaps)
	want := []string{"error nodes/broken/configz.json", "error nodes/broken/summary.json", "not-found ", "not-found nodes/one-node/configz.json"}
	if !slices.Equal(gaps, want) {
		t.Errorf("gaps %q, want %q", gaps, want)
	}
	for path, n := range map[string]int{"/nodes/eci/proxy": 0, "/nodes/idle-node/proxy": 0, "/nodes/broken/proxy": 1} {
		if got := f.asked(path); got != n {
			t.Errorf("%s was asked %d times, want %d", path, got, n)
		}
	}
}

// TestKubeletsAreNotAskedWithoutTheRight: who has no right to nodes/proxy is told only with the flag.
func TestKubeletsAreNotAskedWithoutTheRight(t *testing.T) {
	for _, stats := range []bool{false, true} {
		f := newFaulty(t)
		installation(f)
		rightsBut(f, func(a authv1.ResourceAttributes) bool { return a.Subresource == "proxy" })
		o := testOptions(t, f.URL)
		o.NodeStats = stats
		c := hurried(t, o)
		s, err := c.Survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := run(t, collect.Options{}, &kubelets{c, s}); !res.Complete || f.asked("/proxy") != 0 {
			t.Errorf("flag %v: complete %v, asked %d times", stats, res.Complete, f.asked("/proxy"))
		}
		told := slices.ContainsFunc(s.Gaps(), func(g bundle.Gap) bool { return strings.Contains(g.Detail, nodeProxy) })
		if told != stats {
			t.Errorf("flag %v: the lack of nodes/proxy is told: %v", stats, told)
		}
	}
}

func TestVirtual(t *testing.T) {
	node := func(f func(*corev1.Node)) *corev1.Node {
		n := &corev1.Node{}
		n.Status.NodeInfo.KubeletVersion = "v1.30.1-aliyun.1"
		f(n)
		return n
	}
	for name, n := range map[string]*corev1.Node{
		"eci": node(func(n *corev1.Node) {
			n.Spec.Taints = []corev1.Taint{{Key: "virtual-kubelet.io/provider", Value: "alibabacloud"}}
		}),
		"label": node(func(n *corev1.Node) { n.Labels = map[string]string{"type": "virtual-kubelet"} }),
		"vk":    node(func(n *corev1.Node) { n.Status.NodeInfo.KubeletVersion = "v1.19.6-vk-1.2" }),
		"kwok":  node(func(n *corev1.Node) { n.Annotations = map[string]string{"kwok.x-k8s.io/node": "fake"} }),
	} {
		if virtual(n) == "" {
			t.Errorf("%s is taken for a machine", name)
		}
	}
	if why := virtual(node(func(n *corev1.Node) { n.Labels = map[string]string{"type": "gpu"} })); why != "" {
		t.Errorf("a machine is taken for %s", why)
	}
}

// podServer plays the part of the API server that pods on nodes need.
func podServer(t *testing.T, state string) *faulty {
	t.Helper()
	f := newFaulty(t)
	installation(f)
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			fmt.Fprint(w, podList(pod("a", "one-node")))
			return
		}
		var p corev1.Pod
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			t.Error(err)
		}
		judgePod(t, &p)
		fmt.Fprint(w, `{}`)
	})
	f.handle("/api/v1/namespaces/openim/pods/imbundle-node-", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/log"):
			fmt.Fprint(w, "the script's words")
		case r.Method == http.MethodDelete:
			fmt.Fprint(w, `{"kind":"Status"}`)
		default:
			fmt.Fprint(w, state)
		}
	})
	return f
}

// judgePod holds a pod to what is promised of it.
func judgePod(t *testing.T, p *corev1.Pod) {
	t.Helper()
	c := p.Spec.Containers[0]
	for what, is := range map[string]bool{
		"bound to its node":        p.Spec.NodeName == "one-node" && len(p.OwnerReferences) == 1 && p.OwnerReferences[0].UID == "u1",
		"ends by itself":           p.Spec.ActiveDeadlineSeconds != nil && p.Spec.RestartPolicy == corev1.RestartPolicyNever,
		"has no token":             p.Spec.AutomountServiceAccountToken != nil && !*p.Spec.AutomountServiceAccountToken,
		"pulls nothing":            c.ImagePullPolicy == corev1.PullNever && c.Image == "docker.io/library/busybox:1.36",
		"writes nothing":           c.VolumeMounts[0].ReadOnly && c.VolumeMounts[0].MountPath == HostRoot,
		"is not privileged":        !*c.SecurityContext.Privileged && !*c.SecurityContext.AllowPrivilegeEscalation,
		"is limited":               len(c.Resources.Limits) == 2 && c.Resources.Requests.Cpu().IsZero(),
		"takes every taint":        len(p.Spec.Tolerations) == 1 && p.Spec.Tolerations[0].Operator == corev1.TolerationOpExists,
		"can be found by Cleanup":  p.Labels[labelManager] == ownPodManager && p.Labels[labelPart] == ownPodPart,
		"sees the host's programs": p.Spec.HostPID && !p.Spec.HostNetwork,
	} {
		if !is {
			t.Errorf("a pod that is not: %s", what)
		}
	}
}

func podCluster(t *testing.T, f *faulty) (*Cluster, *Survey) {
	t.Helper()
	o := testOptions(t, f.URL)
	o.NodePods = true
	c := hurried(t, o)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	close(s.listed)
	return c, s
}

const (
	podRuns  = `{"status":{"phase":"Running","containerStatuses":[{"state":{"running":{}}}]}}`
	podWaits = `{"status":{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ContainerCreating"}}}]}}`
)

func TestNodeShell(t *testing.T) {
	for _, tt := range []struct{ name, state, says, reason string }{
		{"runs", podRuns, "", ""},
		{"is over", `{"status":{"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}}]}}`, "", ""},
		{"no image", `{"spec":{"containers":[{"image":"x:1"}]},"status":{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ErrImageNeverPull"}}}]}}`, "--node-image", bundle.NotFound},
		{"no shell", `{"status":{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"reason":"StartError","message":"exec: sh: not found"}}}]}}`, "sh: not found", bundle.NotFound},
		{"disk pressure", `{"status":{"phase":"Failed","reason":"Evicted","message":"The node had condition: [DiskPressure]."}}`, "DiskPressure", bundle.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := podServer(t, tt.state)
			c, s := podCluster(t, f)
			var out bytes.Buffer
			err := c.NodeShell(s)(t.Context(), "one-node", "true", &out)
			if tt.says == "" && (err != nil || out.String() != "the script's words") {
				t.Errorf("%v, %q", err, out.String())
			}
			if tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || collect.ReasonOf(err) != tt.reason) {
				t.Errorf("%v (%s)", err, collect.ReasonOf(err))
			}
			if n := f.made["DELETE /api/v1/namespaces/openim/pods/"+podName("one-node")]; n != 1 {
				t.Errorf("the pod was deleted %d times", n)
			}
		})
	}
}

// TestNodeShellWhereForbidden: the answer of an admission is told as it is, and nothing is taken away that was not made.
func TestNodeShellWhereForbidden(t *testing.T) {
	f := podServer(t, podRuns)
	c, s := podCluster(t, f)
	f.handle("/api/v1/namespaces/openim/pods", refuse(http.StatusForbidden, `violates PodSecurity "restricted:latest": host namespaces (hostPID=true)`))
	err := c.NodeShell(s)(t.Context(), "one-node", "true", &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "PodSecurity") || collect.ReasonOf(err) != bundle.Forbidden || f.asked("imbundle-node-") != 0 {
		t.Errorf("%v, pod asked about %d times", err, f.asked("imbundle-node-"))
	}
	if err := c.NodeShell(s)(t.Context(), "idle-node", "true", &bytes.Buffer{}); err == nil {
		t.Error("a pod on a node that is not asked")
	}
	f.handle("/api/v1/namespaces/openim/pods", refuse(http.StatusInternalServerError, "etcdserver: request timed out"))
	if err := c.NodeShell(s)(t.Context(), "one-node", "true", &bytes.Buffer{}); err == nil || f.made["DELETE /api/v1/namespaces/openim/pods/"+podName("one-node")] != 1 {
		t.Errorf("a pod that may have been made is not taken away: %v", err)
	}
}

// TestNodeShellIsInterrupted takes the pod away after the context has ended.
func TestNodeShellIsInterrupted(t *testing.T) {
	f := podServer(t, podWaits)
	c, s := podCluster(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := c.NodeShell(s)(ctx, "one-node", "true", &bytes.Buffer{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
	if n := f.made["DELETE /api/v1/namespaces/openim/pods/"+podName("one-node")]; n != 1 {
		t.Errorf("the pod was deleted %d times", n)
	}
}

// TestPlanOfPods holds the plan against the requests of a pod on a node, and its rights.
func TestPlanOfPods(t *testing.T) {
	f := podServer(t, podRuns)
	c, s := podCluster(t, f)
	if err := c.NodeShell(s)(t.Context(), "one-node", "true", &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	p, err := c.Plan(t.Context(), s, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	planned := 0
	for _, r := range p.Requests {
		if r.By != podsName {
			continue
		}
		planned++
		if n := f.made[r.Method+" "+r.Path]; n == 0 || n > r.Times {
			t.Errorf("%s %s: made %d times, planned %d", r.Method, r.Path, n, r.Times)
		}
		if !slices.ContainsFunc(p.rights, func(have Answer) bool {
			return have.Verb == r.Verb && have.Resource == r.Resource && have.Namespace == r.Namespace
		}) {
			t.Errorf("nothing printed grants %s %s", r.Verb, r.Resource)
		}
	}
	if planned != 4 {
		t.Errorf("%d kinds of requests are planned", planned)
	}
}
