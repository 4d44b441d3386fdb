package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// Store is where the entries of a snapshot are read from: a *bundle.Reader, or a bundle that is still being written.
type Store interface {
	Names() []string
	Open(name string) (io.ReadCloser, error)
	Info(name string) *bundle.EntryInfo // nil where nothing is known of it
}

// ErrNoObjects is a bundle without anything that an API server could be asked for.
var ErrNoObjects = errors.New("the bundle holds no Kubernetes objects")

// Cluster is a snapshot that answers as its API server did. It is safe for concurrent use; what it reads from must stay open.
type Cluster struct {
	store   Store
	reader  *bundle.Reader // the store where it is a whole bundle; nil while it is being written
	own     bool           // the layout of a bundle of ours
	at      time.Time      // of the snapshot, by the API server's clock
	ahead   time.Duration  // of that clock
	id      string         // tells this cluster's continue tokens from others'
	kinds   map[string]*resource
	shelves map[string]map[string]*shelf // by key of the kind, then by namespace
	names   map[string]bool              // of entries
	gaps    map[string]bundle.Gap        // by entry
	lists   lists
}

// shelf is where the bundle keeps the objects of one kind in one namespace, or of the whole cluster.
type shelf struct {
	res            *resource
	ns             string
	objects, table string   // entries; empty when the bundle has none
	held           []object // of a foreign bundle, which has no such entries
}

var made atomic.Int64

func newCluster(s Store) *Cluster {
	c := &Cluster{
		store: s, id: strconv.FormatInt(time.Now().UnixNano()+made.Add(1), 36),
		kinds: map[string]*resource{}, shelves: map[string]map[string]*shelf{}, names: map[string]bool{}, gaps: map[string]bundle.Gap{},
	}
	for _, r := range standard {
		c.kinds[r.key()] = r
	}
	for _, name := range s.Names() {
		c.names[name] = true
	}
	return c
}

// SnapshotHeader is the head of an answer to /version that says what the present is for a snapshot, in RFC 3339.
const SnapshotHeader = "Imbundle-Snapshot"

// New makes a cluster of the entries that a bundle being written has at this moment. at is the time of the snapshot; where it is
// zero, it is when the last list was asked for, and ahead is how far the API server's clock is ahead of the one that says so.
func New(s Store, at time.Time, ahead time.Duration) (*Cluster, error) {
	c := newCluster(s)
	c.own, c.ahead = true, ahead
	err := c.takeStock()
	if !at.IsZero() {
		c.at = at
	}
	return c, err
}

// Open makes a cluster of any bundle that can be read more than once. A foreign one is read as a whole first: its lists of
// objects are recognised by content and kept in memory, up to a limit. ErrNoObjects says that there are none.
func Open(ctx context.Context, r *bundle.Reader) (*Cluster, error) {
	own := r.Plan() != nil || r.Manifest() != nil
	var found *foreign
	if !own || r.Manifest() == nil { // a stream: its names are met by reading it
		found = newForeign()
		if err := r.Each(ctx, 1, found.visit(own)); err != nil {
			return nil, err
		}
	}
	c := newCluster(r)
	c.reader, c.own = r, own
	var err error
	if own {
		c.ahead = Ahead(clockOf(r))
		err = c.takeStock()
	} else {
		c.takeForeign(found)
	}
	if m := r.Manifest(); m != nil {
		for _, g := range m.Gaps {
			c.gaps[g.Entry] = g
		}
	}
	if err == nil && len(c.shelves) == 0 {
		err = ErrNoObjects
	}
	return c, err
}

// takeStock finds the lists of a bundle of ours by the names of their entries: objects first, which say what a kind is.
func (c *Cluster) takeStock() error {
	names := c.store.Names()
	for _, name := range names {
		kind, ns, ok := bundle.ParseResource(name)
		if !ok {
			continue
		}
		res, err := c.kindOf(kind, ns, name)
		if err != nil {
			return err
		}
		if res == nil {
			continue
		}
		c.shelf(res, ns).objects = name
		if i := c.store.Info(name); i != nil && i.Time.After(c.at) {
			c.at = i.Time
		}
	}
	for _, name := range names {
		kind, ns, ok := bundle.ParseTable(name)
		if !ok {
			continue
		}
		if res := c.known(kind); res != nil {
			c.shelf(res, ns).table = name
		}
	}
	if p := c.plan(); c.at.IsZero() && p != nil {
		c.at = p.Started // of a bundle that was cut nothing says when a list was asked for
	}
	c.at = c.at.Add(c.ahead)
	return nil
}

func (c *Cluster) plan() *bundle.Plan {
	if c.reader == nil {
		return nil
	}
	return c.reader.Plan()
}

func clockOf(r *bundle.Reader) []bundle.ClockOffset {
	if p := r.Plan(); p != nil {
		return p.Clock
	}
	return nil
}

// Ahead is how far the API server's clock was ahead of the collector's, where that is more than could be measured.
func Ahead(clock []bundle.ClockOffset) time.Duration {
	for _, o := range clock {
		if o.Subject == "apiserver" && o.Offset.Abs() > o.Uncertainty {
			return o.Offset
		}
	}
	return 0
}

// shelf is made when it is first asked for.
func (c *Cluster) shelf(res *resource, ns string) *shelf {
	of := c.shelves[res.key()]
	if of == nil {
		of = map[string]*shelf{}
		c.shelves[res.key()] = of
	}
	if of[ns] == nil {
		of[ns] = &shelf{res: res, ns: ns}
	}
	return of[ns]
}

// known is the kind that a folder of the layout is called after.
func (c *Cluster) known(folder string) *resource {
	if r := standardPlural(folder); r != nil {
		return r
	}
	return c.kinds[folder]
}

// kindOf is the kind of a list; of a custom resource the first object says the version. Nil is a list of something else.
func (c *Cluster) kindOf(folder, ns, entry string) (*resource, error) {
	if r := c.known(folder); r != nil {
		return r, nil
	}
	first, err := c.first(entry)
	if err != nil || first == (typed{}) {
		return nil, err
	}
	r := custom(folder, first, ns != "")
	if r != nil {
		c.kinds[r.key()] = r
	}
	return r, nil
}

var errEnough = errors.New("enough was read")

// first is the kind of the first object of a list; zero where there is none.
func (c *Cluster) first(entry string) (of typed, err error) {
	err = c.read(entry, func(r io.Reader) error {
		return readList(r, func(t typed, _ object) error { of = t; return errEnough })
	})
	if errors.Is(err, errEnough) || errors.Is(err, errNoList) {
		err = nil
	}
	return of, err
}

// read hands an entry to a func.
func (c *Cluster) read(entry string, how func(io.Reader) error) error {
	rc, err := c.store.Open(entry)
	if err != nil {
		return err
	}
	defer rc.Close()
	if err := how(rc); err != nil {
		return fmt.Errorf("reading %q: %w", entry, err)
	}
	return nil
}

// At is the time of the snapshot: when the last of its lists was asked for.
func (c *Cluster) At() time.Time { return c.at }

// Namespaces are those of which the bundle holds more than events, sorted: events about nodes stand in namespace default, wherever
// the rest was collected. A bundle that holds events only has those of its events.
func (c *Cluster) Namespaces() []string {
	found, events := map[string]bool{}, map[string]bool{}
	for resource, of := range c.shelves {
		for ns := range of {
			switch {
			case ns == "":
			case resource == "events":
				events[ns] = true
			default:
				found[ns] = true
			}
		}
	}
	if len(found) == 0 {
		found = events
	}
	return slices.Sorted(maps.Keys(found))
}
