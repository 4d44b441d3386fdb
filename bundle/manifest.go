package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
)

// Manifest is the last entry of a finished bundle.
type Manifest struct {
	Format        int              `json:"format"`
	Tool          Tool             `json:"tool"`
	SpecDigest    string           `json:"specDigest,omitempty"`
	Redactor      string           `json:"redactor"` // digest of the redaction rules in use
	Started       time.Time        `json:"started"`
	Finished      time.Time        `json:"finished"`
	Complete      bool             `json:"complete"`
	Reason        string           `json:"reason,omitempty"` // why not complete
	Window        Window           `json:"window"`
	ContentDigest string           `json:"contentDigest"` // see ContentDigest
	Counts        map[string]Count `json:"counts,omitempty"`
	Gaps          []Gap            `json:"gaps,omitempty"`
	Clock         []ClockOffset    `json:"clock,omitempty"`
	Timings       []Timing         `json:"timings,omitempty"`
	MemberSize    int64            `json:"memberSize"` // plain bytes of every member of an entry but its last
	Continues     []EarlierRun     `json:"continues,omitempty"`
	Entries       []EntryInfo      `json:"entries"` // in the order of the file, without the manifest itself
}

// EntryInfo describes one entry and where it stands in the file.
type EntryInfo struct {
	Name      string            `json:"name"`           // true name, as layout.go builds it
	Path      string            `json:"path,omitempty"` // name inside the archive below the top folder; empty when it is Name
	Size      int64             `json:"size"`           // plain bytes after redaction
	SHA256    string            `json:"sha256"`         // of the plain bytes after redaction, hex
	Source    string            `json:"source,omitempty"`
	Time      time.Time         `json:"time,omitzero"`
	Truncated *Truncation       `json:"truncated,omitempty"`
	Attrs     map[string]string `json:"attrs,omitempty"`
	Offset    int64             `json:"offset"`            // of the header's member in the file
	Header    int64             `json:"header"`            // compressed bytes of the header's member
	Members   []int64           `json:"members,omitempty"` // compressed bytes of each member of the body; they follow the header
}

func (e *EntryInfo) path() string {
	if e.Path != "" {
		return e.Path
	}
	return e.Name
}

// end is the offset behind the entry's last member; its padding follows.
func (e *EntryInfo) end() int64 {
	n := e.Offset + e.Header
	for _, m := range e.Members {
		n += m
	}
	return n
}

// ContentDigest is SHA-256 over the lines "sha256 name" of the entries sorted by name. Entries under imbundle/ tell about the
// run and are left out, so that two runs over the same content have the same digest.
func ContentDigest(entries []EntryInfo) string {
	lines := make([]string, 0, len(entries))
	for _, e := range entries {
		if !Own(e.Name) {
			lines = append(lines, e.Name+"\x00"+e.SHA256+"\n")
		}
	}
	sort.Strings(lines)
	h := sha256.New()
	for _, l := range lines {
		name, sum, _ := strings.Cut(l, "\x00")
		_, _ = io.WriteString(h, strings.TrimSuffix(sum, "\n")+" "+name+"\n") // a hash takes every write
	}
	return hex.EncodeToString(h.Sum(nil))
}

func decodeManifest(b []byte) (*Manifest, error) {
	var m Manifest
	if err := decodeOwn(b, &m, &m.Format); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	return &m, nil
}

func decodePlan(b []byte) (*Plan, error) {
	var p Plan
	if err := decodeOwn(b, &p, &p.Format); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	return &p, nil
}

// decodeOwn looks at the format number first: a newer format may have changed everything else.
func decodeOwn(b []byte, into any, format *int) error {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	if head.Format > Format {
		return &NewerError{Format: head.Format}
	}
	if head.Format < 1 {
		return fmt.Errorf("format number %d", head.Format)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return err
	}
	*format = head.Format
	return nil
}

// Missing lists what the plan promised and names does not hold: exact names, and patterns without a single match.
func (p *Plan) Missing(names []string) []string {
	var lacks []string
	have := make(map[string]bool, len(names))
	for _, n := range names {
		have[n] = true
	}
	for _, x := range p.Expect {
		for _, want := range x.Entries {
			if !have[want] && !anyMatch(want, names) {
				lacks = append(lacks, want)
			}
		}
	}
	return lacks
}

func anyMatch(pattern string, names []string) bool {
	if !strings.Contains(pattern, "*") {
		return false
	}
	for _, n := range names {
		if matchName(pattern, n) {
			return true
		}
	}
	return false
}

// matchName reports whether name fits pattern, in which * stands for any characters.
func matchName(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) || !strings.HasSuffix(name[len(first):], last) {
		return false
	}
	rest := name[len(first) : len(name)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return true
}
