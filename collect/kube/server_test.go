package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
)

// faulty answers like an API server, with the faults that a real one cannot be made to show. Real servers are in testdata/rig.
type faulty struct {
	*httptest.Server
	mu       sync.Mutex
	handlers map[string]http.HandlerFunc // by path; the longest prefix wins
	requests []string
	made     map[string]int // requests by method and path
}

func newFaulty(t *testing.T) *faulty {
	t.Helper()
	f := &faulty{handlers: map[string]http.HandlerFunc{}, made: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	f.handle("/version", answer(`{"major":"1","minor":"37","gitVersion":"v1.37.2"}`))
	f.handle("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", answer(`{"kind":"SelfSubjectAccessReview","status":{"allowed":true}}`))
	return f
}

func (f *faulty) handle(path string, h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers[path] = h
}

func (f *faulty) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.URL.RequestURI())
	f.made[r.Method+" "+r.URL.Path]++
	var h http.HandlerFunc
	longest := -1
	for path, handler := range f.handlers {
		if strings.HasPrefix(r.URL.Path, path) && len(path) > longest {
			h, longest = handler, len(path)
		}
	}
	f.mu.Unlock()
	if h == nil {
		refuse(http.StatusNotFound, "the server could not find the requested resource")(w, r)
		return
	}
	h(w, r)
}

// asked counts the requests whose URI holds a text.
func (f *faulty) asked(text string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if strings.Contains(r, text) {
			n++
		}
	}
	return n
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func refuse(code int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","status":"Failure","message":%q,"code":%d}`, message, code)
	}
}

// hang answers nothing until the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

var loadSpecs = sync.OnceValues(func() (*specs.Set, error) { return specs.Load() })

func testSpecs(t *testing.T) *specs.Set {
	t.Helper()
	set, err := loadSpecs()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// testRedactor has the rules of the product.
func testRedactor(t *testing.T) *redact.Redactor {
	t.Helper()
	var rules []redact.Rule
	for _, r := range testSpecs(t).Redactions {
		rules = append(rules, redact.Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern})
	}
	redactor, err := redact.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return redactor
}

// testOptions point at a server, with limits short enough for a test.
func testOptions(t *testing.T, url string) Options {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
	flags := genericclioptions.NewConfigFlags(true)
	flags.APIServer = &url
	return Options{
		Flags: flags, Specs: testSpecs(t), Namespaces: []string{"openim"}, Samples: 1, SampleEvery: time.Millisecond,
		RequestTimeout: time.Second, IdleTimeout: 300 * time.Millisecond, StreamTimeout: 5 * time.Second,
	}
}

func connect(t *testing.T, f *faulty) *Cluster {
	t.Helper()
	c, err := Connect(t.Context(), testOptions(t, f.URL))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hurried asks without a pace: what is asked is the same, and nobody waits.
func hurried(t *testing.T, o Options) *Cluster {
	t.Helper()
	c, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c.pace.interval, c.pace.shortest = 0, 0
	return c
}

// surveyed surveys what there is and makes the ways to it, which end with the test.
func surveyed(t *testing.T, o Options) (*Cluster, *Survey, *Reach) {
	t.Helper()
	c := hurried(t, o)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := c.Reach(s)
	t.Cleanup(r.Close)
	return c, s, r
}

// oneSource is a Source made of a func.
type oneSource func(ctx context.Context, b *collect.Batch) error

func (oneSource) Name() string                                          { return "test" }
func (s oneSource) Collect(ctx context.Context, b *collect.Batch) error { return s(ctx, b) }

// run collects one source and opens what it wrote.
func run(t *testing.T, o collect.Options, sources ...collect.Source) (*collect.Result, *bundle.Reader) {
	t.Helper()
	return runUnder(t, t.Context(), o, sources...)
}

func runUnder(t *testing.T, ctx context.Context, o collect.Options, sources ...collect.Source) (*collect.Result, *bundle.Reader) {
	t.Helper()
	if o.Redactor == nil {
		var err error
		if o.Redactor, err = redact.Compile(nil); err != nil {
			t.Fatal(err)
		}
	}
	o.Output = filepath.Join(t.TempDir(), "imbundle-test.tgz")
	res, err := collect.Run(ctx, o, sources)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(o.Output, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return res, r
}

// read is the text of an entry.
func read(t *testing.T, r *bundle.Reader, name string) string {
	t.Helper()
	rc, err := r.Open(name)
	if err != nil {
		t.Fatalf("%v; there are %q", err, r.Names())
	}
	defer rc.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, rc); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pod is a running pod with one container, as the API gives it.
func pod(name, node string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":"openim"},"spec":{"nodeName":%q,
"containers":[{"name":"app","image":"openim/openim-push:v3.8.3"}]},"status":{"phase":"Running","containerStatuses":[
{"name":"app","containerID":"containerd://1","restartCount":0,"state":{"running":{}}}]}}`, name, node)
}

func podList(pods ...string) string {
	return `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[` + strings.Join(pods, ",") + `]}`
}

// logLines are numbered lines as the kubelet sends them, a second apart.
func logLines(from time.Time, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s line %d\n", from.Add(time.Duration(i)*time.Second).UTC().Format(time.RFC3339Nano), i)
	}
	return b.String()
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
