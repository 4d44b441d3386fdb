package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestEnvironment(t *testing.T) {
	var e Environment
	e.seeVersion("v1.30.7-aliyun.1")
	for _, name := range []string{"terway-eniip", "ack-node-problem-detector-daemonset", "logtail-ds", "openim-push", "logtail-ds"} {
		e.seeWorkload(name)
	}
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"k8s.aliyun.com/eci-instance-id": "eci-bp1"}}}
	pod.Spec.Containers = []corev1.Container{{Env: []corev1.EnvVar{
		{Name: "IMENV_REDIS_ADDRESS", Value: "r-bp1abc.redis.rds.aliyuncs.com:6379"},
		{Name: "IMENV_MONGODB_URI", Value: "mongodb://dds-bp1a.mongodb.rds.aliyuncs.com:3717,dds-bp1b.mongodb.rds.aliyuncs.com:3717/openim_v3"},
		{Name: "IMENV_KAFKA_ADDRESS", Value: "alikafka-post-cn-1.alikafka.aliyuncs.com:9092"},
		{Name: "OSS", Value: "oss-cn-hangzhou.aliyuncs.com"},
	}}}
	e.seePod(&pod)
	want := "environment: ACK, network terway, 1 pods on virtual nodes, node-problem-detector, logs shipped by logtail-ds, managed: " +
		"alikafka-post-cn-1.alikafka.aliyuncs.com, dds-bp1a.mongodb.rds.aliyuncs.com, dds-bp1b.mongodb.rds.aliyuncs.com, r-bp1abc.redis.rds.aliyuncs.com"
	if got := e.line(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if (&Environment{}).line() != "" {
		t.Error("nothing known is told")
	}
	f := newFaulty(t)
	installation(f)
	c := connect(t, f)
	s, err := c.Survey(t.Context())
	if err != nil || strings.Contains(strings.Join(s.Lines(), "\n"), "environment") {
		t.Errorf("%v, %q", err, s.Lines())
	}
}

func TestLikeness(t *testing.T) {
	service := func(name string, port int32, labels map[string]string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: port}}}}
	}
	for _, c := range []struct {
		s    *corev1.Service
		want int
	}{
		{service("prometheus-k8s", 9090, map[string]string{"app.kubernetes.io/name": "prometheus"}), 2},
		{service("prometheus-server", 80, nil), 1},
		{service("prometheus-alertmanager", 9090, map[string]string{"app": "prometheus"}), 0},
		{service("prometheus", 1234, nil), 0},
		{service("grafana", 80, nil), 0},
	} {
		if got := likeness(c.s); got != c.want {
			t.Errorf("%s is %d like a Prometheus, want %d", c.s.Name, got, c.want)
		}
	}
	if s, ok := ParseService("monitoring/prometheus:9090"); !ok || s.String() != "monitoring/prometheus:9090" {
		t.Errorf("%v %v", s, ok)
	}
	if _, ok := ParseService("http://a:9090/x"); ok {
		t.Error("a URL is no service")
	}
}
