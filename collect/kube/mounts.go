package kube

import (
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
	under      string             // the only file or folder of it that is mounted; empty: all
	at         string             // in the container
	optional   *bool
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
	add := func(kind, name string, items []corev1.KeyToPath, optional *bool) {
		all = append(all, mount{kind, name, items, vm.SubPath, vm.MountPath, optional})
	}
	if v.ConfigMap != nil {
		add(ofConfigMap, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional)
	}
	if v.Secret != nil {
		add(ofSecret, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional)
	}
	if v.Projected != nil {
		for _, from := range v.Projected.Sources {
			if from.ConfigMap != nil {
				add(ofConfigMap, from.ConfigMap.Name, from.ConfigMap.Items, from.ConfigMap.Optional)
			}
			if from.Secret != nil {
				add(ofSecret, from.Secret.Name, from.Secret.Items, from.Secret.Optional)
			}
		}
	}
	return all
}

// path is where a key is in the container; empty: it is not mounted.
func (m mount) path(key string) string {
	inside := key
	if len(m.items) > 0 {
		i := slices.IndexFunc(m.items, func(k corev1.KeyToPath) bool { return k.Key == key })
		if i < 0 {
			return ""
		}
		inside = m.items[i].Path
	}
	rest, mounted := strings.CutPrefix("/"+path.Clean(inside), path.Join("/", m.under))
	if !mounted || m.under != "" && rest != "" && rest[0] != '/' {
		return ""
	}
	return path.Join(m.at, rest)
}

// holdsSettings reports whether a mount names a file of OpenIM's settings; of one that names no file it is not known.
func (m mount) holdsSettings() (is, known bool) {
	switch {
	case len(m.items) > 0:
		return slices.ContainsFunc(m.items, func(k corev1.KeyToPath) bool { return settings.Known(path.Base(m.path(k.Key))) }), true
	case m.under != "":
		return settings.Known(path.Base(m.at)), true
	}
	return false, false
}

// below reports whether a path leads into the mount.
func (m mount) below(name string) bool { return strings.HasPrefix(name, path.Clean(m.at)+"/") }

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

// addFiles reads the files of a mount. Those of a Secret are no entries of the bundle.
func (f *configuration) addFiles(comp *configured, m mount) {
	texts := f.texts(comp.Namespace, m)
	where := m.kind + " " + object(comp.Namespace, m.name)
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		at := m.path(key)
		if at == "" {
			continue
		}
		name := path.Base(at)
		file := configFile{ConfigFile: record.ConfigFile{File: name, From: where}, path: at, text: texts[key]}
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
}

// unknownFiles tells of the Secrets that a component mounts and that are not known, unless they are named for something else than its
// settings.
func (f *configuration) unknownFiles(comp *configured) {
	for _, m := range comp.mounts() {
		secret := f.secrets[object(comp.Namespace, m.name)]
		if m.kind != ofSecret || secret.why == "" || secret.absent(m.optional) {
			continue
		}
		if is, known := m.holdsSettings(); is || !known && !comp.certifies(m) {
			f.unknown(comp.Namespace, m.name, secret, "its keys are files of OpenIM")
		}
	}
}

// certifies reports whether settings name certificates or their keys in a mount.
func (comp *configured) certifies(m mount) bool {
	return slices.ContainsFunc(comp.set.All(), func(one *settings.Setting) bool {
		key := strings.ToLower(one.Key)
		return (strings.HasSuffix(key, "crt") || strings.HasSuffix(key, "key")) && m.below(one.String())
	})
}
