package analyze

// Edge is an Ingress, or a Service that a load balancer serves: how clients come in.
type Edge struct {
	Entry           string
	Kind            string // Ingress, Service
	Namespace, Name string
	Class           string
	Notes           map[string]string // annotations
	Backends        []string          // services behind an Ingress
	Ports           []int             // of a Service
}

// edgeOf reads how an Ingress or a Service lets clients in; ok is false for a Service inside the cluster only.
func edgeOf(entry string, o *object) (e Edge, ok bool) {
	var spec struct {
		Type  string `json:"type"`
		Class string `json:"ingressClassName"`
		Ports []struct {
			Port int `json:"port"`
		} `json:"ports"`
		Default *edgeBackend `json:"defaultBackend"`
		Rules   []struct {
			HTTP struct {
				Paths []struct {
					Backend edgeBackend `json:"backend"`
				} `json:"paths"`
			} `json:"http"`
		} `json:"rules"`
	}
	decodePart(o.Spec, &spec)
	e = Edge{Entry: entry, Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Class: spec.Class, Notes: o.Metadata.Notes}
	for _, p := range spec.Ports {
		e.Ports = append(e.Ports, p.Port)
	}
	if spec.Default != nil {
		e.Backends = append(e.Backends, spec.Default.Service.Name)
	}
	for _, r := range spec.Rules {
		for _, p := range r.HTTP.Paths {
			e.Backends = append(e.Backends, p.Backend.Service.Name)
		}
	}
	return e, o.Kind == "Ingress" || spec.Type == "LoadBalancer"
}

type edgeBackend struct {
	Service struct {
		Name string `json:"name"`
	} `json:"service"`
}
