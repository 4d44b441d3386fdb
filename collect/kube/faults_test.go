package kube

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

func TestTooManyRequests(t *testing.T) {
	f := newFaulty(t)
	var n atomic.Int32
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 2 {
			w.Header().Set("Retry-After", "1")
			refuse(http.StatusTooManyRequests, "too many requests")(w, r)
			return
		}
		answer(podList(pod("push-1", "n1")))(w, r)
	})
	c := connect(t, f)
	c.o.RequestTimeout = 10 * time.Second
	start := time.Now()
	var names []string
	if err := list(t.Context(), c, "/api/v1/namespaces/openim/pods", func(p *corev1.Pod) { names = append(names, p.Name) }); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 1900*time.Millisecond {
		t.Errorf("two refusals with Retry-After 1 were answered in %s", took)
	}
	if len(names) != 1 || c.pace.interval < backedUp {
		t.Errorf("got %q at an interval of %s", names, c.pace.interval)
	}
}

func TestListExpires(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("continue") {
		case "":
			answer(`{"kind":"PodList","metadata":{"continue":"old","remainingItemCount":1},"items":[`+pod("a", "n")+`]}`)(w, r)
		case "old":
			w.WriteHeader(http.StatusGone)
			fmt.Fprint(w, `{"kind":"Status","message":"the provided continue parameter is too old","reason":"Expired","code":410,"metadata":{"continue":"fresh"}}`)
		case "fresh":
			answer(podList(pod("b", "n")))(w, r)
		}
	})
	c := connect(t, f)
	_, r := run(t, collect.Options{}, oneSource(func(ctx context.Context, b *collect.Batch) error {
		c.collectList(ctx, b, target{kind: kinds[0], ns: "openim"}, nil)
		return nil
	}))
	got := decode[corev1.PodList](t, read(t, r, bundle.Resource("pods", "openim")))
	if len(got.Items) != 2 || got.Items[1].Name != "b" {
		t.Errorf("%+v", got.Items)
	}
	if tr := info(t, r, bundle.Resource("pods", "openim")).Truncated; tr == nil || !strings.Contains(tr.Note, "newer") {
		t.Errorf("that the pages are of different ages is not recorded: %+v", tr)
	}
}

func TestListBreaks(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"kind":"PodList","metadata":{},"items":[`+pod("a", "n")+`,`+pod("b", "n")[:40])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	c := connect(t, f)
	res, r := run(t, collect.Options{}, oneSource(func(ctx context.Context, b *collect.Batch) error {
		c.collectList(ctx, b, target{kind: kinds[0], ns: "openim"}, nil)
		return nil
	}))
	got := decode[corev1.PodList](t, read(t, r, bundle.Resource("pods", "openim")))
	if len(got.Items) != 1 || got.Items[0].Name != "a" {
		t.Errorf("what came before the break is not kept: %+v", got.Items)
	}
	if info(t, r, bundle.Resource("pods", "openim")).Truncated == nil || res.Complete {
		t.Error("the break is not recorded")
	}
}

func info(t *testing.T, r *bundle.Reader, name string) bundle.EntryInfo {
	t.Helper()
	m := r.Manifest()
	if m == nil {
		t.Fatal("no manifest")
	}
	for _, e := range m.Entries {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no entry %q", name)
	return bundle.EntryInfo{}
}

// TestListGoesOn has a page that breaks off in its middle: it is read again from the same snapshot, nothing twice.
func TestListGoesOn(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("resourceVersion") == "" {
			fmt.Fprint(w, `{"kind":"PodList","metadata":{"resourceVersion":"77"},"items":[`+pod("a", "n")+`,`+pod("b", "n")[:40])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		answer(podList(pod("a", "n"), pod("b", "n"), pod("c", "n")))(w, r)
	})
	c := connect(t, f)
	res, r := run(t, collect.Options{}, oneSource(func(ctx context.Context, b *collect.Batch) error {
		c.collectList(ctx, b, target{kind: kinds[0], ns: "openim"}, nil)
		return nil
	}))
	var names []string
	for _, p := range decode[corev1.PodList](t, read(t, r, bundle.Resource("pods", "openim"))).Items {
		names = append(names, p.Name)
	}
	if strings.Join(names, " ") != "a b c" || !res.Complete {
		t.Errorf("got %q, complete %v", names, res.Complete)
	}
	if f.asked("resourceVersion=77") != 1 || f.asked("resourceVersionMatch=Exact") != 1 {
		t.Errorf("requests %q", f.requests)
	}
}

// survey is one that needs no server.
func survey(c *Cluster, streams ...*stream) *Survey {
	for _, s := range streams {
		s.lines = new(atomic.Int64)
	}
	return &Survey{Namespaces: []string{"openim"}, Access: &Access{}, streams: streams, logsRead: make(chan struct{})}
}

func running(pod, node string) *stream {
	return &stream{ns: "openim", pod: pod, container: "app", kind: "container", node: node, own: true, role: "push"}
}

func TestLogBreaks(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	f.handle("/api/v1/namespaces/openim/pods/a/log", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, logLines(time.Now(), 10))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	c := connect(t, f)
	s := running("a", "n1")
	res, r := run(t, collect.Options{}, &logs{c, survey(c, s)})
	if text := read(t, r, s.entry()); strings.Count(text, "\n") != 10 {
		t.Errorf("what came before the break is not kept: %q", text)
	}
	if tr := info(t, r, s.entry()).Truncated; tr == nil || tr.Reason != "interrupted" {
		t.Errorf("truncation %+v", tr)
	}
	if res.Complete {
		t.Error("the bundle calls itself complete")
	}
}

// TestNodeHangs has a node whose kubelet answers nothing, and one whose streams fall silent in the middle.
func TestNodeHangs(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	var streams []*stream
	for i := range 30 {
		name := fmt.Sprintf("bad-%02d", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", hang)
		streams = append(streams, running(name, "bad"))
	}
	for i := range 2 {
		name := fmt.Sprintf("silent-%02d", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, logLines(time.Now(), 3))
			w.(http.Flusher).Flush()
			hang(w, r)
		})
		streams = append(streams, running(name, "silent"))
	}
	for i := range 30 {
		name := fmt.Sprintf("good-%02d", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", answer(logLines(time.Now(), 3)))
		streams = append(streams, running(name, "good"))
	}
	c := connect(t, f)
	c.o.Streams, c.o.StreamsPerNode = 6, 2
	byRank(streams)
	start := time.Now()
	res, r := run(t, collect.Options{}, &logs{c, survey(c, streams...)})
	if took := time.Since(start); took > 6*time.Second {
		t.Errorf("one bad node held everything up for %s", took)
	}
	for i := range 30 {
		read(t, r, bundle.PodLog("openim", fmt.Sprintf("good-%02d", i), "app", false))
	}
	for i := range 2 {
		name := bundle.PodLog("openim", fmt.Sprintf("silent-%02d", i), "app", false)
		if text := read(t, r, name); strings.Count(text, "\n") != 3 || info(t, r, name).Truncated == nil {
			t.Errorf("a stream that fell silent keeps what it had sent: %q", text)
		}
	}
	timeouts := 0
	for _, g := range res.Gaps {
		if strings.Contains(g.Entry, "/bad-") && g.Reason == bundle.Timeout {
			timeouts++
		}
	}
	if timeouts != 30 {
		t.Errorf("%d of 30 logs of the bad node are recorded as gaps", timeouts)
	}
	if n := f.asked("/bad-"); n > 10 {
		t.Errorf("the bad node was asked %d times", n)
	}
}

// TestNothingStays ends a run in the middle of hanging, trickling and broken answers: none of its goroutines goes on.
func TestNothingStays(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", hang)
	trickling := func(w http.ResponseWriter, r *http.Request) {
		for fmt.Fprint(w, logLines(time.Now(), 1)); pause(r.Context(), 20*time.Millisecond); {
			fmt.Fprint(w, logLines(time.Now(), 1))
			w.(http.Flusher).Flush()
		}
	}
	var all []*stream
	for i := range 30 {
		name := fmt.Sprint("p", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", []http.HandlerFunc{hang, trickling, refuse(http.StatusTooManyRequests, "busy")}[i%3])
		all = append(all, running(name, fmt.Sprint("n", i%5)))
	}
	c := connect(t, f)
	c.o.RequestTimeout, c.o.IdleTimeout = time.Minute, time.Minute
	s := survey(c, all...)
	run(t, collect.Options{Deadline: time.Second}, &objects{c, s}, &logs{c, s})
	var left []string
	for range 50 {
		buf := make([]byte, 4<<20)
		left = slices.DeleteFunc(strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n"), func(stack string) bool {
			return !strings.Contains(stack, "/collect") || strings.Contains(stack, "testing.tRunner") || strings.Contains(stack, "(*faulty).serve")
		})
		if len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
}

func TestNoLogIsNoLog(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	texts := map[string]http.HandlerFunc{
		"gone":     answer("unable to retrieve container logs for containerd://0f3c8a1b"),
		"previous": refuse(http.StatusBadRequest, `previous terminated container "app" in pod "previous" not found`),
		"waiting":  refuse(http.StatusBadRequest, `container "app" in pod "waiting" is waiting to start: ErrImageNeverPull`),
		"vanished": refuse(http.StatusNotFound, `pods "vanished" not found`),
	}
	var streams []*stream
	for name, h := range texts {
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", h)
		streams = append(streams, running(name, "n1"))
	}
	f.handle("/api/v1/namespaces/openim/pods/mute/log", answer(""))
	mute := running("mute", "n1")
	c := connect(t, f)
	res, r := run(t, collect.Options{}, &logs{c, survey(c, append(streams, mute)...)})
	if len(res.Gaps) != len(texts) || !res.Complete {
		t.Errorf("complete %v, gaps %+v", res.Complete, res.Gaps)
	}
	for _, g := range res.Gaps {
		if g.Reason != bundle.NotFound || len(g.Detail) < 20 {
			t.Errorf("%+v", g)
		}
	}
	if text := read(t, r, mute.entry()); text != "" {
		t.Errorf("a container that said nothing has an empty log: %q", text)
	}
}

func TestPodsComeUp(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList(pod("new", "n1"))))
	f.handle("/api/v1/namespaces/openim/pods/new/log", answer(logLines(time.Now(), 1)))
	f.handle("/api/v1/namespaces/openim/pods/old/log", answer(logLines(time.Now(), 1)))
	c := connect(t, f)
	_, r := run(t, collect.Options{}, &logs{c, survey(c, running("old", "n1"))})
	read(t, r, bundle.PodLog("openim", "old", "app", false))
	read(t, r, bundle.PodLog("openim", "new", "app", false))
}

// TestLogHead has a log of which tailLines brings only the end: its beginning is asked for by itself.
func TestLogHead(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	begin := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	f.handle("/api/v1/namespaces/openim/pods/a/log", func(w http.ResponseWriter, r *http.Request) {
		all := strings.SplitAfter(logLines(begin, 50000), "\n")
		q := r.URL.Query()
		switch {
		case q.Get("limitBytes") != "":
			var n int
			fmt.Sscan(q.Get("limitBytes"), &n)
			fmt.Fprint(w, strings.Join(all, "")[:n])
		case q.Get("tailLines") != "":
			var n int
			fmt.Sscan(q.Get("tailLines"), &n)
			fmt.Fprint(w, strings.Join(all[max(0, len(all)-1-n):], ""))
		}
	})
	c := connect(t, f)
	s := running("a", "n1")
	_, r := run(t, collect.Options{MaxLogSize: 200 << 10}, &logs{c, survey(c, s)})
	text := read(t, r, s.entry())
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !strings.HasSuffix(lines[0], " line 0") || !strings.HasSuffix(lines[len(lines)-1], " line 49999") {
		t.Errorf("first %q, last %q", lines[0], lines[len(lines)-1])
	}
	if strings.Count(text, "---- imbundle: ") != 1 {
		t.Error("no line marks what was left out")
	}
	if len(text) > 210<<10 {
		t.Errorf("%d bytes of at most 200 KiB", len(text))
	}
	for i, line := range lines {
		if !strings.Contains(line, " line ") && !strings.HasPrefix(line, "----") {
			t.Errorf("line %d is cut: %q", i, line)
		}
	}
	tr := info(t, r, s.entry()).Truncated
	if tr == nil || tr.Head == 0 || tr.Tail == 0 || tr.Head+tr.Tail > int64(len(text)) {
		t.Errorf("truncation %+v", tr)
	}
}

// TestSlowStream has a stream that is too slow to reach its end in time: the newest lines are asked for by themselves.
func TestSlowStream(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	begin := time.Now().Add(-time.Hour).Truncate(time.Second)
	f.handle("/api/v1/namespaces/openim/pods/a/log", func(w http.ResponseWriter, r *http.Request) {
		all := strings.SplitAfter(logLines(begin, 3000), "\n")
		if r.URL.Query().Get("tailLines") == "2000" {
			fmt.Fprint(w, strings.Join(all[1000:], ""))
			return
		}
		for i := range all {
			fmt.Fprint(w, all[i])
			w.(http.Flusher).Flush()
			if !pause(r.Context(), 10*time.Millisecond) {
				return
			}
		}
	})
	c := connect(t, f)
	c.o.StreamTimeout = 500 * time.Millisecond
	s := running("a", "n1")
	res, r := run(t, collect.Options{}, &logs{c, survey(c, s)})
	lines := strings.Split(strings.TrimSuffix(read(t, r, s.entry()), "\n"), "\n")
	if !strings.HasSuffix(lines[0], " line 0") || !strings.HasSuffix(lines[len(lines)-1], " line 2999") {
		t.Errorf("first %q, last %q", lines[0], lines[len(lines)-1])
	}
	if tr := info(t, r, s.entry()).Truncated; tr == nil || res.Complete {
		t.Errorf("truncation %+v, complete %v", tr, res.Complete)
	}
}

func pause(ctx context.Context, d time.Duration) bool { return sleep(ctx, d) == nil }

func TestWindowEnds(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	begin := time.Now().Add(-3 * time.Hour).Truncate(time.Second)
	f.handle("/api/v1/namespaces/openim/pods/a/log", answer(logLines(begin, 7200)))
	c := connect(t, f)
	c.clock = nil
	s := running("a", "n1")
	_, r := run(t, collect.Options{Window: bundle.Window{From: begin, To: begin.Add(time.Hour)}}, &logs{c, survey(c, s)})
	text := read(t, r, s.entry())
	if n := strings.Count(text, "\n"); n != 3601 || f.asked("tailLines") != 0 {
		t.Errorf("%d lines of an hour, a second apart; tailLines asked for %d times", n, f.asked("tailLines"))
	}
	if f.asked("sinceTime="+strings.ReplaceAll(begin.UTC().Format(time.RFC3339), ":", "%3A")) != 1 {
		t.Errorf("requests %q", f.requests)
	}
}

func TestInterruptedLogs(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	began := make(chan struct{}, 1)
	f.handle("/api/v1/namespaces/openim/pods/a/log", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, logLines(time.Now(), 100))
		w.(http.Flusher).Flush()
		began <- struct{}{}
		hang(w, r)
	})
	f.handle("/api/v1/namespaces/openim/pods/b/log", hang)
	c := connect(t, f)
	c.o.IdleTimeout, c.o.RequestTimeout, c.o.Streams = time.Minute, time.Minute, 1
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-began
		time.Sleep(50 * time.Millisecond)
		interrupt()
	}()
	a, b := running("a", "n1"), running("b", "n1")
	start := time.Now()
	res, r := runUnder(t, ctx, collect.Options{}, &logs{c, survey(c, a, b)})
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if text := read(t, r, a.entry()); strings.Count(text, "\n") != 100 || info(t, r, a.entry()).Truncated == nil {
		t.Errorf("what had come of the open log is not kept: %d lines", strings.Count(text, "\n"))
	}
	if res.Complete || !strings.Contains(res.Reason, "interrupted") {
		t.Errorf("%+v", res)
	}
}
