package analyze

// Edge is an Ingress, or a Service that a load balancer serves: how clients come in.
type Edge struct {
	Entry           string
	Kind            string // Ingress, Service
	Namespace, Name string
	Class           string
	Notes           map[string]string // annotations
	Backends        []Backend         // services behind an Ingress
	Ports           []int             // of a Service
}

// Backend is a Service, by one of its ports, that an Ingress leads to.
type Backend struct {
	Host, Path string
	Service    string
	Port       int    // zero where the port is named
	PortName   string // empty where it is numbered
}

// Service is one that the input holds.
type Service struct {
	Entry           string
	Namespace, Name string
	Type            string // ClusterIP, NodePort, LoadBalancer, ExternalName
	Ports           []ServicePort
}

// ServicePort is a port under which a Service is reached.
type ServicePort struct {
	Name string `json:"name"`
	Port int    `json:"port"`
}

// edgeSpec is what is read of the spec of an Ingress or a Service.
type edgeSpec struct {
	Type    string        `json:"type"`
	Class   string        `json:"ingressClassName"`
	Ports   []ServicePort `json:"ports"`
	Default *edgeBackend  `json:"defaultBackend"`
	Rules   []struct {
		Host string `json:"host"`
		HTTP struct {
			Paths []struct {
				Path    string      `json:"path"`
				Backend edgeBackend `json:"backend"`
			} `json:"paths"`
		} `json:"http"`
	} `json:"rules"`
}

type edgeBackend struct {
	Service struct {
		Name string `json:"name"`
		Port struct {
			Number int    `json:"number"`
			Name   string `json:"name"`
		} `json:"port"`
	} `json:"service"`
}

// addEdge reads how an Ingress or a Service lets clients in; a Service inside the cluster only is no edge.
func (s *snapshots) addEdge(entry string, o *object) {
	var spec edgeSpec
	decodePart(o.Spec, &spec)
	e := Edge{Entry: entry, Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Class: spec.Class, Notes: o.Metadata.Notes}
	for _, p := range spec.Ports {
		e.Ports = append(e.Ports, p.Port)
	}
	if spec.Default != nil {
		e.lead("", "", spec.Default)
	}
	for _, r := range spec.Rules {
		for _, p := range r.HTTP.Paths {
			e.lead(r.Host, p.Path, &p.Backend)
		}
	}
	if o.Kind == "Ingress" || spec.Type == "LoadBalancer" {
		s.Edges = append(s.Edges, e)
	}
	if o.Kind == "Service" {
		s.Services = append(s.Services, Service{entry, e.Namespace, e.Name, spec.Type, spec.Ports})
	}
}

// lead notes a backend; one that is no Service, but a resource of another kind, is passed over.
func (e *Edge) lead(host, path string, to *edgeBackend) {
	if name := to.Service.Name; name != "" {
		e.Backends = append(e.Backends, Backend{host, path, name, to.Service.Port.Number, to.Service.Port.Name})
	}
}
