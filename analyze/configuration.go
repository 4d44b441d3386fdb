package analyze

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs"
	"github.com/imbundle/imbundle/specs/settings"
)

// Configuration is OpenIM's own configuration as one place holds it, with the variables of a component over it.
type Configuration struct {
	Where      string // configmap openim/openim-config; the folder of loose files
	Entry      string
	Namespace  string
	Role       string // whose variables are laid over it; empty: nobody's
	Chat       bool   // it is openim-chat's
	Kubernetes bool   // its component runs in a pod
	Set        *settings.Set
	Wrong      []error // what is no YAML, or stands there twice
	Component  string  // the workload; empty: it is not told
	Ignored    []record.IgnoredVariable
}

// Certificate is a public certificate that lies open: in a ConfigMap, or in what cert-manager says of one.
type Certificate struct {
	Entry, Where string
	Name         string // subject, or the object's
	From, To     time.Time
	Ready        bool
}

// configFile is one file of a place.
type configFile struct {
	entry, where, namespace, file, text string
	kubernetes                          bool
}

// mostConfig bounds a configuration file; larger ones hold something else.
const mostConfig = 1 << 20

// addConfigMap takes over the files of OpenIM that a ConfigMap holds, and the certificates.
func (s *snapshots) addConfigMap(entry string, o *object) {
	where := "configmap " + o.Metadata.Namespace + "/" + o.Metadata.Name
	keys := slices.AppendSeq(slices.Collect(maps.Keys(o.Data)), maps.Keys(o.Binary))
	slices.Sort(keys)
	s.ConfigMaps = append(s.ConfigMaps, ConfigMap{o.Metadata.Namespace, o.Metadata.Name, entry, keys})
	for name, text := range o.Data {
		switch {
		case len(text) > mostConfig:
		case settings.Known(name):
			s.Files = append(s.Files, configFile{entry, where, o.Metadata.Namespace, name, text, true})
		case strings.Contains(text, "-----BEGIN CERTIFICATE-----"):
			s.addCertificates(entry, where+" "+name, text)
		}
	}
}

func (s *snapshots) addCertificates(entry, where, text string) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil { // one that is none says nothing
			s.Certificates = append(s.Certificates, Certificate{entry, where, cert.Subject.CommonName, cert.NotBefore.UTC(), cert.NotAfter.UTC(), true})
		}
	}
}

// certificateDates is what openssl x509 -dates prints.
var certificateDates = regexp.MustCompile(`^\s*not(Before|After)=([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) GMT$`)

// certificateDate reads a line of it; false for any other.
func (t *table) certificateDate(s *snapshots, line string) bool {
	m := certificateDates.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	at, err := time.Parse("Jan _2 15:04:05 2006", m[2])
	if err != nil {
		return false
	}
	s.told++
	n := len(s.Certificates)
	if n == 0 || s.Certificates[n-1].Entry != t.src.Entry || m[1] == "Before" || !s.Certificates[n-1].To.IsZero() {
		s.Certificates = append(s.Certificates, Certificate{Entry: t.src.Entry, Where: "openssl x509", Ready: true})
		n++
	}
	if c := &s.Certificates[n-1]; m[1] == "Before" {
		c.From = at
	} else {
		c.To = at
	}
	return true
}

// addIssued takes over what cert-manager says of a certificate: its dates are there, the certificate itself lies in a Secret.
func (s *snapshots) addIssued(entry string, o *object) {
	var status struct {
		From       time.Time         `json:"notBefore"`
		To         time.Time         `json:"notAfter"`
		Conditions []objectCondition `json:"conditions"`
	}
	decodePart(o.Status, &status)
	_, ready := conditionsOf(status.Conditions, "Ready")
	where := "certificate " + o.Metadata.Namespace + "/" + o.Metadata.Name
	s.Certificates = append(s.Certificates, Certificate{entry, where, o.Metadata.Name, status.From.UTC(), status.To.UTC(), ready})
}

// addConfigFile takes in a loose file; file is which of OpenIM's it is, whatever the entry is called.
func (s *snapshots) addConfigFile(entry, file, text string) {
	s.Files = append(s.Files, configFile{entry: entry, where: path.Dir(entry), file: file, text: text})
}

// configurations puts the files of each place together, once for each role that sets variables of its own, and once plain
// for the others. What a collector told of components wins over the files that it read for that.
func configurations(told []Effective, files []configFile, pods []Pod) []Configuration {
	out, files := effective(told, files)
	slices.SortFunc(files, func(a, b configFile) int {
		return cmp.Or(cmp.Compare(a.where, b.where), cmp.Compare(a.file, b.file), cmp.Compare(a.entry, b.entry))
	})
	files = slices.CompactFunc(files, func(a, b configFile) bool { return a.where == b.where && a.file == b.file })
	for len(files) > 0 {
		n := 1
		for n < len(files) && files[n].where == files[0].where {
			n++
		}
		place := files[:n]
		files = files[n:]
		out = append(out, underVariables(place, pods)...)
	}
	return out
}

func underVariables(place []configFile, pods []Pod) []Configuration {
	plain := put(place)
	if !plain.Kubernetes || plain.Chat {
		return []Configuration{plain}
	}
	var out []Configuration
	roles := variables(pods, plain.Namespace)
	for _, v := range roles {
		if len(v.vars) == 0 {
			continue
		}
		over := put(place)
		over.Role = v.role
		over.Set.Env(v.vars) // a variable without effect is nobody's trouble
		out = append(out, over)
	}
	if len(out) < len(roles) || len(roles) == 0 {
		out = append([]Configuration{plain}, out...)
	}
	return out
}

// ownPods are those that read OpenIM's configuration.
func ownPods(pods []Pod, s *specs.Set) (own []Pod) {
	for _, p := range pods {
		if r := s.Role(p.Role); r != nil && !r.Backend && r.ID != "chat" && r.ID != "sdk" {
			own = append(own, p)
		}
	}
	return own
}

// put reads the files of one place.
func put(place []configFile) Configuration {
	c := Configuration{Where: place[0].where, Entry: place[0].entry, Namespace: place[0].namespace, Kubernetes: place[0].kubernetes, Set: &settings.Set{}}
	for _, f := range place {
		c.Chat = c.Chat || strings.HasPrefix(f.file, "chat-") || strings.Contains(path.Base(f.where), "chat")
	}
	for _, f := range place {
		c.Wrong = append(c.Wrong, c.Set.Add(f.file, f.entry, []byte(f.text))...)
	}
	return c
}

// component is a role with the variables of its pods.
type component struct {
	role string
	vars []settings.Var
}

// variables are those that override files, by role of OpenIM; the first pod of a role speaks for the others.
func variables(pods []Pod, namespace string) []component {
	var out []component
	for _, p := range pods {
		if p.Namespace != namespace || slices.ContainsFunc(out, func(c component) bool { return c.role == p.Role }) {
			continue
		}
		c := component{role: p.Role}
		for _, container := range p.Containers {
			for name, value := range container.Env {
				v := settings.Var{Name: name, Value: value, Where: fmt.Sprintf("variable of pod %s/%s", p.Namespace, p.Name)}
				if slices.Contains(container.Refs, name) {
					v.Unread = "it stands in another object"
				}
				if strings.HasPrefix(name, settings.OpenIM) {
					c.vars = append(c.vars, v)
				}
			}
		}
		slices.SortFunc(c.vars, func(a, b settings.Var) int { return cmp.Compare(a.Name, b.Name) })
		out = append(out, c)
	}
	return out
}
