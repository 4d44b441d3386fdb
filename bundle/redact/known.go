package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
)

// minKnown is the shortest value that is learned: shorter ones occur by chance everywhere.
const minKnown = 6

// known are the values that must never leave, in every spelling in which they may occur.
type known struct{ forms [][]byte }

// Learn makes r hide the values wherever they occur, with whatever key or with none, and makes the leak gate look for them:
// passwords that were fetched for connecting, or canaries of a test. Values of less than six bytes are ignored.
// It may be called at any time; streams that are open take notice with their next line.
func (r *Redactor) Learn(values ...string) {
	for {
		old := r.known.Load()
		next := &known{}
		if old != nil {
			next.forms = slices.Clone(old.forms)
		}
		for _, v := range values {
			next.add(v)
		}
		if r.known.CompareAndSwap(old, next) {
			return
		}
	}
}

func (k *known) add(v string) {
	if len(v) < minKnown {
		return
	}
	quoted, err := json.Marshal(v)
	if err != nil {
		quoted = []byte(`"` + v + `"`)
	}
	forms := []string{
		v, string(quoted[1 : len(quoted)-1]), url.QueryEscape(v), url.PathEscape(v),
		base64.StdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)),
	}
	for _, f := range forms {
		has := func(old []byte) bool { return string(old) == f }
		if !slices.ContainsFunc(k.forms, has) && !bytes.ContainsAny([]byte(f), "\n") {
			k.forms = append(k.forms, []byte(f))
		}
	}
}

// knownValues hides learned values.
func (s *scanner) knownValues(k *known) {
	for _, f := range k.forms {
		for from := 0; ; {
			i := bytes.Index(s.line[from:], f)
			if i < 0 {
				break
			}
			from += i
			s.hide(from, from, from+len(f), len(s.r.rules))
			from += len(f)
		}
	}
}
