package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/replay"
	"github.com/imbundle/imbundle/specs"
)

// Options are the circumstances of a collection from a cluster. Specs is required.
type Options struct {
	Flags      *genericclioptions.ConfigFlags // kubectl's own connection flags; nil means its defaults
	Namespaces []string                       // nil: those in which OpenIM is found
	Specs      *specs.Set                     // roles

	RequestTimeout time.Duration // of one request's first answer, and of a page; zero means 20 seconds
	IdleTimeout    time.Duration // of a log stream that sends nothing; zero means 10 seconds
	StreamTimeout  time.Duration // of one log stream; zero means 60 seconds
	Streams        int           // log streams at a time; zero means 16
	StreamsPerNode int           // of one node; zero means 5
	Samples        int           // of metrics.k8s.io; zero means 3
	SampleEvery    time.Duration // between samples; zero means 15 seconds
	NoSecrets      bool          // ask nothing of any Secret, and use none of their values
	Reach          []string      // HOST:PORT of backends that the user names, beside those of the configuration
	Prometheus     Service       // to be asked through the API server; zero: none that is known
	FindPrometheus bool          // look for the service of one
	PodMetrics     bool          // count the right to read pods' metrics among those that are needed; they are read wherever it is granted
	Exec           bool          // read log files inside containers through exec, where stdout has none
	NodeStats      bool          // ask for the right to read what kubelets measure; without it that is read where it is granted
	NodeHosts      bool          // find out which nodes there are, whoever asks them
	NodePods       bool          // NodeShell is going to be used; it implies NodeHosts
	NodeImage      string        // for the pods of NodeShell; empty: one that the node has
	UserAgent      string        // empty means "imbundle"
	Now            func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Flags == nil {
		o.Flags = genericclioptions.NewConfigFlags(true)
	}
	o.RequestTimeout = orElse(o.RequestTimeout, 20*time.Second)
	o.IdleTimeout = orElse(o.IdleTimeout, 10*time.Second)
	o.StreamTimeout = orElse(o.StreamTimeout, time.Minute)
	o.Streams = orElse(o.Streams, 16)
	o.StreamsPerNode = orElse(o.StreamsPerNode, 5)
	o.Samples = orElse(o.Samples, 3)
	o.SampleEvery = orElse(o.SampleEvery, 15*time.Second)
	o.UserAgent = orElse(o.UserAgent, "imbundle")
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// orElse is v unless it is the zero value.
func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Quick narrows the options for --profile quick.
func (o Options) Quick() Options {
	o.RequestTimeout, o.IdleTimeout, o.StreamTimeout = 8*time.Second, 5*time.Second, 15*time.Second
	o.Samples = 2
	return o
}

// Cluster is a connection to one API server. It is safe for concurrent use.
type Cluster struct {
	o         Options
	config    *rest.Config
	http      *http.Client
	base      *url.URL
	pace      *pacer
	surveyed  trace // requests up to the end of the survey
	began     time.Time
	namespace string // of the context
	inside    bool   // of the cluster: this is one of its pods
	all       bool   // every namespace was chosen
	version   json.RawMessage
	info      version.Info
	clock     *bundle.ClockOffset
	snapshot  time.Time // of a served bundle; zero for a living cluster
}

// Connect reads the configuration and asks the server who it is. Its errors are *Error where advice can be given.
func Connect(ctx context.Context, o Options) (*Cluster, error) {
	o = o.withDefaults()
	c := &Cluster{o: o, pace: newPacer(), began: o.Now()}
	if err := c.configure(); err != nil {
		return nil, err
	}
	if err := c.askVersion(ctx); err != nil {
		return nil, unreachable(err, c.config, o.Now())
	}
	return c, nil
}

// configure finds the configuration as kubectl does: flags, KUBECONFIG, ~/.kube/config, then the pod's own account.
func (c *Cluster) configure() error {
	loader := c.o.Flags.ToRawKubeConfigLoader()
	raw, err := loader.RawConfig()
	if err != nil {
		return &Error{BadKubeconfig, "reading the kubeconfig", "check --kubeconfig and $KUBECONFIG", err}
	}
	c.inside = len(raw.Clusters) == 0 && orNone(c.o.Flags.APIServer) == ""
	if !c.configured(raw) {
		return &Error{
			NoKubeconfig, "there is no kubeconfig, and this is no pod of a cluster",
			"give --kubeconfig FILE, set KUBECONFIG, or run on a machine where `kubectl get ns` works", nil,
		}
	}
	c.config, err = c.o.Flags.ToRESTConfig()
	if err != nil {
		return &Error{BadKubeconfig, "reading the kubeconfig", contextHint(raw), err}
	}
	if c.namespace, _, err = loader.Namespace(); err != nil {
		return &Error{BadKubeconfig, "reading the kubeconfig's namespace", contextHint(raw), err}
	}
	c.config.UserAgent = c.o.UserAgent
	c.config.Timeout = 0 // every request has its own
	if c.http, err = rest.HTTPClientFor(c.config); err != nil {
		return &Error{BadKubeconfig, "preparing the connection", "check the certificate files named in the kubeconfig", err}
	}
	narrow(c.http.Transport)
	if c.base, _, err = rest.DefaultServerUrlFor(c.config); err != nil {
		return &Error{BadKubeconfig, "reading the server's address", "check `server:` in the kubeconfig", err}
	}
	return nil
}

// streamWindow is how much of an answer that nobody reads waits in memory.
const streamWindow = 512 << 10

// narrow makes the server wait with the rest of an answer that is read slowly; by default, HTTP/2 takes 4 MiB of each.
func narrow(rt http.RoundTripper) {
	for rt != http.DefaultTransport {
		switch t := rt.(type) {
		case *http.Transport:
			t.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: streamWindow}
			return
		case utilnet.RoundTripperWrapper:
			rt = t.WrappedRoundTripper()
		default:
			return
		}
	}
}

// configured reports whether anything says where the server is.
func (c *Cluster) configured(raw clientcmdapi.Config) bool {
	if len(raw.Clusters) > 0 {
		return true
	}
	if orNone(c.o.Flags.APIServer) != "" {
		return true
	}
	_, err := os.Stat("/var/run/secrets/kubernetes.io/serviceaccount/token")
	return os.Getenv("KUBERNETES_SERVICE_HOST") != "" && err == nil
}

func orNone(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}

func contextHint(raw clientcmdapi.Config) string {
	if len(raw.Contexts) == 0 {
		return "check the files that the flags and the kubeconfig name"
	}
	names := ""
	for name := range raw.Contexts {
		names += " " + name
	}
	return "choose one with --context; there are:" + names
}

// askVersion is the first request; it also measures the server's clock.
func (c *Cluster) askVersion(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.RequestTimeout)
	defer cancel()
	sent := c.o.Now()
	res, err := c.request(ctx, http.MethodGet, "/version", nil, "application/json", nil)
	if err != nil {
		return err
	}
	defer res.Close()
	c.clock = clockOffset(c.config.Host, res.Header.Get("Date"), sent, c.o.Now())
	c.setPresent(res.Header.Get(replay.SnapshotHeader))
	if err := json.NewDecoder(res).Decode(&c.version); err != nil {
		return fmt.Errorf("reading the server's version: %w", err)
	}
	if err := json.Unmarshal(c.version, &c.info); err != nil || c.info.GitVersion == "" {
		return errors.Join(errors.New("the server's answer to /version is not that of a Kubernetes API"), err)
	}
	return nil
}

// clockOffset compares the server's Date, which has whole seconds and was set somewhere between sent and received,
// with the local clock. It is nil without a usable header.
func clockOffset(host, date string, sent, received time.Time) *bundle.ClockOffset {
	at, err := http.ParseTime(date)
	if err != nil {
		return nil
	}
	half := received.Sub(sent) / 2
	const second = time.Second
	return &bundle.ClockOffset{
		Subject: "apiserver", At: sent.Add(half), How: "Date header of " + host,
		Offset: at.Add(second / 2).Sub(sent.Add(half)), Uncertainty: half + second/2,
	}
}

// setPresent makes the time of a served bundle the present.
func (c *Cluster) setPresent(snapshot string) {
	at, err := time.Parse(time.RFC3339Nano, snapshot)
	if err != nil {
		return
	}
	c.snapshot, c.began, c.o.Now = at, at, func() time.Time { return at } // it stands still: a bundle of a bundle is of the same moment
}

// Now is the present: of a living cluster that of this machine, of a served bundle the time at which it was collected.
func (c *Cluster) Now() time.Time { return c.o.Now() }

// Replayed reports whether the server is a served bundle.
func (c *Cluster) Replayed() bool { return !c.snapshot.IsZero() }

// Host is the server's address.
func (c *Cluster) Host() string { return c.config.Host }

// Traffic sums up how the server was asked and how it bore it, in one line.
func (c *Cluster) Traffic() string { return c.pace.summary() }

// Version is the server's, as "v1.37.2".
func (c *Cluster) Version() string { return c.info.GitVersion }

// Clock is how far the server's clock is from the local one; empty when the server did not say.
func (c *Cluster) Clock() []bundle.ClockOffset {
	if c.clock == nil {
		return nil
	}
	return []bundle.ClockOffset{*c.clock}
}
