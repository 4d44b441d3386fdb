package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sort"
	"sync"
)

// VerifyReport is the answer of Verify.
type VerifyReport struct {
	Path          string
	OK            bool // no problems
	Indexed       bool // footer and index are intact
	Entries       int  // that were read
	Bytes         int64
	Complete      bool     // the collection says that it ran to its end
	ContentDigest string   // computed from what was read; empty without a manifest
	Known         []string // promised by the plan and missing, with a gap that says why
	Problems      []Problem
	Gaps          []Gap
}

// Problem is one thing that is wrong with a bundle.
type Problem struct {
	Entry string // empty when the whole is concerned
	Text  string
}

func (p Problem) String() string {
	if p.Entry == "" {
		return p.Text
	}
	return p.Entry + ": " + p.Text
}

// Verify reads the whole bundle and compares it with its manifest and its plan. What is wrong is in the report; the error is
// for what could not be examined at all.
func Verify(ctx context.Context, path string, o ReadOptions) (VerifyReport, error) {
	report := VerifyReport{Path: path}
	r, err := Open(path, o)
	if err != nil {
		return report, err
	}
	defer r.Close()
	v := &verifier{report: &report, sums: map[string]EntryInfo{}}
	if err := r.Each(ctx, 0, v.visit); err != nil {
		return report, err
	}
	_, report.Indexed = r.way.(*indexed)
	v.judge(r)
	sort.Slice(report.Problems, func(i, j int) bool {
		a, b := report.Problems[i], report.Problems[j]
		return a.Entry < b.Entry || a.Entry == b.Entry && a.Text < b.Text
	})
	report.OK = len(report.Problems) == 0
	return report, nil
}

type verifier struct {
	report *VerifyReport
	mu     sync.Mutex
	sums   map[string]EntryInfo // what was read
}

func (v *verifier) visit(_ int, f *File) error {
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Entries++
	v.report.Bytes += n
	v.sums[f.Name] = EntryInfo{Name: f.Name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}
	return nil
}

func (v *verifier) judge(r *Reader) {
	if e := r.End(); !e.Complete {
		v.problem(e.Entry, "the input gives out at byte %d: %s", e.Offset, e.Reason)
	}
	for _, o := range r.Omissions() {
		v.problem(o.Example, "left out: %s (%d in all)", o.Reason, o.Count)
	}
	m := r.Manifest()
	if m == nil {
		v.problem("", "no manifest: the file was cut, or it is no bundle of this program")
	} else {
		v.compare(m)
		if _, streamed := r.way.(*stream); streamed {
			v.problem("", "the index is missing or does not fit the file; it was read as a stream")
		}
	}
	v.promised(r, m)
}

func (v *verifier) problem(entry, format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{entry, fmt.Sprintf(format, args...)})
}

func (v *verifier) compare(m *Manifest) {
	v.report.Complete, v.report.Gaps = m.Complete, m.Gaps
	read := make([]EntryInfo, 0, len(m.Entries))
	listed := map[string]bool{ManifestFile: true}
	for _, want := range m.Entries {
		listed[want.Name] = true
		got, ok := v.sums[want.Name]
		switch {
		case !ok:
			v.problem(want.Name, "listed in the manifest and not there")
			continue
		case got.Size != want.Size:
			v.problem(want.Name, "has %d bytes, the manifest says %d", got.Size, want.Size)
		case got.SHA256 != want.SHA256:
			v.problem(want.Name, "its content differs from the manifest's SHA-256")
		}
		read = append(read, got)
	}
	for name := range v.sums {
		if !listed[name] {
			v.problem(name, "not listed in the manifest")
		}
	}
	v.report.ContentDigest = ContentDigest(read)
	if v.report.ContentDigest != m.ContentDigest {
		v.problem("", "the content digest differs from the manifest's")
	}
}

// promised lists what the plan expected in vain, apart for what a gap explains.
func (v *verifier) promised(r *Reader, m *Manifest) {
	p := r.Plan()
	if p == nil {
		v.problem("", "no plan: what was to be collected is unknown")
		return
	}
	for _, want := range r.End().Promised {
		if m != nil && explained(want, p, m.Gaps) {
			v.report.Known = append(v.report.Known, want)
			continue
		}
		v.problem(want, "promised by the plan and missing without a reason")
	}
}

// explained tells whether a gap names the entry, or the source that promised it.
func explained(want string, p *Plan, gaps []Gap) bool {
	for _, g := range gaps {
		if g.Entry != "" && (g.Entry == want || matchName(want, g.Entry)) {
			return true
		}
		for _, x := range p.Expect {
			for _, e := range x.Entries {
				if e == want && g.Entry == "" && g.Source == x.Source {
					return true
				}
			}
		}
	}
	return false
}
