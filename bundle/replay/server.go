package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/imbundle/imbundle/bundle"
)

// ServeHTTP answers a request of the Kubernetes API.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.serve(w, r, nil) }

// serve answers; moved, when it is not nil, moves the times in objects.
func (c *Cluster) serve(w http.ResponseWriter, r *http.Request, moved *shift) {
	a := &answer{c: c, w: w, r: r, query: r.URL.Query(), moved: moved}
	if err := a.give(); err != nil {
		a.fail(err)
	}
}

// answer is one request being answered.
type answer struct {
	c     *Cluster
	w     http.ResponseWriter
	r     *http.Request
	query map[string][]string
	moved *shift
	begun bool // the head of the answer is sent
}

func (a *answer) param(name string) string {
	if v := a.query[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (a *answer) flag(name string) bool {
	v, given := a.query[name]
	return given && v[0] != "false" && v[0] != "0"
}

// target is what a path of the API leads to.
type target struct {
	res  *resource
	ns   string // empty: the whole cluster
	name string // empty: the list
	sub  string // of the object: log, status
	rest string // of the path behind that
}

func (a *answer) give() error {
	if a.c.reader != nil {
		if err := a.c.reader.Unchanged(); err != nil {
			return apierrors.NewServiceUnavailable(err.Error() + "; start imbundle serve again")
		}
	}
	parts := strings.Split(strings.Trim(a.r.URL.Path, "/"), "/")
	if a.r.Method != http.MethodGet && a.r.Method != http.MethodHead {
		return a.write(parts)
	}
	if known, err := a.discovery(parts); known {
		return err
	}
	t, err := a.c.target(parts)
	if err != nil {
		return err
	}
	if a.r.Header.Get("Upgrade") != "" {
		return readOnly(t)
	}
	switch {
	case t.res.group == metricsGroup:
		return a.metrics(t)
	case t.sub == "log" && t.res.plural == "pods":
		return a.log(t)
	case kubeletEntry(t) != "":
		return a.kubelet(kubeletEntry(t))
	case t.sub == "scale" || t.sub == "status" && t.name != "" || t.sub == "":
	default:
		return readOnly(t)
	}
	switch {
	case t.sub == "scale":
		return notFound(t)
	case t.name != "":
		return a.object(t)
	case a.flag("watch"):
		return a.watch(t)
	}
	return a.list(t)
}

// target finds a path's resource: /api/v1/… or /apis/GROUP/VERSION/…, with or without /namespaces/NS.
func (c *Cluster) target(parts []string) (target, error) {
	var t target
	group, version := "", ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, version, parts = parts[1], parts[2], parts[3:]
	default:
		return t, noSuchPath()
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		t.ns, parts = parts[1], parts[2:]
	}
	t.res = c.kinds[keyOf(group, parts[0])]
	if group == metricsGroup {
		t.res = metricsKind(parts[0])
	}
	if len(parts) > 3 {
		t.rest, parts = strings.Join(parts[3:], "/"), parts[:3]
	}
	if t.res == nil || t.res.version != version || t.rest != "" && parts[2] != "proxy" || !t.res.namespaced && t.ns != "" {
		return t, noSuchPath()
	}
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.sub = parts[2]
	}
	return t, nil
}

func noSuchPath() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
	}}
}

func (t target) group() schema.GroupResource {
	return schema.GroupResource{Group: t.res.group, Resource: t.res.plural}
}

func notFound(t target) error { return apierrors.NewNotFound(t.group(), t.name) }

// readOnly refuses what would change something, or needs the living cluster.
func readOnly(t target) error {
	return forbidden(t, "this is the replay of a bundle, not a cluster: it can be read, and nothing in it can be changed, run or connected to")
}

func forbidden(t target, why string) error {
	return apierrors.NewForbidden(t.group(), t.name, errors.New(why))
}

// lacks says why a list is not there: a missing list is never an empty one.
func (c *Cluster) lacks(t target) error {
	for _, name := range []string{bundle.Resource(c.folder(t.res), t.ns), bundle.Table(c.folder(t.res), t.ns)} {
		if g, ok := c.gaps[name]; ok {
			return forbidden(t, fmt.Sprintf("the bundle does not hold them: %s: %s", g.Reason, g.Detail))
		}
	}
	if ns := c.Namespaces(); t.ns != "" && len(c.shelves[t.res.key()]) > 0 {
		return forbidden(t, fmt.Sprintf("the bundle holds them of namespace %s only", strings.Join(ns, ", ")))
	}
	return forbidden(t, "the bundle does not hold them: they were not collected")
}

// folder is what the layout calls a kind.
func (c *Cluster) folder(r *resource) string {
	if standardKind(r.group, r.kind) != nil {
		return r.plural
	}
	return r.key()
}

// write answers what is not a question. Reviews of rights are posted, yet ask.
func (a *answer) write(parts []string) error {
	if a.r.Method == http.MethodPost && len(parts) == 4 && parts[1] == "authorization.k8s.io" {
		return a.review()
	}
	t, err := a.c.target(parts)
	if err != nil {
		return err
	}
	return readOnly(t)
}

// fail ends an answer with an error as the API server words it.
func (a *answer) fail(err error) {
	if a.begun || a.r.Context().Err() != nil {
		return // the client sees that the answer ends early, or has gone
	}
	status := metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError,
		Message: "Internal error occurred: " + err.Error(),
	}
	var known apierrors.APIStatus
	if errors.As(err, &known) {
		status = known.Status()
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	_ = a.json(int(status.Code), status)
}

func (a *answer) json(code int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	a.head(code, "application/json")
	_, err = a.w.Write(body)
	return err
}

func (a *answer) head(code int, contentType string) {
	a.begun = true
	a.w.Header().Set("Content-Type", contentType)
	a.w.Header().Set("Cache-Control", "no-cache, private")
	a.w.WriteHeader(code)
}

// warn tells the person behind kubectl what an answer lacks.
func (a *answer) warn(text string) {
	a.w.Header().Add("Warning", fmt.Sprintf("299 - %q", text))
}

func (a *answer) copy(code int, contentType string, entry string) error {
	return a.c.read(entry, func(r io.Reader) error {
		a.head(code, contentType)
		_, err := io.Copy(a.w, r)
		return err
	})
}
