package kube

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const (
	metricSamples = 2        // counters tell by their rise
	mostMetrics   = 16 << 20 // bytes read of one answer
	keptMetrics   = 256 << 10
	scrapes       = 4 // at a time
)

func (p *scraped) path(port int) string {
	return kindFor("pods").path(p.ns) + "/" + url.PathEscape(p.pod) + ":" + strconv.Itoa(port) + "/proxy/metrics"
}

// podMetricsSource collects /metrics of OpenIM's pods through the API server, twice.
type podMetricsSource struct {
	c *Cluster
	s *Survey
}

func (*podMetricsSource) Name() string { return metricsName }

// Promise: which pods offer metrics, and where, shows only when they are asked.
func (*podMetricsSource) Promise() collect.Promise {
	return collect.Promise{Priority: metricsPriority, Bytes: 1 << 20}
}

func (m *podMetricsSource) pods() []*scraped {
	return slices.DeleteFunc(slices.Clone(m.s.scraped), func(p *scraped) bool { return !m.s.Access.May("get", "", "pods/proxy", p.ns) })
}

func (m *podMetricsSource) calls() []call {
	var all []call
	for _, p := range m.pods() {
		if p.off != "" {
			continue
		}
		for i, port := range p.ports {
			n := 1
			if i == 0 {
				n = metricSamples
			}
			all = append(all, call{method: http.MethodGet, path: p.path(port), times: n, most: true})
		}
	}
	return all
}

func (m *podMetricsSource) Collect(ctx context.Context, b *collect.Batch) error {
	pods := m.pods()
	if n := m.s.unscraped; n > 0 {
		b.Note("of each role %d pods are asked for their metrics; %d more are not", mostScraped, n)
	}
	for n := range metricSamples {
		if n > 0 {
			pods = slices.DeleteFunc(pods, func(p *scraped) bool { return p.port == 0 || b.Has(nth(bundle.PodMetrics(p.ns, p.pod, p.port), n)) })
			if len(pods) == 0 {
				break
			}
			if err := sleep(ctx, m.c.o.SampleEvery); err != nil {
				return err
			}
		}
		var work sync.WaitGroup
		slots := make(chan struct{}, scrapes)
		for _, p := range pods {
			slots <- struct{}{}
			work.Go(func() {
				defer func() { <-slots }()
				m.sample(ctx, b, p, n)
			})
		}
		work.Wait()
	}
	return ctx.Err()
}

// sample reads the metrics of one pod. Its port is looked for the first time only.
func (m *podMetricsSource) sample(ctx context.Context, b *collect.Batch, p *scraped, n int) {
	const costs = "OpenIM's own counters of this pod: failed inserts, late and failed pushes, users online"
	if p.off != "" {
		b.Gap(bundle.Gap{Entry: bundle.PodMetrics(p.ns, p.pod, p.ports[0]), Reason: bundle.NotFound, Detail: p.off, Costs: costs})
		return
	}
	ports := p.ports
	if n > 0 {
		ports = []int{p.port}
	}
	var errs []error
	reason := bundle.NotFound
	for _, port := range ports {
		name := nth(bundle.PodMetrics(p.ns, p.pod, port), n)
		if b.Has(name) {
			p.port = port
			return
		}
		text, err := m.read(ctx, p.path(port))
		if err == nil {
			p.port = port
			if err = b.Put(name, bundle.Meta{}, text); err == nil {
				return
			}
		}
		errs = append(errs, fmt.Errorf("port %d: %w", port, err))
		if !nothingThere(err) {
			reason = collect.ReasonOf(err)
		}
		if code(err) == http.StatusForbidden || ctx.Err() != nil {
			break
		}
	}
	if len(errs) > 0 {
		first := nth(bundle.PodMetrics(p.ns, p.pod, ports[0]), n)
		b.Gap(bundle.Gap{Entry: first, Reason: reason, Detail: errors.Join(errs...).Error(), Costs: costs})
	}
}

var errNoMetrics = errors.New("what answers there is no metrics endpoint")

// nothingThere tells a pod that offers no metrics at a port, as one does whose configuration turns them off, from trouble: the
// server then answers that it cannot reach it, or what is there knows no such path.
func nothingThere(err error) bool {
	return errors.Is(err, errNoMetrics) || slices.Contains([]int{http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusNotFound, http.StatusBadRequest}, code(err))
}

// read asks for the metrics; of an answer that is large only what matters is kept.
func (m *podMetricsSource) read(ctx context.Context, path string) ([]byte, error) {
	res, err := m.c.request(ctx, http.MethodGet, path, nil, "text/plain", nil)
	if err != nil {
		return nil, err
	}
	defer res.Close()
	res.within(m.c.o.RequestTimeout)
	text, err := io.ReadAll(io.LimitReader(res, mostMetrics))
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	if !bytes.Contains(text, []byte("# TYPE ")) {
		return nil, errNoMetrics
	}
	if len(text) > keptMetrics {
		text = whatMatters(text)
	}
	return text, nil
}

// mattering are beginnings of the names of series that the analysis reads, or a person looks at first.
var mattering = []string{
	"api_count", "http_count", "rpc_count", "single_chat_msg", "group_chat_msg", "online_user_num", "user_login_total", "user_register_total",
	"msg_", "seq_set_failed_total", "process_", "go_goroutines", "go_memstats_heap_inuse_bytes", "go_gc_duration_seconds", "go_info",
}

// whatMatters keeps the lines of those series, as many as fit.
func whatMatters(text []byte) []byte {
	var out bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		line := lines.Text()
		name := line
		for _, comment := range []string{"# TYPE ", "# HELP "} {
			name = strings.TrimPrefix(name, comment)
		}
		if slices.ContainsFunc(mattering, func(m string) bool { return strings.HasPrefix(name, m) }) && out.Len()+len(line) < keptMetrics {
			out.WriteString(line + "\n")
		}
	}
	fmt.Fprintf(&out, "# imbundle: of %d bytes only the series that matter are kept\n", len(text))
	return out.Bytes()
}
