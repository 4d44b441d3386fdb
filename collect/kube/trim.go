package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// lastApplied holds a second copy of the object, with whatever secrets were in the file that was applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// trim takes bulk and copies out of an object: of managedFields it keeps who changed it when and how, not the fields.
// apiVersion and kind are filled in where the server leaves them out, as it does for the elements of a list.
func trim(raw json.RawMessage, apiVersion, object string) (json.RawMessage, error) {
	var o map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	if o["kind"] == nil {
		o["apiVersion"], o["kind"] = apiVersion, object
	}
	if meta, ok := o["metadata"].(map[string]any); ok {
		trimMeta(meta)
	}
	if spec, ok := o["spec"].(map[string]any); ok {
		if template, ok := spec["template"].(map[string]any); ok {
			if meta, ok := template["metadata"].(map[string]any); ok {
				trimMeta(meta)
			}
		}
	}
	return marshal(o)
}

func trimMeta(meta map[string]any) {
	if annotations, ok := meta["annotations"].(map[string]any); ok {
		delete(annotations, lastApplied)
	}
	fields, ok := meta["managedFields"].([]any)
	if !ok {
		return
	}
	for _, f := range fields {
		if f, ok := f.(map[string]any); ok {
			for key := range f {
				if key != "manager" && key != "operation" && key != "time" && key != "subresource" {
					delete(f, key)
				}
			}
		}
	}
}

// marshal writes JSON without HTML escapes, so that text reads as it was.
func marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
