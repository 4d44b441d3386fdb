package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
	"github.com/imbundle/imbundle/collect/etcd"
	"github.com/imbundle/imbundle/collect/kafka"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/collect/seq"
)

// reachable is what the sources of backends work with.
type reachable struct {
	backends.Backends
	dial    collect.Dialer
	strange collect.Stranger
	exec    collect.Exec    // nil: --exec was not given
	logs    <-chan struct{} // closed when the logs are in the bundle
}

// askFlags say how much the backends are asked.
type askFlags struct {
	kafkaAll     bool
	kafkaSamples int
	seqRange     string
	from, to     int64 // of seqRange
	seqSample    int
}

func (f *askFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.kafkaAll, "kafka-all", false, "every consumer group and topic of Kafka, not only OpenIM's")
	flags.IntVar(&f.kafkaSamples, "kafka-samples", 0, "samples of the consumer groups' offsets, 15 s apart (default 5, with --profile quick 2)")
	flags.StringVar(&f.seqRange, "seq", "", "also look these message numbers up, as 100..250, in the conversations that the incident names")
	flags.IntVar(&f.seqSample, "seq-sample", 0, "conversations whose numbers are read, beside those of the incident (default 200)")
}

// check reads the range of numbers.
func (f *askFlags) check() error {
	if f.kafkaSamples < 0 || f.seqSample < 0 {
		return usagef("leave it out for the default", "--kafka-samples and --seq-sample count something")
	}
	if f.seqRange == "" {
		return nil
	}
	const hint = "write it as 100..250, or 100 for one number; at most 10000 at a time"
	first, last, ranged := strings.Cut(f.seqRange, "..")
	if !ranged {
		last = first
	}
	var err1, err2 error
	f.from, err1 = strconv.ParseInt(first, 10, 64)
	f.to, err2 = strconv.ParseInt(last, 10, 64)
	if err1 != nil || err2 != nil || f.from < 1 || f.to < f.from || f.to-f.from >= 10_000 {
		return usagef(hint, "--seq %q is no range of message numbers", f.seqRange)
	}
	return nil
}

// backendSources are the sources that ask the backends.
func (f *collectFlags) backendSources(r reachable, incident collect.Incident) (all []collect.Source) {
	k := kafka.Options{Backend: r.Kafka, Dial: r.dial, Strange: r.strange, Exec: r.exec, All: f.asking.kafkaAll, Samples: f.asking.kafkaSamples}
	k.Conversations = func(context.Context) []string { return incident.Conversations }
	if k.Samples == 0 && f.profile == "quick" {
		k.Samples = 2
	}
	if r.Redis != nil || r.Mongo != nil {
		numbers := seq.New(seq.Options{
			Redis: r.Redis, Mongo: r.Mongo, Dial: r.dial, Strange: r.strange, Exec: r.exec, Users: incident.Users, Groups: incident.Groups, Conversations: incident.Conversations,
			Logs: r.logs, Sample: f.asking.seqSample, From: f.asking.from, To: f.asking.to,
		})
		k.Conversations = numbers.Conversations
		all = append(all, numbers)
	}
	if r.Kafka != nil {
		all = append(all, kafka.New(k))
	}
	if r.Etcd != nil {
		all = append(all, etcd.New(etcd.Options{Server: r.Etcd, Dial: r.dial}))
	}
	return all
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
func (f *collectFlags) backends(ctx context.Context, s streams, cluster *kube.Cluster, found *kube.Survey, o *collect.Options) ([]collect.Source, *kube.Reach, error) {
	reach := cluster.Reach(found)
	if cluster.Replayed() {
		return nil, reach, nil // the servers that a bundle's configuration names are not those of here
	}
	if f.layCentre(ctx, s, found, reach) {
		if err := cluster.LookAtNetwork(ctx, found); err != nil {
			reach.Close()
			return nil, nil, fmt.Errorf("looking for the ways to the backends of the config centre: %w", err)
		}
		o.Gaps = found.Gaps()
	}
	b, err := f.configured(s, found, f.overrides)
	if err != nil {
		reach.Close()
		return nil, nil, err
	}
	for _, password := range b.Passwords() {
		if len(password) >= kube.LeastLearned {
			o.Redactor.Learn(password)
		}
	}
	if !f.quiet {
		tellBackends(ctx, s.err, b, reach)
	}
	r := reachable{Backends: b, dial: reach.Dial, strange: reach.Stranger, logs: found.LogsRead()}
	if f.kube.Exec {
		r.exec = reach.Exec
	}
	return f.backendSources(r, o.Incident), reach, nil
}

// layCentre lays line B's config centre, where it is switched on, over the configuration that the survey read, and reports whether
// it was.
func (f *collectFlags) layCentre(ctx context.Context, s streams, found *kube.Survey, reach *kube.Reach) bool {
	b, _ := backends.From(found.Settings(), found.Mounted) // what is wrong is told afterwards
	if b.Etcd == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, probing)
	defer cancel()
	files, err := etcd.Centre(ctx, etcd.Options{Server: b.Etcd, Dial: reach.Dial})
	if err != nil {
		found.Problem(backends.EtcdName, "the config centre cannot be asked: "+firstLine(err), "if it is switched on, the configuration may be another one than the files say")
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		found.Centre(name, "config centre, etcd "+strings.Join(b.Etcd.Addresses, ","), files[name])
	}
	if len(files) > 0 && !f.quiet {
		fmt.Fprintf(s.err, "OpenIM's config centre is switched on: %d files of it override those of the cluster\n", len(files))
	}
	return len(files) > 0
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
