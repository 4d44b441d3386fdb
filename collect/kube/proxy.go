package kube

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

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

// Get asks a service through the API server, which needs the right to get services/proxy. An answer of 400 and above is an
// error with a method GapReason.
func (c *Cluster) Get(s Service) func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	root := fmt.Sprintf("/api/v1/namespaces/%s/services/%s:%d/proxy", url.PathEscape(s.Namespace), url.PathEscape(s.Name), s.Port)
	return func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
		res, err := c.request(ctx, http.MethodGet, root+path, query, "application/json", nil)
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

// FindPrometheus looks for a Prometheus among the services of the cluster: by the label that charts and operators give it, then
// by its name. ok is false where none is.
func (c *Cluster) FindPrometheus(ctx context.Context) (found Service, ok bool, err error) {
	var all []corev1.Service
	if err := list(ctx, c, "/api/v1/services", func(s *corev1.Service) { all = append(all, *s) }); err != nil {
		return Service{}, false, fmt.Errorf("looking for Prometheus: %w", err)
	}
	best := 0
	slices.SortFunc(all, func(a, b corev1.Service) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for i := range all {
		if n := likeness(&all[i]); n > best {
			best, found = n, Service{all[i].Namespace, all[i].Name, apiPort(&all[i])}
		}
	}
	return found, best > 0, nil
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
