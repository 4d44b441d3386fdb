package kube

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const (
	newestFiles = 3  // log files read of one container
	quietLines  = 40 // of stdout: what a component prints there although it logs to a file
	execs       = 4  // at a time: each starts a process in the container
)

// files collects the log files inside containers that do not log to stdout. It needs exec, so it is used only when asked for.
type files struct {
	c *Cluster
	s *Survey
}

func (*files) Name() string { return filesName }

func (f *files) Promise() collect.Promise { return collect.Promise{Priority: filesPriority} }

// calls are the configuration that tells where logs go, and what may be run in each container: whether it is shows only
// when its log was read.
func (f *files) calls() []call {
	var all []call
	for _, ns := range f.configured() {
		all = append(all, get(kindFor("configmaps").path(ns)))
	}
	for _, s := range f.containers() {
		all = append(all, call{method: upgradeMethod(f.s.Access, executing, s.ns), path: execPath(s.ns, s.pod), times: 1 + newestFiles, most: true})
	}
	return all
}

// containers are the running ones whose component may log to files.
func (f *files) containers() []*stream {
	return slices.DeleteFunc(slices.Clone(f.s.streams), func(s *stream) bool {
		role := f.c.o.Specs.Role(s.role)
		return s.none != "" || s.previous || s.ended != nil || role == nil || len(role.Files) == 0 || !f.s.Access.May("create", "", executing, s.ns)
	})
}

// configured are the namespaces whose configuration may be read.
func (f *files) configured() []string {
	return slices.DeleteFunc(slices.Clone(f.s.Namespaces), func(ns string) bool { return !f.s.Access.May("list", "", "configmaps", ns) })
}

// Collect waits for the logs, which show whose stdout is empty.
func (f *files) Collect(ctx context.Context, b *collect.Batch) error {
	select {
	case <-f.s.logsRead:
	case <-ctx.Done():
		return ctx.Err()
	}
	toFile := f.loggingToFile(ctx, b)
	var work sync.WaitGroup
	slots := make(chan struct{}, execs)
	for _, s := range f.containers() {
		if !toFile[s.ns] && s.lines.Load() > quietLines {
			continue
		}
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			f.read(ctx, b, s, f.c.o.Specs.Role(s.role).Files)
		})
	}
	work.Wait()
	return ctx.Err()
}

var stdoutOff = regexp.MustCompile(`(?m)^\s*isStdout:\s*false\b`)

// loggingToFile tells in which namespaces a log.yml switches stdout off.
func (f *files) loggingToFile(ctx context.Context, b *collect.Batch) map[string]bool {
	off := map[string]bool{}
	for _, ns := range f.configured() {
		err := list(ctx, f.c, kindFor("configmaps").path(ns), func(m *corev1.ConfigMap) {
			for _, key := range []string{"log.yml", "log.yaml", "config.yaml"} {
				off[ns] = off[ns] || stdoutOff.MatchString(m.Data[key])
			}
		})
		if err != nil {
			b.Note("looking for log.yml in namespace %s: %v", ns, err)
		}
	}
	return off
}

// logFile is a file as the container lists it.
type logFile struct {
	path     string
	size     int64
	modified time.Time
}

// listScript prints time, size and name of the files that match its arguments; it needs nothing but a shell and stat.
const listScript = `for f in %s; do [ -f "$f" ] && stat -c '%%Y %%s %%n' "$f"; done; true`

func (f *files) read(ctx context.Context, b *collect.Batch, s *stream, patterns []string) {
	gap := func(name, detail string, err error) {
		b.Gap(bundle.Gap{Entry: name, Reason: collect.ReasonOf(err), Detail: detail + ": " + err.Error(), Costs: "log files inside the container"})
	}
	short, cancel := context.WithTimeout(ctx, f.c.o.RequestTimeout)
	defer cancel()
	out := &capped{left: 64 << 10}
	script := fmt.Sprintf(listScript, strings.Join(patterns, " "))
	if err := f.c.Exec(short, upgradeMethod(f.s.Access, executing, s.ns), s.ns, s.pod, s.container, []string{"sh", "-c", script}, nil, out); err != nil {
		gap(bundle.ContainerFile(s.ns, s.pod, s.container, "*"), "listing log files", err)
		return
	}
	for _, file := range newest(parseFiles(out.String()), b.Window().From) {
		if b.Has(bundle.ContainerFile(s.ns, s.pod, s.container, file.path)) {
			continue
		}
		if err := f.copy(ctx, b, s, file); err != nil {
			gap(bundle.ContainerFile(s.ns, s.pod, s.container, file.path), "reading the log file", err)
		}
	}
}

func parseFiles(listing string) []logFile {
	var all []logFile
	for line := range strings.Lines(listing) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(words) != 3 {
			continue
		}
		sec, err1 := strconv.ParseInt(words[0], 10, 64)
		size, err2 := strconv.ParseInt(words[1], 10, 64)
		if err1 == nil && err2 == nil {
			all = append(all, logFile{words[2], size, time.Unix(sec, 0)})
		}
	}
	return all
}

// newest are the last files that were written to in the window.
func newest(all []logFile, from time.Time) []logFile {
	all = slices.DeleteFunc(all, func(f logFile) bool { return f.modified.Before(from) || f.size == 0 })
	slices.SortFunc(all, func(a, b logFile) int { return cmp.Or(b.modified.Compare(a.modified), cmp.Compare(a.path, b.path)) })
	all = slices.CompactFunc(all, func(a, b logFile) bool { return a.path == b.path })
	return all[:min(len(all), newestFiles)]
}

// copy reads the newest bytes of a file.
func (f *files) copy(ctx context.Context, b *collect.Batch, s *stream, file logFile) error {
	ctx, cancel := context.WithTimeout(ctx, f.c.o.StreamTimeout)
	defer cancel()
	grant := b.Budget().Reserve(b.Priority(), leastLog, b.MaxLogSize(), 1, 4)
	defer grant.Settle()
	attrs := s.attrs()
	attrs["path"] = file.path
	e, err := b.Create(bundle.ContainerFile(s.ns, s.pod, s.container, file.path), bundle.Meta{Time: file.modified, Attrs: attrs})
	if err != nil {
		return err
	}
	e.Use(grant)
	command := []string{"tail", "-c", strconv.FormatInt(grant.Bytes, 10), file.path}
	if err := f.c.Exec(ctx, upgradeMethod(f.s.Access, executing, s.ns), s.ns, s.pod, s.container, command, nil, e); err != nil {
		e.Truncate(bundle.Truncation{Reason: bundle.CutShort, Note: err.Error()})
		if closeErr := e.Close(); closeErr != nil {
			return closeErr
		}
		return err
	}
	if file.size > grant.Bytes {
		e.Truncate(bundle.Truncation{Reason: bundle.TooLong, Tail: grant.Bytes, Dropped: file.size - grant.Bytes})
	}
	return e.Close()
}
