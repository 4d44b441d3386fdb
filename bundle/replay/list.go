package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// list is a shelf's content.
type list struct {
	objects []object
	byName  map[string]int
	columns json.RawMessage // of the table; nil when the bundle has none
	cells   map[string]json.RawMessage
	cut     string // why it is not whole; empty when it is
	size    int

	mu    sync.Mutex
	index map[string]map[string][]int // by path of a field, then by its value
}

// largestList bounds what is read of one list, which is held whole while it is read: a hostile bundle may say anything.
const largestList = 512 << 20

// roomForLists is how much of the lists is kept in memory: the last that were asked for.
const roomForLists = 96 << 20

// lists are the contents of shelves that were asked for lately.
type lists struct {
	mu   sync.Mutex
	kept map[*shelf]*list
	used []*shelf // the longest unused first
	size int
}

// list reads a shelf, or finds it where it was read before.
func (c *Cluster) list(s *shelf) (*list, error) {
	c.lists.mu.Lock()
	defer c.lists.mu.Unlock()
	if l := c.lists.kept[s]; l != nil {
		c.lists.touch(s)
		return l, nil
	}
	l, err := c.load(s)
	if err != nil {
		return nil, err
	}
	c.lists.keep(s, l)
	return l, nil
}

func (l *lists) touch(s *shelf) {
	for i, other := range l.used {
		if other == s {
			l.used = append(append(l.used[:i:i], l.used[i+1:]...), s)
			return
		}
	}
}

func (l *lists) keep(s *shelf, content *list) {
	if l.kept == nil {
		l.kept = map[*shelf]*list{}
	}
	for len(l.used) > 0 && l.size+content.size > roomForLists {
		oldest := l.used[0]
		l.size -= l.kept[oldest].size
		delete(l.kept, oldest)
		l.used = l.used[1:]
	}
	l.kept[s] = content
	l.used = append(l.used, s)
	l.size += content.size
}

// load reads a shelf. An entry that was cut gives what it has.
func (c *Cluster) load(s *shelf) (*list, error) {
	l := &list{byName: map[string]int{}, index: map[string]map[string][]int{}}
	for _, o := range s.held {
		l.add(o)
	}
	if s.objects != "" {
		err := c.read(s.objects, func(r io.Reader) error {
			return readList(io.LimitReader(r, largestList), func(_ typed, o object) error { l.add(o); return nil })
		})
		if err != nil {
			l.cut = err.Error()
		}
		if i := c.store.Info(s.objects); i != nil && i.Truncated != nil {
			l.cut = i.Truncated.Note
		}
	}
	if s.table != "" {
		if err := c.read(s.table, l.readTable(s.ns)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *list) add(o object) {
	if _, twice := l.byName[o.meta.Name]; twice {
		return
	}
	l.byName[o.meta.Name] = len(l.objects)
	l.objects = append(l.objects, o)
	l.size += len(o.raw) + 500
}

// readTable reads the cells of the server's own table. Where the bundle has no objects, the rows say what they are called.
func (l *list) readTable(ns string) func(io.Reader) error {
	return func(r io.Reader) error {
		var table struct {
			Columns json.RawMessage `json:"columnDefinitions"`
			Rows    []tableRow      `json:"rows"`
		}
		if err := json.NewDecoder(io.LimitReader(r, largestList)).Decode(&table); err != nil {
			return err
		}
		var columns []metav1.TableColumnDefinition
		if err := json.Unmarshal(table.Columns, &columns); err != nil {
			return err
		}
		if len(columns) == 0 {
			return nil
		}
		named := slices.IndexFunc(columns, func(c metav1.TableColumnDefinition) bool { return c.Format == "name" })
		l.columns, l.cells = table.Columns, make(map[string]json.RawMessage, len(table.Rows))
		for _, row := range table.Rows {
			if err := l.addRow(row, named, ns); err != nil {
				return err
			}
		}
		return nil
	}
}

type tableRow struct {
	Cells  json.RawMessage `json:"cells"`
	Object json.RawMessage `json:"object"`
}

// addRow keeps a row under the name of its object, or under the cell in the column of names.
func (l *list) addRow(row tableRow, named int, ns string) error {
	var o object
	if len(row.Object) > 0 {
		var err error
		if _, o, err = newObject(typed{}, row.Object); err != nil {
			return err
		}
	}
	if o.meta.Name == "" {
		var cells []any
		if err := json.Unmarshal(row.Cells, &cells); err != nil {
			return err
		}
		if named < 0 || named >= len(cells) {
			return nil
		}
		o.meta = objectMeta{Name: fmt.Sprint(cells[named]), Namespace: ns}
	}
	l.cells[o.meta.Name] = row.Cells
	l.size += len(row.Cells)
	if _, known := l.byName[o.meta.Name]; !known {
		o.raw = nil
		l.add(o)
	}
	return nil
}

// with are the objects whose field has a value, by an index that is made at the first question.
func (l *list) with(path, value string) ([]int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	values := l.index[path]
	if values == nil {
		values = map[string][]int{}
		for i := range l.objects {
			v, err := l.objects[i].field(path)
			if err != nil {
				return nil, err
			}
			values[v] = append(values[v], i)
		}
		l.index[path] = values
	}
	return values[value], nil
}

var errTableOnly = errors.New("the bundle holds table cells only")

// field is the text of a field of an object.
func (o *object) field(path string) (string, error) {
	switch path {
	case "metadata.name":
		return o.meta.Name, nil
	case "metadata.namespace":
		return o.meta.Namespace, nil
	}
	if o.raw == nil {
		return "", fmt.Errorf("%q of %q: %w", path, o.meta.Name, errTableOnly)
	}
	m, err := decode(o.raw)
	if err != nil {
		return "", err
	}
	if path == "source" { // an event's
		if s := lookup(m, "source.component"); s != "" {
			return s, nil
		}
		return lookup(m, "reportingComponent"), nil
	}
	return lookup(m, path), nil
}
