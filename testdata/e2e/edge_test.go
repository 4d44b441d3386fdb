//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// albKind is the kind that Alibaba Cloud's controller brings, and what leads to one of its objects; another is named by nobody. The
// password stands where no such object has one.
const (
	albKind = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: albconfigs.alibabacloud.com}
spec:
  group: alibabacloud.com
  scope: Cluster
  names: {kind: AlbConfig, plural: albconfigs, singular: albconfig}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`
	albObjects = `apiVersion: v1
kind: Namespace
metadata: {name: edge-openim}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: openim-msggateway, namespace: edge-openim}
spec:
  replicas: 0
  selector: {matchLabels: {app: openim-msggateway}}
  template:
    metadata: {labels: {app: openim-msggateway}}
    spec: {containers: [{name: app, image: "openim/openim-msggateway:v3.8.3"}]}
---
apiVersion: alibabacloud.com/v1
kind: AlbConfig
metadata: {name: edge-openim}
spec:
  config: {name: edge, password: Fake-edge-0815}
  listeners:
  - {port: 443, protocol: HTTPS, requestTimeout: 20}
  - {port: 80, protocol: HTTP}
---
apiVersion: alibabacloud.com/v1
kind: AlbConfig
metadata: {name: edge-of-others}
spec: {listeners: [{port: 443, protocol: HTTPS, requestTimeout: 10}]}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge-alb}
spec:
  controller: ingress.k8s.alibabacloud/alb
  parameters: {apiGroup: alibabacloud.com, kind: AlbConfig, name: edge-openim}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: edge
  namespace: edge-openim
  annotations: {alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS": 443}]'}
spec:
  ingressClassName: edge-alb
  rules:
  - http: {paths: [{path: /msg_gateway, pathType: Prefix, backend: {service: {name: openim-msggateway, port: {number: 10001}}}}]}
`
	albEntry   = "cluster-resources/albconfigs.alibabacloud.com.json"
	classEntry = "cluster-resources/ingressclasses.json"
)

// TestEdgeOfALB collects the AlbConfig to which the Ingress of the gateway leads, with the printed rights only, and no other; its short
// timeout is found in the bundle, and in one that was made of the bundle as it is served. Who may not get it has a gap with the cost.
func TestEdgeOfALB(t *testing.T) {
	apply(t, albKind)
	t.Cleanup(func() {
		kubectl(t, "delete", "--ignore-not-found", "crd/albconfigs.alibabacloud.com", "ingressclass/edge-alb", "namespace/edge-openim")
	})
	kubectl(t, "wait", "--for=condition=Established", "crd/albconfigs.alibabacloud.com", "--timeout=60s")
	apply(t, albObjects)
	text, objects := printedRights(t, "-n", "edge-openim")
	for _, want := range []string{`"ingressclasses"`, `resourceNames: ["edge-alb"]`, `"albconfigs"`, `resourceNames: ["edge-openim"]`} {
		if !strings.Contains(text, want) {
			t.Errorf("the printed rights lack %s:\n%s", want, text)
		}
	}
	var variants []variant
	for _, v := range withoutEach(t, objects) {
		if v.lacks == "get albconfigs.alibabacloud.com" || v.lacks == "get ingressclasses.networking.k8s.io" {
			variants = append(variants, v)
		}
	}
	if len(variants) != 2 {
		t.Fatalf("%d rights for the edge", len(variants))
	}
	all := append(variants, variant{account: "imbundle", objects: objects})
	apply(t, joined(t, all))
	t.Cleanup(func() { unmake(t, all) })

	args := []string{"--kubeconfig", kubeconfig, "-n", "edge-openim", "--as", "system:serviceaccount:edge-openim:"}
	collectEach(t, all, args, func(t *testing.T, v variant, a *archive, res result) {
		if res.code != 0 {
			t.Errorf("exit code %d\n%s", res.code, res.err)
		}
		if v.lacks == "" {
			edgeCollected(t, a)
			edgeServed(t, a)
			return
		}
		entry := albEntry
		if strings.HasPrefix(v.lacks, "get ingressclasses") {
			entry = classEntry
		}
		gaps := a.forbidden()
		if len(gaps) != 1 || gaps[0].Entry != entry || gaps[0].Costs == "" || !strings.HasPrefix(gaps[0].Detail, "the user may not "+v.lacks+" ") {
			t.Errorf("forbidden: %+v", gaps)
		}
		if _, there := a.files[albEntry]; there {
			t.Errorf("%s is in the bundle", albEntry)
		}
		if status := edgeStatus(t, a); status != "unknown" {
			t.Errorf("the edge is judged %s", status)
		}
	})
}

// edgeCollected finds the one AlbConfig, without its password, and what it means.
func edgeCollected(t *testing.T, a *archive) {
	t.Helper()
	if gaps := a.forbidden(); len(gaps) > 0 {
		t.Errorf("forbidden: %+v", gaps)
	}
	a.has(t, albEntry, classEntry, "tables/albconfigs.alibabacloud.com.txt", "tables/ingressclasses.txt")
	if got := string(a.files[albEntry]); !strings.Contains(got, "edge-openim") || strings.Contains(got, "edge-of-others") || strings.Contains(got, "Fake-edge-0815") {
		t.Errorf("%s", got)
	}
	if status := edgeStatus(t, a); status != "fail" {
		t.Errorf("the edge is judged %s", status)
	}
	for _, c := range analyze(t, a).Verdict.Causes {
		if c.Cause == "ingress-websocket-timeout" {
			if e := c.Evidence[0]; e.Entry != albEntry || !strings.Contains(e.Text, "requestTimeout: 20") {
				t.Errorf("%+v", e)
			}
			return
		}
	}
	t.Error("the cause is not named")
}

// edgeServed lets kubectl read both objects in the served bundle, and collects them from there.
func edgeServed(t *testing.T, a *archive) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "kubeconfig")
	server := begin(t, "serve", a.path, "--kubeconfig", config)
	server.says("serving namespace edge-openim")
	for _, ask := range [][]string{
		{"albconfig", "edge-openim", "443"}, {"albconfigs", "", "edge-openim"}, {"ingressclass", "edge-alb", "edge-openim"},
	} {
		args := []string{"--kubeconfig", config, "get", ask[0], "-o", "yaml"}
		if ask[1] != "" {
			args = append(args, ask[1])
		}
		if out, err := run(t, kubectlExe, args...); err != nil || !strings.Contains(out, ask[2]) {
			t.Errorf("kubectl get %s %s: %v\n%s", ask[0], ask[1], err, out)
		}
	}
	again, res := collectAs(t, config, "-n", "edge-openim")
	if res.code != 0 && res.code != 3 {
		t.Errorf("exit code %d\n%s", res.code, res.err)
	}
	again.has(t, albEntry, classEntry)
	if status := edgeStatus(t, again); status != "fail" {
		t.Errorf("the edge is judged %s in the bundle of the bundle", status)
	}
	signal(t, server.cmd.Process.Pid, syscall.SIGINT)
	server.wait()
}

// edgeStatus is what the check says.
func edgeStatus(t *testing.T, a *archive) string {
	t.Helper()
	res := imbundle(t, "analyze", a.path, "-o", "json", "--fail-on", "never")
	var r struct {
		Checks []struct{ Check, Status string }
	}
	if err := json.Unmarshal([]byte(res.out), &r); err != nil {
		t.Fatalf("reading the report: %v\n%s", err, res.out)
	}
	for _, c := range r.Checks {
		if c.Check == "edge-idle-timeout" {
			return c.Status
		}
	}
	return ""
}
