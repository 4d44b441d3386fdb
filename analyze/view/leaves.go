package view

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// Leaves is what a file gives away.
type Leaves struct {
	Entries  int                         `json:"entries"`
	Bytes    int64                       `json:"bytes"`
	Sorts    map[string]Volume           `json:"sorts"`
	Redacted bool                        `json:"redacted"` // the file tells what was hidden
	Rules    map[string]int64            `json:"rules"`    // values hidden by rule
	Where    map[string]map[string]int64 `json:"where"`    // by entry and rule
	Dropped  []bundle.Gap                `json:"dropped"`  // entries that the redactor did not vouch for
	Stay     map[string]Stay             `json:"stay"`     // identifiers by shape
}

// Volume is how much of one sort there is.
type Volume struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
}

// Stay is how many different values of one shape were met.
type Stay struct {
	Distinct int            `json:"distinct"`
	Capped   bool           `json:"capped,omitempty"` // there are more
	Met      map[string]int `json:"met"`              // by sort of entry
}

// WhatLeaves reads the whole input once.
func (in Input) WhatLeaves(ctx context.Context) (*Leaves, error) {
	l := &Leaves{Sorts: map[string]Volume{}, Rules: map[string]int64{}, Where: map[string]map[string]int64{}, Dropped: []bundle.Gap{}, Stay: map[string]Stay{}}
	seed := maphash.MakeSeed()
	workers := min(8, runtime.GOMAXPROCS(0))
	counts := make([]*teller, workers)
	for i := range counts {
		counts[i] = &teller{census: newCensus(seed), sorts: map[string]Volume{}, in: bufio.NewReaderSize(nil, 64<<10)}
	}
	err := in.Reader.Each(ctx, workers, func(worker int, f *bundle.File) error { return counts[worker].read(f) })
	if err != nil {
		return nil, err
	}
	for _, t := range counts[1:] {
		counts[0].join(t)
	}
	l.take(counts[0])
	if m := in.Reader.Manifest(); m != nil {
		for _, g := range m.Gaps {
			if g.Reason == bundle.Redaction {
				l.Dropped = append(l.Dropped, g)
			}
		}
	}
	return l, nil
}

// teller counts what one worker reads.
type teller struct {
	*census
	in         *bufio.Reader
	sorts      map[string]Volume
	redactions []byte
}

func (t *teller) read(f *bundle.File) error {
	t.sort = bundle.Sort(f.Name)
	var own strings.Builder
	var r io.Reader = f
	if f.Name == bundle.RedactionsFile {
		r = io.TeeReader(io.LimitReader(f, 64<<20), &own)
	}
	n, err := t.lines(r)
	v := t.sorts[t.sort]
	t.sorts[t.sort] = Volume{v.Entries + 1, v.Bytes + n}
	if own.Len() > 0 {
		t.redactions = []byte(own.String())
	}
	return err
}

// lines counts what r holds; the bundle's own records name no identifiers that another entry does not.
func (t *teller) lines(r io.Reader) (n int64, err error) {
	t.in.Reset(r)
	defer t.in.Reset(nil)
	for {
		line, err := t.in.ReadSlice('\n')
		n += int64(len(line))
		if t.sort != bundle.SortOwn {
			t.line(line)
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return n, err
		}
	}
}

func (t *teller) join(o *teller) {
	t.census.add(o.census)
	for sort, v := range o.sorts {
		t.sorts[sort] = Volume{t.sorts[sort].Entries + v.Entries, t.sorts[sort].Bytes + v.Bytes}
	}
	if t.redactions == nil {
		t.redactions = o.redactions
	}
}

func (l *Leaves) take(t *teller) {
	l.Sorts = t.sorts
	for _, v := range t.sorts {
		l.Entries, l.Bytes = l.Entries+v.Entries, l.Bytes+v.Bytes
	}
	for _, shape := range shapes {
		n := len(t.seen[shape])
		l.Stay[shape] = Stay{Distinct: n, Capped: n >= maxDistinct, Met: t.where[shape]}
	}
	var counts struct {
		Rules   map[string]int64            `json:"rules"`
		Entries map[string]map[string]int64 `json:"entries"`
	}
	if t.redactions != nil && json.Unmarshal(t.redactions, &counts) == nil {
		l.Redacted = true
		maps.Copy(l.Rules, counts.Rules)
		maps.Copy(l.Where, counts.Entries)
	}
}

// LeavesJSON writes it for programs.
func LeavesJSON(w io.Writer, l *Leaves) error { return writeJSON(w, l) }

// Write shows it to a person who has to decide whether the file may be handed on.
func (l *Leaves) Write(w io.Writer, name string, s Screen) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s\n%s\n\n", s.paint(bold, s.say("wl.title", clean(name))), s.say("wl.entries", l.Entries, size(l.Bytes)))
	l.writeSorts(out, s)
	l.writeHidden(out, s)
	l.writeStay(out, s)
	fmt.Fprintf(out, "\n%s\n", s.paint(bold, s.say("wl.never")))
	for _, line := range []word{"wl.never1", "wl.never2", "wl.never3"} {
		fmt.Fprintf(out, "- %s\n", s.say(line))
	}
	fmt.Fprintf(out, "\n%s\n", s.say("wl.look"))
	return out.Flush()
}

func (l *Leaves) writeSorts(w *bufio.Writer, s Screen) {
	t := columns{head: []string{s.say("wl.sort"), s.say("wl.count"), s.say("wl.bytes"), s.say("wl.what")}}
	sorts := slices.SortedFunc(maps.Keys(l.Sorts), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Sorts[b].Bytes, l.Sorts[a].Bytes), cmp.Compare(a, b))
	})
	for _, sort := range sorts {
		t.add(sort, fmt.Sprint(l.Sorts[sort].Entries), size(l.Sorts[sort].Bytes), s.say(word("sort."+sort)))
	}
	t.write(w, s)
}

func (l *Leaves) writeHidden(w *bufio.Writer, s Screen) {
	if !l.Redacted {
		fmt.Fprintf(w, "\n%s\n", s.paint(yellow, s.say("wl.unredacted")))
		return
	}
	var total int64
	for _, n := range l.Rules {
		total += n
	}
	fmt.Fprintf(w, "\n%s\n", s.paint(bold, s.say("wl.hidden", total, len(l.Where))))
	var idle []string
	t := columns{head: []string{s.say("wl.rule"), s.say("wl.times"), s.say("wl.where")}, cut: map[int]int{2: max(30, s.width()-32)}}
	for _, rule := range slices.SortedFunc(maps.Keys(l.Rules), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Rules[b], l.Rules[a]), cmp.Compare(a, b))
	}) {
		if l.Rules[rule] == 0 {
			idle = append(idle, rule)
			continue
		}
		t.add(rule, fmt.Sprint(l.Rules[rule]), l.whereOf(rule, s))
	}
	t.write(w, s)
	fmt.Fprintln(w, s.say("wl.idle", clean(strings.Join(idle, ", "))))
	fmt.Fprintf(w, "\n%s\n", s.paint(bold, s.say("wl.dropped", len(l.Dropped))))
	for _, g := range l.Dropped {
		fmt.Fprintf(w, "- %s\n", clean(strings.TrimSpace(cmp.Or(g.Entry, g.Source)+"  "+g.Detail)))
	}
}

// whereOf names the entries in which a rule hid most.
func (l *Leaves) whereOf(rule string, s Screen) string {
	var in []string
	for entry, counts := range l.Where {
		if counts[rule] > 0 {
			in = append(in, entry)
		}
	}
	slices.SortFunc(in, func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Where[b][rule], l.Where[a][rule]), cmp.Compare(a, b))
	})
	var text []string
	for i, entry := range in {
		if i == 2 && len(in) > 3 {
			text = append(text, s.say("wl.more", len(in)-i))
			break
		}
		text = append(text, fmt.Sprintf("%s (%d)", entry[strings.LastIndexByte(entry, '/')+1:], l.Where[entry][rule]))
	}
	return cmp.Or(strings.Join(text, ", "), "-")
}

func (l *Leaves) writeStay(w *bufio.Writer, s Screen) {
	fmt.Fprintf(w, "\n%s\n", s.paint(bold, s.say("wl.stays")))
	t := columns{head: []string{s.say("wl.id"), s.say("wl.distinct"), s.say("wl.where")}}
	for _, shape := range shapes {
		stay := l.Stay[shape]
		count := fmt.Sprint(stay.Distinct)
		if stay.Capped {
			count = s.say("wl.over", stay.Distinct)
		}
		sorts := slices.SortedFunc(maps.Keys(stay.Met), func(a, b string) int {
			return cmp.Or(cmp.Compare(stay.Met[b], stay.Met[a]), cmp.Compare(a, b))
		})
		for i, sort := range sorts {
			sorts[i] = fmt.Sprintf("%s (%d)", sort, stay.Met[sort])
		}
		t.add(s.say(word("id."+shape)), count, cmp.Or(strings.Join(sorts, ", "), "-"))
	}
	t.write(w, s)
}
