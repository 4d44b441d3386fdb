package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
	"github.com/imbundle/imbundle/collect/kube"
)

// reachable is what the sources of backends work with.
type reachable struct {
	backends.Backends
	dial collect.Dialer
	exec collect.Exec // nil: --exec was not given
}

// backendSources are the sources that ask the backends.
func backendSources(_ reachable) []collect.Source {
	return nil
}

// probing bounds how long it takes to find out whether the backends can be reached.
const probing = 15 * time.Second

// addBackendFlags adds the flags that say what the configuration does not, or says otherwise.
func addBackendFlags(c *cobra.Command, o *backends.Overrides, k *kube.Options) {
	flags := c.Flags()
	const auth = "credentials for %s: a FILE, env:NAME or ask; each gives USER:PASSWORD (:PASSWORD without a user)"
	const secure = "TLS to %s: on, off, insecure (unverified), or the FILE of a certificate authority"
	flags.StringVar(&o.Kafka.Address, "kafka", "", "brokers as HOST:PORT[,…] in the place of the configured ones; none: do not ask")
	flags.StringVar(&o.Kafka.Auth, "kafka-auth", "", fmt.Sprintf(auth, "Kafka (SASL)"))
	flags.StringVar(&o.Kafka.Mechanism, "kafka-mechanism", "", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (default PLAIN)")
	flags.StringVar(&o.Kafka.TLS, "kafka-tls", "", fmt.Sprintf(secure, "Kafka"))
	flags.StringVar(&o.Redis.Address, "redis", "", "Redis as HOST:PORT[,…] or redis[s]://HOST:PORT/DB; none: do not ask")
	flags.StringVar(&o.Redis.Auth, "redis-auth", "", fmt.Sprintf(auth, "Redis"))
	flags.StringVar(&o.Redis.TLS, "redis-tls", "", fmt.Sprintf(secure, "Redis"))
	flags.StringVar(&o.Mongo.Address, "mongo", "", "MongoDB as HOST:PORT[,…] or mongodb://… without a password; none: do not ask")
	flags.StringVar(&o.Mongo.Auth, "mongo-auth", "", fmt.Sprintf(auth, "MongoDB"))
	flags.StringVar(&o.Mongo.TLS, "mongo-tls", "", fmt.Sprintf(secure, "MongoDB"))
	flags.BoolVar(&k.NoSecrets, "no-secrets", false, "ask nothing of any Secret of the cluster, and use no credentials from them")
}

// usage makes a mistake in a flag of the backends one of usage.
func usage(err error) error {
	var wrong *backends.ArgError
	if errors.As(err, &wrong) {
		return usagef(wrong.Hint, "%s", wrong.Error())
	}
	return err
}

// configured are the backends that OpenIM's configuration names, with what the user says in its place. What cannot be used is
// noted in the survey.
func (f *collectFlags) configured(s streams, found *kube.Survey, o backends.Overrides) (backends.Backends, error) {
	b, problems := backends.From(found.Settings(), found.Mounted)
	for _, p := range problems {
		if !o.Say(p.Of) {
			found.Problem(p.Of, p.Text, p.Hint)
			if !f.quiet {
				fmt.Fprintf(s.err, "%s: %s\n  hint: %s\n", p.Of, p.Text, p.Hint)
			}
		}
	}
	return b, usage(o.Apply(&b, surroundings(s)))
}

// surroundings are where credentials come from. Only somebody at a terminal is asked.
func surroundings(s streams) backends.Surroundings {
	around := backends.Surroundings{Getenv: s.getenv}
	if in := terminal(s.in); in != nil {
		around.Ask = func(prompt string) (string, error) {
			fmt.Fprint(s.err, prompt)
			answer, err := term.ReadPassword(int(in.Fd()))
			fmt.Fprintln(s.err)
			return string(answer), err
		}
	}
	return around
}

// backends finds the servers behind OpenIM, tells which are reached how, and gives the sources that ask them. The caller
// closes the Reach when these have ended.
func (f *collectFlags) backends(ctx context.Context, s streams, cluster *kube.Cluster, found *kube.Survey) ([]collect.Source, *kube.Reach, error) {
	reach := cluster.Reach(found)
	if cluster.Replayed() {
		return nil, reach, nil // the servers that a bundle's configuration names are not those of here
	}
	b, err := f.configured(s, found, f.overrides)
	if err != nil {
		reach.Close()
		return nil, nil, err
	}
	if !f.quiet {
		tellBackends(ctx, s.err, b, reach)
	}
	r := reachable{Backends: b, dial: reach.Dial}
	if f.kube.Exec {
		r.exec = reach.Exec
	}
	return backendSources(r), reach, nil
}

// server is one backend for people.
type server struct {
	name, from string
	addresses  []string
}

func serversOf(b backends.Backends) []server {
	var all []server
	if b.Kafka != nil {
		all = append(all, server{"Kafka", b.Kafka.From, b.Kafka.Addresses})
	}
	if b.Redis != nil {
		all = append(all, server{"Redis", b.Redis.From, b.Redis.Addresses})
	}
	if b.Mongo != nil {
		all = append(all, server{"MongoDB", b.Mongo.From, b.Mongo.Addresses})
	}
	if b.Etcd != nil {
		all = append(all, server{"etcd", b.Etcd.From, b.Etcd.Addresses})
	}
	return all
}

// tellBackends connects to each backend once and says how that went.
func tellBackends(ctx context.Context, w io.Writer, b backends.Backends, reach *kube.Reach) {
	ctx, cancel := context.WithTimeout(ctx, probing)
	defer cancel()
	servers := serversOf(b)
	lines := make([]string, len(servers))
	var work sync.WaitGroup
	for i, server := range servers {
		work.Go(func() { lines[i] = server.line(server.probe(ctx, reach)) })
	}
	work.Wait()
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}

// probe opens a connection to the first address that lets it, and says which way it took.
func (s server) probe(ctx context.Context, reach *kube.Reach) (how string, err error) {
	for _, address := range s.addresses {
		conn, dialErr := reach.Dial(ctx, "tcp", address)
		if dialErr == nil {
			return reach.How(address), conn.Close()
		}
		err = dialErr
	}
	return "", err
}

func (s server) line(how string, err error) string {
	text := fmt.Sprintf("%s %s (from %s)", s.name, strings.Join(s.addresses, ","), s.from)
	switch {
	case err != nil:
		return text + ": " + firstLine(err)
	case how != "":
		return text + ", reached " + how
	}
	return text
}

// asks are what sources will ask of servers other than the API server.
func asks(sources []collect.Source) []collect.Ask {
	all := []collect.Ask{}
	for _, source := range sources {
		if a, ok := source.(collect.Asker); ok {
			all = append(all, a.Asks()...)
		}
	}
	return all
}

// plannedAsks are those of a plan: nobody is connected to, and no credentials are read.
func (f *collectFlags) plannedAsks(s streams, cluster *kube.Cluster, found *kube.Survey) ([]collect.Ask, error) {
	b, err := f.configured(s, found, f.overrides.WithoutAuth())
	if err != nil {
		return nil, err
	}
	nodes, _ := f.nodes.sources(cluster, found)
	return asks(append(backendSources(reachable{Backends: b}), nodes...)), nil
}

// tellAsks prints what is asked of the backends.
func tellAsks(w io.Writer, all []collect.Ask) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprint(w, "\nASKED OF OTHER SERVERS; it only reads\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  OF\tTIMES\tWHAT\tAT")
	for i, a := range all {
		of, times := a.Of, fmt.Sprint(a.Times)
		if i > 0 && of == all[i-1].Of {
			of = ""
		}
		if a.Most {
			times = "≤ " + times
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", of, times, a.What, a.At)
	}
	return t.Flush()
}
