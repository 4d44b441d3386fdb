package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// pieces are the gzip members of one entry in the order of the file.
type pieces struct {
	header, padding []byte
	body            io.Reader
	size            int64 // of the body, compressed
}

func (p *pieces) total() int64 { return int64(len(p.header)+len(p.padding)) + p.size }

// append puts a finished entry behind the others. On an error the file is as it was.
func (w *Writer) append(info EntryInfo, b *body, counts map[string]int64) error {
	p, err := w.prepare(&info, b, &label{info.Source, info.Truncated, info.Attrs, counts})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !b.own && p.total() > w.left() {
		return fmt.Errorf("appending %q: %w", info.Name, ErrBudget)
	}
	if err := w.copy(&info, p, "append"); err != nil {
		return &WriteError{Op: "appending", Path: w.path, Entry: info.Name, Err: err}
	}
	w.entries = append(w.entries, info)
	w.members += len(info.Members)
	for rule, n := range counts {
		if n > 0 {
			w.countRedactions(info.Name, rule, n)
		}
	}
	return nil
}

func (w *Writer) countRedactions(entry, rule string, n int64) {
	if w.redactions[entry] == nil {
		w.redactions[entry] = map[string]int64{}
	}
	w.redactions[entry][rule] += n
}

// prepare makes the header and padding members; l, if there is one, goes into the header's. It must not hold w.mu: who holds a press may wait for that.
func (w *Writer) prepare(info *EntryInfo, b *body, l *label) (*pieces, error) {
	at := info.Time
	if at.IsZero() {
		at = w.o.Plan.Started
	}
	head, err := tarHeader(w.top+info.path(), info.Size, at)
	if err != nil {
		return nil, err
	}
	press := <-w.presses
	defer func() { w.presses <- press }()
	p := &pieces{body: b.reader(), size: b.compressed()}
	if p.header, err = wholeCopy(press, head); err != nil {
		return nil, err
	}
	if l != nil {
		extra, err := l.pack(press)
		if err != nil {
			return nil, err
		}
		p.header = withExtra(p.header, extra)
	}
	p.padding, err = w.paddings.after(info.Size)
	return p, err
}

func wholeCopy(p *press, plain []byte) ([]byte, error) {
	out, err := p.whole(plain)
	return append([]byte(nil), out...), err
}

// copy writes the pieces at w.off and moves it on; w.mu is held.
func (w *Writer) copy(info *EntryInfo, p *pieces, phase string) error {
	if w.broken != nil {
		return w.broken
	}
	start := w.off
	w.o.Hold(phase)
	at := &cursor{w: w, off: start}
	if err := at.pieces(p, func() { w.o.Hold(phase) }); err != nil {
		return w.rollBack(start, err)
	}
	info.Offset, info.Header = start, int64(len(p.header))
	w.off = at.off
	return nil
}

// rollBack cuts a half-written entry off, so that the file ends with a whole one.
func (w *Writer) rollBack(to int64, because error) error {
	if err := w.file.Truncate(to); err != nil {
		w.broken = fmt.Errorf("cutting off a half-written entry: %w", err)
		return fmt.Errorf("%w (and %w)", because, w.broken)
	}
	return because
}

// cursor writes at an offset of the bundle.
type cursor struct {
	w   *Writer
	off int64
}

func (c *cursor) pieces(p *pieces, between func()) error {
	if err := c.bytes(p.header); err != nil {
		return err
	}
	between()
	if _, err := c.w.file.Seek(c.off, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(c.w.file, p.body)
	c.off += n
	if err != nil {
		return err
	}
	if n != p.size {
		return fmt.Errorf("the spool gave %d of %d bytes: %w", n, p.size, io.ErrUnexpectedEOF)
	}
	between()
	return c.bytes(p.padding)
}

func (c *cursor) bytes(b []byte) error {
	n, err := c.w.file.WriteAt(b, c.off)
	c.off += int64(n)
	return err
}

// put writes a document of the writer's own as an entry.
func (w *Writer) put(name string, document any) error {
	text, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return fmt.Errorf("encoding %q: %w", name, err)
	}
	info, b, err := w.own(name, append(text, '\n'))
	if err != nil {
		return err
	}
	return errors.Join(w.append(info, b, nil), b.discard())
}

// own makes the body of an entry of the writer's own, whose texts were redacted one by one.
func (w *Writer) own(name string, text []byte) (EntryInfo, *body, error) {
	b := newBody(w)
	b.own = true
	e := &Entry{w: w, name: name, path: w.paths.assign(name), body: b, meta: Meta{Source: "imbundle"}}
	_, err := b.Write(text)
	if err == nil {
		err = b.finish()
	}
	if err != nil {
		return EntryInfo{}, nil, errors.Join(fmt.Errorf("writing %q: %w", name, err), b.discard())
	}
	return e.info(), b, nil
}
