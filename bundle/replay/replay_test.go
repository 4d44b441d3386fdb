package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

var snapshot = time.Date(2026, 7, 2, 10, 15, 0, 0, time.UTC)

// write makes a bundle of entries, all of the snapshot's time.
func write(t testing.TB, entries map[string]string, gaps ...bundle.Gap) string {
	t.Helper()
	redactor, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.tgz")
	w, err := bundle.Create(path, bundle.Options{Redactor: redactor})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range entries {
		e, err := w.Create(name, bundle.Meta{Time: snapshot})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, text); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range gaps {
		w.Gap(g)
	}
	if err := w.Finish(bundle.Final{Complete: true}); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string) *Cluster {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	c, err := Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pods(n int) string {
	var items []string
	for i := range n {
		phase := "Running"
		if i%2 == 1 {
			phase = "Failed"
		}
		items = append(items, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-%04d","namespace":"im","uid":"u-%d","resourceVersion":"%d","labels":{"n":"%d"},"creationTimestamp":"2026-07-02T10:00:00Z"},"spec":{"nodeName":"node-%d","containers":[{"name":"app","image":"openim/openim-api:v3.8.3"}]},"status":{"phase":%q,"startTime":"2026-07-02T10:00:01Z"}}`, i, i, 100+i, i%3, i%4, phase))
	}
	return `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[` + strings.Join(items, ",\n") + `]}`
}

// get asks for a path; accept is JSON where it is empty.
func get(t testing.TB, c *Cluster, path, accept string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://bundle"+path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

type answerList struct {
	Kind     string
	Metadata struct {
		Continue           string
		RemainingItemCount int
	}
	Message, Reason string
	Items           []struct{ Metadata struct{ Name string } }
	Rows            []struct{ Cells []any }
}

func ask(t testing.TB, c *Cluster, path, accept string) answerList {
	t.Helper()
	_, body, _ := get(t, c, path, accept)
	var l answerList
	if err := json.Unmarshal([]byte(body), &l); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, body)
	}
	return l
}

func TestSelectors(t *testing.T) {
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(12)}))
	for query, want := range map[string]int{
		"":                                     12,
		"?labelSelector=n%3D1":                 4,
		"?labelSelector=n+in+(0,1)":            8,
		"?labelSelector=n%21%3D1":              8,
		"?labelSelector=nosuch":                0,
		"?fieldSelector=status.phase%3DFailed": 6,
		"?fieldSelector=status.phase%21%3DFailed,spec.nodeName%3Dnode-0": 3,
		"?fieldSelector=metadata.name%3Dpod-0003":                        1,
		"?fieldSelector=spec.nodeName%3Dnode-1&labelSelector=n%3D1":      1,
	} {
		if got := ask(t, c, "/api/v1/namespaces/im/pods"+query, ""); len(got.Items) != want {
			t.Errorf("%s: %d items, want %d", query, len(got.Items), want)
		}
	}
	for _, query := range []string{"?labelSelector=a%3D%3D%3D", "?fieldSelector=spec.image%3Dx", "?limit=-1", "?continue=x"} {
		if code, body, _ := get(t, c, "/api/v1/namespaces/im/pods"+query, ""); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
}

func TestPages(t *testing.T) {
	path := write(t, map[string]string{bundle.Resource("pods", "im"): pods(12)})
	c, query := open(t, path), "?limit=5"
	var names, rest []string
	for range 4 {
		page := ask(t, c, "/api/v1/pods"+query, "")
		rest = append(rest, fmt.Sprint(page.Metadata.RemainingItemCount))
		for _, i := range page.Items {
			names = append(names, i.Metadata.Name)
		}
		if page.Metadata.Continue == "" {
			break
		}
		query = "?limit=5&continue=" + page.Metadata.Continue
	}
	if len(names) != 12 || names[11] != "pod-0011" || strings.Join(rest, " ") != "7 2 0" {
		t.Errorf("%q, remaining %q", names, rest)
	}
	token := ask(t, c, "/api/v1/pods?limit=5", "").Metadata.Continue
	if code, body, _ := get(t, open(t, path), "/api/v1/pods?limit=5&continue="+token, ""); code != http.StatusGone || !strings.Contains(body, `"Expired"`) {
		t.Errorf("a token of another serving: %d %s", code, body)
	}
}

func TestTables(t *testing.T) {
	const asked = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	table := `{"kind":"Table","columnDefinitions":[{"name":"Name","format":"name","type":"string"},{"name":"Ready","type":"string"}],"rows":[` +
		`{"cells":["pod-0000","1/1"],"object":{"metadata":{"name":"pod-0000","namespace":"im"}}},{"cells":["pod-0001","0/1"]}]}`
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(2), bundle.Table("pods", "im"): table, bundle.Resource("services", "im"): `{"items":[{"metadata":{"name":"s","creationTimestamp":"2026-07-02T10:00:00Z"}}]}`}))
	if got := ask(t, c, "/api/v1/pods?labelSelector=n%3D1", asked); len(got.Rows) != 1 || got.Rows[0].Cells[1] != "0/1" {
		t.Errorf("the server's own cells: %+v", got)
	}
	if got := ask(t, c, "/api/v1/namespaces/im/services/s", asked); len(got.Rows) != 1 || fmt.Sprint(got.Rows[0].Cells) != "[s 15m]" {
		t.Errorf("a kind without cells: %+v", got)
	}
	if got := ask(t, c, "/api/v1/pods", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"); got.Kind != "PartialObjectMetadataList" || len(got.Items) != 2 {
		t.Errorf("metadata only: %+v", got)
	}
}

// TestLacking wants a reason, and never an empty list, for what the bundle does not hold.
func TestLacking(t *testing.T) {
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(1)},
		bundle.Gap{Entry: bundle.Resource("nodes", ""), Reason: bundle.Forbidden, Detail: "the user may not list nodes of the cluster"},
		bundle.Gap{Entry: bundle.PodLog("im", "pod-0000", "app", false), Reason: bundle.Timeout, Detail: "node node-0 was given up"}))
	for path, want := range map[string]string{
		"/api/v1/nodes":                                         "forbidden: the user may not list nodes of the cluster",
		"/api/v1/nodes/node-0":                                  "forbidden: the user may not list nodes of the cluster",
		"/api/v1/namespaces/other/pods":                         "the bundle holds them of namespace im only",
		"/apis/apps/v1/deployments":                             "they were not collected",
		"/api/v1/namespaces/im/pods/pod-0000/log":               "timeout: node node-0 was given up",
		"/apis/metrics.k8s.io/v1beta1/nodes":                    "usage was not collected",
		"/api/v1/namespaces/im/pods/pod-0000/log?container=no":  "container no is not valid for pod pod-0000",
		"/api/v1/namespaces/im/pods/pod-0000/log?previous=true": `previous terminated container`,
		"/api/v1/namespaces/im/pods/nosuch":                     `pods \"nosuch\" not found`,
		"/api/v1/nosuch":                                        "could not find the requested resource",
		"/apis/apps/v1beta1/deployments":                        "could not find the requested resource",
	} {
		if code, body, _ := get(t, c, path, ""); code < 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	_, _, head := get(t, c, "/api/v1/pods", "")
	if !strings.Contains(head.Get("Warning"), "the bundle holds namespace im only") {
		t.Errorf("a list of all namespaces comes without a warning: %v", head)
	}
}

func TestReadOnly(t *testing.T) {
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(1)}))
	for _, method := range []string{http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodPost} {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(method, "https://bundle/api/v1/namespaces/im/pods/pod-0000", strings.NewReader("{}")))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "this is the replay of a bundle") {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
	for _, sub := range []string{"exec", "portforward", "attach", "proxy"} {
		if code, body, _ := get(t, c, "/api/v1/namespaces/im/pods/pod-0000/"+sub, ""); code != http.StatusForbidden {
			t.Errorf("%s: %d %s", sub, code, body)
		}
	}
}

func TestLogs(t *testing.T) {
	var text strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&text, "%s line %d of a log that is long enough for several blocks of its end\n", snapshot.Add(time.Duration(i-20000)*time.Second).Format("2006-01-02T15:04:05.000000000Z"), i)
		if i%1000 == 999 {
			text.WriteString("a line without a time\n")
		}
	}
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(1), bundle.PodLog("im", "pod-0000", "app", false): text.String()}))
	lines := func(query string) []string {
		t.Helper()
		code, body, _ := get(t, c, "/api/v1/namespaces/im/pods/pod-0000/log"+query, "")
		if code != http.StatusOK {
			t.Fatalf("%s: %d %s", query, code, body)
		}
		return strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	}
	if got := lines("?timestamps=true"); strings.Join(got, "\n")+"\n" != text.String() {
		t.Error("the log is not what was stored")
	}
	if got := lines(""); len(got) != 20020 || !strings.HasPrefix(got[0], "line 0 of") || got[1000] != "a line without a time" {
		t.Errorf("without timestamps: %d lines, %q", len(got), got[0])
	}
	for query, want := range map[string][2]string{
		"?tailLines=2":                                  {"line 19999", "a line without"},
		"?tailLines=12000":                              {"line 8012", "a line without"},
		"?sinceSeconds=3":                               {"line 19997", "a line without"},
		"?sinceTime=2026-07-02T10:14:50Z":               {"line 19990", "a line without"},
		"?tailLines=5&sinceSeconds=2":                   {"line 19998", "a line without"},
		"?limitBytes=10":                                {"line 0 of", "line 0 of"},
		"?timestamps=true&tailLines=1000&limitBytes=24": {"2026-07-02", "2026-07-02"},
	} {
		got := lines(query)
		if !strings.HasPrefix(got[0], want[0]) || !strings.HasPrefix(got[len(got)-1], want[1]) {
			t.Errorf("%s: %q … %q", query, got[0], got[len(got)-1])
		}
	}
	if got := lines("?tailLines=0"); len(got) != 1 || got[0] != "" {
		t.Errorf("no lines: %q", got)
	}
}

func TestWatch(t *testing.T) {
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(3)}))
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(c)
	defer server.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/pods?watch=true&sendInitialEvents=true&allowWatchBookmarks=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var types []string
	in := bufio.NewScanner(res.Body)
	for len(types) < 4 && in.Scan() {
		var e struct{ Type string }
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		types = append(types, e.Type)
	}
	if strings.Join(types, " ") != "ADDED ADDED ADDED BOOKMARK" {
		t.Fatalf("%q", types)
	}
	ended := make(chan bool)
	go func() { ended <- !in.Scan() }()
	select {
	case <-ended:
		t.Error("the watch ended by itself")
	case <-time.After(200 * time.Millisecond):
	}
	cancel()
	<-ended
}

// TestForeign serves what the troubleshoot project, kubectl cluster-info dump and a folder of kubectl's output give.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"version.yaml":                                                     "kind: supportbundle",
		"cluster-resources/pods/im.json":                                   pods(3),
		"cluster-resources/ingress/im.json":                                `[{"metadata":{"name":"gate","namespace":"im","creationTimestamp":"2026-07-01T10:00:00Z"}}]`,
		"cluster-resources/pods/logs/im/pod-0000/app.log":                  "plain\nlog\n",
		"cluster-resources/custom-resources/routes.im.example.com/im.json": `[{"apiVersion":"im.example.com/v1","kind":"Route","metadata":{"name":"r","namespace":"im"}}]`,
		"broken.json": `{"items":[{"metadata":{"name":"x"}},`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := open(t, dir)
	for path, want := range map[string]int{
		"/api/v1/pods": 3, "/apis/networking.k8s.io/v1/namespaces/im/ingresses": 1, "/apis/im.example.com/v1/routes": 1,
		"/api/v1/namespaces": 1, "/apis/apps/v1/namespaces/im/deployments": 0,
	} {
		if got := ask(t, c, path, ""); len(got.Items) != want {
			t.Errorf("%s: %d items, want %d (%s)", path, len(got.Items), want, got.Message)
		}
	}
	if _, body, _ := get(t, c, "/api/v1/namespaces/im/pods/pod-0000/log?tailLines=1&timestamps=true", ""); body != "log\n" {
		t.Errorf("the log: %q", body)
	}
	if at := c.At().Format(time.RFC3339); at != "2026-07-02T10:00:01Z" {
		t.Errorf("the snapshot is of %s", at)
	}
}

func TestNothingToServe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.log")
	if err := os.WriteFile(file, []byte("2026-07-02 10:00:00.000 a log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(file, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := Open(t.Context(), r); !errors.Is(err, ErrNoObjects) {
		t.Errorf("%v", err)
	}
}

// TestCut serves a bundle that ends in the middle: what came before is there, the rest is refused.
func TestCut(t *testing.T) {
	path := write(t, map[string]string{bundle.Resource("pods", "im"): pods(50)})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	info := r.Info(bundle.Resource("pods", "im"))
	end := info.Offset + info.Header
	for _, m := range info.Members {
		end += m
	}
	r.Close()
	if err := os.WriteFile(path, whole[:end+20], 0o600); err != nil {
		t.Fatal(err)
	}
	c := open(t, path)
	if got := ask(t, c, "/api/v1/pods", ""); len(got.Items) != 50 {
		t.Errorf("%d pods: %s", len(got.Items), got.Message)
	}
	if code, body, _ := get(t, c, "/api/v1/nodes", ""); code != http.StatusForbidden {
		t.Errorf("%d %s", code, body)
	}
}

// TestChanged wants an error, and no mixture, when the file is written to while it is served.
func TestChanged(t *testing.T) {
	path := write(t, map[string]string{bundle.Resource("pods", "im"): pods(5)})
	c := open(t, path)
	if code, _, _ := get(t, c, "/api/v1/pods", ""); code != http.StatusOK {
		t.Fatal(code)
	}
	if err := os.Rename(write(t, map[string]string{bundle.Resource("pods", "im"): pods(1)}), path); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, "/api/v1/pods", ""); len(got.Items) != 5 {
		t.Errorf("a bundle that was replaced: %d pods", len(got.Items))
	}
	path = write(t, map[string]string{bundle.Resource("pods", "im"): pods(5)})
	c = open(t, path)
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, body, _ := get(t, c, "/api/v1/pods", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, "has changed since it was opened") {
		t.Errorf("a bundle that was written to: %d %s", code, body)
	}
}

// TestDescribeAges wants ages as of the snapshot and times as they were, whenever it is asked.
func TestDescribeAges(t *testing.T) {
	event := `{"items":[{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"im"},"involvedObject":{"kind":"Pod","name":"pod-0000","namespace":"im","uid":"u-0"},"type":"Warning","reason":"BackOff","message":"it fell","count":3,"firstTimestamp":"2026-07-02T10:05:00Z","lastTimestamp":"2026-07-02T10:13:00Z","source":{"component":"kubelet"}}]}`
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(2), bundle.Resource("events", "im"): event}))
	d := c.Describer()
	text, err := d.Describe(Object{"im", "pods", "pod-0000"})
	if err != nil {
		t.Fatal(err)
	}
	started, _ := time.Parse(time.RFC3339, "2026-07-02T10:00:01Z")
	for _, want := range []string{`Start Time:\s+` + regexp.QuoteMeta(started.Local().Format(time.RFC1123Z)), `Warning\s+BackOff\s+2m \(x3 over 10m\)\s+kubelet\s+it fell`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if again, err := c.Describer().Describe(Object{"im", "pods", "pod-0000"}); err != nil || again != text {
		t.Errorf("the second time: %v\n%s", err, again)
	}
	if _, err := d.Describe(Object{"im", "pods", "nosuch"}); err == nil {
		t.Error("an object that is not there is described")
	}
}

// TestDescribeBroken has an object that no server would have taken: its description fails, and nothing else.
func TestDescribeBroken(t *testing.T) {
	c := open(t, write(t, map[string]string{bundle.Resource("pods", "im"): pods(1), bundle.Resource("deployments", "im"): `{"items":[{"metadata":{"name":"d","namespace":"im"},"spec":{}}]}`}))
	d := c.Describer()
	if text, err := d.Describe(Object{"im", "deployments", "d"}); err == nil {
		t.Errorf("described: %s", text)
	}
	if _, err := d.Describe(Object{"im", "pods", "pod-0000"}); err != nil {
		t.Error(err)
	}
}

func BenchmarkDescribePod(b *testing.B) {
	c := open(b, write(b, map[string]string{bundle.Resource("pods", "im"): pods(2000), bundle.Resource("events", "im"): `{"items":[]}`}))
	d := c.Describer()
	for i := 0; b.Loop(); i++ {
		if _, err := d.Describe(Object{"im", "pods", fmt.Sprintf("pod-%04d", i%2000)}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestKubelets: what a node's kubelet answered is given again behind the node's proxy, and nothing else there.
func TestKubelets(t *testing.T) {
	c := open(t, write(t, map[string]string{
		bundle.Resource("pods", "im"): pods(1), bundle.Resource("nodes", ""): `{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"n-1"}},{"metadata":{"name":"n-2"}}]}`,
		bundle.NodeSummary("n-1"): `{"node":{"nodeName":"n-1"}}`,
	}, bundle.Gap{Entry: bundle.NodeSummary("n-2"), Reason: bundle.Timeout, Detail: "no answer"}))
	if code, body, _ := get(t, c, "/api/v1/nodes/n-1/proxy/stats/summary", ""); code != http.StatusOK || body != `{"node":{"nodeName":"n-1"}}` {
		t.Errorf("%d %s", code, body)
	}
	for path, want := range map[string]string{
		"/api/v1/nodes/n-1/proxy/configz":       "this kubelet was not asked",
		"/api/v1/nodes/n-2/proxy/stats/summary": "timeout: no answer",
		"/api/v1/nodes/n-1/proxy/exec":          "this is the replay of a bundle",
		"/api/v1/nodes/n-1/status/more":         "could not find the requested resource",
	} {
		if code, body, _ := get(t, c, path, ""); code < 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// TestCustomOfTheCluster serves a custom resource that belongs to no namespace: by name, as a table, in discovery and in reviews of rights.
func TestCustomOfTheCluster(t *testing.T) {
	const path = "/apis/alibabacloud.com/v1/albconfigs"
	c := open(t, write(t, map[string]string{
		bundle.Resource("albconfigs.alibabacloud.com", ""): `{"kind":"AlbConfigList","items":[{"apiVersion":"alibabacloud.com/v1","kind":"AlbConfig","metadata":{"name":"im"},"spec":{"listeners":[{"port":443}]}}]}`,
		bundle.Table("albconfigs.alibabacloud.com", ""):    `{"columnDefinitions":[{"name":"Name","type":"string","format":"name"}],"rows":[{"cells":["im"]}]}`,
	}))
	if code, body, _ := get(t, c, path+"/im", ""); code != http.StatusOK || !strings.Contains(body, `"port":443`) {
		t.Errorf("%d %s", code, body)
	}
	if rows := ask(t, c, path+"/im", "application/json;as=Table;v=v1;g=meta.k8s.io").Rows; len(rows) != 1 || rows[0].Cells[0] != "im" {
		t.Errorf("%+v", rows)
	}
	if _, body, _ := get(t, c, "/apis/alibabacloud.com/v1", ""); !strings.Contains(body, `"name":"albconfigs"`) || !strings.Contains(body, `"namespaced":false`) {
		t.Errorf("%s", body)
	}
	if code, body, _ := get(t, c, path+"/other", ""); code != http.StatusNotFound {
		t.Errorf("%d %s", code, body)
	}
	if !c.may("get", "alibabacloud.com", "albconfigs", "", "") || c.may("get", "networking.k8s.io", "ingressclasses", "", "") {
		t.Error("it grants other than what the bundle holds")
	}
}
