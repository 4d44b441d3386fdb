package view

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// Object names a Kubernetes object the way a user does.
type Object struct {
	Kind      string // singular, lower case, without its group
	Namespace string // empty: any
	Name      string
}

// kinds are the short and plural forms of kinds that kubectl takes.
var kinds = map[string][]string{
	"pod": {"po"}, "deployment": {"deploy"}, "service": {"svc"}, "node": {"no"}, "persistentvolumeclaim": {"pvc"}, "persistentvolume": {"pv"},
	"statefulset": {"sts"}, "daemonset": {"ds"}, "replicaset": {"rs"}, "configmap": {"cm"}, "ingress": {"ing"}, "job": nil,
	"cronjob": {"cj"}, "namespace": {"ns"}, "event": {"ev"}, "horizontalpodautoscaler": {"hpa"}, "networkpolicy": {"netpol"},
	"poddisruptionbudget": {"pdb"}, "storageclass": {"sc"}, "serviceaccount": {"sa"}, "endpoints": {"ep"}, "endpointslice": nil,
	"resourcequota": {"quota"}, "limitrange": {"limits"}, "secret": nil, "role": nil, "rolebinding": nil,
}

// kindOf is the singular of a kind in any form; one that is not known stays as it is, without its group.
func kindOf(word string) string {
	word, _, _ = strings.Cut(strings.ToLower(word), ".")
	for kind, short := range kinds {
		if word == kind || word == plural(kind) || slices.Contains(short, word) {
			return kind
		}
	}
	return word
}

func plural(kind string) string {
	switch {
	case strings.HasSuffix(kind, "s") && kind != "ingress" && kind != "storageclass":
		return kind
	case strings.HasSuffix(kind, "s"):
		return kind + "es"
	case strings.HasSuffix(kind, "y"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}

// ParseObject reads KIND/NAME or KIND NAME.
func ParseObject(words []string, namespace string) (Object, error) {
	var kind, name string
	switch len(words) {
	case 1:
		kind, name, _ = strings.Cut(words[0], "/")
	case 2:
		kind, name = words[0], words[1]
	}
	if kind == "" || name == "" || strings.Contains(name, "/") {
		return Object{}, fmt.Errorf("%q names no object: write KIND/NAME or KIND NAME", strings.Join(words, " "))
	}
	return Object{kindOf(kind), namespace, name}, nil
}

// Plural is the kind as the layout of a bundle calls it.
func (o Object) Plural() string { return plural(o.Kind) }

// String is namespace/kind/name, as far as known.
func (o Object) String() string {
	return strings.TrimPrefix(o.Namespace+"/"+o.Kind+"/"+o.Name, "/")
}

// is tells whether an object of the facts, as kind/name, is this one.
func (o Object) is(namespace, object string) bool {
	kind, name, _ := strings.Cut(object, "/")
	return kindOf(kind) == o.Kind && name == o.Name && (o.Namespace == "" || o.Namespace == namespace)
}

// Describe writes the bundle's own text of kubectl describe. An object without one is an *UnknownError that lists those of its
// kind; bundle.ErrNotFound says that there is no describe text at all.
func (in Input) Describe(ctx context.Context, w io.Writer, o Object, harmless bool) error {
	all, err := in.names(ctx)
	if err != nil {
		return err
	}
	var found, kin []string
	any := false
	for _, entry := range all {
		namespace, kind, name, ok := bundle.ParseDescribe(entry)
		if !ok {
			continue
		}
		any = true
		if kindOf(kind) != o.Kind || o.Namespace != "" && namespace != o.Namespace {
			continue
		}
		kin = append(kin, name)
		if name == o.Name {
			found = append(found, entry)
		}
	}
	switch {
	case !any:
		return fmt.Errorf("describing %s: %w", o, bundle.ErrNotFound)
	case len(found) == 0:
		return &UnknownError{What: o.Kind, Name: o.Name, Known: kin}
	case len(found) > 1:
		return &AmbiguousError{o.Name, found}
	}
	return onlyOnce(in.copy(w, found[0], harmless), "save it to a file and pass that")
}
