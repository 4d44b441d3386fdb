//go:build e2e

package e2e

import (
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
			user: viewerOfAll, beside: throttle, gaps: "7 forbidden", // secrets are got by name, and no pod of the crowd names any
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
			user: viewerOfOne, gaps: "32 forbidden", // the events about nodes in namespace default among them
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
