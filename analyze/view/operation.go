package view

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/specs"
)

// Operation is the way of one operationID through all components.
type Operation struct {
	ID    string   `json:"id"`
	Steps []Step   `json:"steps"` // by time
	Hops  []string `json:"hops"`  // ids of pipeline.yaml that were seen, in the order of the path
	More  int      `json:"more"`  // steps beyond those that are kept
}

// Step is one record of an operation.
type Step struct {
	Time      time.Time `json:"time,omitzero"`
	Component string    `json:"component"`
	Role      string    `json:"role,omitempty"`
	Level     string    `json:"level"`
	Caller    string    `json:"caller,omitempty"`
	Message   string    `json:"message"`
	Method    string    `json:"method,omitempty"` // of an RPC, or the path of a request
	Error     string    `json:"error,omitempty"`
	Batch     int       `json:"batch,omitempty"` // operations that were handled together, when there are several
	Fields    string    `json:"fields,omitempty"`
	Entry     string    `json:"entry"`
	Line      int64     `json:"line"`

	service string
	hops    []string
}

// Bounds on what is kept of an operation that never ends.
const (
	maxSteps  = 20_000
	maxFields = 2 << 10
)

// Follow finds every record with an operationID: its own, those of batches that it is a part of, those of groups. One that
// nothing has is an *UnknownError. Lines are parsed only where the text of the id occurs.
func (in Input) Follow(ctx context.Context, id string, f *Filter) (*Operation, error) {
	set, err := scan.Compile([]scan.Pattern{{Any: []string{id}}})
	if err != nil {
		return nil, fmt.Errorf("looking for %q: %w", id, err)
	}
	op := &Operation{ID: id, Steps: []Step{}, Hops: []string{}}
	scanners := sync.Pool{New: func() any { return set.NewScanner() }}
	c := newCast(in.Specs, f.Components)
	var mu sync.Mutex
	err = in.eachLog(ctx, f, c, func(t *tap, r io.Reader) error {
		w := &follower{id: id, tap: t, specs: in.Specs}
		sc := scanners.Get().(*scan.Scanner)
		defer scanners.Put(sc)
		if _, err := sc.Scan(r, scan.Options{Year: in.year()}, w.hit); err != nil {
			return fmt.Errorf("reading %q: %w", t.log.Entry, err)
		}
		mu.Lock()
		defer mu.Unlock()
		op.join(w.steps)
		return nil
	})
	if err == nil {
		err = c.missing()
	}
	if err == nil && len(op.Steps) == 0 {
		err = &UnknownError{What: "operation", Name: id}
	}
	if err != nil {
		return nil, err
	}
	op.finish(in.Specs, labels(c.logs))
	return op, nil
}

// join adds the steps of one log.
func (o *Operation) join(steps []Step) {
	room := max(0, maxSteps-len(o.Steps))
	o.More += max(0, len(steps)-room)
	o.Steps = append(o.Steps, steps[:min(room, len(steps))]...)
}

// finish puts the steps in order and sums the hops up.
func (o *Operation) finish(s *specs.Set, names map[string]string) {
	slices.SortStableFunc(o.Steps, func(a, b Step) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line))
	})
	seen := map[string]bool{}
	for i := range o.Steps {
		step := &o.Steps[i]
		step.Component = cmp.Or(step.service, names[step.Entry])
		for _, hop := range step.hops {
			seen[hop] = true
		}
	}
	for _, hop := range s.Hops {
		if seen[hop.ID] {
			o.Hops = append(o.Hops, hop.ID)
		}
	}
}

// follower gathers the steps of one log.
type follower struct {
	id    string
	specs *specs.Set
	*tap
	steps []Step
}

// hit judges a line that holds the text of the id.
func (w *follower) hit(h scan.Hit) {
	rec := h.Rec()
	batch := batchOf(rec.Field("operationID"), w.id)
	if batch == 0 || !w.wants(h) {
		return
	}
	role := cmp.Or(analyze.RoleOfRecord(w.specs, rec), w.log.Role)
	w.steps = append(w.steps, Step{
		Time: rec.Time, Role: role, Level: h.Level.String(), Caller: strings.Clone(rec.Caller), Message: strings.Clone(rec.Message),
		Method: strings.Clone(cmp.Or(rec.Field("method"), rec.Field("funcName"))), Error: strings.Clone(rec.Field("error")), Batch: batch, Fields: string(rec.KV[:min(len(rec.KV), maxFields)]),
		Entry: w.log.Entry, Line: h.Line, service: strings.Clone(rec.Service), hops: hopsOf(w.specs, role, string(h.Text())),
	})
}

// wants applies the filter to a line of the scanner.
func (w *follower) wants(h scan.Hit) bool {
	b := &scan.Block{Time: h.Rec().Time, Level: h.Level, Text: h.Text()}
	return w.f.wants(b) && (w.parts == nil || w.cast.speaks(h.Rec(), w.parts))
}

// batchOf is how many operations the value of operationID names when id is one of them, else 0. OpenIM joins those of a batch
// with $ and marks those of groups with @@@.
func batchOf(value, id string) int {
	if value == id {
		return 1 + strings.Count(value, "$")
	}
	parts := strings.Split(value, "$")
	for _, part := range parts {
		if part == id || slices.Contains(strings.Split(part, "@@@"), id) {
			return len(parts)
		}
	}
	return 0
}

// hopsOf are the hops that a line shows at work: the first of its role, and those whose progress it tells.
func hopsOf(s *specs.Set, role, line string) []string {
	var out []string
	own := false
	for _, hop := range s.Hops {
		is := slices.ContainsFunc(hop.Progress, func(text string) bool { return strings.Contains(line, text) })
		if !own && role != "" && slices.Contains(hop.Roles, role) {
			own, is = true, true
		}
		if is {
			out = append(out, hop.ID)
		}
	}
	return out
}
