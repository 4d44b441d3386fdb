//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// disturbance is a fault under which a namespace of the crowd is collected, and what has to come of it.
type disturbance struct {
	name    string
	ns      string
	pods    int // of it
	more    []string
	user    func(t *testing.T, c *crowd) string // a kubeconfig; nil: the administrator's
	proxy   func(t *testing.T, c *crowd) func(http.Handler) http.Handler
	beside  func(t *testing.T, c *crowd) (undo func()) // what goes on meanwhile
	code    int
	within  time.Duration
	lostLog int    // logs that cannot be had
	lost    int    // objects that cannot be had
	node    string // whose logs cannot be had
	some    bool   // how much can be had depends on the moment: each log has to be there or told to be missing
	gaps    string
	shows   func(t *testing.T, p *proxy) // that the fault was there
}

// TestScaleFaults collects under each fault: ended in its time, with the right exit code, everything there that could be
// had, the gaps named, nothing left behind.
func TestScaleFaults(t *testing.T) {
	c := standing(t)
	var table []string
	for _, d := range disturbances() {
		t.Run(d.name, func(t *testing.T) { table = append(table, d.collect(t, c)) })
	}
	t.Logf("\n%s", strings.Join(table, "\n"))
}

func (d disturbance) collect(t *testing.T, c *crowd) (row string) {
	config := c.kubeconfig
	if d.user != nil {
		config = d.user(t, c)
	}
	var disturb func(http.Handler) http.Handler
	if d.proxy != nil {
		disturb = d.proxy(t, c)
	}
	p := newProxy(t, config, disturb)
	p.nodes = c.nodes(t)
	file, args := collectArgs(t, p.kubeconfig, append([]string{"-n", d.ns}, d.more...)...)
	if d.node != "" {
		for pod, node := range p.nodes {
			if node == d.node && strings.HasPrefix(pod, d.ns+"/") {
				d.lostLog++
			}
		}
		d.gaps = fmt.Sprintf("%d timeout", d.lostLog)
	}
	undo := func() {}
	if d.beside != nil {
		undo = d.beside(t, c)
	}
	res := imbundle(t, args...)
	undo()
	if res.code != d.code || res.took > d.within {
		t.Errorf("exit code %d after %s, want %d within %s\n%s", res.code, res.took, d.code, d.within, res.err)
	}
	a := unpack(t, file)
	logs := a.logs(t, d.ns, c.served(t, "quiet.log"))
	objects, all := a.sameObjects(t, c, d.ns)
	if d.some {
		a.accountsFor(t, d.ns, p.nodes)
	} else if logs != d.pods-d.lostLog || objects != all-d.lost {
		t.Errorf("%d logs of %d, %d are lost; %d objects of %d, %d are lost", logs, d.pods, d.lostLog, objects, all, d.lost)
	}
	if got := a.reasons(); got != d.gaps && !d.some {
		t.Errorf("gaps: %q, want %q: %+v", got, d.gaps, a.manifest.Gaps)
	}
	if d.shows != nil {
		d.shows(t, p)
	}
	if left := leftovers(t, file); len(left) > 0 {
		t.Errorf("left beside the bundle: %q", left)
	}
	if n := len(c.nodes(t)); n != inLarge+inMiddle+inSmall+inLoud {
		t.Errorf("%d pods are there afterwards", n)
	}
	return fmt.Sprintf("%-40s %5.1f s  exit %d  logs %4d/%-4d objects %4d/%-4d gaps: %s", d.name, res.took.Seconds(), res.code, logs, d.pods, objects, all, a.reasons())
}

// accountsFor checks that the log of every pod of a namespace is there or told to be missing.
func (a *archive) accountsFor(t *testing.T, namespace string, pods map[string]string) {
	t.Helper()
	known := map[string]bool{}
	for name := range a.files {
		known[name] = true
	}
	for _, g := range a.manifest.Gaps {
		known[g.Entry] = true
	}
	there := 0
	for pod := range pods {
		ns, name, _ := strings.Cut(pod, "/")
		if ns != namespace {
			continue
		}
		i := strings.LastIndexByte(name[:strings.LastIndexByte(name, '-')], '-') // deployment-hash-hash
		entry := logName(ns, name, name[:i])
		if !known[entry] {
			t.Errorf("%s is neither there nor told to be missing", entry)
		}
		if a.files[entry] != nil {
			there++
		}
	}
	if there == 0 || a.manifest.Complete {
		t.Errorf("%d logs are there, complete %v", there, a.manifest.Complete)
	}
}

// leftovers are the files beside the bundle.
func leftovers(t *testing.T, file string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(file) {
			names = append(names, e.Name())
		}
	}
	return names
}

func disturbances() []disturbance {
	var answersBroken, compacted sync.Map
	ofAPI := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/pods/openim-api-") }
	once := func(seen *sync.Map, choose func(*http.Request) bool) func(*http.Request) bool {
		return func(r *http.Request) bool {
			if !choose(r) {
				return false
			}
			_, before := seen.LoadOrStore(r.URL.Path, true)
			return !before
		}
	}
	const aNode = "crowd-177"
	return []disturbance{
		{name: "none", ns: crowdSmall, pods: inSmall, within: time.Minute},
		{
			name: "429 of priority and fairness", ns: crowdSmall, pods: inSmall, within: 2 * time.Minute,
			user: viewerOfAll, beside: throttle, gaps: "8 forbidden",
			shows: func(t *testing.T, p *proxy) {
				n := len(p.passed(func(a asked) bool { return a.code == http.StatusTooManyRequests }))
				t.Logf("%d requests were refused", n)
				if n == 0 {
					t.Error("nothing was refused")
				}
			},
		},
		{
			name: "403 on a namespace", ns: crowdSmall, pods: inSmall, within: time.Minute, more: []string{"-n", crowdMiddle},
			user: viewerOfOne, gaps: "31 forbidden",
		},
		{
			name: "slow loris", ns: crowdSmall, pods: inSmall, within: 65 * time.Second, code: 3,
			more: []string{"--deadline", "60s", "--request-timeout", "5s"},
			proxy: func(*testing.T, *crowd) func(http.Handler) http.Handler {
				return on(func(r *http.Request) bool {
					return strings.HasSuffix(r.URL.Path, "/configmaps") || ofAPI(r)
				}, trickle)
			},
			lostLog: 25, lost: 1, gaps: "27 timeout",
		},
		{
			name: "resets in the middle", ns: crowdSmall, pods: inSmall, within: time.Minute,
			proxy: func(*testing.T, *crowd) func(http.Handler) http.Handler {
				return on(once(&answersBroken, func(r *http.Request) bool {
					return ofAPI(r) || r.URL.Query().Get("limit") != ""
				}), breakOff(2500))
			},
			shows: func(t *testing.T, _ *proxy) {
				n := 0
				answersBroken.Range(func(any, any) bool { n++; return true })
				t.Logf("%d answers were broken off, but for those that are shorter", n)
				if n < 40 {
					t.Error("too few")
				}
			},
		},
		{
			name: "410 between pages", ns: crowdMiddle, pods: inMiddle, within: time.Minute,
			proxy: func(t *testing.T, c *crowd) func(http.Handler) http.Handler {
				return on(once(&compacted, func(r *http.Request) bool { return r.URL.Query().Get("continue") != "" }),
					func(w http.ResponseWriter, r *http.Request, next http.Handler) {
						time.Sleep(300 * time.Millisecond) // leases are renewed all the time: the page's revision is no longer the last
						c.compact(t)
						next.ServeHTTP(w, r)
					})
			},
			shows: func(t *testing.T, p *proxy) {
				if n := len(p.passed(func(a asked) bool { return a.code == http.StatusGone })); n == 0 {
					t.Error("no page was gone")
				} else {
					t.Logf("%d pages were gone", n)
				}
			},
		},
		{
			name: "a kubelet hangs", ns: crowdSmall, pods: inSmall, within: time.Minute, code: 3, more: []string{"--request-timeout", "4s"}, node: aNode,
			proxy: func(t *testing.T, c *crowd) func(http.Handler) http.Handler {
				nodes := c.nodes(t)
				return on(func(r *http.Request) bool {
					part := strings.Split(r.URL.Path, "/")
					return strings.HasSuffix(r.URL.Path, "/log") && nodes[part[4]+"/"+part[6]] == aNode
				}, silent)
			},
		},
		{
			name: "every kubelet hangs", ns: crowdSmall, pods: inSmall, within: 66 * time.Second, code: 3,
			more: []string{"--deadline", "60s", "--request-timeout", "5s"}, lostLog: inSmall, gaps: "300 timeout",
			beside: func(t *testing.T, c *crowd) func() { return c.suspend(t, "kwok") },
		},
		{
			name: "API server hangs", ns: crowdMiddle, pods: inMiddle, within: 36 * time.Second, code: 3, some: true,
			more: []string{"--deadline", "30s", "--request-timeout", "5s"},
			beside: func(t *testing.T, c *crowd) func() {
				var resume func()
				later := time.AfterFunc(4*time.Second, func() { resume = c.suspend(t, "apiserver") })
				return func() {
					if !later.Stop() {
						resume()
					}
				}
			},
		},
		{
			name: "API server gone", ns: crowdMiddle, pods: inMiddle, within: 60 * time.Second, code: 3, some: true,
			beside: func(t *testing.T, c *crowd) func() {
				time.AfterFunc(4*time.Second, func() { signal(t, c.server(t, "apiserver"), syscall.SIGKILL) })
				return func() { rig(t, "-name", "scale", "up", "kwok") }
			},
		},
		{
			name: "API server restarted", ns: crowdMiddle, pods: inMiddle, within: 2 * time.Minute,
			beside: func(t *testing.T, c *crowd) func() {
				done := make(chan struct{})
				go func() {
					defer close(done)
					time.Sleep(4 * time.Second)
					signal(t, c.server(t, "apiserver"), syscall.SIGKILL)
					rig(t, "-name", "scale", "up", "kwok")
				}()
				return func() { <-done }
			},
		},
	}
}

func (c *crowd) server(t *testing.T, name string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, "pids", name))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(b), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func (c *crowd) suspend(t *testing.T, name string) (resume func()) {
	t.Helper()
	pid := c.server(t, name)
	signal(t, pid, syscall.SIGSTOP)
	resume = func() { signal(t, pid, syscall.SIGCONT) }
	t.Cleanup(resume)
	return resume
}

// compact makes etcd forget everything but the present, through its own gateway.
func (c *crowd) compact(t *testing.T) {
	var ports map[string]int
	b, err := os.ReadFile(filepath.Join(c.dir, "ports.json"))
	if err == nil {
		err = json.Unmarshal(b, &ports)
	}
	if err != nil {
		t.Error(err)
		return
	}
	ask := func(path, body string) (header struct{ Header struct{ Revision string } }) {
		res, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/v3/kv/%s", ports["etcd"], path), "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return header
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&header); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("etcd: %s, %v", res.Status, err)
		}
		return header
	}
	now := ask("range", `{"key": "AA=="}`)
	ask("compaction", fmt.Sprintf(`{"revision": %q, "physical": true}`, now.Header.Revision))
}

// account makes a service account with the rights of "view", by a binding of that kind, and returns its kubeconfig.
func (c *crowd) account(t *testing.T, name string, binding ...string) string {
	t.Helper()
	c.kubectl(t, append([]string{"create", "serviceaccount", name, "-n", crowdSmall}, "--save-config")...)
	t.Cleanup(func() {
		_, _ = run(t, kubectlExe, "--kubeconfig", c.kubeconfig, "delete", "serviceaccount", name, "-n", crowdSmall)
	})
	c.kubectl(t, append(append([]string{"create"}, binding...), name, "--clusterrole=view", "--serviceaccount="+crowdSmall+":"+name)...)
	undo := append(append([]string{"--kubeconfig", c.kubeconfig, "delete"}, binding...), name)
	t.Cleanup(func() { _, _ = run(t, kubectlExe, undo...) })
	token := strings.TrimSpace(c.kubectl(t, "create", "token", name, "-n", crowdSmall, "--duration=2h"))
	admin, err := os.ReadFile(c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := bytes.Cut(admin, []byte("users: "))
	_, after, _ := bytes.Cut(rest, []byte("\n"))
	file := filepath.Join(t.TempDir(), name+".kubeconfig")
	text := fmt.Sprintf("%susers: [{name: rig, user: {token: %s}}]\n%s", before, token, after)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func viewerOfAll(t *testing.T, c *crowd) string {
	return c.account(t, "crowd-viewer", "clusterrolebinding")
}

func viewerOfOne(t *testing.T, c *crowd) string {
	return c.account(t, "crowd-guest", "rolebinding", "-n", crowdSmall)
}

// narrow is a priority level of its own for the viewer, with the smallest share there is, which refuses at once.
const narrow = `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: crowd-narrow}
spec: {type: Limited, limited: {nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: crowd-narrow}
spec:
  priorityLevelConfiguration: {name: crowd-narrow}
  matchingPrecedence: 100
  rules:
  - subjects: [{kind: ServiceAccount, serviceAccount: {name: crowd-viewer, namespace: crowd-small}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
    nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
`

// throttle narrows the viewer's share of the server, and has neighbours with the same account use most of it.
func throttle(t *testing.T, c *crowd) (undo func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "narrow.yaml")
	if err := os.WriteFile(file, []byte(narrow), 0o600); err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, "apply", "-f", file)
	t.Cleanup(func() { _, _ = run(t, kubectlExe, "--kubeconfig", c.kubeconfig, "delete", "-f", file) })
	token := strings.TrimSpace(c.kubectl(t, "create", "token", "crowd-viewer", "-n", crowdSmall))
	server := strings.TrimSpace(c.kubectl(t, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	ctx, stop := context.WithCancel(t.Context())
	var neighbours sync.WaitGroup
	for range 2 {
		neighbours.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/namespaces/crowd-large/pods?limit=500", nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+token)
				if res, err := client.Do(req); err == nil {
					_, _ = bytes.NewBuffer(nil).ReadFrom(res.Body)
					res.Body.Close()
				}
				linger(ctx, time.Second)
			}
		})
	}
	time.Sleep(2 * time.Second) // until the server has taken note of its new priority level
	return func() {
		stop()
		neighbours.Wait()
	}
}
