package kube

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
	"github.com/imbundle/imbundle/specs/settings"
)

// configuration is what the survey read of OpenIM's own configuration.
type configuration struct {
	maps       map[string]*corev1.ConfigMap // by namespace/name: those that components mount or name
	secrets    map[string]secretValues      // likewise: those that are mounted or hold what connecting takes
	components []*configured
	problems   []record.ConfigProblem
	gaps       []bundle.Gap
	telling    specs.Telling // of what stands in Secrets
}

// configured is a component and its configuration.
type configured struct {
	Component
	set     *settings.Set
	files   []configFile
	ignored []settings.Ignored
}

// configFile is a file of a component. Without an Entry its text stays in memory.
type configFile struct {
	record.ConfigFile
	path string // in the container
	text string
}

// secretValues are those of one Secret; why says why they are not known, reason is that of the gap.
type secretValues struct {
	values      map[string][]byte
	why, reason string
}

// absent reports that there is no such Secret where none is needed.
func (v secretValues) absent(optional *bool) bool {
	return v.reason == bundle.NotFound && optional != nil && *optional
}

// object is a namespace and a name.
func object(ns, name string) string { return ns + "/" + name }

// readConfig reads the ConfigMaps that OpenIM's components mount or name, the Secrets that they mount or whose values their variables
// take for connecting, unless that is declined, and lays them over each other as each component does.
func (c *Cluster) readConfig(ctx context.Context, s *Survey) error {
	s.config = configuration{maps: map[string]*corev1.ConfigMap{}, secrets: map[string]secretValues{}, telling: c.o.Specs.Baseline.Telling(settings.Secret)}
	for _, comp := range s.Components {
		if isOpenIM(comp.Role) && comp.spec != nil {
			s.config.components = append(s.config.components, &configured{Component: comp})
		}
	}
	slices.SortStableFunc(s.config.components, func(a, b *configured) int { return cmp.Compare(telling(a.Role), telling(b.Role)) })
	for _, ns := range s.Namespaces {
		if err := c.readMaps(ctx, s, ns); err != nil {
			return err
		}
	}
	for _, comp := range s.config.components {
		if err := c.readSecrets(ctx, s, comp); err != nil {
			return err
		}
		s.config.compose(comp)
		for _, one := range comp.set.All() {
			if !ofSecretFile(one.Origin.Where) || s.config.telling.Names(one.File, one.Key) {
				s.Environment.seeText(one.String())
			}
		}
	}
	return nil
}

// telling orders components by how much of the backends their configuration names.
func telling(role string) int {
	order := []string{"msgtransfer", "rpc-msg", "push", allInOne, "rpc-user", "rpc-conversation", "rpc-group"}
	switch i := slices.Index(order, role); {
	case i >= 0:
		return i
	case role == "chat":
		return len(order) + 1
	}
	return len(order)
}

// container is the one that makes a component what it is.
func (comp *configured) container() *corev1.Container {
	all := comp.spec.Containers
	i := slices.IndexFunc(all, func(c corev1.Container) bool { return c.Image == comp.Image })
	return &all[max(i, 0)]
}

// object names a component for people: "deployment openim/openim-push".
func (comp *configured) object() string {
	return strings.ToLower(comp.Kind) + " " + object(comp.Namespace, comp.Name)
}

// readMaps lists the ConfigMaps of a namespace and keeps those that components name.
func (c *Cluster) readMaps(ctx context.Context, s *Survey, ns string) error {
	named := map[string]bool{}
	for _, comp := range s.config.components {
		if comp.Namespace == ns && len(comp.spec.Containers) > 0 {
			comp.eachMap(func(name string) { named[name] = true })
		}
	}
	if len(named) == 0 {
		return nil
	}
	if !s.Access.May("list", "", "configmaps", ns) {
		return nil // told with the rights
	}
	err := list(ctx, c, kindFor("configmaps").path(ns), func(m *corev1.ConfigMap) {
		if named[m.Name] {
			s.config.maps[object(ns, m.Name)] = m
			delete(named, m.Name)
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		s.config.gap(bundle.Config(ns+"/*"), collect.ReasonOf(err), err.Error())
		return nil
	}
	for name := range named {
		s.config.gap("", bundle.NotFound, fmt.Sprintf("there is no configmap %q in namespace %s, and components name it", name, ns))
	}
	return nil
}

func (f *configuration) gap(entry, reason, detail string) {
	f.gaps = append(f.gaps, bundle.Gap{Entry: entry, Reason: reason, Detail: detail, Costs: "OpenIM's effective configuration, and where its backends are"})
}

// eachMap calls f for every ConfigMap that the component's container mounts or takes variables from.
func (comp *configured) eachMap(f func(name string)) {
	for _, m := range comp.mounts() {
		if m.kind == ofConfigMap {
			f(m.name)
		}
	}
	c := comp.container()
	for _, v := range c.Env {
		if v.ValueFrom != nil && v.ValueFrom.ConfigMapKeyRef != nil {
			f(v.ValueFrom.ConfigMapKeyRef.Name)
		}
	}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef != nil {
			f(from.ConfigMapRef.Name)
		}
	}
}

// readSecrets reads the Secrets from which the component takes what connecting needs, and those that it mounts, each once.
func (c *Cluster) readSecrets(ctx context.Context, s *Survey, comp *configured) error {
	for _, name := range comp.secretNames() {
		at := object(comp.Namespace, name)
		if _, known := s.config.secrets[at]; known {
			continue
		}
		values, err := c.secretValues(ctx, s, comp.Namespace, name)
		if err != nil {
			return err
		}
		s.config.secrets[at] = values
	}
	return nil
}

// secretNames are those of the Secrets that variables for connecting are taken from, and that are mounted as files.
func (comp *configured) secretNames() []string {
	if len(comp.spec.Containers) == 0 {
		return nil
	}
	var names []string
	c := comp.container()
	for _, v := range c.Env {
		if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil && settings.Needs(v.Name) {
			names = append(names, v.ValueFrom.SecretKeyRef.Name)
		}
	}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			names = append(names, from.SecretRef.Name)
		}
	}
	for _, m := range comp.mounts() {
		if m.kind == ofSecret {
			names = append(names, m.name)
		}
	}
	return names
}

// secretValues asks for one Secret by name. Its values stay in memory.
func (c *Cluster) secretValues(ctx context.Context, s *Survey, ns, name string) (secretValues, error) {
	unread := func(reason, format string, args ...any) (secretValues, error) {
		return secretValues{why: fmt.Sprintf(format, args...), reason: reason}, nil
	}
	switch {
	case c.o.NoSecrets:
		return unread(bundle.Forbidden, "secret %q was not read (--no-secrets)", name)
	case !s.Access.may(ask{Verb: "get", Resource: secrets.resource, Namespace: ns, Name: name}):
		return unread(bundle.Forbidden, "the user may not get secret %q in namespace %s", name, ns)
	}
	var got corev1.Secret
	err := c.getJSON(ctx, secrets.path(ns)+"/"+url.PathEscape(name), nil, &got)
	switch {
	case ctx.Err() != nil:
		return secretValues{}, ctx.Err()
	case code(err) == http.StatusForbidden:
		return unread(bundle.Forbidden, "the user may not get secret %q in namespace %s", name, ns)
	case err != nil:
		return unread(collect.ReasonOf(err), "reading secret %q in namespace %s: %v", name, ns, err)
	}
	return secretValues{values: got.Data}, nil
}
