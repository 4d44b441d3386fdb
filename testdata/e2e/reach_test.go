//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/specs"
)

// reachable is a component whose configuration names a server that only a port-forward leads to: its name means nothing here.
// The server says everything back that it is told.
const reachable = `apiVersion: v1
kind: Namespace
metadata: {name: reach-openim}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: openim-config, namespace: reach-openim}
data:
  redis.yml: "address: [ redis-service:16379 ]\npassword: canary-reach-file\n"
  kafka.yml: "address: [ kafka-service:9092\n"
---
apiVersion: v1
kind: Secret
metadata: {name: reach-secret, namespace: reach-openim}
stringData: {p: canary-reach-secret}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: openim-push, namespace: reach-openim}
spec:
  selector: {matchLabels: {app: openim-push}}
  template:
    metadata: {labels: {app: openim-push}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: push
        image: localhost/tools:rig
        imagePullPolicy: Never
        command: [sh, -c, "echo the word is canary-reach-secret; sleep 86400"]
        env: [{name: IMENV_REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: reach-secret, key: p}}}]
        volumeMounts: [{name: config, mountPath: /config}]
      volumes: [{name: config, configMap: {name: openim-config}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis, namespace: reach-openim}
spec:
  serviceName: redis-service
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: redis
        image: localhost/tools:rig
        imagePullPolicy: Never
        command: [sh, -c, "exec nc -ll -p 6379 -e cat"]
        ports: [{name: redis, containerPort: 6379}]
---
apiVersion: v1
kind: Service
metadata: {name: redis-service, namespace: reach-openim}
spec: {selector: {app: redis}, ports: [{port: 16379, targetPort: redis}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: forwarder, namespace: reach-openim}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: forwarder, namespace: reach-openim}
rules:
- {apiGroups: [""], resources: [pods, services, configmaps], verbs: [list]}
- {apiGroups: [apps], resources: [deployments, statefulsets, daemonsets], verbs: [list]}
- {apiGroups: [""], resources: [pods/portforward], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: forwarder, namespace: reach-openim}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: forwarder}
subjects: [{kind: ServiceAccount, name: forwarder, namespace: reach-openim}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: executor, namespace: reach-openim}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: executor, namespace: reach-openim}
rules:
- {apiGroups: [""], resources: [pods, services, configmaps], verbs: [list]}
- {apiGroups: [apps], resources: [deployments, statefulsets, daemonsets], verbs: [list]}
- {apiGroups: [""], resources: [pods/exec], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: executor, namespace: reach-openim}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: executor}
subjects: [{kind: ServiceAccount, name: executor, namespace: reach-openim}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: executor-by-web-socket, namespace: reach-openim}
rules:
- {apiGroups: [""], resources: [pods/exec], verbs: [create, get]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: executor-by-web-socket, namespace: reach-openim}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: executor-also, namespace: reach-openim}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: executor}
subjects: [{kind: ServiceAccount, name: executor-by-web-socket, namespace: reach-openim}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: executor-by-web-socket, namespace: reach-openim}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: executor-by-web-socket}
subjects: [{kind: ServiceAccount, name: executor-by-web-socket, namespace: reach-openim}]
`

const reachNamespace = "reach-openim"

func stageReachable(t *testing.T) {
	t.Helper()
	apply(t, reachable)
	kubectl(t, "rollout", "status", "-n", reachNamespace, "statefulset/redis", "--timeout=60s")
	kubectl(t, "rollout", "status", "-n", reachNamespace, "deployment/openim-push", "--timeout=60s")
}

// reachAs looks at the installation as the administrator, or as an account of it.
func reachAs(t *testing.T, account string) *kube.Reach {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	o := kube.Options{Flags: kube.NewFlags(), Specs: set, Namespaces: []string{reachNamespace}, Reach: []string{"redis-0:7"}, Exec: strings.HasPrefix(account, "executor")}
	o.Flags.KubeConfig = &kubeconfig
	if account != "" {
		as := "system:serviceaccount:" + reachNamespace + ":" + account
		o.Flags.Impersonate = &as
	}
	c, err := kube.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := c.Reach(s)
	t.Cleanup(r.Close)
	return r
}

// echo sends bytes to an address and demands them back.
func echo(t *testing.T, r *kube.Reach, address string, size int) {
	t.Helper()
	conn, err := r.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	sent, got := make([]byte, size), make([]byte, size)
	rand.Read(sent)
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	go conn.Write(sent) // what it lacks shows below
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(sent, got) {
		t.Errorf("%s: %d bytes came back changed or not at all: %v", address, size, err)
	}
}

// TestReach opens many connections at a time through ports of a pod, by web socket and by SPDY, under every name of the
// service and the pod.
func TestReach(t *testing.T) {
	stageReachable(t)
	ip := kubectl(t, "get", "service", "redis-service", "-n", reachNamespace, "-o", "jsonpath={.spec.clusterIP}")
	for name, account := range map[string]string{"web socket": "", "SPDY": "forwarder"} {
		t.Run(name, func(t *testing.T) {
			r := reachAs(t, account)
			var work sync.WaitGroup
			addresses := []string{
				"redis-service:16379", "redis-service.reach-openim:16379", "redis-service.reach-openim.svc.cluster.local:16379",
				"redis-0.redis-service.reach-openim.svc.cluster.local:6379", "redis-0.redis-service:6379", "redis-0:6379", net.JoinHostPort(ip, "16379"),
			}
			for i, address := range addresses {
				work.Go(func() { echo(t, r, address, 1<<(16-i)) })
			}
			work.Wait()
			if how := r.How("redis-service:16379"); how != "by port-forward to pod reach-openim/redis-0" {
				t.Errorf("reached %q", how)
			}
		})
	}
}

// TestReachByExec reaches the server by nc in its pod, with the right to exec alone; nothing is left there when the connections are
// closed.
func TestReachByExec(t *testing.T) {
	stageReachable(t)
	for name, account := range map[string]string{"web socket": "executor-by-web-socket", "SPDY": "executor"} {
		t.Run(name, func(t *testing.T) {
			r := reachAs(t, account)
			var work sync.WaitGroup
			for i, address := range []string{"redis-service:16379", "redis-0.redis-service:6379", "redis-0:6379"} {
				work.Go(func() { echo(t, r, address, 1<<(18-i)) })
			}
			work.Wait()
			if how := r.How("redis-service:16379"); how != "by exec in pod reach-openim/redis-0" {
				t.Errorf("reached %q", how)
			}
			conn, err := r.Dial(t.Context(), "tcp", "redis-0:7")
			if err == nil {
				conn.SetDeadline(time.Now().Add(20 * time.Second))
				_, err = conn.Read(make([]byte, 1))
				conn.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "refused") {
				t.Errorf("nobody listens on port 7: %v", err)
			}
			left := ""
			for range 50 {
				left = kubectl(t, "exec", "-n", reachNamespace, "redis-0", "--", "ps", "-o", "args")
				if !strings.Contains(left, "nc 127.0.0.1") {
					return
				}
				time.Sleep(200 * time.Millisecond)
			}
			t.Errorf("left in the pod:\n%s", left)
		})
	}
}

// TestReachFaults tells a port that nobody listens on, keeps to deadlines, and finds the pod again after its death.
func TestReachFaults(t *testing.T) {
	stageReachable(t)
	r := reachAs(t, "")
	conn, err := r.Dial(t.Context(), "tcp", "redis-0:7")
	if err == nil {
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = conn.Read(make([]byte, 1))
		conn.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "reach-openim/redis-0") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens on port 7: %v", err)
	}
	if conn, err = r.Dial(t.Context(), "tcp", "redis-0:6379"); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a server that says nothing: %v", err)
	}
	kubectl(t, "delete", "pod", "redis-0", "-n", reachNamespace)
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection outlived its pod: %v", err)
	}
	conn.Close()
	kubectl(t, "rollout", "status", "-n", reachNamespace, "statefulset/redis", "--timeout=60s")
	if conn, err = r.Dial(t.Context(), "tcp", "redis-0:6379"); err == nil { // the way to the dead pod may still be open
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = conn.Write([]byte("x"))
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		conn.Close()
	}
	t.Logf("the first connection after the pod's death: %v", err)
	echo(t, r, "redis-0:6379", 1000)
}

// TestReachedInCollection says where the backend is and how it was reached, keeps the secret out of everything, and tells the
// file that is no YAML.
func TestReachedInCollection(t *testing.T) {
	stageReachable(t)
	a, res := collect(t, reachNamespace, "--profile", "quick")
	want := "Redis redis-service:16379 (from redis.yml of configmap reach-openim/openim-config), reached by port-forward to pod reach-openim/redis-0"
	if res.code != 3 || !strings.Contains(res.err, want) { // what stands there repeats what it hears, and is no Redis
		t.Errorf("exit code %d, no %q in\n%s", res.code, want, res.err)
	}
	for _, g := range a.manifest.Gaps {
		if g.Source != "seq" && g.Reason != "not-found" {
			t.Errorf("gap: %+v", g)
		}
	}
	a.has(t, "config/effective.json", "config/reach-openim/openim-config/redis.yml", "config/reach-openim/openim-config/kafka.yml")
	for name, text := range a.files {
		if bytes.Contains(text, []byte("canary-reach")) {
			t.Errorf("%s holds a secret", name)
		}
	}
	if log := string(a.files[logName(reachNamespace, podOf(t, "openim-push"), "push")]); !strings.Contains(log, "the word is <redacted:known-secret>") {
		t.Errorf("the log: %q", log)
	}
	if text := string(a.files["config/effective.json"]); !strings.Contains(text, `from secret reach-secret`) || !strings.Contains(text, `"of": "kafka.yml"`) {
		t.Errorf("%s", text)
	}
}

// podOf is the pod of an app.
func podOf(t *testing.T, app string) string {
	t.Helper()
	return kubectl(t, "get", "pods", "-n", reachNamespace, "-l", "app="+app, "-o", "jsonpath={.items[0].metadata.name}")
}
