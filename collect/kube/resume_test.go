package kube

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
)

// installed answers like the API server of a small installation: three pods, one of them restarted, every list empty but
// that of the pods, and measurements.
func installed(t *testing.T) *faulty {
	t.Helper()
	f := newFaulty(t)
	for _, root := range []string{"/api/v1", "/apis"} {
		f.handle(root, func(w http.ResponseWriter, r *http.Request) { answerList(w, r, "") })
	}
	f.handle("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", answer(`{"kind":"SelfSubjectAccessReview","status":{"allowed":true}}`))
	f.handle("/api/v1/namespaces/openim", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/namespaces/openim" {
			answer(`{"kind":"Namespace","metadata":{"name":"openim","uid":"n"}}`)(w, r)
			return
		}
		answerList(w, r, "")
	})
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		answerList(w, r, pod("push-1", "n1"), pod("push-2", "n1"), strings.Replace(pod("push-3", "n2"), `"restartCount":0`, `"restartCount":1`, 1))
	})
	for _, name := range []string{"push-1", "push-2", "push-3"} {
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", answer("2026-11-20T08:00:00.000000001Z said by "+name+"\n"))
		f.handle("/api/v1/namespaces/openim/pods/"+name+":12170/proxy/metrics", answer("# TYPE msg_long_time_push_total counter\nmsg_long_time_push_total 0\n"))
	}
	f.handle("/apis/apps/v1/namespaces/openim/deployments", func(w http.ResponseWriter, r *http.Request) {
		answerList(w, r, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"openim-push","namespace":"openim","uid":"d1"},
"spec":{"replicas":1,"selector":{"matchLabels":{"app":"x"}},"strategy":{"type":"Recreate"},"template":{"spec":{"containers":[{"name":"app","image":"openim/openim-push:v3.8.3"}]}}}}`)
	})
	f.handle("/apis/metrics.k8s.io/v1beta1/namespaces/openim/pods", answer(`{"items":[]}`))
	f.handle("/apis/metrics.k8s.io/v1beta1/nodes", answer(`{"items":[]}`))
	f.handle("/readyz", answer("ok\n"))
	return f
}

// answerList answers a list both ways: as a Table where that is asked for.
func answerList(w http.ResponseWriter, r *http.Request, objects ...string) {
	objects = slices.DeleteFunc(objects, func(o string) bool { return o == "" })
	if !strings.Contains(r.Header.Get("Accept"), "as=Table") {
		fmt.Fprint(w, `{"kind":"List","metadata":{},"items":[`+strings.Join(objects, ",")+`],"groups":[]}`)
		return
	}
	for i, o := range objects {
		objects[i] = `{"cells":["x"],"object":` + o + `}`
	}
	fmt.Fprint(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[`+strings.Join(objects, ",")+`]}`)
}

// collectAll runs the whole collection, continuing the bundle at path if there is one.
func collectAll(t *testing.T, f *faulty, output, path string) (*collect.Result, *bundle.Manifest) {
	t.Helper()
	r, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := collect.Options{Output: output, Redactor: r, Tool: bundle.Tool{Name: "imbundle"}}
	if path != "" {
		if o.Resume, err = collect.OpenEarlier(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	c := connect(t, f)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.Cluster, o.Gaps = c.Identity(s), s.Gaps()
	if o.Resume != nil {
		if err := o.Resume.SameCluster(*o.Cluster); err != nil {
			t.Fatal(err)
		}
	}
	res, err := collect.Run(t.Context(), o, c.Sources(s))
	if err != nil {
		t.Fatal(err)
	}
	in, err := bundle.Open(output, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	return res, in.Manifest()
}

func namesOf(m *bundle.Manifest) (names []string) {
	for _, e := range m.Entries {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}

// requestsOf are the requests that a source sends for an entry; empty when it sends none of its own.
func requestsOf(name string) string {
	if l, is := bundle.ParsePodLog(name); is {
		if l.Previous {
			return "/pods/" + l.Pod + "/log?container=" + l.Container + "&previous=true"
		}
		return "/pods/" + l.Pod + "/log?container=" + l.Container + "&tail"
	}
	if ns, pod, port, is := bundle.ParsePodMetrics(name); is {
		return fmt.Sprintf("/%s/pods/%s:%d/proxy", ns, pod, port)
	}
	if kind, ns, is := bundle.ParseTable(name); is && ns != "" {
		return "/" + kind + "?includeObject="
	}
	return map[string]string{bundle.ReadyZ: "/readyz", bundle.TopPodsJSON: "metrics.k8s.io/v1beta1/namespaces", bundle.TopNodesJSON: "metrics.k8s.io/v1beta1/nodes"}[name]
}

// TestResumeAsksForWhatIsMissing breaks a log, a list and the node measurements, and then counts what the second run asks for.
func TestResumeAsksForWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	f := installed(t)
	_, whole := collectAll(t, f, filepath.Join(dir, "whole.tgz"), "")
	broken := []string{bundle.PodLog("openim", "push-2", "app", false), bundle.Table("secrets", "openim"), bundle.TopNodesJSON}
	for _, path := range []string{"/api/v1/namespaces/openim/pods/push-2/log", "/api/v1/namespaces/openim/secrets", "/apis/metrics.k8s.io/v1beta1/nodes"} {
		f.handle(path, refuse(http.StatusInternalServerError, "no luck"))
	}
	first, m := collectAll(t, f, filepath.Join(dir, "first.tgz"), "")
	if first.Complete || len(m.Entries) >= len(whole.Entries) {
		t.Fatalf("nothing is missing: %+v", first)
	}
	mended := installed(t)
	res, m := collectAll(t, mended, filepath.Join(dir, "second.tgz"), filepath.Join(dir, "first.tgz"))
	if !res.Complete || len(m.Gaps) != 0 {
		t.Errorf("%+v", res)
	}
	if got, want := namesOf(m), namesOf(whole); !slices.Equal(got, want) {
		t.Errorf("entries\n%q, an undisturbed run has\n%q", got, want)
	}
	for _, name := range namesOf(m) {
		asks := requestsOf(name)
		if asks == "" {
			continue
		}
		n, want := mended.asked(asks), 0
		if slices.Contains(broken, name) {
			want = 1
		}
		if n != want {
			t.Errorf("%s: %d requests, want %d", name, n, want)
		}
	}
}

// TestResumeKilledRun takes the file as it is in the middle of the first run: what is whole in it is not asked for again.
func TestResumeKilledRun(t *testing.T) {
	dir := t.TempDir()
	f := installed(t)
	_, whole := collectAll(t, f, filepath.Join(dir, "whole.tgz"), "")
	output, killed := filepath.Join(dir, "first.tgz"), filepath.Join(dir, "killed.tgz")
	f.handle("/api/v1/namespaces/openim/pods/push-3/log", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(300 * time.Millisecond) // the other logs are there by then
		if body, err := os.ReadFile(output); err == nil {
			_ = os.WriteFile(killed, body, 0o600)
		}
		answer("2026-11-20T08:00:00.000000001Z said\n")(w, r)
	})
	collectAll(t, f, output, "")
	left := wholeNames(t, killed)
	again := installed(t)
	res, m := collectAll(t, again, filepath.Join(dir, "second.tgz"), killed)
	if !res.Complete || res.Carried == 0 || res.Carried > len(left) {
		t.Errorf("%+v", res)
	}
	if got, want := namesOf(m), namesOf(whole); !slices.Equal(got, want) {
		t.Errorf("entries\n%q, an undisturbed run has\n%q", got, want)
	}
	logs := 0
	for _, name := range left {
		if _, log := bundle.ParsePodLog(name); log {
			logs++
			if again.asked(requestsOf(name)) > 0 {
				t.Errorf("%s is there and was asked for", name)
			}
		}
	}
	if logs < 2 || again.asked("/pods/push-3/log") == 0 {
		t.Errorf("%d logs were there, and the one that was being read was not asked for again", logs)
	}
	t.Logf("%d entries of %d were carried", res.Carried, res.Entries)
}

// TestResumeConfig: what OpenIM's configuration comes to is made anew, so that a Secret which could not be read is in it by then.
func TestResumeConfig(t *testing.T) {
	const mount = `{"name":"s","mountPath":"/config"}`
	_, c, s := mounting(t, secretVolume, mount, "", nil, func(f *faulty) {
		f.handle("/api/v1/namespaces/openim/secrets/s", refuse(http.StatusInternalServerError, "no luck"))
	})
	res, r := run(t, collect.Options{Tool: bundle.Tool{Name: "imbundle"}}, &config{c, s})
	if strings.Contains(read(t, r, bundle.ConfigEffective), "redis:1") {
		t.Fatal("the Secret was read")
	}
	earlier, err := collect.OpenEarlier(t.Context(), res.Path)
	if err != nil {
		t.Fatal(err)
	}
	_, c, s = mounting(t, secretVolume, mount, "", map[string]map[string]string{"s": {"redis.yml": "address: [ redis:1 ]\n"}}, nil)
	res, r = run(t, collect.Options{Tool: bundle.Tool{Name: "imbundle"}, Resume: earlier}, &config{c, s})
	if text := read(t, r, bundle.ConfigEffective); !strings.Contains(text, "redis:1") || !res.Complete || len(res.Gaps) > 0 {
		t.Errorf("%s\n%+v", text, res)
	}
}

func wholeNames(t *testing.T, path string) (names []string) {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Each(t.Context(), 1, func(_ int, f *bundle.File) error {
		n, err := io.Copy(io.Discard, f)
		if n == f.Size {
			names = append(names, f.Name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestResumeAfterRestart continues after a container was restarted: its carried log is that of the instance before, so that
// the previous log is there under another name.
func TestResumeAfterRestart(t *testing.T) {
	dir := t.TempDir()
	f := installed(t)
	f.handle("/readyz", refuse(http.StatusInternalServerError, "")) // kept as text: the bundle is complete but for what follows
	f.handle("/api/v1/namespaces/openim/secrets", refuse(http.StatusInternalServerError, "no luck"))
	collectAll(t, f, filepath.Join(dir, "first.tgz"), "")
	g := installed(t)
	g.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		answerList(w, r, strings.Replace(pod("push-1", "n1"), `"containerID":"containerd://1","restartCount":0`,
			`"containerID":"containerd://2","restartCount":1,"lastState":{"terminated":{"exitCode":1,"containerID":"containerd://1"}}`, 1))
	})
	res, m := collectAll(t, g, filepath.Join(dir, "second.tgz"), filepath.Join(dir, "first.tgz"))
	if n := g.asked("/log?"); n != 0 {
		t.Errorf("%d logs were asked for", n)
	}
	if !res.Complete {
		t.Errorf("%+v", res)
	}
	previous := bundle.PodLog("openim", "push-1", "app", true)
	if !slices.ContainsFunc(m.Gaps, func(g bundle.Gap) bool { return g.Entry == previous && g.Reason == bundle.NotFound }) {
		t.Errorf("nobody says where the previous log is: %+v", m.Gaps)
	}
	if !slices.Contains(namesOf(m), bundle.PodLog("openim", "push-2", "app", false)) {
		t.Error("the log of a pod that is gone is lost")
	}
}
