package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/collect/prom"
	"github.com/imbundle/imbundle/specs"
)

// prometheusEnv holds the address of a Prometheus with its user and password, which no command line may hold.
const prometheusEnv = "IMBUNDLE_PROMETHEUS"

// metricsFlags say where metrics come from besides metrics.k8s.io.
type metricsFlags struct {
	prometheus string
	maxSeries  int
}

func (f *metricsFlags) add(c *cobra.Command, k *kube.Options) {
	flags := c.Flags()
	flags.BoolVar(&k.PodMetrics, "metrics", false, "count the right to read /metrics of OpenIM's pods through the API server (pods/proxy) among those that are needed; it is used wherever it is granted")
	flags.StringVar(&f.prometheus, "prometheus", "", "also ask a Prometheus for the window: its URL, NAMESPACE/SERVICE:PORT (through the API server), or auto to look for its service; a URL with a password belongs into "+prometheusEnv)
	flags.IntVar(&f.maxSeries, "prometheus-series", prom.DefaultMaxSeries, "most series that are kept of what Prometheus answers")
}

const (
	prometheusAuto = "auto"
	prometheusHint = "give --prometheus a URL, NAMESPACE/SERVICE:PORT, or auto"
)

func (f *metricsFlags) validate() error {
	if f.prometheus == "" || f.prometheus == prometheusAuto {
		return nil
	}
	if _, ok := kube.ParseService(f.prometheus); ok {
		return nil
	}
	u, err := url.Parse(f.prometheus)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return usagef(prometheusHint, "--prometheus is no address of a Prometheus")
	case u.User != nil:
		return usagef("put the whole URL into the environment as "+prometheusEnv+" and leave --prometheus out", "--prometheus holds a user name: other users of this machine can read command lines")
	}
	return nil
}

// sources are those of the Prometheus that was named; none where none was.
func (f *metricsFlags) sources(ctx context.Context, s streams, cluster *kube.Cluster, found *kube.Survey, set *specs.Set) ([]collect.Source, error) {
	address := cmp.Or(f.prometheus, s.getenv(prometheusEnv))
	if address == "" || cluster.Replayed() {
		return nil, nil
	}
	p := prom.Options{Queries: set.Queries, Namespaces: found.Namespaces, MaxSeries: f.maxSeries}
	service, inCluster := kube.ParseService(address)
	if address == prometheusAuto {
		var err error
		if service, inCluster, err = cluster.FindPrometheus(ctx); err != nil {
			return nil, err
		}
		if !inCluster {
			return nil, usagef(prometheusHint, "no service of the cluster looks like a Prometheus")
		}
	}
	if inCluster {
		p.Get, p.At = cluster.Get(service), "service "+service.String()
		return []collect.Source{prom.New(p)}, nil
	}
	var err error
	p.Get, p.At, err = prom.Direct(&http.Client{Transport: http.DefaultTransport}, strings.TrimSpace(address))
	if err != nil {
		return nil, err
	}
	return []collect.Source{prom.New(p)}, nil
}
