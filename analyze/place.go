package analyze

import "cmp"

// places are the namespaces in which OpenIM is installed.
type places struct {
	installed map[string]bool
	byPod     map[string]string // namespace by the name of a pod; empty where two namespaces have one of that name
	single    string            // the only one that has a name
}

func placesOf(f *Facts) places {
	p := places{installed: map[string]bool{}, byPod: map[string]string{}}
	for _, pod := range f.Pods {
		if other, known := p.byPod[pod.Name]; known && other != pod.Namespace {
			p.byPod[pod.Name] = ""
		} else {
			p.byPod[pod.Name] = pod.Namespace
		}
	}
	for _, l := range livesOf(f) {
		if !l.backend {
			p.installed[p.of(l.namespace, l.pod)] = true
		}
	}
	if named := len(p.installed); p.installed[""] && named == 2 || named == 1 {
		for name := range p.installed {
			p.single = cmp.Or(p.single, name)
		}
	}
	if p.single != "" {
		delete(p.installed, "")
	}
	return p
}

// of tells the namespace of a pod or text; what names none belongs to the only installation.
func (p places) of(namespace, pod string) string { return cmp.Or(namespace, p.byPod[pod], p.single) }
