package kube

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs/settings"
)

// What files are mounted from, as the record of a configuration names it.
const (
	ofConfigMap = "configmap"
	ofSecret    = "secret"
)

// accountFiles is where every container has the token of its account.
const accountFiles = "/var/run/secrets/kubernetes.io/"

// mount is a ConfigMap or a Secret as files of a container.
type mount struct {
	kind, name string
	items      []corev1.KeyToPath // none: each key is a file
	under      string             // the only file of it that is mounted, with its name there; empty: all
	as         string
}

func (comp *configured) mounts() []mount {
	var all []mount
	for _, vm := range comp.container().VolumeMounts {
		for i := range comp.spec.Volumes {
			if v := &comp.spec.Volumes[i]; v.Name == vm.Name && !strings.HasPrefix(vm.MountPath, accountFiles) {
				all = append(all, mountsOf(v, vm)...)
			}
		}
	}
	return all
}

func mountsOf(v *corev1.Volume, vm corev1.VolumeMount) (all []mount) {
	add := func(kind, name string, items []corev1.KeyToPath) {
		all = append(all, mount{kind, name, items, vm.SubPath, path.Base(vm.MountPath)})
	}
	if v.ConfigMap != nil {
		add(ofConfigMap, v.ConfigMap.Name, v.ConfigMap.Items)
	}
	if v.Secret != nil {
		add(ofSecret, v.Secret.SecretName, v.Secret.Items)
	}
	if v.Projected != nil {
		for _, from := range v.Projected.Sources {
			if from.ConfigMap != nil {
				add(ofConfigMap, from.ConfigMap.Name, from.ConfigMap.Items)
			}
			if from.Secret != nil {
				add(ofSecret, from.Secret.Name, from.Secret.Items)
			}
		}
	}
	return all
}

// file is the name that a key has in the container; empty: it is not mounted.
func (m mount) file(key string) string {
	name := key
	if len(m.items) > 0 {
		i := slices.IndexFunc(m.items, func(k corev1.KeyToPath) bool { return k.Key == key })
		if i < 0 {
			return ""
		}
		name = m.items[i].Path
	}
	switch m.under {
	case "":
		return path.Base(name)
	case name:
		return m.as
	}
	return ""
}

// holdsSettings reports whether a mount names a file of OpenIM's settings; of one that names no file it is not known.
func (m mount) holdsSettings() (is, known bool) {
	switch {
	case m.under != "":
		return settings.Known(m.as), true
	case len(m.items) > 0:
		return slices.ContainsFunc(m.items, func(k corev1.KeyToPath) bool { return settings.Known(path.Base(k.Path)) }), true
	}
	return false, false
}

// texts are the keys of what is mounted.
func (f *configuration) texts(ns string, m mount) map[string]string {
	if m.kind == ofConfigMap {
		if from := f.maps[object(ns, m.name)]; from != nil {
			return from.Data
		}
		return nil
	}
	texts := map[string]string{}
	for key, value := range f.secrets[object(ns, m.name)].values {
		texts[key] = string(value)
	}
	return texts
}

// addFiles reads the files of a mount. What a Secret holds is no entry of the bundle, and what nobody else may know in it is hidden.
func (f *configuration) addFiles(comp *configured, m mount) {
	texts := f.texts(comp.Namespace, m)
	where := m.kind + " " + object(comp.Namespace, m.name)
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		name := m.file(key)
		if name == "" {
			continue
		}
		file := configFile{ConfigFile: record.ConfigFile{File: name, From: where}, text: texts[key]}
		if m.kind == ofConfigMap {
			file.Entry = configEntry(comp.Namespace, m.name, key)
		}
		comp.files = append(comp.files, file)
		if !settings.Known(name) {
			continue
		}
		for _, err := range comp.set.Add(name, where, []byte(texts[key])) {
			f.mistake(err)
		}
	}
	if m.kind != ofSecret {
		return
	}
	hide := func(v *settings.Value) { v.Hidden = v.Hidden || v.Origin.Where == where }
	for _, one := range comp.set.All() {
		if settings.Secret(one.Key) {
			hide(&one.Value)
			for i := range one.Overridden {
				hide(&one.Overridden[i])
			}
		}
	}
}

// unknownFiles tells of the Secrets that a component mounts and that are not known, if they are named for its settings, or if it has
// none otherwise.
func (f *configuration) unknownFiles(comp *configured) {
	for _, m := range comp.mounts() {
		why := f.secrets[object(comp.Namespace, m.name)].why
		if m.kind != ofSecret || why == "" {
			continue
		}
		if is, known := m.holdsSettings(); is || !known && len(comp.set.All()) == 0 {
			f.unknown(comp.Namespace, m.name, fmt.Sprintf("%s; its keys are files of OpenIM", why))
		}
	}
}
