package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/specs"
)

// collectFlags are the circumstances of one collection.
type collectFlags struct {
	intakeFlags
	kube           kube.Options
	output         string
	plan           string // how to print the plan; empty: collect
	profile        string
	lang           string
	maxSize        size
	maxLogSize     size
	deadline       time.Duration
	requestTimeout time.Duration
	specs          []string
	all            bool
	quiet          bool
	resume         resumeFlags
	overrides      backends.Overrides
	asking         askFlags
	nodes          nodeFlags
	metrics        metricsFlags
}

func newCollect(s streams) *cobra.Command {
	f := collectFlags{kube: kube.Options{Flags: kube.NewFlags()}}
	c := &cobra.Command{
		Use:   "collect",
		Short: "Collect the evidence of an installation into one file",
		Long: `Finds OpenIM in the cluster that kubectl talks to and collects into one file what its diagnosis needs: objects and
kubectl's own tables, logs of every container (current, previous, init, sidecar, ephemeral), usage, events. Without flags
it looks for OpenIM in every namespace that the user may read, and back two hours.

Kafka, Redis, MongoDB and etcd are asked where OpenIM's own configuration says, directly or through a port of their pods that the
API server forwards, with the credentials that OpenIM itself is given; --kafka, --redis, --mongo say otherwise, --no-secrets
declines. A password on the command line is refused.

Everything is redacted on the way into the file: passwords, tokens, keys and certificates never reach the disk. Message
bodies are never asked for. Nothing in the cluster is changed, but for --node-mode pod. The file is valid at every moment: after Ctrl-C, a deadline
or a full disk it holds what was gathered, and says what is missing.

--resume FILE goes on from the bundle of a run that was cut or left incomplete: what FILE holds whole is carried into a new
file and not asked for again, the rest is. Scope, window and incident are those of FILE; flags may add to the incident.

Prints the name of the file; everything else goes to standard error.`,
		Example: `  imbundle collect
  imbundle collect -n openim --around "2026-07-02 10:15" --scope all --scenario realtime --note "no messages since the update"
  imbundle collect --profile quick --ask
  imbundle collect --resume imbundle-openim-20260702T021500Z.tgz
  imbundle collect -n openim --plan
  imbundle collect -n openim --plan=rbac | kubectl apply -f -`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error { return runCollect(c.Context(), s, f) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringSliceVarP(&f.kube.Namespaces, "namespace", "n", nil, "namespace to collect (repeatable; default: where OpenIM is found)")
	flags.BoolVarP(&f.all, "all-namespaces", "A", false, "collect every namespace that the user may read")
	f.intakeFlags.add(c)
	flags.StringVarP(&f.output, "output", "f", "", "file to write; must not exist (default imbundle-NAMESPACE-TIME.tgz)")
	flags.StringVar(&f.resume.file, "resume", "", "go on from this bundle of an earlier run, asking only for what it lacks; it is not changed")
	flags.StringVar(&f.plan, "plan", "", "collect nothing; print what it would ask, how long and large it may get, and the least rights (=rbac: the rights alone, as YAML; =json: the rest)")
	flags.Lookup("plan").NoOptDefVal = planText
	flags.StringVar(&f.profile, "profile", "standard", "how much: standard, or quick (under 20 MB and 60 s)")
	flags.Var(&f.maxSize, "max-size", "largest size of the file, as 200MB; what matters most comes first (default no limit)")
	flags.Var(&f.maxLogSize, "max-log-size", "largest size of one log before compression; its head and its newest part are kept (default 20 MiB)")
	flags.DurationVar(&f.deadline, "deadline", 0, "end the collection after this time (default 5m)")
	flags.DurationVar(&f.requestTimeout, "request-timeout", 0, "give up a request after this time without an answer (default 20s)")
	flags.BoolVar(&f.kube.Exec, "exec", false, "run commands in containers (pods/exec): log files where nothing goes to standard output, the backends where no other way leads")
	addBackendFlags(c, &f.overrides, &f.kube)
	f.asking.add(flags)
	f.nodes.add(flags, &f.kube)
	f.metrics.add(c, &f.kube)
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but the file's name and errors")
	flags.StringVar(&f.lang, "lang", "", "language of the questions: zh, en (default from LC_ALL, LC_MESSAGES, LANG)")
	flags.StringArrayVar(&f.specs, "specs", nil, "folder of redactions and roles to add to the built-in ones (repeatable)")
	f.kube.Flags.AddFlags(flags)
	return c
}

func (f *collectFlags) validate(s streams) (err error) {
	if err := oneOf("--profile", f.profile, "standard", "quick"); err != nil {
		return err
	}
	if f.plan != "" {
		if err := oneOf("--plan", f.plan, planText, planRBAC, planJSON); err != nil {
			return err
		}
		if f.resume.file != "" {
			return usagef("leave --resume out: the plan is that of a run of its own, which asks for more", "--plan and --resume exclude each other")
		}
	}
	if f.all && len(f.kube.Namespaces) > 0 {
		return usagef("leave one of them out", "--namespace and --all-namespaces exclude each other")
	}
	for name, d := range map[string]time.Duration{"--deadline": f.deadline, "--request-timeout": f.requestTimeout} {
		if d < 0 {
			return usagef("leave it out for the default", "%s %s is negative", name, d)
		}
	}
	if err := f.validateResume(); err != nil {
		return err
	}
	if err := f.overrides.Check(); err != nil {
		return usage(err)
	}
	if err := f.asking.check(); err != nil {
		return err
	}
	if err := f.nodes.validate(s, &f.kube); err != nil {
		return err
	}
	if err := f.metrics.validate(s, &f.kube); err != nil {
		return err
	}
	f.lang, err = s.language(f.lang)
	return err
}

func runCollect(ctx context.Context, s streams, f collectFlags) error {
	if err := f.validate(s); err != nil {
		return err
	}
	incident, window, err := f.intake(ctx, s, f.lang)
	if err != nil {
		return err
	}
	set, err := loadSpecs(f.specs)
	if err != nil {
		return err
	}
	if f.plan != "" {
		return f.printPlan(ctx, s, set, incident, window)
	}
	if err := mustNotExist(f.output); err != nil {
		return err
	}
	if done, err := f.openEarlier(ctx, s); done || err != nil {
		return err
	}
	incident, window = f.resumed(incident, window)
	o, err := f.options(set, incident, window)
	if err != nil {
		return err
	}
	ctx, cancel := collect.WithDeadline(ctx, o.Deadline) // the survey's time counts too
	defer cancel()
	sources, reach, err := f.survey(ctx, s, set, &o)
	if err != nil {
		return err
	}
	defer reach.Close()
	view := newProgress(s, f.quiet)
	o.Progress = view
	boundMemory(104 << 20)
	res, err := collect.Run(ctx, o, sources)
	view.close()
	if res == nil {
		return err
	}
	return f.sumUp(s, res, err)
}

// mustNotExist says early what creating the file would say after the cluster was asked; creating still decides.
func mustNotExist(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("creating %q: %w", path, fs.ErrExist)
	}
	return nil
}

// options is the run without what only the cluster can tell.
func (f *collectFlags) options(set *specs.Set, incident collect.Incident, window bundle.Window) (collect.Options, error) {
	redactor, err := newRedactor(set)
	if err != nil {
		return collect.Options{}, err
	}
	o := collect.Options{
		Output: f.output, Window: window, Incident: incident, Attach: f.attach,
		Deadline: f.deadline, RequestTimeout: f.requestTimeout, MaxSize: int64(f.maxSize), MaxLogSize: int64(f.maxLogSize),
		Resume: f.resume.earlier, Redactor: redactor, Specs: set, Tool: bundle.Tool{Name: "imbundle", Version: toolVersion()},
	}
	if f.profile == "quick" {
		o = o.Quick()
	}
	return o, f.roomLeft(o.MaxSize)
}

// survey looks at the cluster, says what it found, and completes the options with it.
func (f *collectFlags) survey(ctx context.Context, s streams, set *specs.Set, o *collect.Options) ([]collect.Source, *kube.Reach, error) {
	cluster, found, err := f.look(ctx, set, o)
	if err != nil {
		return nil, nil, err
	}
	if !f.quiet {
		fmt.Fprint(s.err, sight(cluster, found))
	}
	o.Clock, o.Scope, o.Gaps = cluster.Clock(), found.Scope(), found.Gaps()
	o.Now, o.Closing = cluster.Now, cluster.Traffic
	if o.Output == "" {
		o.Output = defaultName(found.Namespaces, time.Now())
	}
	o.Redactor.Learn(found.Secrets()...)
	asking, reach, err := f.backends(ctx, s, cluster, found, o)
	if err != nil {
		return nil, nil, err
	}
	prometheus, err := f.metrics.sources(cluster, found, set)
	if err != nil {
		reach.Close()
		return nil, nil, err
	}
	nodes, gaps := f.nodes.sources(cluster, found)
	o.Gaps = append(o.Gaps, gaps...)
	return slices.Concat(cluster.Sources(found), asking, nodes, prometheus), reach, nil
}

// look connects to the cluster and finds out what there is, and when.
func (f *collectFlags) look(ctx context.Context, set *specs.Set, o *collect.Options) (*kube.Cluster, *kube.Survey, error) {
	f.kube.Specs, f.kube.RequestTimeout = set, f.requestTimeout
	f.kube.UserAgent = "imbundle/" + toolVersion()
	f.kube.Reach = f.overrides.Addresses()
	if f.profile == "quick" {
		f.kube = f.kube.Quick()
	}
	cluster, err := kube.Connect(ctx, f.kube)
	if err != nil {
		return nil, nil, err
	}
	if f.all {
		if err := cluster.ChooseAll(ctx); err != nil {
			return nil, nil, err
		}
	}
	found, err := cluster.Survey(ctx)
	if err == nil {
		o.Cluster = cluster.Identity(found)
	}
	if err := f.sameCluster(cluster.Host(), o.Cluster, err); err != nil {
		return nil, nil, err
	}
	if cluster.Replayed() && f.resume.earlier == nil { // its present is past
		if o.Window, err = f.window.Window(cluster.Now()); err != nil {
			return nil, nil, err
		}
		o.Window.Text = f.windowText()
	}
	return cluster, found, nil
}

// sight tells what was found, where.
func sight(cluster *kube.Cluster, found *kube.Survey) string {
	return fmt.Sprintf("Kubernetes %s at %s\n%s\n", cluster.Version(), cluster.Host(), strings.Join(found.Lines(), "\n"))
}

// defaultName is imbundle-<namespace>-<UTC time>.tgz; several namespaces are counted.
func defaultName(namespaces []string, now time.Time) string {
	name := "cluster"
	if len(namespaces) > 0 {
		name = namespaces[0]
	}
	if more := len(namespaces) - 1; more > 0 {
		name += fmt.Sprintf("+%d", more)
	}
	return fmt.Sprintf("imbundle-%s-%s.tgz", name, now.UTC().Format("20060102T150405Z"))
}
