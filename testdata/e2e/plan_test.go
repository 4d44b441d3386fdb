//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// planned is an installation of its own: roles are made and unmade in it.
var planned = scenario{namespace: "plan-openim"}

// quietPod logs to a file in its container, where only exec finds it.
const quietPod = `apiVersion: v1
kind: Pod
metadata: {name: openim-rpc-quiet, labels: {app: openim-rpc-third}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: third
    image: localhost/tools:rig
    imagePullPolicy: Never
    command: [sh, -c, "mkdir -p /openim-server/logs && echo in a file only > /openim-server/logs/openim-service-log.2026 && sleep 86400"]
    env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: nowhere-to-be-found, key: p, optional: true}}}]
`

// stagePlanned makes the installation with the quiet pod.
func stagePlanned(t *testing.T) {
	t.Helper()
	stage(t, planned)
	apply(t, "-n", planned.namespace, quietPod)
	kubectl(t, "wait", "-n", planned.namespace, "--for=condition=Ready", "pod/openim-rpc-quiet", "--timeout=60s")
	awaitTop(t, planned.namespace) // metrics-server comes back after the API server does
}

// apply gives kubectl a text, and flags before it.
func apply(t *testing.T, args ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.yaml")
	last := len(args) - 1
	if err := os.WriteFile(file, []byte(args[last]), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, append(append([]string{"apply"}, args[:last]...), "-f", file)...)
}

// watcher passes requests on to the API server as its administrator, and notes them.
type watcher struct {
	mu   sync.Mutex
	made map[string]int
}

// watch begins one and gives a kubeconfig that leads through it.
func watch(t *testing.T) (*watcher, string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.NextProtos = []string{"http/1.1"} // upgrades need it
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{made: map[string]int{}}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, FlushInterval: -1}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.made[r.Method+" "+r.URL.Path]++
		w.mu.Unlock()
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "watched.kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":%q}}],"users":[{"name":"u"}],
"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"current-context":"x"}`, server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w, file
}

// TestPlanIsWhatIsAsked holds the plan against every request of a whole run, as the server gets them: none that is not
// planned, none planned that is not made. As the administrator, and with the printed rights only.
func TestPlanIsWhatIsAsked(t *testing.T) {
	stagePlanned(t)
	text, _ := printedRights(t, "-n", planned.namespace, "--exec")
	apply(t, text)
	for name, args := range map[string][]string{
		"administrator":  {"-n", planned.namespace, "--exec", "--profile", "quick"},
		"printed rights": {"-n", planned.namespace, "--exec", "--profile", "quick", "--as", "system:serviceaccount:" + planned.namespace + ":imbundle"},
	} {
		t.Run(name, func(t *testing.T) {
			w, config := watch(t)
			if _, res := collectAs(t, config, args...); res.code != 0 {
				t.Errorf("exit code %d\n%s", res.code, res.err)
			}
			dir := t.TempDir()
			res := imbundle(t, append([]string{"collect", "--kubeconfig", kubeconfig, "--plan=json", "-f", filepath.Join(dir, "none.tgz")}, args...)...)
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 || res.code != 0 {
				t.Errorf("exit code %d, files left: %v, %v", res.code, left, err)
			}
			w.holdAgainst(t, res.out)
		})
	}
}

func (w *watcher) holdAgainst(t *testing.T, plan string) {
	t.Helper()
	var p struct {
		Requests []struct {
			Method, Path string
			Times        int
			Most         bool
			Resource     string
		}
	}
	if err := json.Unmarshal([]byte(plan), &p); err != nil {
		t.Fatalf("%v\n%s", err, plan)
	}
	planned := map[string]int{}
	execs := 0
	for _, r := range p.Requests {
		key := r.Method + " " + r.Path
		planned[key] += r.Times
		n := w.made[key]
		if n == 0 && !r.Most {
			t.Errorf("planned and never made: %s", key)
		}
		if r.Resource == "pods/exec" {
			execs += n
		}
	}
	for key, n := range w.made {
		if planned[key] == 0 {
			t.Errorf("made %d times and never planned: %s", n, key)
		} else if n > planned[key] && !strings.HasSuffix(key, "/log") {
			t.Errorf("made %d times, planned %d: %s", n, planned[key], key)
		}
	}
	if execs < 2 {
		t.Errorf("exec was used %d times: a file was to be found and read", execs)
	}
	t.Logf("%d paths asked, %d planned", len(w.made), len(planned))
}
