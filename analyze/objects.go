package analyze

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// object is the part of any Kubernetes object that is read; what a kind does not have stays empty.
type object struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   objectMeta      `json:"metadata"`
	Spec       json.RawMessage `json:"spec"`
	Status     json.RawMessage `json:"status"`

	Data   map[string]string          `json:"data"`       // of a ConfigMap
	Binary map[string]json.RawMessage `json:"binaryData"` // of a ConfigMap

	// events
	Type           string    `json:"type"`
	Reason         string    `json:"reason"`
	Message        string    `json:"message"`
	Count          int       `json:"count"`
	FirstTimestamp time.Time `json:"firstTimestamp"`
	LastTimestamp  time.Time `json:"lastTimestamp"`
	EventTime      time.Time `json:"eventTime"`
	Involved       objectRef `json:"involvedObject"`
	Regarding      objectRef `json:"regarding"`
	Note           string    `json:"note"`
	Series         *struct {
		Count            int       `json:"count"`
		LastObservedTime time.Time `json:"lastObservedTime"`
	} `json:"series"`

	// metrics.k8s.io
	Usage      usage `json:"usage"`
	Containers []struct {
		Name  string `json:"name"`
		Usage usage  `json:"usage"`
	} `json:"containers"`
}

type usage struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
}

type objectRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type objectMeta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	UID       string            `json:"uid"`
	Created   time.Time         `json:"creationTimestamp"`
	Deleted   *time.Time        `json:"deletionTimestamp"`
	Labels    map[string]string `json:"labels"`
	Notes     map[string]string `json:"annotations"`
	Owners    []objectRef       `json:"ownerReferences"`
	Managed   []struct {
		Manager     string    `json:"manager"`
		Operation   string    `json:"operation"`
		Subresource string    `json:"subresource"`
		Time        time.Time `json:"time"`
	} `json:"managedFields"`
}

// owner is Kind/name of the first owner.
func (m objectMeta) owner() string {
	if len(m.Owners) == 0 {
		return ""
	}
	return m.Owners[0].Kind + "/" + m.Owners[0].Name
}

// modified is the newest time at which somebody changed more than the status, and who it was.
func (m objectMeta) modified() (at time.Time, who string) {
	for _, f := range m.Managed {
		if f.Subresource == "" && f.Time.After(at) {
			at, who = f.Time.UTC(), f.Manager
		}
	}
	return at, who
}

// readObjects decodes a list, a single object, an array or a row of objects, one item at a time. Items before a mistake count.
// It tells whether there were lists only, of which no page is left to be asked for.
func readObjects(r io.Reader, entry string, visit func(*object) error) (whole bool, err error) {
	kind := kindOfEntry(entry)
	b := &bounded{r: r, left: maxObject}
	dec := json.NewDecoder(b)
	each := func(o *object) error {
		b.left = maxObject
		return visit(o)
	}
	for whole = true; ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return false, fmt.Errorf("reading objects: %w", err)
		}
		switch token {
		case json.Delim('['):
			err = readItems(dec, kind, each)
		case json.Delim('{'):
			var list bool
			list, err = readListOrObject(dec, kind, each)
			whole = whole && list
		default:
			return false, fmt.Errorf("reading objects: %v is no object", token)
		}
		if err != nil {
			return false, err
		}
	}
}

// maxObject bounds what is read for one object, which is held as a whole.
const maxObject = 32 << 20

// bounded fails when one object is too large to be held.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("an object of more than %d bytes", maxObject)
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// readItems decodes the items of an array whose bracket was read.
func readItems(dec *json.Decoder, kind string, visit func(*object) error) error {
	for dec.More() {
		var o object
		err := dec.Decode(&o)
		var wrong *json.UnmarshalTypeError
		if err != nil && !errors.As(err, &wrong) {
			return fmt.Errorf("reading items: %w", err)
		}
		if o.Kind == "" {
			o.Kind = kind
		}
		if err := visit(&o); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// readListOrObject decodes what follows an opening brace: the fields of a list with its items, or those of one object.
// It tells whether it was a list and the last page of it.
func readListOrObject(dec *json.Decoder, kind string, visit func(*object) error) (last bool, err error) {
	single := map[string]json.RawMessage{}
	items := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return false, fmt.Errorf("reading an object: %w", err)
		}
		if key == "items" {
			if k := single["kind"]; k != nil {
				kind = listKind(string(k), kind)
			}
			open, err := dec.Token()
			if err != nil {
				return false, fmt.Errorf("reading a list: %w", err)
			}
			items = true
			if open == nil {
				continue
			}
			if err := readItems(dec, kind, visit); err != nil {
				return false, err
			}
			continue
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return false, fmt.Errorf("reading an object: %w", err)
		}
		if name, ok := key.(string); ok {
			single[name] = raw
		}
	}
	if _, err := dec.Token(); err != nil {
		return false, fmt.Errorf("reading an object: %w", err)
	}
	if !items {
		return false, visitSingle(single, kind, visit)
	}
	var meta struct {
		Continue string `json:"continue"`
	}
	decodePart(single["metadata"], &meta)
	return meta.Continue == "", nil
}

func visitSingle(fields map[string]json.RawMessage, kind string, visit func(*object) error) error {
	raw, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("reading an object: %w", err)
	}
	var o object
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &o); err != nil && !errors.As(err, &wrong) {
		return fmt.Errorf("reading an object: %w", err)
	}
	if o.Kind == "" {
		o.Kind = kind
	}
	return visit(&o)
}

// listKind turns "PodList" into "Pod"; a plain "List" says nothing about its items.
func listKind(quoted, fallback string) string {
	name := strings.TrimSuffix(strings.Trim(quoted, `"`), "List")
	if name == "" {
		return fallback
	}
	return name
}

// kindOfEntry guesses the kind of a list from the name of its entry, for lists that do not say it.
func kindOfEntry(entry string) string {
	kinds := map[string]string{
		"pods": "Pod", "nodes": "Node", "events": "Event", "deployments": "Deployment", "statefulsets": "StatefulSet",
		"daemonsets": "DaemonSet", "replicasets": "ReplicaSet", "configmaps": "ConfigMap", "persistentvolumeclaims": "PersistentVolumeClaim", "pvcs": "PersistentVolumeClaim",
	}
	dir, base := path.Split(entry)
	for _, word := range []string{stemJSON(base), path.Base(strings.TrimSuffix(dir, "/"))} {
		if k := kinds[strings.TrimPrefix(word, "kubectl-get-")]; k != "" {
			return k
		}
	}
	return ""
}

func stemJSON(base string) string { return strings.TrimSuffix(strings.ToLower(base), ".json") }
