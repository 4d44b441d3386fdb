package bundle

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sort"
	"strings"
	"sync"
)

// Reasons of an Omission.
const (
	OmitLink      = "link"
	OmitDevice    = "device" // devices, pipes, sockets and unknown types
	OmitAbsolute  = "absolute name"
	OmitTraversal = "name leads out of the archive"
	OmitName      = "name too long, too deep or not text"
	OmitDuplicate = "name seen before"
	OmitSparse    = "sparse file"
	OmitMethod    = "packed by an unsupported method"
	OmitLocked    = "encrypted, it needs a password"
	OmitDamaged   = "damaged"                          // delivered as far as it could be read
	OmitBomb      = "expands too far, or is too large" // delivered up to the limit
	OmitSize      = "size differs from what the archive says"
	OmitJunk      = "file of the packing system" // __MACOSX, ._x, .DS_Store
	OmitUnread    = "could not be opened"
)

// Omission counts entries that were left out for one reason.
type Omission struct {
	Reason  string
	Count   int64
	Example string // name of the first
}

// End is how a reading ended.
type End struct {
	Complete bool     // the input's own end was reached and nothing was damaged
	Offset   int64    // bytes of the input that were read up to the cut or damage
	Entry    string   // being read there; the last one before the cut when none was
	Between  bool     // the cut stands behind that entry, which is whole
	Reason   string   // empty when complete
	Promised []string // names and patterns of the plan that no entry fulfils
}

// book keeps what is known of an input, and the account of the current pass over it.
type book struct {
	mu       sync.Mutex
	lim      Limits
	top      string // common folder to strip, with its slash
	seed     maphash.Seed
	seen     map[uint64]struct{}
	names    []string
	letters  int
	omitted  map[string]*Omission
	plan     *Plan
	manifest *Manifest
	info     map[string]*EntryInfo
	end      End
}

func newBook(l Limits) *book {
	b := &book{lim: l.withDefaults(), seed: maphash.MakeSeed()}
	b.begin()
	return b
}

// begin opens the account of a new pass.
func (b *book) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.names, b.letters, b.omitted = map[uint64]struct{}{}, nil, 0, map[string]*Omission{}
	b.end = End{Complete: true}
}

func (b *book) omit(reason, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.omitted[reason]
	if o == nil {
		o = &Omission{Reason: reason, Example: name[:min(len(name), 200)]}
		b.omitted[reason] = o
	}
	o.Count++
}

func (b *book) omissions() []Omission {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Omission
	for _, o := range b.omitted {
		list = append(list, *o)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Reason < list[j].Reason })
	return list
}

// cut records the first place where the input gave out.
func (b *book) cut(offset int64, entry string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end.Complete {
		b.end = End{Offset: offset, Entry: strings.TrimPrefix(entry, b.top), Between: errors.Is(err, errNoEnd), Reason: err.Error()}
	}
}

func (b *book) ending() End {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.end
	if b.plan != nil {
		e.Promised = b.plan.Missing(b.names)
	}
	return e
}

func (b *book) list() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.names...)
}

// admit gives the true name of a regular entry. It is empty when the entry is left out, which is counted; an error says that a
// limit ends the whole reading.
func (b *book) admit(raw string) (string, error) {
	name, reason := b.lim.tidy(raw)
	if reason != "" {
		b.omit(reason, raw)
		return "", nil
	}
	return b.enter(decodeName(strings.TrimPrefix(name, b.top)), raw)
}

// enter takes a name into the account.
func (b *book) enter(name, raw string) (string, error) {
	key := maphash.String(b.seed, name)
	b.mu.Lock()
	_, dup := b.seen[key]
	over := !dup && (len(b.names) >= b.lim.Entries || b.letters+len(name) > nameBudget)
	if !dup && !over {
		b.seen[key] = struct{}{}
		b.names = append(b.names, name)
		b.letters += len(name)
	}
	b.mu.Unlock()
	if over {
		return "", fmt.Errorf("more than %d entries: %w", b.lim.Entries, ErrLimit)
	}
	if dup {
		b.omit(OmitDuplicate, raw)
		return "", nil
	}
	return name, nil
}

// tidy brings an archive's name into plain form, or says why it cannot be used.
func (l Limits) tidy(raw string) (name, reason string) {
	if len(raw) > l.Name || strings.IndexByte(raw, 0) >= 0 {
		return "", OmitName
	}
	if strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, `\`) || len(raw) > 2 && raw[1] == ':' && (raw[2] == '\\' || raw[2] == '/') {
		return "", OmitAbsolute
	}
	parts := make([]string, 0, 8)
	for _, p := range strings.Split(raw, "/") {
		switch p {
		case "", ".":
		case "..":
			return "", OmitTraversal
		default:
			parts = append(parts, p)
		}
	}
	switch {
	case len(parts) == 0 || len(parts) > l.Depth:
		return "", OmitName
	case junk(parts):
		return "", OmitJunk
	}
	return strings.Join(parts, "/"), ""
}

func junk(parts []string) bool {
	last := parts[len(parts)-1]
	return parts[0] == "__MACOSX" || strings.HasPrefix(last, "._") || last == ".DS_Store"
}

// commonTop is the one folder that holds all names, with its slash; empty when there is none or when it belongs to the layout.
func (l Limits) commonTop(raws []string) string {
	top := ""
	for _, raw := range raws {
		name, reason := l.tidy(raw)
		if reason != "" {
			continue
		}
		first, _, inside := strings.Cut(name, "/")
		if !inside || roots[first] || top != "" && first != top {
			return ""
		}
		top = first
	}
	if top == "" {
		return ""
	}
	return top + "/"
}

// learn reads the plan or the manifest of a bundle from its entry. Only a newer format is an error: a damaged document is
// treated as missing and counted.
func (b *book) learn(name string, text []byte) error {
	var err error
	switch name {
	case PlanFile:
		var p *Plan
		if p, err = decodePlan(text); err == nil {
			b.plan = p
		}
	case ManifestFile:
		var m *Manifest
		if m, err = decodeManifest(text); err == nil {
			b.know(m)
		}
	}
	var newer *NewerError
	if errors.As(err, &newer) {
		return err
	}
	if err != nil {
		b.omit(OmitDamaged, name)
	}
	return nil
}

func (b *book) know(m *Manifest) {
	b.manifest = m
	b.info = make(map[string]*EntryInfo, len(m.Entries))
	for i := range m.Entries {
		b.info[m.Entries[i].Name] = &m.Entries[i]
	}
}

// admitInside is admit for a file of an archive that is an entry itself; its name has no top folder to lose.
func (b *book) admitInside(raw string) (string, error) {
	name, reason := b.lim.tidy(raw)
	if reason != "" {
		b.omit(reason, raw)
		return "", nil
	}
	return b.enter(decodeName(name), raw)
}

// infoOf is what the manifest says of an entry, for those who may ask while it is being learnt.
func (b *book) infoOf(name string) *EntryInfo {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.info[name]
}

// learnLate is learn for a document that is met while entries are visited.
func (b *book) learnLate(name string, text []byte) error {
	fresh := newBook(b.lim)
	if err := fresh.learn(name, text); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if fresh.plan != nil && b.plan == nil {
		b.plan = fresh.plan
	}
	if fresh.manifest != nil && b.manifest == nil {
		b.manifest, b.info = fresh.manifest, fresh.info
	}
	return nil
}
