package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// listWriter spreads a list over its entries as it arrives.
type listWriter struct {
	batch   *collect.Batch
	target  target
	used    *inUse
	custom  bool // written only when there is something: every CRD of the cluster is asked
	objects *collect.Entry
	json    *collect.Entry
	text    *collect.Entry
	table   *tableWriter
	n       int
	seen    map[string]bool // names of the rows; nil: nobody wants to know them
	columns json.RawMessage
	isList  bool // the server has no tables for this kind
}

func (w *listWriter) field(key string, raw json.RawMessage) error {
	if key == "columnDefinitions" && w.columns == nil {
		w.columns = raw
	}
	if key == "kind" && !strings.Contains(string(raw), `"Table"`) {
		w.isList = true
	}
	return nil
}

// open creates the entries at the first element, or at the end of an empty list.
func (w *listWriter) open() (err error) {
	if w.table != nil || w.objects != nil || w.custom && w.n == 0 {
		return nil
	}
	if !w.target.tableOnly {
		if w.objects, err = w.batch.Create(bundle.Resource(w.target.name(), w.target.ns), bundle.Meta{}); err != nil {
			return err
		}
		if _, err = fmt.Fprintf(w.objects, `{"kind":"%sList","apiVersion":%q,"metadata":{},"items":[`, w.target.object, w.target.apiVersion()); err != nil {
			return err
		}
	}
	if w.isList {
		return nil
	}
	if w.json, err = w.batch.Create(bundle.Table(w.target.name(), w.target.ns), bundle.Meta{}); err != nil {
		return err
	}
	w.table = newTableWriter(w.json, (*lazyText)(w))
	if w.columns == nil {
		return nil
	}
	return w.table.define(w.columns)
}

// lazyText creates the table's text when there is any.
type lazyText listWriter

func (t *lazyText) Write(p []byte) (int, error) {
	if t.text == nil {
		var err error
		if t.text, err = t.batch.Create(bundle.TableText(t.target.name(), t.target.ns), bundle.Meta{}); err != nil {
			return 0, err
		}
	}
	return t.text.Write(p)
}

func (w *listWriter) row(raw json.RawMessage) error {
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("reading a row: %w", err)
	}
	if !w.used.keep(w.target.kind, r.Object) {
		return nil
	}
	n := w.n
	w.n++
	if err := w.open(); err != nil {
		return err
	}
	if w.seen != nil && len(r.Cells) > 0 {
		w.seen[fmt.Sprint(r.Cells[0])] = true
	}
	if err := w.table.add(n, r, r.Object); err != nil {
		return err
	}
	return w.object(n, r.Object)
}

// errNoTable is the answer of a server from which nothing else than a table is taken.
var errNoTable = errors.New("the server has no table for this kind, and nothing else is taken from it")

// item is an element of a plain list, from a server that has no table for the kind.
func (w *listWriter) item(raw json.RawMessage) error {
	if w.target.tableOnly {
		return errNoTable
	}
	w.isList = true
	if !w.used.keep(w.target.kind, raw) {
		return nil
	}
	n := w.n
	w.n++
	if err := w.open(); err != nil {
		return err
	}
	return w.object(n, raw)
}

func (w *listWriter) object(n int, raw json.RawMessage) error {
	if w.objects == nil || len(raw) == 0 {
		return nil
	}
	trimmed, err := trim(raw, w.target.apiVersion(), w.target.object)
	if err != nil {
		return err
	}
	if n > 0 {
		trimmed = append([]byte(",\n"), trimmed...)
	}
	_, err = w.objects.Write(trimmed)
	return err
}

// close ends the entries so that they are valid JSON, and accounts for the table that a plain list has not. The text, which
// nobody promised, comes first: where a cut bundle has what was promised, it has that too.
func (w *listWriter) close() {
	var errs []error
	if w.table != nil {
		errs = append(errs, w.table.end())
	}
	if w.text != nil {
		errs = append(errs, w.text.Close())
	}
	if w.table != nil {
		errs = append(errs, w.json.Close())
	} else if !w.custom {
		w.batch.Gap(bundle.Gap{Entry: bundle.Table(w.target.name(), w.target.ns), Reason: bundle.NotFound, Detail: "the server has no table for this kind"})
	}
	if w.objects != nil {
		_, err := io.WriteString(w.objects, "]}\n")
		errs = append(errs, err, w.objects.Close())
	}
	if err := errors.Join(errs...); err != nil {
		w.batch.Note("%s: %v", bundle.Resource(w.target.name(), w.target.ns), err) // the batch has recorded the gap of each
	}
}

func (w *listWriter) truncate(reason, note string) {
	for _, e := range []*collect.Entry{w.objects, w.json, w.text} {
		if e != nil {
			e.Truncate(bundle.Truncation{Reason: reason, Note: note})
		}
	}
}

// fail keeps what was read of a list and records what is missing of it.
func (w *listWriter) fail(g bundle.Gap, end listEnd) {
	if w.n > 0 && (w.objects != nil || w.json != nil) {
		note := fmt.Sprintf("ended after %d objects: %s", w.n, g.Detail)
		if end.Remaining > 0 {
			note += fmt.Sprintf(" (%d more are known)", end.Remaining)
		}
		w.truncate(bundle.CutShort, note)
		w.close()
	}
	if w.custom && (g.Reason == bundle.Forbidden || g.Reason == bundle.NotFound) && w.n == 0 {
		return // nobody promised it
	}
	for _, name := range w.target.entries() {
		g.Entry = name
		w.batch.Gap(g)
	}
}
