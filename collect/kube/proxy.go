package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const serviceProxy = "services/proxy"

// Service is a port of a service of the cluster.
type Service struct {
	Namespace, Name string
	Port            int
}

// String is namespace/name:port, as ParseService reads it.
func (s Service) String() string { return fmt.Sprintf("%s/%s:%d", s.Namespace, s.Name, s.Port) }

// ParseService reads namespace/name:port.
func ParseService(text string) (Service, bool) {
	ns, rest, ok := strings.Cut(text, "/")
	name, number, both := strings.Cut(rest, ":")
	port, err := strconv.Atoi(number)
	return Service{ns, name, port}, ok && both && ns != "" && name != "" && err == nil && port > 0 && !strings.Contains(number, "/")
}

// ask is the right to read from the service: the server's authorizer takes name and port for the name.
func (s Service) ask() ask {
	return ask{Verb: "get", Resource: serviceProxy, Namespace: s.Namespace, Name: fmt.Sprintf("%s:%d", s.Name, s.Port)}
}

// root is the path behind which the service answers.
func (s Service) root() string {
	return kindFor("services").path(s.Namespace) + "/" + url.PathEscape(s.ask().Name) + "/proxy"
}

// Get asks a service through the API server, which needs the right to get services/proxy. An answer of 400 and above is an
// error with a method GapReason.
func (c *Cluster) Get(s Service) func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	return func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
		res, err := c.request(ctx, http.MethodGet, s.root()+path, query, "application/json", nil)
		if err != nil {
			return nil, err
		}
		res.within(c.o.RequestTimeout)
		return closing{res}, nil
	}
}

// closing is a reply as an io.ReadCloser.
type closing struct{ *reply }

func (c closing) Close() error {
	c.reply.Close()
	return nil
}

const prometheusCosts = "rates, errors, latencies and use of resources over the window, as Prometheus has them"

// lookForPrometheus settles which service is asked, and whether the user may.
func (c *Cluster) lookForPrometheus(ctx context.Context, s *Survey) error {
	if c.Replayed() {
		return nil // none is behind a bundle
	}
	s.Prometheus = c.o.Prometheus
	if c.findsPrometheus() && s.Access.May("list", "", "services", "") {
		if err := c.findPrometheus(ctx, s); err != nil {
			return err
		}
	}
	return c.askAbout(ctx, s, s.prometheusAsks())
}

// findsPrometheus reports whether it is looked for. None is behind a bundle.
func (c *Cluster) findsPrometheus() bool { return c.o.FindPrometheus && !c.Replayed() }

// findPrometheus looks for a Prometheus among the services of the cluster: by the label that charts and operators give it, then
// by its name. That there is none is noted.
func (c *Cluster) findPrometheus(ctx context.Context, s *Survey) error {
	best := 0
	var found Service
	err := list(ctx, c, "/api/v1/services", func(svc *corev1.Service) {
		one := Service{svc.Namespace, svc.Name, apiPort(svc)}
		if n := likeness(svc); n > best || n == best && n > 0 && one.String() < found.String() {
			best, found = n, one
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g := bundle.Gap{Source: prometheusName, Costs: prometheusCosts}
	switch {
	case err != nil:
		g.Reason, g.Detail = collect.ReasonOf(err), "looking for Prometheus among the services: "+err.Error()
	case best == 0:
		g.Reason, g.Detail = bundle.NotFound, "no service of the cluster looks like a Prometheus; if there is one, name it: --prometheus NAMESPACE/SERVICE:PORT"
	default:
		s.Prometheus = found
		return nil
	}
	s.gaps = append(s.gaps, g)
	return nil
}

// prometheusAsks is the right to read from the one service and port.
func (s *Survey) prometheusAsks() []Answer {
	if s.Prometheus == (Service{}) {
		return nil
	}
	return []Answer{{ask: s.Prometheus.ask(), Costs: prometheusCosts, source: prometheusName}}
}

// MayAskPrometheus reports whether there is a service to be asked, and the right.
func (s *Survey) MayAskPrometheus() bool {
	return s.Prometheus != Service{} && s.Access.may(s.Prometheus.ask())
}

// prometheusCalls are the range queries of the source that asks it.
func (c *Cluster) prometheusCalls(s *Survey) []call {
	if !s.MayAskPrometheus() {
		return nil
	}
	return []call{{method: http.MethodGet, path: s.Prometheus.root() + "/api/v1/query_range", times: len(c.o.Specs.Queries)}}
}

// otherParts are what a Prometheus brings along, under names that hold its own.
var otherParts = []string{"alertmanager", "operator", "exporter", "pushgateway", "adapter", "kube-state-metrics", "grafana", "webhook", "blackbox", "prometheus-operated"}

// likeness tells how much a service looks like the API of a Prometheus; 0 for not at all.
func likeness(s *corev1.Service) int {
	for _, part := range otherParts {
		if strings.Contains(s.Name, part) {
			return 0
		}
	}
	if apiPort(s) == 0 {
		return 0
	}
	for _, label := range []string{"app.kubernetes.io/name", "app", "k8s-app"} {
		if v := s.Labels[label]; v == "prometheus" || v == "kube-prometheus-stack-prometheus" {
			return 2
		}
	}
	if strings.Contains(s.Name, "prometheus") {
		return 1
	}
	return 0
}

// apiPort is where the API of a Prometheus answers, 0 where the service has no such port.
func apiPort(s *corev1.Service) int {
	for _, wanted := range []int32{9090, 80, 19090} {
		for _, p := range s.Spec.Ports {
			if p.Port == wanted {
				return int(wanted)
			}
		}
	}
	return 0
}
