package replay

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/imbundle/imbundle/bundle"
)

// emptyOpenAPI is a document of version 2 in its binary form, with nothing but its version.
var emptyOpenAPI = []byte("\x0a\x032.0")

// discovery answers what says which API there is; known is false for all other paths.
func (a *answer) discovery(parts []string) (known bool, err error) {
	switch path := strings.Join(parts, "/"); {
	case path == "version":
		return true, a.version()
	case path == "healthz", path == "livez":
		a.head(http.StatusOK, "text/plain")
		_, err := a.w.Write([]byte("ok"))
		return true, err
	case path == "readyz" && a.c.names[bundle.ReadyZ]:
		code := http.StatusOK
		if i := a.c.store.Info(bundle.ReadyZ); i != nil && i.Attrs["code"] == "500" {
			code = http.StatusInternalServerError
		}
		return true, a.copy(code, "text/plain; charset=utf-8", bundle.ReadyZ)
	case path == "api":
		return true, a.json(http.StatusOK, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case path == "apis":
		return true, a.json(http.StatusOK, a.c.groups())
	case path == "openapi/v3":
		return true, a.json(http.StatusOK, map[string]any{"paths": map[string]any{}})
	case path == "openapi/v2":
		a.head(http.StatusOK, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
		_, err := a.w.Write(emptyOpenAPI)
		return true, err
	case len(parts) == 2 && parts[0] == "api", len(parts) == 3 && parts[0] == "apis":
		list := a.c.resources(strings.TrimPrefix(strings.TrimPrefix(path, "apis/"), "api/"))
		if len(list.APIResources) == 0 {
			return true, noSuchPath()
		}
		return true, a.json(http.StatusOK, list)
	case len(parts) == 2 && parts[0] == "apis":
		for _, g := range a.c.groups().Groups {
			if g.Name == parts[1] {
				g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
				return true, a.json(http.StatusOK, g)
			}
		}
		return true, noSuchPath()
	}
	return false, nil
}

// version is the API server's own; a foreign bundle may not say it.
func (a *answer) version() error {
	if !a.c.at.IsZero() {
		a.w.Header().Set(SnapshotHeader, a.c.at.UTC().Format(time.RFC3339Nano))
	}
	var stored struct {
		Info json.RawMessage `json:"info"`
	}
	if a.c.names[bundle.ClusterVersion] {
		rc, err := a.c.store.Open(bundle.ClusterVersion)
		if err != nil {
			return err
		}
		defer rc.Close()
		if err := json.NewDecoder(rc).Decode(&stored); err != nil {
			return err
		}
	}
	if len(stored.Info) == 0 {
		return a.json(http.StatusOK, map[string]string{"major": "", "minor": "", "gitVersion": "v0.0.0-unknown"})
	}
	return a.json(http.StatusOK, stored.Info)
}

// served are the kinds that are spoken of: those of the bundle, and the usual ones, of which is said why they are lacking.
func (c *Cluster) served() []*resource {
	found := slices.Collect(maps.Values(c.kinds))
	if c.measured() {
		found = append(found, metricsKind("pods"), metricsKind("nodes"))
	}
	slices.SortFunc(found, func(a, b *resource) int { return strings.Compare(a.key(), b.key()) })
	return found
}

func (c *Cluster) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{}}
	versions := map[string]string{"authorization.k8s.io": "v1"}
	for _, r := range c.served() {
		if r.group != "" {
			versions[r.group] = r.version
		}
	}
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		v := metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + versions[name], Version: versions[name]}
		list.Groups = append(list.Groups, metav1.APIGroup{Name: name, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
	}
	return list
}

var readVerbs = metav1.Verbs{"get", "list", "watch"}

func (c *Cluster) resources(gv string) metav1.APIResourceList {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv}
	for _, r := range c.served() {
		if r.gv() != gv {
			continue
		}
		verbs := readVerbs
		if r.group == metricsGroup {
			verbs = metav1.Verbs{"get", "list"}
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: r.plural, SingularName: r.singular(), Namespaced: r.namespaced, Kind: r.kind, Verbs: verbs, ShortNames: r.short, Categories: r.categories,
		})
		if r.key() == "pods" {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: "pods/log", Namespaced: true, Kind: "Pod", Verbs: metav1.Verbs{"get"}})
		}
	}
	if gv == "authorization.k8s.io/v1" {
		for _, kind := range []string{"SelfSubjectAccessReview", "SelfSubjectRulesReview"} {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: strings.ToLower(kind) + "s", Kind: kind, Verbs: metav1.Verbs{"create"}})
		}
	}
	return list
}

// review says what can be read here: what the bundle holds.
func (a *answer) review() error {
	body, err := io.ReadAll(io.LimitReader(a.r.Body, 1<<20))
	if err != nil {
		return err
	}
	asked, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil) // JSON, or the binary form
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	switch r := asked.(type) {
	case *authv1.SelfSubjectAccessReview:
		r.TypeMeta = metav1.TypeMeta{Kind: "SelfSubjectAccessReview", APIVersion: "authorization.k8s.io/v1"}
		if of := r.Spec.ResourceAttributes; of != nil {
			r.Status.Allowed = a.c.may(of.Verb, of.Group, of.Resource, of.Subresource, of.Namespace)
		} else if of := r.Spec.NonResourceAttributes; of != nil {
			r.Status.Allowed = of.Verb == "get"
		}
		return a.json(http.StatusCreated, r)
	case *authv1.SelfSubjectRulesReview:
		r.TypeMeta = metav1.TypeMeta{Kind: "SelfSubjectRulesReview", APIVersion: "authorization.k8s.io/v1"}
		r.Status = a.c.rules(r.Spec.Namespace)
		return a.json(http.StatusCreated, r)
	}
	return noSuchPath()
}

// may reports whether a question will be answered.
func (c *Cluster) may(verb, group, plural, sub, ns string) bool {
	if !slices.Contains(readVerbs, verb) {
		return false
	}
	switch {
	case group == metricsGroup:
		return c.names[metricsEntry(plural)]
	case plural == "pods" && sub == "log":
		return c.hasLogs(ns)
	case plural == "nodes" && sub == "proxy":
		return verb == "get" && c.askedKubelets()
	case sub != "":
		return false
	case plural == "namespaces" && group == "":
		return true
	}
	of := c.shelves[keyOf(group, plural)]
	if ns == "" {
		return len(of) > 0
	}
	return of[ns] != nil
}

// rules lists what may be read in a namespace.
func (c *Cluster) rules(ns string) authv1.SubjectRulesReviewStatus {
	status := authv1.SubjectRulesReviewStatus{NonResourceRules: []authv1.NonResourceRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"*"}}}, ResourceRules: []authv1.ResourceRule{}}
	add := func(group, resource string, verbs ...string) {
		status.ResourceRules = append(status.ResourceRules, authv1.ResourceRule{Verbs: verbs, APIGroups: []string{group}, Resources: []string{resource}})
	}
	for _, r := range c.served() {
		if r.group == metricsGroup && r.namespaced && c.names[metricsEntry(r.plural)] {
			add(r.group, r.plural, "get", "list")
		} else if c.shelves[r.key()][ns] != nil {
			add(r.group, r.plural, readVerbs...)
		}
	}
	add("", "namespaces", "get")
	if c.hasLogs(ns) {
		add("", "pods/log", "get")
	}
	if c.askedKubelets() {
		add("", "nodes/proxy", "get")
	}
	return status
}
