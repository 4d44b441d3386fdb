package bundle

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Writer makes one bundle. All methods may be called from several goroutines.
type Writer struct {
	path     string
	top      string // folder in the archive, with its slash
	o        Options
	spools   *spoolDir
	reserve  *os.File // room on the disk that Finish needs
	chunks   chunks
	presses  chan *press
	paddings paddings

	mu         sync.Mutex
	file       *os.File
	off        int64 // end of the last finished entry
	broken     error // the file could not be brought back to off
	entries    []EntryInfo
	members    int // of all entries
	names      map[string]bool
	paths      *paths
	open       map[*Entry]bool
	gaps       []Gap
	redactions map[string]map[string]int64 // entry name → rule id → replacements
	closing    bool

	once   sync.Once
	result error
}

// Create makes the file and writes the plan; both are on disk when it returns. An existing file, a missing folder, a full disk
// come back as a wrapped *fs.PathError; nothing is left behind then.
func Create(path string, o Options) (*Writer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &Writer{
		path: path, top: topFolder(path), o: o, names: map[string]bool{}, paths: newPaths(), open: map[*Entry]bool{},
		redactions: map[string]map[string]int64{}, presses: make(chan *press, o.Workers),
	}
	for range o.Workers {
		p, err := newPress(o.Level)
		if err != nil {
			return nil, err
		}
		w.presses <- p
	}
	if err := w.begin(); err != nil {
		return nil, fmt.Errorf("creating the bundle: %w", err)
	}
	return w, nil
}

// topFolder is the file's name without its extension; it is encoded like any other component.
func topFolder(path string) string {
	name := filepath.Base(path)
	for _, ext := range []string{".tgz", ".tar.gz"} {
		name = strings.TrimSuffix(name, ext)
	}
	if checkName(name) != nil || roots[name] {
		name = "bundle"
	}
	return encodeName(name) + "/"
}

func (w *Writer) begin() error {
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	w.file = f
	dir := w.o.TempDir
	if dir == "" {
		dir = filepath.Dir(w.path)
	}
	w.spools, err = newSpoolDir(dir)
	if err == nil {
		w.o.Hold("plan")
		err = w.writePlan()
	}
	if err != nil {
		if w.spools != nil {
			err = errors.Join(err, w.spools.remove())
		}
		return errors.Join(err, f.Close(), os.Remove(w.path))
	}
	w.reserve = w.spools.reserve(reserveSize)
	return nil
}

func (w *Writer) writePlan() error {
	plan := w.o.Plan
	plan.Incident = w.clean(plan.Incident)
	if plan.Cluster != nil {
		cluster := *plan.Cluster
		cluster.Server = w.o.Redactor.String(cluster.Server)
		plan.Cluster = &cluster
	}
	if err := w.put(PlanFile, plan); err != nil {
		return err
	}
	w.o.Hold("plan")
	return w.file.Sync()
}

// clean redacts the strings of a decoded document.
func (w *Writer) clean(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = w.cleanValue(v)
	}
	return out
}

func (w *Writer) cleanValue(v any) any {
	switch v := v.(type) {
	case string:
		return w.o.Redactor.String(v)
	case map[string]any:
		return w.clean(v)
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = w.o.Redactor.String(s)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = w.cleanValue(x)
		}
		return out
	}
	return v
}

// Create opens an entry; see layout.go for names. The name passes the redactor. ErrName, ErrDuplicate and ErrFinished say why
// not. The entry must be closed or aborted; what is still open when the bundle is finished becomes truncated.
func (w *Writer) Create(name string, m Meta) (*Entry, error) {
	name = w.o.Redactor.String(name)
	if err := checkName(name); err != nil {
		return nil, err
	}
	if Own(name) {
		return nil, fmt.Errorf("entry %q: the folder is the writer's own: %w", name, ErrName)
	}
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return nil, fmt.Errorf("entry %q: %w", name, ErrFinished)
	}
	e, err := w.enter(name, m)
	w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	w.o.Hold("open")
	return e, nil
}

// enter makes an entry; w.mu is held.
func (w *Writer) enter(name string, m Meta) (*Entry, error) {
	if w.names[name] {
		return nil, fmt.Errorf("entry %q: %w", name, ErrDuplicate)
	}
	w.names[name] = true
	if m.Truncated != nil {
		t := *m.Truncated // the caller's own is not changed
		m.Truncated = &t
	}
	e := &Entry{w: w, name: name, path: w.paths.assign(name), meta: m, body: newBody(w)}
	e.stream = w.o.Redactor.Stream(e.body)
	w.open[e] = true
	return e, nil
}

func (w *Writer) forget(e *Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, e)
}

// Gap records evidence that could not be had. Its texts pass the redactor.
func (w *Writer) Gap(g Gap) {
	r := w.o.Redactor
	g.Entry, g.Source, g.Detail, g.Costs = r.String(g.Entry), r.String(g.Source), r.String(g.Detail), r.String(g.Costs)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, g)
}

// Size is the length of the file so far, in bytes.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.off
}

// Path is where the bundle is written.
func (w *Writer) Path() string { return w.path }

// budget is how many compressed bytes another entry may have.
func (w *Writer) budget() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left()
}

func (w *Writer) left() int64 {
	if w.o.MaxSize == 0 {
		return math.MaxInt64
	}
	// What Finish writes: per entry a sum, a name and offsets, per member a length, and its own three entries.
	ending := int64(8<<10 + 200*(len(w.entries)+len(w.open)) + 160*len(w.gaps) + 4*w.members)
	return w.o.MaxSize - w.off - ending
}
