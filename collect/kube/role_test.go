package kube

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// template is a pod template with one container.
func template(image string, labels map[string]string, ports ...int32) *corev1.PodTemplateSpec {
	c := corev1.Container{Name: "c", Image: image}
	for _, p := range ports {
		c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: p})
	}
	return &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{c}}}
}

// TestRecognise has the images, labels and names of the upstream manifests, the Helm charts, and of installations that
// renamed everything.
func TestRecognise(t *testing.T) {
	set := testSpecs(t)
	app := func(v string) map[string]string { return map[string]string{"app": v} }
	helm := func(v string) map[string]string { return map[string]string{"app.kubernetes.io/name": v} }
	for _, tt := range []struct {
		name     string
		template *corev1.PodTemplateSpec
		role, by string
		sure     bool
	}{
		{"openim-api", template("openim/openim-api:v3.8.3", app("openim-api")), "api", "image", true},
		{"messagegateway-rpc-server", template("registry.local:5000/mirror/openim-msggateway:v3.8.3@sha256:00", nil), "msggateway", "image", true},
		{"push-rpc-server", template("mycorp/im-push:2026", app("push-rpc-server")), "push", "label", true},
		{"openim-msgtransfer-server", template("mycorp/im:2026", nil), "msgtransfer", "name", true},
		{"openimserver-openim-rpc-group", template("mycorp/im:2026", helm("openim-rpc-group")), "rpc-group", "label", true},
		{"openimserver-openim-rpc-third", template("mycorp/im:2026", nil), "rpc-third", "name", true},
		{"msg-rpc-server", template("mycorp/im:2026", nil), "rpc-msg", "name", true},
		{"im", template("openim/openim-server:v3.8.3-patch.15", nil), "server", "image", true},
		{"chat-rpc-server", template("openim/openim-chat:v1.8.4", nil), "chat", "image", true},
		{"gateway-ws", template("mycorp/gw:1", nil, 10001, 10140), "msggateway", "port", false},
		{"kafka-statefulset", template("bitnami/kafka:3.5.1", nil), "kafka", "image", false},
		{"my-redis-master", template("mycorp/cache:7", nil), "redis", "name", false},
		{"user-service", template("shop/user-service:1", app("user-service")), "", "", false},
		{"push", template("shop/push:1", nil), "", "", false},
		{"api-gateway", template("shop/api-gateway:1", app("api-gateway"), 8080), "", "", false},
		{"group-worker", template("shop/msg:1", nil), "", "", false},
	} {
		comp, ok := recognise(set, "Deployment", &metav1.ObjectMeta{Name: tt.name, Namespace: "x"}, tt.template)
		if ok != (tt.role != "") || comp.Role != tt.role || comp.By != tt.by || comp.Sure != tt.sure {
			t.Errorf("%s: %q by %q, sure %v; want %q by %q, %v", tt.name, comp.Role, comp.By, comp.Sure, tt.role, tt.by, tt.sure)
		}
	}
}

func TestNamespacesOf(t *testing.T) {
	found := []Component{
		{Role: "push", Namespace: "im", Sure: true},
		{Role: "redis", Namespace: "cache", Backend: true},
		{Role: "api", Namespace: "alike"},
		{Role: "api", Namespace: "alike"},
		{Role: "push", Namespace: "alike"},
		{Role: "api", Namespace: "ports"},
		{Role: "push", Namespace: "ports"},
		{Role: "rpc-msg", Namespace: "ports"},
	}
	if got := namespacesOf(found); !slices.Equal(got, []string{"im", "ports"}) {
		t.Errorf("%q: one sure sign or three different alike ones make an installation", got)
	}
}

func TestLines(t *testing.T) {
	s := &Survey{Namespaces: []string{"im"}}
	s.sort([]Component{
		{Role: "push", Namespace: "im", Replicas: 2, Ready: 1, Image: "openim/openim-push:v3.8.3-patch.15"},
		{Role: "api", Namespace: "im", Replicas: 2, Ready: 2, Image: "openim/openim-api:v3.8.3-patch.15"},
		{Role: "chat", Namespace: "im", Replicas: 1, Ready: 1, Image: "openim/openim-chat:v1.8.4"},
		{Role: "redis", Backend: true, Namespace: "im", Replicas: 1, Ready: 1},
		{Role: "kafka", Name: "kafka", Backend: true, Namespace: "middleware", Replicas: 3, Ready: 3},
	})
	s.Version = imageVersion(s.Components)
	s.Missing = (&Cluster{}).lacking(s.Components)[:2]
	want := []string{
		"OpenIM 3.8.3-patch.15 in namespace im: api ×2, chat ×1, push ×2 (1 ready); backends: redis ×1",
		"missing: msggateway, msgtransfer",
		`also seen: kafka "kafka" in namespace middleware (add -n middleware to collect it)`,
	}
	if got := s.Lines(); !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestStreamsOf(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "im"}}
	p.Spec.NodeName = "n1"
	p.Spec.InitContainers = []corev1.Container{{Name: "init"}, {Name: "proxy", RestartPolicy: &always}}
	p.Spec.Containers = []corev1.Container{{Name: "app", Image: "openim/openim-push:v3.8.3"}, {Name: "pulling"}, {Name: "crash"}}
	p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug"}}}
	dead := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", ContainerID: "c0"}}
	waiting := func(why string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: why}}
	}
	p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}, {Name: "proxy"}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "app", RestartCount: 2, LastTerminationState: dead},
		{Name: "pulling", State: waiting("ErrImagePull")},
		{Name: "crash", RestartCount: 5, State: waiting("CrashLoopBackOff"), LastTerminationState: dead},
	}
	p.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debug"}}
	type want struct {
		kind     string
		previous bool
		exists   bool
	}
	wanted := map[string]want{
		"init.log": {"init", false, true}, "proxy.log": {"sidecar", false, true}, "app.log": {"container", false, true},
		"app-previous.log": {"container", true, true}, "pulling.log": {"container", false, false}, "crash.log": {"container", false, true},
		"crash-previous.log": {"container", true, true}, "debug.log": {"ephemeral", false, true},
	}
	all := streamsOf(testSpecs(t), p)
	if len(all) != len(wanted) {
		t.Errorf("%d logs, want %d", len(all), len(wanted))
	}
	for _, s := range all {
		name := s.entry()[len("cluster-resources/pods/logs/im/p/"):]
		w, known := wanted[name]
		if !known || s.kind != w.kind || s.previous != w.previous || (s.none == "") != w.exists {
			t.Errorf("%s: %s, previous %v, none because %q", name, s.kind, s.previous, s.none)
		}
		if !s.own || s.role != "push" {
			t.Errorf("%s: role %q, own %v", name, s.role, s.own)
		}
	}
	byRank(all)
	if all[len(all)-1].previous != true || all[0].previous {
		t.Error("what runs comes before what ran")
	}
	if a := all[len(all)-1].attrs(); a["restarts"] == "" || a["reason"] != "OOMKilled" || a["exitCode"] != "137" || a["node"] != "n1" {
		t.Errorf("attributes %v", a)
	}
}
