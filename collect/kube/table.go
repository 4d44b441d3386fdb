package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
)

// asTable asks for the server's own columns, and for a plain list of servers that have none.
const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

// printedRows is how many rows are laid out together in the text; more than that are not held in memory.
const printedRows = 5000

// row is an element of a Table.
type row struct {
	Cells  []any           `json:"cells"`
	Object json.RawMessage `json:"object,omitempty"`
}

// tableWriter writes a Table as JSON and, as kubectl get -o wide prints it, as text.
type tableWriter struct {
	json, text io.Writer
	columns    []metav1.TableColumnDefinition
	begun      bool
	printer    printers.ResourcePrinter
	held       []metav1.TableRow
}

func newTableWriter(json, text io.Writer) *tableWriter {
	return &tableWriter{json: json, text: text, printer: printers.NewTablePrinter(printers.PrintOptions{Wide: true})}
}

// define takes the columns, which the server repeats on every page.
func (t *tableWriter) define(raw json.RawMessage) error {
	if t.begun {
		return nil
	}
	t.begun = true
	if err := json.Unmarshal(raw, &t.columns); err != nil {
		return fmt.Errorf("reading the columns: %w", err)
	}
	_, err := fmt.Fprintf(t.json, `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":%s,"rows":[`, compact(raw))
	return err
}

// add writes a row. Of its object only what names it is kept.
func (t *tableWriter) add(n int, r row, object json.RawMessage) error {
	named, err := marshal(row{Cells: r.Cells, Object: naming(object)})
	if err != nil {
		return err
	}
	if n > 0 {
		named = append([]byte(",\n"), named...)
	}
	if _, err := t.json.Write(named); err != nil {
		return err
	}
	t.held = append(t.held, metav1.TableRow{Cells: r.Cells})
	if len(t.held) >= printedRows {
		return t.print()
	}
	return nil
}

// print lays out the rows that are held. A kind without rows has no text, as kubectl prints none.
func (t *tableWriter) print() error {
	if len(t.held) == 0 {
		return nil
	}
	table := &metav1.Table{ColumnDefinitions: t.columns, Rows: t.held}
	t.held = nil
	if err := t.printer.PrintObj(table, t.text); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}

// end closes the JSON.
func (t *tableWriter) end() error {
	if !t.begun {
		if err := t.define(json.RawMessage("[]")); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(t.json, "]}\n"); err != nil {
		return err
	}
	return t.print()
}

// naming cuts an object down to what identifies it.
func naming(object json.RawMessage) json.RawMessage {
	if len(object) == 0 {
		return nil
	}
	var o struct {
		Metadata struct {
			Name      string            `json:"name"`
			Namespace string            `json:"namespace,omitempty"`
			UID       string            `json:"uid,omitempty"`
			Created   string            `json:"creationTimestamp,omitempty"`
			Labels    map[string]string `json:"labels,omitempty"`
		} `json:"metadata"`
	}
	if json.Unmarshal(object, &o) != nil || o.Metadata.Name == "" { // null, where only cells were asked for
		return nil
	}
	raw, err := marshal(map[string]any{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": o.Metadata})
	if err != nil {
		return nil // strings and maps of strings always marshal
	}
	return raw
}

func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}
