package main

import (
	"cmp"
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
	address    string // what prometheus or the environment says
	inCluster  bool   // it is a service, or one is looked for: it is asked through the API server
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

// validate checks where Prometheus is and tells the survey of what goes through the API server.
func (f *metricsFlags) validate(s streams, k *kube.Options) error {
	f.address = strings.TrimSpace(cmp.Or(f.prometheus, s.getenv(prometheusEnv)))
	if f.address == "" {
		return nil
	}
	k.FindPrometheus = f.address == prometheusAuto
	service, inCluster := kube.ParseService(f.address)
	if inCluster {
		k.Prometheus = service
	}
	if f.inCluster = inCluster || k.FindPrometheus; f.inCluster || f.prometheus == "" {
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

// words are the flags that decide which rights are needed.
func (f *metricsFlags) words(k *kube.Options) (words []string) {
	if k.PodMetrics {
		words = append(words, "--metrics")
	}
	if f.inCluster {
		words = append(words, "--prometheus "+f.address)
	}
	return words
}

// sources are those of the Prometheus that was named or found; none where none was.
func (f *metricsFlags) sources(cluster *kube.Cluster, found *kube.Survey, set *specs.Set) ([]collect.Source, error) {
	p := prom.Options{Queries: set.Queries, Namespaces: found.Namespaces, MaxSeries: f.maxSeries}
	switch {
	case f.address == "" || cluster.Replayed() || f.inCluster && !found.MayAskPrometheus():
		return nil, nil // what the survey did not find, or the user may not ask, it has told
	case f.inCluster:
		p.Get, p.At = cluster.Get(found.Prometheus), "service "+found.Prometheus.String()
	default:
		var err error
		if p.Get, p.At, err = prom.Direct(&http.Client{Transport: http.DefaultTransport}, f.address); err != nil {
			return nil, err
		}
	}
	return []collect.Source{prom.New(p)}, nil
}
