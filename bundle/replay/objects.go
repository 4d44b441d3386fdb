package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
)

// shape is how an answer shows objects.
type shape int

const (
	asObjects shape = iota
	asTable
	asMetadata // PartialObjectMetadata
)

// shape is the first that the client names and that is known here. Binary forms are not: everyone takes JSON too.
func (a *answer) shape() shape {
	for _, accept := range a.r.Header.Values("Accept") {
		for part := range strings.SplitSeq(accept, ",") {
			switch kind, of := mediaType(part); {
			case kind != "application/json" && kind != "*/*" && kind != "application/*":
			case of == "Table":
				return asTable
			case strings.HasPrefix(of, "PartialObjectMetadata"):
				return asMetadata
			case of == "":
				return asObjects
			}
		}
	}
	return asObjects
}

// mediaType splits "application/json;as=Table;v=v1;g=meta.k8s.io".
func mediaType(part string) (kind, as string) {
	for i, p := range strings.Split(strings.TrimSpace(part), ";") {
		if i == 0 {
			kind = p
		} else if v, ok := strings.CutPrefix(strings.TrimSpace(p), "as="); ok {
			as = v
		}
	}
	return kind, as
}

// list answers with what a request selects.
func (a *answer) list(t target) error {
	found, err := a.find(t)
	if err != nil {
		return err
	}
	for _, text := range found.warnings(a.c, t.res) {
		a.warn(text)
	}
	meta := map[string]any{"resourceVersion": newestVersion(found.items)}
	if found.next != "" {
		meta["continue"] = found.next
	}
	if found.rest > 0 {
		meta["remainingItemCount"] = found.rest
	}
	return a.many(t, found, meta)
}

func (a *answer) many(t target, found *page, meta map[string]any) error {
	shape := a.shape()
	var head, field string
	each := a.item
	switch {
	case shape == asTable:
		head, field = `"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":`+string(columnsOf(found.columns)), "rows"
		each = func(t target, o selected) ([]byte, error) { return a.row(t, o, found.columns != nil) }
	case shape == asMetadata:
		head, field = `"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1"`, "items"
		each = func(t target, o selected) ([]byte, error) { return a.metadata(t, o) }
	default:
		head, field = fmt.Sprintf(`"kind":"%sList","apiVersion":%q`, t.res.kind, t.res.gv()), "items"
	}
	var body bytes.Buffer
	rawMeta, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	fmt.Fprintf(&body, `{%s,"metadata":%s,%q:[`, head, rawMeta, field)
	for i, o := range found.items {
		raw, err := each(t, o)
		if err != nil {
			return err
		}
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(raw)
		if err := a.flush(&body); err != nil {
			return err
		}
	}
	body.WriteString("]}\n")
	return a.send(&body)
}

// flush sends what has gathered, so that a long list is never held whole a second time.
func (a *answer) flush(body *bytes.Buffer) error {
	if body.Len() < 256<<10 {
		return nil
	}
	return a.send(body)
}

func (a *answer) send(body *bytes.Buffer) error {
	if !a.begun {
		a.head(http.StatusOK, "application/json")
	}
	_, err := a.w.Write(body.Bytes())
	body.Reset()
	return err
}

// object answers with one object.
func (a *answer) object(t target) error {
	lists, err := a.c.listsOf(target{res: t.res, ns: t.ns})
	if err != nil {
		return err
	}
	for _, l := range lists {
		i, known := l.byName[t.name]
		if !known {
			continue
		}
		one := &page{items: []selected{{&l.objects[i], l}}, columns: l.columns}
		if a.shape() == asTable {
			return a.many(t, one, map[string]any{"resourceVersion": newestVersion(one.items)})
		}
		render := a.item
		if a.shape() == asMetadata {
			render = a.metadata
		}
		raw, err := render(t, one.items[0])
		if err != nil {
			return err
		}
		return a.send(bytes.NewBuffer(append(raw, '\n')))
	}
	if len(lists) > 0 && lists[0].cut != "" {
		return forbidden(t, "the bundle's list is not whole: "+lists[0].cut)
	}
	return notFound(t)
}

// item is an object as it was stored.
func (a *answer) item(t target, o selected) ([]byte, error) {
	if o.raw == nil {
		return nil, forbidden(target{res: t.res, ns: t.ns, name: o.meta.Name}, "the bundle holds table cells of it only: its content was never asked for")
	}
	return a.moved.move(o.raw), nil
}

// metadata is an object without what it says.
func (a *answer) metadata(_ target, o selected) ([]byte, error) {
	meta := json.RawMessage(nil)
	if o.raw != nil {
		var of struct {
			Metadata json.RawMessage `json:"metadata"`
		}
		if err := json.Unmarshal(o.raw, &of); err != nil {
			return nil, err
		}
		meta = of.Metadata
	} else {
		raw, err := json.Marshal(o.meta)
		if err != nil {
			return nil, err
		}
		meta = raw
	}
	return a.moved.move(fmt.Appendf(nil, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":%s}`, meta)), nil
}

// row is an object as the server's own table shows it; without one, by name and age.
func (a *answer) row(t target, o selected, ours bool) ([]byte, error) {
	cells := o.list.cells[o.meta.Name]
	if cells == nil || !ours {
		raw, err := json.Marshal([]any{o.meta.Name, a.c.age(o.meta.Created)})
		if err != nil {
			return nil, err
		}
		cells = raw
	}
	object := []byte("null")
	var err error
	switch a.param("includeObject") {
	case "None":
	case "Object":
		object, err = a.item(t, o)
	default:
		object, err = a.metadata(t, o)
	}
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `{"cells":%s,"object":%s}`, cells, object), nil
}

// columnsOf are the server's own, or those that every kind has.
func columnsOf(raw json.RawMessage) json.RawMessage {
	if raw != nil {
		return raw
	}
	return json.RawMessage(`[{"name":"Name","type":"string","format":"name","description":"","priority":0},` +
		`{"name":"Age","type":"string","format":"","description":"","priority":0}]`)
}

// age is as of the snapshot.
func (c *Cluster) age(created string) string {
	t, err := time.Parse(time.RFC3339, created)
	if err != nil || c.at.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(c.at.Sub(t))
}

// newestVersion stands for the version of a list.
func newestVersion(items []selected) string {
	newest := int64(1)
	for _, o := range items {
		if v, err := strconv.ParseInt(o.meta.ResourceVersion, 10, 64); err == nil {
			newest = max(newest, v)
		}
	}
	return strconv.FormatInt(newest, 10)
}

// namespaceList names the namespaces of which the bundle holds anything; the objects themselves are not collected.
func (c *Cluster) namespaceList() *list {
	l := &list{byName: map[string]int{}, index: map[string]map[string][]int{}}
	for _, ns := range c.Namespaces() {
		raw := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q,"labels":{"kubernetes.io/metadata.name":%q}},"spec":{},"status":{"phase":"Active"}}`, ns, ns)
		l.add(object{meta: objectMeta{Name: ns, Labels: map[string]string{"kubernetes.io/metadata.name": ns}}, raw: raw})
	}
	return l
}
