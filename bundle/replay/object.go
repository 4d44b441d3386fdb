package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is one object of a list, as it was stored.
type object struct {
	meta objectMeta
	raw  json.RawMessage // nil where the bundle holds its table cells only
}

type objectMeta struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace,omitempty"`
	UID             string            `json:"uid,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Created         string            `json:"creationTimestamp,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
}

// typed is an object's own word on its kind.
type typed struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// newObject reads what an object is called. of is what its list says of the kind.
func newObject(of typed, raw json.RawMessage) (typed, object, error) {
	var o struct {
		typed
		Metadata objectMeta `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return of, object{}, fmt.Errorf("reading an object: %w", err)
	}
	if o.Kind != "" {
		of = o.typed
	}
	return of, object{meta: o.Metadata, raw: raw}, nil
}

var errNoList = errors.New("not a list of objects")

// readList hands on the items of a JSON list: an object with "items", or a bare array. What ends in the middle gives what stands
// before and an error.
func readList(r io.Reader, each func(typed, object) error) error {
	d := json.NewDecoder(r)
	t, err := d.Token()
	switch {
	case err != nil:
		return err
	case t == json.Delim('['):
		return readItems(d, typed{}, each)
	case t != json.Delim('{'):
		return errNoList
	}
	var of typed
	listed := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key == "items" {
			listed = true
			err = readArray(d, of, each)
		} else {
			err = readField(d, key, &of)
		}
		if err != nil {
			return err
		}
	}
	if !listed {
		return errNoList
	}
	_, err = d.Token()
	return err
}

func readField(d *json.Decoder, key json.Token, of *typed) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return err
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	switch key {
	case "kind":
		of.Kind = strings.TrimSuffix(text, "List")
	case "apiVersion":
		of.APIVersion = text
	}
	return nil
}

func readArray(d *json.Decoder, of typed, each func(typed, object) error) error {
	t, err := d.Token()
	if err != nil || t == nil { // null: an empty list
		return err
	}
	if t != json.Delim('[') {
		return errNoList
	}
	return readItems(d, of, each)
}

func readItems(d *json.Decoder, of typed, each func(typed, object) error) error {
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if !bytes.HasPrefix(raw, []byte("{")) {
			return errNoList
		}
		t, o, err := newObject(of, raw)
		if err != nil {
			return err
		}
		if err := each(t, o); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// decode reads an object without losing digits of its numbers.
func decode(raw json.RawMessage) (map[string]any, error) {
	var o map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	return o, nil
}

// lookup is the text of a field of a decoded object, as a field selector sees it; empty when it is not there.
func lookup(o map[string]any, path string) string {
	var v any = o
	for key := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[key]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
