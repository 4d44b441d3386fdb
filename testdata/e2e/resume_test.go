//go:build e2e

package e2e

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// gatekeeper stands between the program and the API server: it counts requests, and holds those for the logs of one
// component as long as it is told to. Behind it, kubectl proxy does the authentication.
type gatekeeper struct {
	config string // kubeconfig that leads through it
	mu     sync.Mutex
	asked  []string
	held   string        // part of the path
	open   chan struct{} // closed when nothing is held
}

func newGatekeeper(t *testing.T) *gatekeeper {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, kubectlExe, "--kubeconfig", kubeconfig, "proxy", "--port=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	target := &url.URL{Scheme: "http", Host: regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)}
	g := &gatekeeper{open: make(chan struct{})}
	close(g.open)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1, ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-g.enter(r):
			proxy.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(g.release)
	g.config = filepath.Join(t.TempDir(), "gate.kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"c","cluster":{"server":%q}}],
"users":[{"name":"u","user":{}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}]}`, server.URL)
	if err := os.WriteFile(g.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// enter counts a request and gives what it has to wait for.
func (g *gatekeeper) enter(r *http.Request) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, r.URL.RequestURI())
	if g.held != "" && strings.Contains(r.URL.Path, g.held) && strings.HasSuffix(r.URL.Path, "/log") {
		return g.open
	}
	through := make(chan struct{})
	close(through)
	return through
}

func (g *gatekeeper) hold(part string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held, g.open, g.asked = part, make(chan struct{}), nil
}

func (g *gatekeeper) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != "" {
		close(g.open)
	}
	g.held, g.asked = "", nil
}

// count is how many requests were made for an entry that is a log.
func (g *gatekeeper) count(entry string) (n int) {
	parts := strings.Split(entry, "/")
	container, previous := strings.CutSuffix(strings.TrimSuffix(parts[5], ".log"), "-previous")
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, uri := range g.asked {
		if strings.Contains(uri, "/pods/"+parts[4]+"/log?") && strings.Contains(uri, "container="+container+"&") && strings.Contains(uri, "previous=true") == previous {
			n++
		}
	}
	return n
}

func (g *gatekeeper) requests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.asked)
}

// whole lists the entries of a bundle, cut or not, that are there to their last byte and were not cut short by their source.
func whole(t *testing.T, path string) (names []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Entries []struct {
			Name      string
			Truncated *struct{ Reason string }
		}
		Gaps []gap
	}
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if err != nil {
			break // the end, wherever that is
		}
		body, err := io.ReadAll(tr)
		if err != nil {
			break
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if name == "imbundle/manifest.json" {
			if err := json.Unmarshal(body, &manifest); err != nil {
				t.Fatal(err)
			}
		}
		names = append(names, name)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		for _, e := range manifest.Entries {
			if e.Name == name && e.Truncated != nil && e.Truncated.Reason != "max-log-size" {
				return true
			}
		}
		return slices.ContainsFunc(manifest.Gaps, func(g gap) bool { return g.Entry == name })
	})
}

func (a *archive) everyName() (names []string) {
	for name := range a.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestResume ends a run in its middle, by kill -9 and by Ctrl-C, and goes on from what it left: the result has the entries of
// an undisturbed run, and no log that was there is asked of the server again.
func TestResume(t *testing.T) {
	s := scenario{namespace: "openim-resume"}
	stage(t, s)
	t.Cleanup(func() { rig(t, "delete", s.namespace) })
	g := newGatekeeper(t)
	undisturbed, res := collectAs(t, g.config, "-n", s.namespace)
	undisturbed.reached(t, res)
	all := g.requests()
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			file, args := collectArgs(t, g.config, "-n", s.namespace)
			g.hold("/openim-push-")
			r := begin(t, args...)
			r.says("kube-objects: done")
			time.Sleep(3 * time.Second) // the other logs are there by now
			signal(t, r.cmd.Process.Pid, sig)
			if res := r.wait(); sig == syscall.SIGINT && (res.code != 3 || !strings.Contains(res.err, "imbundle collect --resume "+file)) {
				t.Errorf("exit code %d, want 3 and the next step\n%s", res.code, res.err)
			}
			g.release()
			left := whole(t, file)
			a, res := resumed(t, g, file)
			if got, want := a.everyName(), undisturbed.everyName(); !slices.Equal(got, want) {
				t.Errorf("entries\n%q\nwant\n%q", got, want)
			}
			a.reached(t, res)
			logs, again := 0, 0
			for _, name := range left {
				if strings.HasPrefix(name, "cluster-resources/pods/logs/") {
					logs++
					if n := g.count(name); n > 0 {
						t.Errorf("%s was there and was asked for %d times", name, n)
					}
				}
			}
			for _, name := range a.everyName() {
				if strings.HasPrefix(name, "cluster-resources/pods/logs/") && g.count(name) > 0 {
					again++
				}
			}
			t.Logf("%d entries were left, %d of them logs; %d logs were asked for after that; %d requests, an undisturbed run makes %d", len(left), logs, again, g.requests(), all)
			if logs < 10 || again == 0 {
				t.Errorf("%d logs were left and %d asked for: this shows nothing", logs, again)
			}
			s.judge(t, a, analyze(t, a))
		})
	}
}

// resumed continues a bundle, which must stay as it is.
func resumed(t *testing.T, g *gatekeeper, file string) (*archive, result) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a, res := collectAs(t, g.config, "--resume", file)
	if after, err := os.ReadFile(file); err != nil || !slices.Equal(before, after) {
		t.Errorf("%s was changed (%v)", file, err)
	}
	return a, res
}
