package kube

import (
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imbundle/imbundle/specs"
)

// enough different components that only look like OpenIM's make an installation with images and names of its own.
const enough = 3

// sign is what gave a role away.
type sign struct {
	role  *specs.Role
	by    string // image, label, name, port
	image string // of the container, when by is image or port
	sure  bool   // nothing but OpenIM has it: "openim-push", "msg-rpc-server"; "chat" and a port are no such sign
}

// recognise finds the role of a workload or pod.
func recognise(set *specs.Set, kind string, m *metav1.ObjectMeta, pod *corev1.PodTemplateSpec) (Component, bool) {
	s := signOf(set, m.Name, pod.Labels, &pod.Spec)
	if s.role == nil {
		return Component{}, false
	}
	if s.image == "" && len(pod.Spec.Containers) > 0 {
		s.image = pod.Spec.Containers[0].Image
	}
	return Component{
		Role: s.role.ID, Backend: s.role.Backend, Namespace: m.Namespace, Kind: kind, Name: m.Name, UID: string(m.UID),
		Image: s.image, By: s.by, Sure: s.sure && !s.role.Backend,
	}, true
}

// signOf looks at images, then labels, then the name, then ports: in the order of how much each can be trusted.
func signOf(set *specs.Set, name string, labels map[string]string, pod *corev1.PodSpec) sign {
	for _, container := range pod.Containers {
		base := strings.ToLower(imageName(container.Image))
		if r := byImage(set, base); r != nil {
			return sign{r, "image", container.Image, strings.Contains(base, "openim")}
		}
	}
	for _, key := range []string{"app.kubernetes.io/name", "app.kubernetes.io/component", "app", "k8s-app"} {
		if r, sure := byName(set, labels[key]); r != nil {
			return sign{r, "label", "", sure}
		}
	}
	if r, sure := byName(set, name); r != nil {
		return sign{r, "name", "", sure}
	}
	for _, container := range pod.Containers {
		for _, port := range container.Ports {
			if r := byImage(set, portRoles[port.ContainerPort]); r != nil {
				return sign{r, "port", container.Image, false}
			}
		}
	}
	return sign{}
}

func byImage(set *specs.Set, base string) *specs.Role {
	for _, r := range set.Roles {
		if base != "" && slices.Contains(r.Images, base) {
			return r
		}
	}
	return nil
}

// byName finds the role whose known name is the longest that the name is, begins or ends with. Only names of several
// words count for OpenIM's own components: every other cluster has a "user" and a "push".
func byName(set *specs.Set, name string) (role *specs.Role, sure bool) {
	name = strings.ToLower(name)
	longest := 0
	for _, r := range set.Roles {
		for _, known := range r.Names {
			if len(known) <= longest || !affix(name, known) {
				continue
			}
			compound := strings.Contains(known, "-")
			if r.Backend || compound || name == known {
				role, sure, longest = r, compound, len(known)
			}
		}
	}
	return role, sure
}

// affix reports whether known stands at the beginning or the end of name, as whole words.
func affix(name, known string) bool {
	return name == known || strings.HasPrefix(name, known+"-") || strings.HasSuffix(name, "-"+known)
}

// imageName is the base name of an image reference, without registry, tag and digest.
func imageName(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	base := path.Base(ref)
	base, _, _ = strings.Cut(base, ":")
	return base
}

func imageTag(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	_, tag, _ := strings.Cut(path.Base(ref), ":")
	return tag
}

// portRoles are container ports that one component of OpenIM has by default since 3.8.1, by its image.
var portRoles = map[int32]string{
	10001: "openim-msggateway", 10140: "openim-msggateway", 10002: "openim-api", 10170: "openim-push",
	10200: "openim-rpc-auth", 10220: "openim-rpc-conversation", 10240: "openim-rpc-friend", 10260: "openim-rpc-group",
	10280: "openim-rpc-msg", 10300: "openim-rpc-third", 10320: "openim-rpc-user", 12020: "openim-msgtransfer",
	10008: "openim-chat", 10009: "openim-chat",
}

// namespacesOf lists where OpenIM itself stands, sorted: where one component is surely its, or several look like it.
func namespacesOf(found []Component) []string {
	sure := map[string]bool{}
	alike := map[string]map[string]bool{}
	for _, comp := range found {
		if !isOpenIM(comp.Role) {
			continue
		}
		if comp.Sure {
			sure[comp.Namespace] = true
		}
		if alike[comp.Namespace] == nil {
			alike[comp.Namespace] = map[string]bool{}
		}
		alike[comp.Namespace][comp.Role] = true
	}
	for ns, roles := range alike {
		if len(roles) >= enough {
			sure[ns] = true
		}
	}
	return slices.Sorted(maps.Keys(sure))
}
