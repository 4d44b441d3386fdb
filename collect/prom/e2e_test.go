//go:build e2e

package prom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/prom"
	"github.com/imbundle/imbundle/specs"
)

// binary is Debian's Prometheus: the installed one, or the package unpacked into a folder of its own.
func binary(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("prometheus"); err == nil {
		return path
	}
	dir := filepath.Join(os.TempDir(), "imbundle-prometheus")
	path := filepath.Join(dir, "usr", "bin", "prometheus")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("there is no prometheus, and no apt-get to get one")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	get := exec.CommandContext(t.Context(), "sh", "-c", "apt-get download -q prometheus && dpkg -x prometheus_*.deb .")
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		t.Fatalf("getting Debian's prometheus: %v: %s", err, out)
	}
	return path
}

// start runs a Prometheus that scrapes an exporter every second, and waits until it has scraped twice.
func start(t *testing.T, exporter string) string {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: openim\n  static_configs:\n  - targets: [%s]\n    labels: {namespace: im}\n", strings.TrimPrefix(exporter, "http://"))
	if err := os.WriteFile(filepath.Join(dir, "p.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, binary(t), "--config.file="+filepath.Join(dir, "p.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+at)
	if err := server.Start(); err != nil {
		cancel()
		t.Skipf("starting Prometheus: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait() // it was killed
	})
	ready := func() bool {
		res, err := http.Get("http://" + at + "/api/v1/query?query=" + url.QueryEscape("count_over_time(up[1m]) >= 2"))
		if err != nil {
			return false
		}
		defer res.Body.Close()
		var a struct{ Data struct{ Result []any } }
		return json.NewDecoder(res.Body).Decode(&a) == nil && len(a.Data.Result) > 0
	}
	for end := time.Now().Add(time.Minute); !ready(); {
		if time.Now().After(end) {
			t.Fatal("Prometheus scraped nothing within a minute")
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "http://" + at
}

func collected(t *testing.T, o prom.Options) (*collect.Result, map[string]string) {
	t.Helper()
	redactor, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(t.TempDir(), "x.tgz")
	now := time.Now()
	res, err := collect.Run(t.Context(), collect.Options{Output: output, Redactor: redactor, Window: bundle.Window{From: now.Add(-5 * time.Minute), To: now}}, []collect.Source{prom.New(o)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(output, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	texts := map[string]string{}
	err = r.Each(t.Context(), 1, func(_ int, f *bundle.File) error {
		text, err := io.ReadAll(f)
		if id, is := bundle.ParsePrometheusQuery(f.Name); is {
			texts[id] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return res, texts
}

// TestEveryQueryOfARealServer: a real Prometheus understands each query of the list, and gives the series that it has.
func TestEveryQueryOfARealServer(t *testing.T) {
	var n atomic.Int64
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE msg_insert_mongo_failed_total counter\nmsg_insert_mongo_failed_total{pod=\"p\"} %d\n# TYPE online_user_num gauge\nonline_user_num{pod=\"g\"} 12\n", n.Add(3))
		for i := range 40 {
			fmt.Fprintf(w, "container_memory_working_set_bytes{pod=\"p%d\",container=\"c\"} 1000\n", i)
		}
	}))
	t.Cleanup(exporter.Close)
	address := start(t, exporter.URL)
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	get, at, err := prom.Direct(http.DefaultClient, address)
	if err != nil {
		t.Fatal(err)
	}
	o := prom.Options{Get: get, At: at, Queries: set.Queries, Namespaces: []string{"im", "im.two"}}
	res, texts := collected(t, o)
	if !res.Complete || len(res.Gaps) > 0 || len(texts) != len(set.Queries) {
		t.Errorf("complete %v, %d answers to %d queries, gaps %+v", res.Complete, len(texts), len(set.Queries), res.Gaps)
	}
	for id, want := range map[string]string{"online-users": `"12"`, "mongo-insert-failed": `"pod":"p"`, "memory": `"pod":"p39"`, "volumes": `"result":[]`} {
		if !strings.Contains(texts[id], want) {
			t.Errorf("%s: %.300s lacks %s", id, texts[id], want)
		}
	}
	o.MaxSeries = 10
	res, texts = collected(t, o)
	if got := strings.Count(texts["memory"], `"metric"`); got != 10 || res.Complete {
		t.Errorf("%d series of 10 were kept, complete %v", got, res.Complete)
	}
	o.MaxSeries, o.Queries = 0, []*specs.Query{{ID: "broken", Query: "sum by ("}, {ID: "sound", Query: "up"}}
	res, texts = collected(t, o)
	if len(res.Gaps) != 1 || !strings.Contains(res.Gaps[0].Detail, "parse error") || !strings.Contains(texts["sound"], `"1"`) {
		t.Errorf("a broken query: %+v, %q", res.Gaps, texts)
	}
}

// TestServerThatIsGone gives up after three queries, and accounts for each.
func TestServerThatIsGone(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	get, at, err := prom.Direct(http.DefaultClient, gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	res, _ := collected(t, prom.Options{Get: get, At: at, Queries: set.Queries, Namespaces: []string{"im"}})
	if res.Complete || len(res.Gaps) != len(set.Queries) || strings.Contains(res.Gaps[0].Detail, "query_range") {
		t.Errorf("%d gaps of %d queries: %+v", len(res.Gaps), len(set.Queries), res.Gaps[0])
	}
}
