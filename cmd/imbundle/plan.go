package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/specs"
)

// The ways to print a plan.
const (
	planText = "text"
	planRBAC = "rbac"
	planJSON = "json"
)

// printPlan prints what a collection would ask. It writes no file and changes nothing.
func (f *collectFlags) printPlan(ctx context.Context, s streams, set *specs.Set, incident collect.Incident, window bundle.Window) error {
	o, err := f.options(set, incident, window)
	if err != nil {
		return err
	}
	cluster, found, err := f.look(ctx, set, &o)
	if err != nil {
		return err
	}
	p, err := cluster.Plan(ctx, found, o)
	if err != nil {
		return err
	}
	if p.Backends, err = f.plannedAsks(s, cluster, found, set, incident); err != nil {
		return err
	}
	command := f.command()
	switch f.plan {
	case planJSON:
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(p)
	case planRBAC:
		return p.RBAC(s.out, command)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Plan of `%s`: nothing was written, nothing is changed.\n%s", command, sight(cluster, found))
	if err := tellRequests(&b, p); err != nil {
		return err
	}
	if err := tellAsks(&b, p.Backends); err != nil {
		return err
	}
	tellEstimate(&b, p)
	tellMissing(&b, p)
	fmt.Fprintf(&b, "\nLEAST RIGHTS (alone, for kubectl: --plan=rbac)\n\n")
	if err := p.RBAC(&b, command); err != nil {
		return err
	}
	_, err = io.WriteString(s.out, b.String())
	return err
}

// command is the line whose plan it is, as far as it decides which rights are needed.
func (f *collectFlags) command() string {
	words := []string{"imbundle collect"}
	if f.all {
		words = append(words, "-A")
	} else {
		for _, ns := range f.kube.Namespaces {
			words = append(words, "-n "+ns)
		}
	}
	if f.kube.Exec {
		words = append(words, "--exec")
	}
	if f.kube.NoSecrets {
		words = append(words, "--no-secrets")
	}
	for _, o := range [][2]string{{"--kafka", f.overrides.Kafka.Address}, {"--redis", f.overrides.Redis.Address}, {"--mongo", f.overrides.Mongo.Address}} {
		if o[1] != "" {
			words = append(words, strings.Join(o[:], " "))
		}
	}
	words = append(words, f.nodes.words(&f.kube)...)
	words = append(words, f.metrics.words(&f.kube)...)
	return strings.Join(words, " ")
}

// planRow is what a line of the plan tells: requests of one kind, by one source.
type planRow struct {
	by, verb, what    string
	namespaces, names []string
	times             int
	most, counted     bool
	objects           int64
}

func planRows(requests []kube.Request) []planRow {
	var rows []planRow
	for _, r := range requests {
		what := whatIsAsked(r)
		i := slices.IndexFunc(rows, func(o planRow) bool {
			return o.by == r.By && o.verb == r.Verb && o.what == what && o.most == r.Most && (r.Namespace == "") == (o.namespaces == nil)
		})
		if i < 0 {
			rows = append(rows, planRow{by: r.By, verb: r.Verb, what: what, most: r.Most})
			i = len(rows) - 1
		}
		row := &rows[i]
		row.times += r.Times
		row.namespaces = appendNew(row.namespaces, r.Namespace)
		if r.Resource != "namespaces" {
			row.names = appendNew(row.names, r.Name)
		}
		if r.Objects != nil {
			row.counted = true
			row.objects += *r.Objects
		}
	}
	return rows
}

// whatIsAsked names a resource as kubectl does, or a path, and who answers if it is not the API server itself.
func whatIsAsked(r kube.Request) string {
	what := r.Resource
	if r.Group != "" {
		what += "." + r.Group
	}
	if what == "" {
		what = r.Path
	}
	if r.Of != kube.OfServer {
		what += " (" + r.Of + ")"
	}
	return what
}

// appendNew keeps a list free of what is in it already, and of nothing.
func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// where says where the requests of a row go.
func (r planRow) where() string {
	where := "cluster"
	switch {
	case strings.HasPrefix(r.what, "selfsubject"):
		return "the user's own rights; nothing is created"
	case len(r.namespaces) == 1:
		where = r.namespaces[0]
	case len(r.namespaces) > 1:
		where = fmt.Sprintf("%d namespaces", len(r.namespaces))
	}
	switch {
	case len(r.names) > 0 && (r.what == "secrets" || strings.HasPrefix(r.what, "services/")):
		where += ": " + strings.Join(r.names, ", ")
	case len(r.names) > 0:
		what, _, _ := strings.Cut(r.what, "/")
		where += fmt.Sprintf(", %s: %d", what, len(r.names))
	}
	return where
}

func (r planRow) cells() []string {
	cells := []string{r.by, fmt.Sprint(r.times), r.verb, r.what, "-", r.where()}
	if r.most {
		cells[1] = "≤ " + cells[1]
	}
	if r.counted {
		cells[4] = fmt.Sprint(r.objects)
	}
	return cells
}

func tellRequests(w io.Writer, p *kube.Plan) error {
	fmt.Fprintf(w, "\nREQUESTS, with the rights that the user has: %d, all through the API server; they only read", p.Estimate.Requests)
	runs := func(by string) bool {
		return slices.ContainsFunc(p.Requests, func(r kube.Request) bool { return r.Resource == "pods/exec" && r.By == by })
	}
	if runs("kube-files") {
		fmt.Fprint(w, ", and run sh, stat and tail in containers (pods/exec)")
	}
	if runs("kube-reach") {
		fmt.Fprint(w, ", and run bash or nc, or their own tool, in the pods of backends that nothing else leads to (pods/exec)")
	}
	if slices.ContainsFunc(p.Requests, func(r kube.Request) bool { return r.Resource == "pods" && r.Verb == "create" }) {
		fmt.Fprint(w, ", and make a pod on each node and take it away again (--node-mode pod)")
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  BY\tTIMES\tVERB\tWHAT\tOBJECTS\tWHERE")
	by := ""
	for _, r := range planRows(p.Requests) {
		cells := r.cells()
		if r.by == by {
			cells[0] = ""
		}
		by = r.by
		fmt.Fprintln(t, "  "+strings.Join(cells, "\t"))
	}
	return t.Flush()
}

func tellEstimate(w io.Writer, p *kube.Plan) {
	e := p.Estimate
	fmt.Fprintf(w, "\nESTIMATE: worked out from one object of each list and from limits, not measured\n")
	why := fmt.Sprintf("%d requests to a server that answers in %s", e.Requests, e.Answer.Round(time.Millisecond))
	if time.Duration(max(0, e.Samples-1))*e.SampleEvery == e.Least {
		why = fmt.Sprintf("%d samples of usage, %s apart", e.Samples, e.SampleEvery)
	}
	fmt.Fprintf(w, "  Time  at least %s (%s), and what the logs take; at most %s (--deadline)\n", e.Least.Round(time.Second), why, e.Most)
	fmt.Fprintf(w, "  Size  objects: about %s, %d in %d lists, if each is as large as the first of its list", humanBytes(e.ObjectBytes), e.Objects, e.Lists)
	if e.Uncounted > 0 {
		fmt.Fprintf(w, "; lists that were not counted: %d", e.Uncounted)
	}
	fmt.Fprintf(w, "\n        logs: at most %s, %d of at most %s each (--max-log-size), as much of it as lies in the window\n",
		humanBytes(int64(e.Logs)*e.MaxLogSize), e.Logs, humanBytes(e.MaxLogSize))
	fmt.Fprintf(w, "        file: compressed, a quarter of that or less")
	if e.MaxSize > 0 {
		fmt.Fprintf(w, "; at most %s (--max-size)", humanBytes(e.MaxSize))
	}
	fmt.Fprintf(w, "\n  Window  %s to %s\n", p.Window.From.UTC().Format(time.RFC3339), p.Window.To.UTC().Format(time.RFC3339))
}

func tellMissing(w io.Writer, p *kube.Plan) {
	fmt.Fprint(w, "\nMISSING RIGHTS, and what each costs\n")
	if p.Partial {
		fmt.Fprint(w, "  the server does not answer for every right; the run tries those that it does not know\n")
	}
	if len(p.Missing) == 0 {
		fmt.Fprint(w, "  none\n")
	}
	for _, g := range p.Missing {
		fmt.Fprintf(w, "  %s\n      %s\n", g.Detail, g.Costs)
	}
}
