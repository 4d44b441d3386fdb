package kube

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

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
	f.unknownFiles(comp)
	comp.ignored = comp.set.Env(f.vars(comp))
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
		p = record.ConfigProblem{Of: e.File, From: e.Where, Line: e.Line, Text: e.Text}
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
		if secret.why != "" {
			f.unknown(comp.Namespace, ref.Name, secret.why+"; its keys are variables of OpenIM")
		}
		for key, value := range secret.values {
			put(settings.Var{Name: from.Prefix + key, Value: string(value), Where: ", from secret " + ref.Name, Hidden: true})
		}
	}
}

// unknown tells once of a Secret all of whose keys are variables or files, when they are not known: what stands elsewhere is used in
// their place, and may be an old password.
func (f *configuration) unknown(ns, name, why string) {
	detail := fmt.Sprintf("%s in namespace %s and may set addresses and passwords: give them with --kafka, --redis, --mongo and their -auth flags", why, ns)
	if slices.ContainsFunc(f.gaps, func(g bundle.Gap) bool { return g.Detail == detail }) {
		return
	}
	f.gaps = append(f.gaps, bundle.Gap{Reason: bundle.Forbidden, Detail: detail, Costs: "which of OpenIM's settings secret " + name + " holds"})
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

// Mounted is the text of a file that a component has by that path, or nil.
func (s *Survey) Mounted(name string) []byte {
	base := path.Base(name)
	for _, comp := range s.config.components {
		for _, file := range comp.files {
			if file.File == base {
				return []byte(file.text)
			}
		}
	}
	return nil
}

// LeastLearned is the length of a password that is hidden wherever it stands.
const LeastLearned = 8

// Secrets are the passwords, and addresses with such, that were read of Secrets, to be kept out of everything that is written. A
// short one is not among them: it may be a word that logs are full of, and is hidden where it stands as a password.
func (s *Survey) Secrets() []string {
	var all []string
	for _, comp := range s.config.components {
		for _, one := range comp.set.All() {
			key := strings.ToLower(one.Key)
			if one.Hidden && (strings.HasSuffix(key, "password") || strings.HasSuffix(key, "uri")) && len(one.String()) >= LeastLearned {
				all = append(all, one.String())
			}
		}
	}
	return all
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
