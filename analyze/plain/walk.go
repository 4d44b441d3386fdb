package plain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// maxRecord bounds a record of an export, which is held as a whole.
const maxRecord = 16 << 20

// guarded stops a decoder that would hold too much, and knows the lines of what it read.
type guarded struct {
	in   io.Reader
	left int64
	read int64
	ends []int64 // offsets of line ends that the decoder has not passed yet
	line int64
}

func (g *guarded) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, fmt.Errorf("a record of more than %d bytes", maxRecord)
	}
	n, err := g.in.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			g.ends = append(g.ends, g.read+int64(i))
		}
	}
	g.read += int64(n)
	g.left -= int64(n)
	return n, err
}

// at is the line of an offset; it only goes forward.
func (g *guarded) at(offset int64) int64 {
	n := 0
	for n < len(g.ends) && g.ends[n] < offset {
		n++
	}
	g.line += int64(n)
	g.ends = append(g.ends[:0], g.ends[n:]...)
	return g.line
}

// walker finds the records in any JSON.
type walker struct {
	g   *guarded
	dec *json.Decoder
	add func(record) error
}

// holders are keys whose value holds records.
var holders = map[string]bool{"hits": true, "data": true, "result": true, "results": true, "records": true, "logs": true, "items": true, "streams": true, "values": true}

// value reads one value; fields are those of the objects around it.
func (w *walker) value(fields map[string]string) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	w.g.left = maxRecord
	switch token {
	case json.Delim('{'):
		return w.object(fields)
	case json.Delim('['):
		return w.array(fields)
	}
	return nil
}

// array reads records, or Loki's pairs of time and line.
func (w *walker) array(fields map[string]string) error {
	for w.dec.More() {
		if fields["values"] != "" {
			if err := w.pair(fields); err != nil {
				return err
			}
			continue
		}
		if err := w.value(fields); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w *walker) pair(fields map[string]string) error {
	var pair []json.RawMessage
	if err := w.dec.Decode(&pair); err != nil {
		return err
	}
	w.g.left = maxRecord
	if len(pair) < 2 {
		return nil
	}
	r := recordOf(fields)
	r.at, r.text, r.line = scalar(pair[0]), scalar(pair[1]), w.g.at(w.dec.InputOffset())
	r.nanos = nanosOf(r.at)
	return w.add(r)
}

// object reads the fields of an object, and goes into those that hold records.
func (w *walker) object(around map[string]string) error {
	fields := map[string]string{}
	for k, v := range around {
		fields[k] = v
	}
	inner := false
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if holders[key] && fields["content"] == "" && fields["_source.message"] == "" {
			inner = true
			if key == "values" {
				fields["values"] = "1"
			}
			if err := w.value(fields); err != nil {
				return err
			}
			delete(fields, "values")
			continue
		}
		var raw json.RawMessage
		if err := w.dec.Decode(&raw); err != nil {
			return err
		}
		flatten(fields, key, raw, 0)
	}
	if _, err := w.dec.Token(); err != nil {
		return err
	}
	w.g.left = maxRecord
	line := w.g.at(w.dec.InputOffset())
	if inner {
		return nil
	}
	r := recordOf(fields)
	r.line = line
	return w.add(r)
}

// flatten takes over the scalars below a key, their names joined with dots.
func flatten(fields map[string]string, key string, raw json.RawMessage, depth int) {
	if len(raw) == 0 {
		return
	}
	if raw[0] != '{' || depth == 4 {
		fields[key] = scalar(raw)
		return
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(raw, &inner) != nil {
		return
	}
	for name, value := range inner {
		flatten(fields, key+"."+name, value, depth+1)
	}
}

// scalar is the text of a string, or of a number or other value as it is written. An array has that of its first element.
func scalar(raw json.RawMessage) string {
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	if raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			return scalar(list[0])
		}
	}
	return string(bytes.TrimSpace(raw))
}

func timeOf(nanos int64) time.Time { return time.Unix(0, nanos) }

// nanosOf reads a time: RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970. 0 is unknown.
func nanosOf(s string) int64 {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "Jan 2, 2006 @ 15:04:05.000"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixNano()
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0
	}
	for _, unit := range []int64{1, 1e3, 1e6, 1e9} { // nanoseconds first
		if at := n * unit; at/unit == n && at > 1e18 && at < 4e18 {
			return at
		}
	}
	return 0
}
