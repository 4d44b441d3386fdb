package view

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// mergedAtOnce is how many logs are open at a time at most.
const mergedAtOnce = 100

// Each hands the chosen records of all logs out by time. Asking for a component that nothing belongs to is an *UnknownError.
func (in Input) Each(ctx context.Context, f *Filter, emit func(*Line) error) error {
	c := newCast(in.Specs, f.Components)
	emit = c.labelled(emit)
	if !in.Reader.Direct() {
		return in.gather(ctx, f, c, emit)
	}
	taps, err := in.taps(f, c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(taps, func(t *tap) bool { return t.parts != nil }) {
		if err := c.missing(); err != nil {
			return err
		}
	}
	switch {
	case f.Tail > 0:
		err = in.tails(ctx, taps, emit)
	case len(taps) <= mergedAtOnce:
		err = merge(ctx, taps, in.fromStart, in.year(), emit)
	default:
		return in.gather(ctx, f, c, emit)
	}
	return errors.Join(err, c.missing())
}

// eachLog hands over every log that may hold what the filter chooses, several at a time.
func (in Input) eachLog(ctx context.Context, f *Filter, c *cast, take func(*tap, io.Reader) error) error {
	if !in.Reader.Direct() {
		return in.eachEntry(ctx, f, c, take)
	}
	taps, err := in.taps(f, c)
	if err != nil {
		return err
	}
	return in.eachTap(ctx, taps, take)
}

// labelled gives every line a name that tells its log from the others.
func (c *cast) labelled(emit func(*Line) error) func(*Line) error {
	var names map[string]string
	widest := 0
	return func(l *Line) error {
		if names == nil {
			names = labels(c.logs)
			for _, name := range names {
				widest = max(widest, len(name))
			}
		}
		l.Label, l.Widest = cmp.Or(l.Service, names[l.Log.Entry]), widest
		l.Alone = len(c.logs) == 1 && l.Service == ""
		return emit(l)
	}
}

// taps are the logs of a Direct input that may hold what the filter chooses.
func (in Input) taps(f *Filter, c *cast) ([]*tap, error) {
	var out []*tap
	for _, name := range in.Reader.Names() {
		is, sure := analyze.NamedLog(name)
		if !sure {
			var err error
			if is, err = in.looksLikeLog(name); err != nil {
				return nil, err
			}
		}
		if !is {
			continue
		}
		if t := in.tap(name, f, c); t != nil {
			out = append(out, t)
		}
	}
	return out, nil
}

// tap is nil when the log cannot hold what the filter chooses.
func (in Input) tap(name string, f *Filter, c *cast) *tap {
	log := analyze.NameLog(in.Specs, name)
	parts, ok := c.admit(log)
	if !ok || f.Previous && !log.Previous {
		return nil
	}
	c.note(log)
	return &tap{log: log, parts: parts, f: f, cast: c}
}

func (in Input) looksLikeLog(name string) (bool, error) {
	rc, err := in.Reader.Open(name)
	if err != nil {
		return false, err
	}
	head := make([]byte, analyze.HeadSize)
	n, err := io.ReadFull(rc, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, bundle.ErrCut) {
		err = nil
	}
	return analyze.IsLog(head[:n]), errors.Join(err, rc.Close())
}

func (in Input) fromStart(entry string) (io.ReadCloser, error) { return in.Reader.OpenAt(entry, 0) }

// gather reads all logs into a pile, as often as it takes.
func (in Input) gather(ctx context.Context, f *Filter, c *cast, emit func(*Line) error) error {
	p := &pile{room: cmp.Or(in.room, pileBytes)}
	for {
		err := in.eachLog(ctx, f, c, func(t *tap, r io.Reader) error {
			t.read(r, in.year())
			return fill(p, t)
		})
		if err != nil {
			return onlyOnce(err, "what was shown is complete up to its last line; save the rest to a file, or narrow it with --component, --since, --grep")
		}
		more, err := p.hand(emit)
		if err != nil || !more {
			return errors.Join(err, c.missing())
		}
	}
}

// fill puts the records of a log, or its last ones, on the pile.
func fill(p *pile, t *tap) error {
	if t.f.Tail > 0 {
		last, err := t.tail()
		last.each(p.put)
		return err
	}
	for {
		err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %q: %w", t.log.Entry, err)
		}
		p.put(t.place(), t.line())
	}
}

// eachTap opens every log of a Direct input, several at a time.
func (in Input) eachTap(ctx context.Context, taps []*tap, take func(*tap, io.Reader) error) error {
	return eachOf(ctx, taps, func(t *tap) error {
		rc, err := in.Reader.Open(t.log.Entry)
		if err != nil {
			return err
		}
		return errors.Join(take(t, rc), rc.Close())
	})
}

// eachOf works on several logs at a time, until the first error.
func eachOf(ctx context.Context, taps []*tap, work func(*tap) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waiting := make(chan *tap)
	var gone sync.WaitGroup
	for range min(4, runtime.GOMAXPROCS(0)) {
		gone.Go(func() {
			for t := range waiting {
				if err := work(t); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, t := range taps {
		select {
		case waiting <- t:
		case <-ctx.Done():
		}
	}
	close(waiting)
	gone.Wait()
	return context.Cause(ctx)
}

// eachEntry reads a stream through and takes what is a log.
func (in Input) eachEntry(ctx context.Context, f *Filter, c *cast, take func(*tap, io.Reader) error) error {
	return in.Reader.Each(ctx, 0, func(_ int, file *bundle.File) error {
		is, sure := analyze.NamedLog(file.Name)
		if sure && !is {
			return nil
		}
		body := bufio.NewReaderSize(file, analyze.HeadSize)
		if !sure {
			head, err := body.Peek(analyze.HeadSize)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if !analyze.IsLog(head) {
				return nil
			}
		}
		t := in.tap(file.Name, f, c)
		if t == nil {
			return nil
		}
		return take(t, body)
	})
}
