package kube

import (
	"errors"
	"fmt"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs/settings"
)

// compose reads the component's files and lays its variables over them.
func (f *configuration) compose(comp *configured) {
	comp.set = &settings.Set{}
	if comp.Role == "chat" {
		comp.set.Prefix = settings.Chat
	}
	if len(comp.spec.Containers) == 0 {
		return
	}
	for _, m := range comp.mounts() {
		f.addFiles(comp, m)
	}
	f.hide(comp)
	comp.ignored = comp.set.Env(f.vars(comp))
	f.unknownFiles(comp)
}

// configEntry is where a file of a ConfigMap goes.
func configEntry(ns, configMap, key string) string {
	return bundle.Config(object(ns, configMap) + "/" + key)
}

// mistake notes one of a file, once.
func (f *configuration) mistake(err error) {
	p := record.ConfigProblem{Text: err.Error()}
	var e *settings.Error
	if errors.As(err, &e) {
		if e.Key != "" && ofSecretFile(e.Where) { // a key of a map may be a secret itself
			e.Key, e.Text = "", "a key "+e.Text
		}
		p = record.ConfigProblem{Of: e.File, From: e.Where, Line: e.Line, Text: e.Says()}
	}
	if slices.Contains(f.problems, p) {
		return
	}
	f.problems = append(f.problems, p)
	f.gap("", bundle.NotFound, fmt.Sprintf("%v; mend the file: OpenIM cannot read it either", err))
}

// vars are the component's environment as its container gets it: what is named singly wins over whole sources.
func (f *configuration) vars(comp *configured) []settings.Var {
	c := comp.container()
	var vars []settings.Var
	put := func(v settings.Var) {
		vars = slices.DeleteFunc(vars, func(o settings.Var) bool { return o.Name == v.Name })
		v.Where = fmt.Sprintf("variable %s of %s%s", v.Name, comp.object(), v.Where)
		vars = append(vars, v)
	}
	for _, from := range c.EnvFrom {
		f.wholeSource(comp, from, put)
	}
	for _, v := range c.Env {
		put(f.single(comp, v))
	}
	return vars
}

// wholeSource hands on the variables of a ConfigMap or Secret.
func (f *configuration) wholeSource(comp *configured, from corev1.EnvFromSource, put func(settings.Var)) {
	if ref := from.ConfigMapRef; ref != nil {
		if m := f.maps[object(comp.Namespace, ref.Name)]; m != nil {
			for key, value := range m.Data {
				put(settings.Var{Name: from.Prefix + key, Value: value, Where: ", from configmap " + ref.Name})
			}
		}
	}
	if ref := from.SecretRef; ref != nil {
		secret := f.secrets[object(comp.Namespace, ref.Name)]
		if secret.why != "" && !secret.absent(ref.Optional) {
			f.unknown(comp.Namespace, ref.Name, secret, "its keys are variables of OpenIM")
		}
		for key, value := range secret.values {
			put(settings.Var{Name: from.Prefix + key, Value: string(value), Where: ", from secret " + ref.Name, Hidden: true})
		}
	}
}

// unknown tells once of a Secret whose keys are variables or files, when they are not known: what stands elsewhere is used in their
// place, and may be an old password.
func (f *configuration) unknown(ns, name string, secret secretValues, keys string) {
	costs := "which of OpenIM's settings secret " + object(ns, name) + " holds"
	if slices.ContainsFunc(f.gaps, func(g bundle.Gap) bool { return g.Costs == costs }) {
		return
	}
	detail := fmt.Sprintf("%s; %s in namespace %s and may set addresses and passwords: give them with --kafka, --redis, --mongo and their -auth flags", secret.why, keys, ns)
	f.gaps = append(f.gaps, bundle.Gap{Reason: secret.reason, Detail: detail, Costs: costs})
}

// single is a variable that is named in the container.
func (f *configuration) single(comp *configured, v corev1.EnvVar) settings.Var {
	one := settings.Var{Name: v.Name, Value: v.Value}
	if v.ValueFrom == nil {
		return one
	}
	switch {
	case v.ValueFrom.ConfigMapKeyRef != nil:
		ref := v.ValueFrom.ConfigMapKeyRef
		one.Where = fmt.Sprintf(", from configmap %s", ref.Name)
		m := f.maps[object(comp.Namespace, ref.Name)]
		if m == nil {
			one.Unread = fmt.Sprintf("configmap %q was not read", ref.Name)
			return one
		}
		one.Value = m.Data[ref.Key]
	case v.ValueFrom.SecretKeyRef != nil:
		f.fromSecret(comp, v.ValueFrom.SecretKeyRef, &one)
	default:
		one.Unread = "it is set when the pod starts"
	}
	return one
}

func (f *configuration) fromSecret(comp *configured, ref *corev1.SecretKeySelector, one *settings.Var) {
	one.Where, one.Hidden = fmt.Sprintf(", from secret %s", ref.Name), true
	secret, read := f.secrets[object(comp.Namespace, ref.Name)]
	value, there := secret.values[ref.Key]
	switch {
	case there:
		one.Value = string(value)
	case !read:
		one.Unread = "it is no matter of connecting, so the secret was not read"
	case secret.absent(ref.Optional): // the variable is not set
	case secret.why != "":
		one.Unread = secret.why
	case ref.Optional == nil || !*ref.Optional:
		one.Unread = fmt.Sprintf("secret %q has no key %q", ref.Name, ref.Key)
	}
}

// Settings are the configurations of the components, those first that say most of the backends. They hold secrets.
func (s *Survey) Settings() []*settings.Set {
	var all []*settings.Set
	for _, comp := range s.config.components {
		all = append(all, comp.set)
	}
	return all
}

// Mounted is the text of a file that a component has by that path, or nil. By its name alone it is found if all files of that name
// are the same.
func (s *Survey) Mounted(name string) []byte {
	var alike []string
	for _, comp := range s.config.components {
		for _, file := range comp.files {
			if file.path == path.Clean(name) {
				return []byte(file.text)
			}
			if path.Base(file.path) == path.Base(name) && !slices.Contains(alike, file.text) {
				alike = append(alike, file.text)
			}
		}
	}
	if len(alike) != 1 {
		return nil
	}
	return []byte(alike[0])
}

// Centre lays what the config centre holds of a file over the configuration of OpenIM's components.
func (s *Survey) Centre(file, where string, json []byte) {
	for _, comp := range s.config.components {
		if comp.Role == "chat" {
			continue
		}
		for _, err := range comp.set.Centre(file, where, json) {
			s.config.mistake(err)
		}
	}
}

// Problem notes that a backend cannot be used as it is configured.
func (s *Survey) Problem(of, text, hint string) {
	s.config.problems = append(s.config.problems, record.ConfigProblem{Of: of, Text: text})
	s.config.gaps = append(s.config.gaps, bundle.Gap{Reason: bundle.NotFound, Detail: of + ": " + text + "; " + hint, Costs: "what " + of + " itself says"})
}
