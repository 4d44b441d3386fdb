package analyze

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// Where that lies to which ingresses lead.
var (
	ClassesEntry    = bundle.Resource("ingressclasses", "")
	AlbConfigsEntry = bundle.Resource(record.AlbConfigs+"."+record.AlbGroup, "")
)

// Edge is an Ingress, or a Service that a load balancer serves: how clients come in.
type Edge struct {
	Entry           string
	Kind            string // Ingress, Service
	Namespace, Name string
	Class           string            // of the Ingress, or of the load balancer
	Notes           map[string]string // annotations
	Backends        []Backend         // services behind an Ingress
	Ports           []int             // of a Service
	TLS             bool              // hosts of an Ingress have certificates
}

// IngressClass says who serves an Ingress.
type IngressClass struct {
	Entry, Name string
	AlbConfig   string // that its parameters name; empty: none
}

// AlbConfig is the load balancer that Alibaba Cloud's controller makes.
type AlbConfig struct {
	Entry, Name string
	Listeners   []AlbListener
}

// AlbListener is one of its listeners. Seconds of 0 are not set.
type AlbListener struct {
	Port          int
	Protocol      string
	Idle, Request int
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
	Name   string   `json:"name"`
	Port   int      `json:"port"`
	Target PortText `json:"targetPort"` // where its pods listen; empty: at the same
}

// PortText is a port by its number or its name, as either is written.
type PortText string

// UnmarshalJSON implements json.Unmarshaler.
func (p *PortText) UnmarshalJSON(raw []byte) error {
	*p = ""
	if string(raw) != "null" {
		*p = PortText(strings.Trim(string(raw), `"`))
	}
	return nil
}

// edgeSpec is what is read of the spec of an Ingress or a Service.
type edgeSpec struct {
	Type  string        `json:"type"`
	Class string        `json:"ingressClassName"`
	LB    string        `json:"loadBalancerClass"`
	Ports []ServicePort `json:"ports"`
	TLS   []struct {
		Hosts []string `json:"hosts"`
	} `json:"tls"`
	Default edgeBackend `json:"defaultBackend"`
	Beta    edgeBackend `json:"backend"` // the default one before networking.k8s.io/v1
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
	BetaService string   `json:"serviceName"` // before networking.k8s.io/v1
	BetaPort    PortText `json:"servicePort"`
}

// addEdge reads how an Ingress or a Service lets clients in; a Service inside the cluster only is no edge.
func (s *snapshots) addEdge(entry string, o *object) {
	var spec edgeSpec
	decodePart(o.Spec, &spec)
	e := Edge{Entry: entry, Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Notes: o.Metadata.Notes}
	e.Class = cmp.Or(spec.Class, spec.LB, o.Metadata.Notes[record.IngressClassNote])
	for _, hosts := range spec.TLS {
		e.TLS = e.TLS || len(hosts.Hosts) > 0
	}
	for _, p := range spec.Ports {
		e.Ports = append(e.Ports, p.Port)
	}
	e.lead("", "", &spec.Default)
	e.lead("", "", &spec.Beta)
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
	b := Backend{host, path, to.Service.Name, to.Service.Port.Number, to.Service.Port.Name}
	if to.BetaService != "" {
		b.Service = to.BetaService
		if n, err := strconv.Atoi(string(to.BetaPort)); err == nil {
			b.Port = n
		} else {
			b.PortName = string(to.BetaPort)
		}
	}
	if b.Service != "" {
		e.Backends = append(e.Backends, b)
	}
}

func classOf(entry string, o *object) IngressClass {
	var spec struct {
		Parameters struct {
			Group string `json:"apiGroup"`
			Kind  string `json:"kind"`
			Name  string `json:"name"`
		} `json:"parameters"`
	}
	decodePart(o.Spec, &spec)
	class := IngressClass{Entry: entry, Name: o.Metadata.Name}
	if p := spec.Parameters; p.Group == record.AlbGroup && p.Kind == record.AlbConfigKind {
		class.AlbConfig = p.Name
	}
	return class
}

// albConfigOf reads an AlbConfig; ok is false for another kind of that name.
func albConfigOf(entry string, o *object) (a AlbConfig, ok bool) {
	var spec struct {
		Listeners []struct {
			Port     PortText `json:"port"`
			Protocol string   `json:"protocol"`
			Idle     int      `json:"idleTimeout"`
			Request  int      `json:"requestTimeout"`
		} `json:"listeners"`
	}
	decodePart(o.Spec, &spec)
	a = AlbConfig{Entry: entry, Name: o.Metadata.Name}
	for _, l := range spec.Listeners {
		port, _ := strconv.Atoi(string(l.Port)) // what is no port leads nowhere
		a.Listeners = append(a.Listeners, AlbListener{Port: port, Protocol: l.Protocol, Idle: l.Idle, Request: l.Request})
	}
	return a, strings.HasPrefix(o.APIVersion, record.AlbGroup+"/")
}
