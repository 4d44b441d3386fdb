package kube

import (
	"bufio"
	"bytes"
	"cmp"
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

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
)

const (
	metricSamples = 2        // counters tell by their rise
	mostPorts     = 4        // of one pod that are tried for metrics
	mostMetrics   = 16 << 20 // bytes read of one answer
	keptMetrics   = 256 << 10
	scrapes       = 4 // at a time
)

// scraped is a pod of OpenIM that may offer metrics.
type scraped struct {
	ns, pod string
	ports   []int // where they may be, the likeliest first
	port    int   // where they are, once it is known
}

// mostScraped bounds the pods of one role and namespace that are asked: they count the same things.
const mostScraped = 5

// scrape takes note of a pod with metrics.
func (s *Survey) scrape(m *scraped) {
	like := 0
	for _, o := range s.scraped {
		if o.ns == m.ns && slices.Equal(o.ports, m.ports) {
			like++
		}
	}
	if like >= mostScraped {
		s.unscraped++
		return
	}
	s.scraped = append(s.scraped, m)
}

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
		b.Gap(bundle.Gap{Entry: first, Reason: reason, Detail: strings.ReplaceAll(errors.Join(errs...).Error(), "\n", "; "), Costs: "OpenIM's own counters of this pod: failed inserts, late and failed pushes, users online"})
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

// scrapedOf tells where a pod of OpenIM may offer metrics: by its annotation, by the ports that it declares, by default.
func scrapedOf(set *specs.Set, p *corev1.Pod) *scraped {
	sign := signOf(set, p.Name, p.Labels, &p.Spec)
	if sign.role == nil || !isOpenIM(sign.role.ID) || sign.role.ID == "chat" || p.Status.Phase != corev1.PodRunning {
		return nil
	}
	var ports []int
	if port, err := strconv.Atoi(p.Annotations["prometheus.io/port"]); err == nil {
		ports = append(ports, port)
	}
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			if isMetricsPort(port.ContainerPort) || strings.Contains(cmp.Or(port.Name, "-"), "metric") || strings.Contains(port.Name, "prom") {
				ports = append(ports, int(port.ContainerPort))
			}
		}
	}
	ports = append(ports, defaultMetrics[sign.role.ID]...)
	var once []int
	for _, port := range ports {
		if !slices.Contains(once, port) && port > 0 && port < 1<<16 {
			once = append(once, port)
		}
	}
	if len(once) == 0 {
		return nil
	}
	return &scraped{ns: p.Namespace, pod: p.Name, ports: once[:min(len(once), mostPorts)]}
}

// isMetricsPort tells the ranges that OpenIM has used: 12xxx since 3.8.1, 20100 to 21403 before.
func isMetricsPort(port int32) bool {
	return port >= 12000 && port < 12400 && port != 12379 || port >= 20100 && port <= 21403
}

// defaultMetrics are the first metrics port of each component, since 3.8.1 and in 3.7 and 3.8.0. The gateway's manifest exposes
// another than its configuration names, and that of conversation likewise.
var defaultMetrics = map[string][]int{
	"api": {12002, 20113}, "msggateway": {12140, 12001, 20112}, "msgtransfer": {12020, 20108}, "push": {12170, 20107},
	"rpc-auth": {12200, 20106}, "rpc-conversation": {12220, 12200, 20105}, "rpc-friend": {12240, 20104}, "rpc-group": {12260, 20103},
	"rpc-msg": {12280, 20102}, "rpc-third": {12300, 20101}, "rpc-user": {12320, 20100}, "server": {12002, 12170, 12020, 12140},
}
