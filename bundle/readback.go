package bundle

import (
	"fmt"
	"io"
	"slices"
)

// Names lists the entries that are in the bundle so far.
func (w *Writer) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, len(w.entries))
	for i, e := range w.entries {
		names[i] = e.Name
	}
	return names
}

// Info describes an entry that is in the bundle; nil while it is not.
func (w *Writer) Info(name string) *EntryInfo {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.entries, func(e EntryInfo) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	info := w.entries[i]
	return &info
}

// Open reads back an entry that is in the bundle, as it was written: redacted. ErrNotFound says that it is not there (yet).
// It must not be called after Finish.
func (w *Writer) Open(name string) (io.ReadCloser, error) {
	info := w.Info(name)
	if info == nil {
		return nil, fmt.Errorf("opening %q: %w", name, ErrNotFound)
	}
	_, r, err := newDecoder().open(w.file, span{info, info.end()})
	if err != nil {
		return nil, fmt.Errorf("reading %q back: %w", name, err)
	}
	return io.NopCloser(r), nil
}
