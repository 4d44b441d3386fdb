package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/kube"
)

// resumeFlags are the flags of a run that continues another: FILE, and what was read of it.
type resumeFlags struct {
	file    string
	earlier *collect.Earlier // nil for a run of its own
}

// validateResume refuses what would make one bundle of two different questions.
func (f *collectFlags) validateResume() error {
	if f.resume.file == "" {
		return nil
	}
	hint := "leave it out: a continued run has the scope and the window of the first one; for others collect anew, without --resume"
	switch {
	case f.resume.file == "-":
		return usagef("save it to a file first", "--resume needs a file, not standard input")
	case f.all:
		return usagef(hint, "--resume and --all-namespaces exclude each other")
	case f.window != (collect.WindowFlags{}):
		return usagef(hint, "--resume and --since, --from, --to, --around exclude each other")
	case f.ask:
		return usagef("give the answers as flags: --scope, --scenario, --user, …", "--resume and --ask exclude each other")
	}
	return nil
}

// openEarlier reads FILE and takes over its scope. done says that there is nothing to continue.
func (f *collectFlags) openEarlier(ctx context.Context, s streams) (done bool, err error) {
	if f.resume.file == "" {
		return false, nil
	}
	e, err := collect.OpenEarlier(ctx, f.resume.file)
	if err != nil {
		return false, err
	}
	whole, met := e.Whole()
	if !f.quiet {
		fmt.Fprintf(s.err, "continuing %s, begun %s: %d of %d entries are whole\n", e.Path, e.Plan.Started.Local().Format(time.DateTime), whole, met)
	}
	if e.Complete() {
		if !f.quiet {
			fmt.Fprintln(s.err, "it is complete: nothing is missing, so nothing is collected")
		}
		_, err := fmt.Fprintln(s.out, e.Path)
		return true, err
	}
	f.resume.earlier = e
	return false, f.takeOver(e)
}

// takeOver makes the run one of the earlier run's scope.
func (f *collectFlags) takeOver(e *collect.Earlier) error {
	if c := e.Plan.Cluster; c != nil {
		given := slices.Compact(slices.Sorted(slices.Values(f.kube.Namespaces)))
		if len(given) > 0 && !slices.Equal(given, c.Namespaces) {
			return usagef("leave --namespace out, or collect anew, without --resume",
				"--namespace %s contradicts %q, which was collected from %s", strings.Join(given, ","), e.Path, strings.Join(c.Namespaces, ","))
		}
		f.kube.Namespaces = c.Namespaces
	}
	f.kube.Exec = f.kube.Exec || kube.Execs(e.Plan)
	return nil
}

// roomLeft refuses a size limit that what is carried on has used up already.
func (f *collectFlags) roomLeft(limit int64) error {
	if e := f.resume.earlier; e != nil && limit > 0 && limit <= e.Size {
		return usagef("give a larger --max-size, without --profile quick", "a limit of %s leaves no room: %q has %s already", humanBytes(limit), e.Path, humanBytes(e.Size))
	}
	return nil
}

// resumed completes what the flags say of the fault with what the earlier run was told.
func (f *collectFlags) resumed(incident collect.Incident, window bundle.Window) (collect.Incident, bundle.Window) {
	if e := f.resume.earlier; e != nil {
		return incident.Or(e.Incident()), e.Plan.Window
	}
	return incident, window
}

// sameCluster holds the cluster that was connected to against the earlier run's. err is what looking at it gave: a
// namespace that is not there says less than that the whole cluster is another one.
func (f *collectFlags) sameCluster(host string, found *bundle.Cluster, err error) error {
	e := f.resume.earlier
	if e == nil {
		return err
	}
	var missing *kube.Error
	if err == nil {
		return e.SameCluster(*found)
	}
	if errors.As(err, &missing) && (missing.Kind == kube.NoNamespace || missing.Kind == kube.NoOpenIM) {
		if other := e.SameCluster(bundle.Cluster{Server: host}); other != nil {
			return other
		}
	}
	return err
}
