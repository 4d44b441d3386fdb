//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands between the program and a real API server, over HTTP/2 and TLS like that. It counts what passes, and
// shows faults that the server cannot be made to show.
type proxy struct {
	kubeconfig string // with the proxy in the place of the server
	disturb    func(next http.Handler) http.Handler

	mu      sync.Mutex
	asked   []asked
	open    map[string]int // log streams, by node
	most    map[string]int // of them at any time
	nodes   map[string]string
	streams int // at any time, of all nodes
}

// asked is one request that passed.
type asked struct {
	at    time.Time
	took  time.Duration
	path  string
	query url.Values
	code  int
	bytes int64
}

func (a asked) isLog() bool { return strings.HasSuffix(a.path, "/log") }

// isList reports whether objects of a kind of Kubernetes itself are listed; metrics-server knows no pages.
func (a asked) isList() bool {
	i := strings.LastIndexByte(a.path, '/')
	kind := a.path[i+1:]
	return !a.isLog() && !strings.Contains(a.path, "/proxy/") && strings.Count(a.path, "/") > 2 && strings.HasSuffix(kind, "s") && kind != "namespaces" && !strings.Contains(a.path, "metrics.k8s.io") &&
		!strings.Contains(a.path, "authorization.k8s.io/v1/self")
}

// newProxy forwards as the user of a kubeconfig of the rig, its certificate or its token.
func newProxy(t *testing.T, config string, disturb func(next http.Handler) http.Handler) *proxy {
	t.Helper()
	p := &proxy{disturb: disturb, open: map[string]int{}, most: map[string]int{}}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) string {
		m := regexp.MustCompile(name + `: "?([^",}\s]+)`).FindSubmatch(text)
		if m == nil {
			return ""
		}
		return string(m[1])
	}
	server, err := url.Parse(field("server"))
	if err != nil {
		t.Fatal(err)
	}
	var forward http.Handler = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(server) },
		Transport:     &http.Transport{TLSClientConfig: clientTLS(t, field), ForceAttemptHTTP2: true},
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	if disturb != nil {
		forward = disturb(forward)
	}
	s := httptest.NewUnstartedServer(p.count(forward))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of answers that are broken off
	s.StartTLS()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	user := "{}"
	if token := field("token"); token != "" {
		user = "{token: " + token + "}"
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	p.kubeconfig = filepath.Join(t.TempDir(), "proxy.kubeconfig")
	err = os.WriteFile(p.kubeconfig, []byte(fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: p,
 clusters: [{name: p, cluster: {server: %q, certificate-authority-data: %s}}], users: [{name: p, user: %s}],
 contexts: [{name: p, context: {cluster: p, user: p, namespace: default}}]}`, s.URL, base64.StdEncoding.EncodeToString(ca), user)), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func clientTLS(t *testing.T, field func(string) string) *tls.Config {
	t.Helper()
	data := func(name string) []byte {
		b, err := base64.StdEncoding.DecodeString(field(name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AppendCertsFromPEM(data("certificate-authority-data"))
	if field("token") == "" {
		pair, err := tls.X509KeyPair(data("client-certificate-data"), data("client-key-data"))
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// count keeps a record of every request, its answer dropped or not.
func (p *proxy) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := asked{at: time.Now(), path: r.URL.Path, query: r.URL.Query(), code: http.StatusOK}
		counted := &countedWriter{ResponseWriter: w, asked: &a}
		node := p.begin(a)
		defer func() {
			a.took = time.Since(a.at)
			p.end(node, a)
		}()
		next.ServeHTTP(counted, r)
	})
}

func (p *proxy) begin(a asked) (node string) {
	if !a.isLog() {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	part := strings.Split(a.path, "/") // "", api, v1, namespaces, NS, pods, POD, log
	node = p.nodes[part[4]+"/"+part[6]]
	p.open[node]++
	p.most[node] = max(p.most[node], p.open[node])
	all := 0
	for _, n := range p.open {
		all += n
	}
	p.streams = max(p.streams, all)
	return node
}

func (p *proxy) end(node string, a asked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, a)
	if a.isLog() {
		p.open[node]--
	}
}

type countedWriter struct {
	http.ResponseWriter
	asked *asked
}

func (w *countedWriter) WriteHeader(code int) {
	w.asked.code = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *countedWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.asked.bytes += int64(n)
	return n, err
}

func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// passed are the requests that a func chooses.
func (p *proxy) passed(choose func(asked) bool) (chosen []asked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.asked {
		if choose(a) {
			chosen = append(chosen, a)
		}
	}
	return chosen
}

// slow adds a delay before each answer.
func slow(delay func() time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			linger(r.Context(), delay())
			next.ServeHTTP(w, r)
		})
	}
}

func linger(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// on disturbs the requests that a func chooses.
func on(choose func(*http.Request) bool, disturb func(http.ResponseWriter, *http.Request, http.Handler)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if choose(r) {
				disturb(w, r, next)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// trickle lets an answer through a few bytes at a time.
func trickle(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(&filtered{w, func(b []byte) (int, error) {
		for i := 0; i < len(b); i += 8 {
			if _, err := w.Write(b[i:min(i+8, len(b))]); err != nil {
				return i, err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return i, err
			}
			linger(r.Context(), 50*time.Millisecond)
			if r.Context().Err() != nil {
				return i, io.ErrClosedPipe
			}
		}
		return len(b), nil
	}}, r)
}

// breakOff drops an answer after so many bytes.
func breakOff(after int) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		left := after
		next.ServeHTTP(&filtered{w, func(b []byte) (int, error) {
			n, err := w.Write(b[:min(left, len(b))])
			if left -= n; left == 0 {
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			return n, err
		}}, r)
	}
}

// silent never answers.
func silent(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }

// filtered passes a body through a func.
type filtered struct {
	http.ResponseWriter
	write func([]byte) (int, error)
}

func (f *filtered) Write(b []byte) (int, error) { return f.write(b) }

func (f *filtered) Unwrap() http.ResponseWriter { return f.ResponseWriter }
