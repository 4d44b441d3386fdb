package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// wants are the Secrets that pods and workloads name, by namespace and name.
type wants map[string]map[string]*want

// want is who names a Secret, and where.
type want struct {
	pod   string // the first one, with where it names it: pod "push-1" (env REDIS_PASSWORD)
	owner string // the first workload, likewise
	pods  int
	must  bool // not every reference is optional
}

func (w *want) String() string {
	text := w.owner
	if w.pods > 0 {
		text = w.pod
	}
	if w.pods > 1 {
		text += fmt.Sprintf(" and %d more pods", w.pods-1)
	}
	if !w.must {
		text += ", as optional"
	}
	return text
}

// names are the Secrets of a namespace that are named, sorted.
func (w wants) names(ns string) []string { return slices.Sorted(maps.Keys(w[ns])) }

// see takes note of the Secrets that a pod, or the template of a workload, names.
func (w wants) see(kind, ns, name string, spec *corev1.PodSpec) {
	seen := map[string]bool{}
	eachSecret(spec, func(secret, how string, optional *bool) {
		if secret == "" {
			return
		}
		if w[ns] == nil {
			w[ns] = map[string]*want{}
		}
		one := w[ns][secret]
		if one == nil {
			one = &want{}
			w[ns][secret] = one
		}
		one.must = one.must || optional == nil || !*optional
		text := fmt.Sprintf("%s %q (%s)", strings.ToLower(kind), name, how)
		switch {
		case kind != "Pod":
			one.owner = orElse(one.owner, text)
		case !seen[secret]:
			one.pod = orElse(one.pod, text)
			one.pods++
		}
		seen[secret] = true
	})
}

// eachSecret calls f for every reference of a pod to a Secret.
func eachSecret(spec *corev1.PodSpec, f func(name, how string, optional *bool)) {
	for _, ref := range spec.ImagePullSecrets {
		f(ref.Name, "imagePullSecrets", nil)
	}
	env := func(c *corev1.Container) {
		for _, v := range c.Env {
			if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
				f(v.ValueFrom.SecretKeyRef.Name, "env "+v.Name, v.ValueFrom.SecretKeyRef.Optional)
			}
		}
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				f(from.SecretRef.Name, "envFrom", from.SecretRef.Optional)
			}
		}
	}
	for i := range spec.InitContainers {
		env(&spec.InitContainers[i])
	}
	for i := range spec.Containers {
		env(&spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		c := corev1.Container(spec.EphemeralContainers[i].EphemeralContainerCommon)
		env(&c)
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		ofVolume(&v.VolumeSource, func(name string, optional *bool) { f(name, "volume "+v.Name, optional) })
	}
}

// ofVolume calls f for every Secret that a volume is made of or mounted with.
func ofVolume(v *corev1.VolumeSource, f func(name string, optional *bool)) {
	local := func(ref *corev1.LocalObjectReference) {
		if ref != nil {
			f(ref.Name, nil)
		}
	}
	switch {
	case v.Secret != nil:
		f(v.Secret.SecretName, v.Secret.Optional)
	case v.Projected != nil:
		for _, from := range v.Projected.Sources {
			if from.Secret != nil {
				f(from.Secret.Name, from.Secret.Optional)
			}
		}
	case v.CSI != nil:
		local(v.CSI.NodePublishSecretRef)
	case v.AzureFile != nil:
		f(v.AzureFile.SecretName, nil)
	case v.CephFS != nil:
		local(v.CephFS.SecretRef)
	case v.RBD != nil:
		local(v.RBD.SecretRef)
	case v.ISCSI != nil:
		local(v.ISCSI.SecretRef)
	case v.FlexVolume != nil:
		local(v.FlexVolume.SecretRef)
	case v.ScaleIO != nil:
		local(v.ScaleIO.SecretRef)
	case v.StorageOS != nil:
		local(v.StorageOS.SecretRef)
	}
}
