package kube

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Component is a workload, or a pod without one, whose role is known.
type Component struct {
	Role      string `json:"role"`
	Backend   bool   `json:"backend,omitempty"` // Kafka, Redis, …: not OpenIM's own
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"` // Deployment, StatefulSet, DaemonSet, Pod
	Name      string `json:"name"`
	Replicas  int    `json:"replicas"` // wanted
	Ready     int    `json:"ready"`
	Image     string `json:"image"`
	UID       string `json:"-"`    // in the plan, for those who continue the run
	By        string `json:"by"`   // what gave it away: image, label, name, port
	Sure      bool   `json:"sure"` // that sign belongs to OpenIM alone
	spec      *corev1.PodSpec
}

// Survey finds OpenIM and asks what may be read. Namespaces given in the options are taken as they are;
// otherwise those are chosen in which a component of OpenIM stands.
func (c *Cluster) Survey(ctx context.Context) (*Survey, error) {
	defer c.surveyed.stop()
	s := &Survey{Namespaces: slices.Sorted(slices.Values(c.o.Namespaces)), wants: wants{}, carriers: map[string]string{}, noSecrets: c.o.NoSecrets, logsRead: make(chan struct{}), listed: make(chan struct{})}
	s.Environment.seeVersion(c.Version())
	found, listed, err := c.find(ctx, s)
	if err != nil {
		return nil, err
	}
	s.Listed = listed
	if len(s.Namespaces) == 0 {
		s.Namespaces = namespacesOf(found)
	}
	if len(s.Namespaces) == 0 {
		return nil, c.noOpenIM(listed)
	}
	s.sort(found)
	s.inPods = slices.ContainsFunc(found, func(comp Component) bool { return comp.Kind == "Pod" && isOpenIM(comp.Role) })
	s.Missing = c.lacking(s.Components)
	s.Version = imageVersion(s.Components)
	s.custom = c.customKinds(ctx)
	if s.Access, err = c.review(ctx, s); err != nil {
		return nil, fmt.Errorf("asking what the user may read: %w", err)
	}
	if err := c.lookAtEdges(ctx, s); err != nil {
		return nil, fmt.Errorf("looking for the load balancers of ingresses: %w", err)
	}
	if err := c.lookAtPods(ctx, s); err != nil {
		return nil, err
	}
	if err := c.narrow(ctx, s); err != nil {
		return nil, fmt.Errorf("asking which secrets the user may read: %w", err)
	}
	if err := c.readConfig(ctx, s); err != nil {
		return nil, fmt.Errorf("reading OpenIM's configuration: %w", err)
	}
	s.findMetrics()
	if err := c.LookAtNetwork(ctx, s); err != nil {
		return nil, fmt.Errorf("looking for the ways to the backends: %w", err)
	}
	if err := c.lookForPrometheus(ctx, s); err != nil {
		return nil, fmt.Errorf("looking for Prometheus: %w", err)
	}
	return s, c.lookAtNodes(ctx, s)
}

// lookAtPods lists the logs that there are, the secrets that pods name, and the nodes that they run on.
func (c *Cluster) lookAtPods(ctx context.Context, s *Survey) error {
	err := c.eachPod(ctx, s, func(p *corev1.Pod, logs []*stream) {
		s.wants.see("Pod", p.Namespace, p.Name, &p.Spec)
		s.streams = append(s.streams, logs...)
		s.net.seePod(p)
		if p.Spec.NodeName != "" {
			s.carriers[p.Spec.NodeName] = p.Status.HostIP
		}
		s.Environment.seePod(p)
		if m := scrapedOf(c.o.Specs, p); m != nil {
			s.scrape(m)
		}
	})
	byRank(s.streams)
	return err
}

func (c *Cluster) noOpenIM(listed bool) error {
	where := "in namespace \"" + c.namespace + "\" (the user may not list others)"
	if listed {
		where = "in any namespace"
	}
	return &Error{
		NoOpenIM, "no OpenIM was found " + where + " of " + c.config.Host,
		"name its namespace with -n, or choose another cluster with --context", nil,
	}
}

// find searches the given namespaces, or all, or the context's.
func (c *Cluster) find(ctx context.Context, s *Survey) (found []Component, listed bool, err error) {
	if len(c.o.Namespaces) > 0 {
		found, err = c.findNamed(ctx, s)
		return found, false, err
	}
	found, err = c.findIn(ctx, "", s)
	if code(err) != http.StatusForbidden {
		return found, true, err
	}
	found, err = c.findIn(ctx, c.namespace, s)
	if code(err) == http.StatusForbidden {
		return nil, false, &Error{
			NotAllowed, fmt.Sprintf("the user may read neither all namespaces nor %q", c.namespace),
			"name a namespace with -n, or have an administrator grant what `imbundle collect -n NAMESPACE --plan=rbac` prints", err,
		}
	}
	return found, false, err
}

// findNamed searches the given namespaces. It fails when the user may read none of them.
func (c *Cluster) findNamed(ctx context.Context, s *Survey) (found []Component, err error) {
	var refused error
	refusals := 0
	for _, ns := range c.o.Namespaces {
		if err := c.mustExist(ctx, ns); err != nil {
			return nil, err
		}
		some, err := c.findIn(ctx, ns, s)
		if code(err) == http.StatusForbidden {
			refused = err
			refusals++
		} else if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	if refusals == len(c.o.Namespaces) {
		return nil, &Error{
			NotAllowed, fmt.Sprintf("the user may list neither workloads nor pods of namespace %q", strings.Join(c.o.Namespaces, ", ")),
			fmt.Sprintf("check the name; if it is right, have an administrator grant what `imbundle collect -n %s --plan=rbac` prints", strings.Join(c.o.Namespaces, ",")), refused,
		}
	}
	return found, nil
}

// mustExist fails when the server says that there is no such namespace; who may not ask is believed.
func (c *Cluster) mustExist(ctx context.Context, ns string) error {
	var got metav1.PartialObjectMetadata
	err := c.getJSON(ctx, "/api/v1/namespaces/"+url.PathEscape(ns), nil, &got)
	if code(err) == http.StatusNotFound {
		return &Error{NoNamespace, fmt.Sprintf("there is no namespace %q on %s", ns, c.config.Host), c.namespaceHint(ctx, ns), nil}
	}
	if code(err) == http.StatusForbidden {
		return nil
	}
	return err
}

// namespaceHint names the namespaces that there are, those with a similar name first.
func (c *Cluster) namespaceHint(ctx context.Context, wanted string) string {
	var names []string
	err := list(ctx, c, "/api/v1/namespaces", func(n *metav1.PartialObjectMetadata) { names = append(names, n.Name) })
	if err != nil || len(names) == 0 {
		return "check the name with the one who installed OpenIM"
	}
	like := func(name string) int {
		if strings.Contains(name, wanted) || strings.Contains(wanted, name) || strings.Contains(name, "im") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(like(a), like(b)) })
	return "there are: " + strings.Join(names[:min(len(names), 8)], ", ")
}

// findIn looks at the workloads of a namespace (empty: all), and at its pods when the workloads show nothing of OpenIM.
// It takes note of the secrets that they name.
func (c *Cluster) findIn(ctx context.Context, ns string, s *Survey) ([]Component, error) {
	var found []Component
	see := func(kind string, m *metav1.ObjectMeta, pod *corev1.PodTemplateSpec, replicas *int32, ready int32) {
		if kind != "Pod" { // of those every one is looked at later
			s.wants.see(kind, m.Namespace, m.Name, &pod.Spec)
			s.Environment.seeWorkload(m.Name)
		}
		if comp, ok := recognise(c.o.Specs, kind, m, pod); ok {
			comp.Replicas, comp.Ready, comp.spec = 1, int(ready), &pod.Spec
			if replicas != nil {
				comp.Replicas = int(*replicas)
			}
			found = append(found, comp)
		}
	}
	apps := "/apis/apps/v1" + inNamespace(ns)
	err := list(ctx, c, apps+"/deployments", func(d *appsv1.Deployment) {
		see("Deployment", &d.ObjectMeta, &d.Spec.Template, d.Spec.Replicas, d.Status.ReadyReplicas)
	})
	if err == nil {
		err = list(ctx, c, apps+"/statefulsets", func(set *appsv1.StatefulSet) {
			see("StatefulSet", &set.ObjectMeta, &set.Spec.Template, set.Spec.Replicas, set.Status.ReadyReplicas)
		})
	}
	if err == nil {
		err = list(ctx, c, apps+"/daemonsets", func(d *appsv1.DaemonSet) {
			see("DaemonSet", &d.ObjectMeta, &d.Spec.Template, &d.Status.DesiredNumberScheduled, d.Status.NumberReady)
		})
	}
	if err != nil && code(err) != http.StatusForbidden {
		return nil, err
	}
	if len(namespacesOf(found)) > 0 {
		return found, nil
	}
	err = list(ctx, c, "/api/v1"+inNamespace(ns)+"/pods", func(p *corev1.Pod) {
		one, ready := int32(1), int32(0)
		if podReady(p) {
			ready = 1
		}
		see("Pod", &p.ObjectMeta, &corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec}, &one, ready)
	})
	return found, err
}

func inNamespace(ns string) string {
	if ns == "" {
		return ""
	}
	return "/namespaces/" + url.PathEscape(ns)
}

func podReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
