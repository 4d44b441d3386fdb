package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// backend is a pod of a StatefulSet as the API gives it.
func backend(ns, app, name, ip string, ready bool, port int32) *corev1.Pod {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{Hostname: name, Subdomain: app + "-headless", Containers: []corev1.Container{
			{Name: "exporter"}, {Name: app, Ports: []corev1.ContainerPort{{Name: "client", ContainerPort: port}}},
		}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}},
	}
}

func service(ns, name, app, ip string, port int32, to intstr.IntOrString) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": app}, ClusterIP: ip, Ports: []corev1.ServicePort{{Port: port, TargetPort: to}}},
	}
}

func testNetwork() *network {
	n := &network{own: []string{"im"}, services: map[string]*corev1.Service{}}
	for _, p := range []*corev1.Pod{
		backend("im", "kafka", "kafka-0", "10.0.0.1", false, 9094), backend("im", "kafka", "kafka-1", "10.0.0.2", true, 9094),
		backend("mid", "redis", "redis-0", "10.0.0.3", true, 6379),
		{Status: corev1.PodStatus{Phase: corev1.PodPending, PodIP: "10.0.0.9"}},
	} {
		n.seePod(p)
	}
	for _, s := range []*corev1.Service{
		service("im", "kafka-service", "kafka", "10.96.0.1", 19094, intstr.FromString("client")), service("im", "kafka-headless", "kafka", "None", 1, intstr.FromInt32(2)),
		service("mid", "redis", "redis", "10.96.0.2", 16379, intstr.FromInt32(6379)), service("im", "nobody", "none", "10.96.0.3", 1, intstr.FromInt32(1)),
		{ObjectMeta: metav1.ObjectMeta{Namespace: "im", Name: "outside"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.4"}},
	} {
		n.services[object(s.Namespace, s.Name)] = s
	}
	return n
}

// TestFind maps every form of an address to the pod and the container's port behind it, ready pods first.
func TestFind(t *testing.T) {
	n := testNetwork()
	for address, want := range map[string]string{
		"kafka-service:19094":                                "kafka-1/kafka:9094 kafka-0/kafka:9094",
		"kafka-service.im:19094":                             "kafka-1/kafka:9094 kafka-0/kafka:9094",
		"kafka-service.im.svc:19094":                         "kafka-1/kafka:9094 kafka-0/kafka:9094",
		"kafka-service.im.svc.cluster.local.:19094":          "kafka-1/kafka:9094 kafka-0/kafka:9094",
		"kafka-headless:9094":                                "kafka-1/kafka:9094 kafka-0/kafka:9094",
		"kafka-0.kafka-headless.im.svc.cluster.local:9094":   "kafka-0/kafka:9094",
		"kafka-0.kafka-headless.im.svc.corp.example.com:700": "kafka-0/exporter:700",
		"kafka-0.kafka-headless.im:9094":                     "kafka-0/kafka:9094",
		"kafka-0.kafka-headless:9094":                        "kafka-0/kafka:9094",
		"kafka-0:9094":                                       "kafka-0/kafka:9094",
		"10.96.0.1:19094":                                    "kafka-1/kafka:9094 kafka-0/kafka:9094",
		"10.0.0.2:9094":                                      "kafka-1/kafka:9094",
		"redis.mid:16379":                                    "redis-0/redis:6379",
		"redis.mid.svc.cluster.local:16379":                  "redis-0/redis:6379",
		"redis:16379":                                        "",
		"kafka-2.kafka-headless.im.svc:9094":                 "",
		"nobody:1":                                           "",
		"outside:1":                                          "",
		"10.0.0.9:1":                                         "",
		"r-x.redis.rds.aliyuncs.com:6379":                    "",
		"kafka-service":                                      "",
		"kafka-service:http":                                 "",
	} {
		spots, _ := n.find(address)
		var got []string
		for _, s := range spots {
			got = append(got, fmt.Sprintf("%s/%s:%d", s.pod.name, s.container, s.port))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	if got := n.foreign([]string{"redis.mid:1", "a.other.svc:1", "kafka-service.im.svc:1", "www.example:1", "10.0.0.1:1"}, []Component{{Namespace: "mid"}}); !slices.Equal(got, []string{"mid", "other"}) {
		t.Errorf("%q", got)
	}
}

// reaching is a Reach of a user without rights to forward ports, or with all.
func reaching(t *testing.T, may, inside bool) *Reach {
	t.Helper()
	c := connect(t, newFaulty(t))
	c.inside = inside
	r := c.Reach(&Survey{net: *testNetwork(), Access: &Access{Asked: []Answer{{ask: ask{Verb: "create", Resource: forwarding, Namespace: "im"}, Allowed: may}}}})
	t.Cleanup(r.Close)
	return r
}

func TestDialDirectly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := reaching(t, false, false)
	conn, err := r.Dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if how := r.How(l.Addr().String()); how != "directly" {
		t.Errorf("%q", how)
	}
}

// TestUnreached says what was tried, what came of it, what to try, and why as a gap has it.
func TestUnreached(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	for _, tt := range []struct {
		address     string
		may, inside bool
		want        []string
		reason      string
	}{
		{closed, true, false, []string{closed + " cannot be reached: directly: ", "connection refused", "check it in OpenIM's configuration"}, bundle.Timeout},
		{"kafka-service:19094", false, false, []string{"directly: ", "may not create pods/portforward in namespace im", "--plan=rbac"}, bundle.Forbidden},
		{"kafka-service:19094", true, false, []string{"by port-forward to pod im/kafka-1, port 9094: ", "im/kafka-0", "run imbundle inside"}, bundle.Timeout},
		{"kafka-service:19094", true, true, []string{"directly: ", "network policies"}, bundle.Timeout},
	} {
		r := reaching(t, tt.may, tt.inside)
		_, err := r.Dial(t.Context(), "tcp", tt.address)
		var failed *ReachError
		if !errors.As(err, &failed) || collect.ReasonOf(err) != tt.reason {
			t.Fatalf("%s: %v (%s)", tt.address, err, collect.ReasonOf(err))
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", tt.address, err, want)
			}
		}
		if r.How(tt.address) != "" {
			t.Errorf("%s was reached %s", tt.address, r.How(tt.address))
		}
	}
}

// TestStrangersName refuses a name of the cluster that is somebody else's here: localhost stands for it.
func TestStrangersName(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := reaching(t, false, false)
	r.s.net.services["im/localhost"] = service("im", "localhost", "kafka", "10.96.0.9", 1, intstr.FromInt32(9094))
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, app := range []string{"kafka", "scaled-to-nothing"} {
		r.s.net.services["im/localhost"].Spec.Selector["app"] = app
		_, err = r.Dial(t.Context(), "tcp", "localhost:"+port)
		if err == nil || !strings.Contains(err.Error(), "is not that of the cluster") {
			t.Errorf("a stranger was taken for the cluster's: %v", err)
		}
	}
}

// TestNodesName: the name of a node means the pods on its own network; somebody else's of that name, here localhost, is not taken for it.
func TestNodesName(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := reaching(t, false, false)
	r.s.net.seeNode([]string{"localhost"}, []string{"10.0.0.1"})
	_, err = r.Dial(t.Context(), "tcp", "localhost:"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	if err == nil || !strings.Contains(err.Error(), "is not that of the cluster") || !strings.Contains(err.Error(), "port-forward to pod im/kafka-0") {
		t.Errorf("%v", err)
	}
}

// TestStranger: what a server of the cluster advertises must be of the cluster; one outside is followed, if it is surely outside.
func TestStranger(t *testing.T) {
	r := reaching(t, true, false)
	r.s.net.own = []string{"im", "mid"}
	r.s.net.seeWholeNode(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
		{Type: corev1.NodeHostName, Address: "node-1.example.com"}, {Type: corev1.NodeInternalIP, Address: "192.168.0.7"}, {Type: corev1.NodeExternalIP, Address: "47.0.0.7"},
	}}})
	r.s.net.services["im/kafka-service"].Spec.Ports[0].NodePort = 30094
	r.s.net.services["im/outside"].Spec.ExternalIPs = []string{"192.168.0.9"}
	r.s.net.seeNode([]string{"node-2"}, nil)
	sought := func(r *Reach) *Reach {
		r.s.net.numbers, r.s.net.listed = []string{"172.16.0.1"}, map[string]error{object("services", ""): nil, object("pods", ""): nil, object("nodes", ""): nil}
		return r
	}
	sought(r)
	r.s.net.services["im/outside"].Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "47.0.0.8"}, {Hostname: "a1.elb.example.com"}}
	nowhere := sought(reaching(t, true, false)) // the user may not look there
	nowhere.s.Access.Asked = append(nowhere.s.Access.Asked, Answer{ask: ask{Verb: "list", Resource: "pods"}})
	hides := reaching(t, true, false)
	hides.s.Access.Asked = append(hides.s.Access.Asked, Answer{ask: ask{Verb: "list", Resource: "services", Namespace: "im"}})
	refused := sought(reaching(t, true, false)) // though the review of rights allowed it, or could not be made
	refused.s.net.listed[object("services", "im")] = &status{StatusError: forbidden("no")}
	slow := sought(reaching(t, true, false))
	slow.s.net.listed[object("pods", "")] = errors.New("504 Gateway Timeout")
	noNodes := sought(reaching(t, true, false))
	noNodes.s.Access.Asked = append(noNodes.s.Access.Asked, Answer{ask: ask{Verb: "list", Resource: "nodes"}})
	dual := sought(reaching(t, true, false))
	dual.s.net.seePod(&corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIPs: []corev1.PodIP{{IP: "10.0.0.70"}, {IP: "fd00::70"}}}})
	inside := reaching(t, true, true)
	for _, x := range []struct {
		r               *Reach
		via, advertised string
		ok              bool
	}{
		{r, "kafka-service:19094", "kafka-0.kafka-headless.im.svc:9094", true},
		{r, "kafka-service:19094", "10.0.0.1:9094", true},
		{r, "kafka-service:19094", "10.96.0.1:19094", true},
		{r, "kafka-service:19094", "192.168.0.7:30094", true},  // a port of a node, which a service leads to its pods
		{r, "kafka-service:19094", "192.168.0.7:30095", false}, // here that may be anybody
		{r, "kafka-service:19094", "10.96.0.3:1", false},
		{r, "kafka-service:19094", "192.168.0.9:9094", true},
		{r, "kafka-service:19094", "47.0.0.7:30095", true},
		{r, "kafka-service:19094", "node-1:30094", true},
		{r, "kafka-service:19094", "node-1.example.com.:30094", true},
		{r, "kafka-service:19094", "node-2:30094", false}, // what answers here to the name is not to be told from it
		{r, "kafka-service:19094", "47.0.0.8:9094", true},
		{r, "kafka-service:19094", "10.0.0.77:9094", false},
		{r, "kafka-service:19094", "kafka.example.com:9094", false},
		{r, "kafka-service:19094", "kafka-9.kafka-headless.im.svc:9094", false},
		{r, "10.0.0.2:9094", "10.0.0.77:9094", false},
		{r, "alikafka-1.alikafka.aliyuncs.com:9093", "alikafka-2.alikafka.aliyuncs.com:9093", true},
		{r, "172.16.0.2:9092", "172.16.0.3:9092", false},
		{r, "172.16.0.1:9092", "172.16.0.2:9092", true},
		{r, "172.16.0.2:9092", "172.16.0.3:9092", true}, // which the one before led to
		{r, "172.16.0.1:9092", "192.168.0.7:30095", true},
		{nowhere, "172.16.0.1:9092", "172.16.0.2:9092", false},
		{hides, "alikafka-1.alikafka.aliyuncs.com:9093", "alikafka-2.alikafka.aliyuncs.com:9093", true},
		{hides, "172.16.0.1:9092", "172.16.0.2:9092", false},
		{refused, "172.16.0.1:9092", "172.16.0.2:9092", false},
		{r, "a1.elb.example.com:9094", "kafka-9.example.com:9094", false},
		{r, "127.0.0.1:9092", "10.0.0.77:9092", false}, // a port that somebody forwards
		{r, "127.0.0.1:9092", "10.0.0.1:9094", true},
		{slow, "172.16.0.1:9092", "172.16.0.2:9092", false},
		{noNodes, "172.16.0.1:9092", "172.16.0.2:9092", false},
		{dual, "172.16.0.1:9092", "172.16.0.2:9092", false},
		{hides, "localhost:9092", "172.16.0.2:9092", false},
		{hides, "kafka:9092", "kafka-9.kafka-headless.im.svc:9094", false},
		{hides, "kafka:9092", "10.0.0.1:9094", true},
		{inside, "kafka-service:19094", "10.0.0.77:9094", true},
	} {
		if err := x.r.Stranger(x.via, x.advertised); (err == nil) != x.ok {
			t.Errorf("%s, which %s advertises: %v", x.advertised, x.via, err)
		}
	}
	for _, x := range []struct {
		r    *Reach
		via  string
		want string
	}{
		{r, "kafka-service:19094", "no pod, service or node"},
		{nowhere, "172.16.0.1:9092", "may not list services and pods of all namespaces; have the right"},
		{r, "172.16.0.7:9092", "it was not looked for in the whole cluster; run imbundle inside"},
		{r, "127.0.0.1:9092", "may be a port that is forwarded into it; run imbundle inside"},
		{slow, "172.16.0.1:9092", "listing services and pods of all namespaces: 504 Gateway Timeout; run imbundle inside"},
		{noNodes, "172.16.0.1:9092", "may not list nodes; have the right"},
		{dual, "172.16.0.1:9092", "both families"},
	} {
		err := x.r.Stranger(x.via, "172.16.0.9:9092")
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v lacks %q", err, x.want)
		}
		if forbidden := collect.ReasonOf(err) == bundle.Forbidden; forbidden != strings.Contains(x.want, "may not") {
			t.Errorf("%s: %v", collect.ReasonOf(err), err)
		}
	}
}

// onNode is a pod on the network of a node.
func onNode(ns, name, ip string, port int32) *corev1.Pod {
	p := backend(ns, name, name, ip, true, port)
	p.Spec.HostNetwork, p.Spec.NodeName, p.Status.HostIP = true, "node-1", ip
	return p
}

// TestNodesOwnPods: the address of a node leads to those of the pods on its own network that have the port; and where a right is
// lacking for one, another is tried.
func TestNodesOwnPods(t *testing.T) {
	r := reaching(t, true, false)
	r.s.net.seePod(onNode("kube-system", "kube-proxy", "192.168.0.50", 10249))
	if spots, _ := r.s.net.find("192.168.0.50:30094"); len(spots) > 0 || !r.s.ofCluster("192.168.0.50:30094") {
		t.Errorf("%v", spots)
	}
	for _, ns := range []string{"kube-system", "im"} {
		r.s.net.seePod(onNode(ns, "kafka-on-node", "192.168.0.50", 30094))
	}
	r.c.o.Exec = true
	for _, resource := range []string{forwarding, executing} {
		r.s.Access.Asked = append(r.s.Access.Asked, Answer{ask: ask{Verb: "create", Resource: resource, Namespace: "kube-system"}})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	spots, _ := r.s.net.find("192.168.0.50:30094")
	failed := &ReachError{}
	if r.dialThrough(ctx, "", spots, failed, true) != nil || r.dialExec(ctx, "", spots, failed) != nil {
		t.Error("it was reached")
	}
	tried := strings.Join(failed.Tried, "\n")
	for _, want := range []string{
		"by port-forward to pod im/kafka-on-node, port 30094", "create pods/portforward in namespace kube-system",
		"by exec in pod im/kafka-on-node, port 30094", "create pods/exec in namespace kube-system",
	} {
		if !strings.Contains(tried, want) {
			t.Errorf("%s lacks %q", tried, want)
		}
	}
	err := r.Exec(ctx, "192.168.0.50:30094", func(int) []string { return []string{"true"} }, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "im/kafka-on-node") {
		t.Errorf("%v", err)
	}
}

// TestInnerNumber: a number of the cluster's own network that a server advertises is reached through a pod only, one that the
// configuration names directly too; and so is what a server advertises that was reached in that network.
func TestInnerNumber(t *testing.T) {
	for name, x := range map[string]struct {
		advertised, shared, directly bool
	}{"configured": {directly: true}, "advertised": {advertised: true}, "advertised in a network that is shared": {advertised: true, shared: true, directly: true}} {
		t.Run(name, func(t *testing.T) {
			r := reaching(t, true, false)
			if x.shared {
				r.worked("10.0.0.2:9094", way{by: directly})
			}
			if x.advertised {
				if err := r.Stranger("10.0.0.2:9094", "10.0.0.1:9094"); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			conn, err := r.Dial(ctx, "tcp", "10.0.0.1:9094")
			dialled := r.How("10.0.0.1:9094") == directly // somebody else has it here
			if err == nil {
				conn.Close()
			} else {
				dialled = strings.Contains(err.Error(), "directly: ")
			}
			if dialled != x.directly {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestUndeclaredPort: a pod on the network of its node may have a port of which it says nothing; one that says so comes first.
func TestUndeclaredPort(t *testing.T) {
	n := testNetwork()
	for _, name := range []string{"silent", "kafka-on-node"} {
		p := onNode("im", name, "192.168.0.50", 9094)
		if name == "silent" {
			p.Spec.Containers[1].Ports = nil
		} else {
			p.Status.Conditions = nil // not ready
		}
		n.seePod(p)
	}
	for address, want := range map[string]string{"192.168.0.50:9094": "[im/kafka-on-node:9094 im/silent:9094]", "192.168.0.50:9093": "[im/silent:9093]", "node-1:9093": "[im/silent:9093]"} {
		if spots, _ := n.find(address); fmt.Sprint(spots) != want {
			t.Errorf("%s: %v, want %s", address, spots, want)
		}
	}
}

// TestHiddenName: a name that may be one of the cluster is not taken for what is called so here, unless the user says so.
func TestHiddenName(t *testing.T) {
	r := reaching(t, true, false)
	r.s.Access.Asked = append(r.s.Access.Asked, Answer{ask: ask{Verb: "list", Resource: "services", Namespace: "im"}})
	r.c.o.Reach = []string{"redis-the-user-names:1"}
	for address, hidden := range map[string]bool{
		"redis-service:1": true, "redis-service.im:1": true, "redis-service.im.svc.cluster.local:1": true, "redis-0.redis-service.im:1": false, // it would be a pod, and those may be listed
		"redis-the-user-names:1": false, "redis.elsewhere:1": false, "r-x.redis.rds.aliyuncs.com:1": false, "localhost:1": false, "127.0.0.1:1": false,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := r.Dial(ctx, "tcp", address)
		cancel()
		if told := err != nil && strings.Contains(err.Error(), "may not list services in namespace im"); told != hidden {
			t.Errorf("%s: %v", address, err)
		}
		if hidden && (collect.ReasonOf(err) != bundle.Forbidden || !strings.Contains(err.Error(), "; have the right to list services in namespace im granted") || strings.Contains(err.Error(), "OpenIM's configuration")) {
			t.Errorf("%s: %s: %v", address, collect.ReasonOf(err), err)
		}
	}
}

// TestNameWithoutPod: a full name of the cluster behind which nothing runs is not dialled as it is called here.
func TestNameWithoutPod(t *testing.T) {
	_, err := reaching(t, true, false).Dial(t.Context(), "tcp", "kafka-7.kafka-headless.im.svc.cluster.local:9092")
	if err == nil || !strings.Contains(err.Error(), "no running pod or service has it") {
		t.Errorf("%v", err)
	}
}
