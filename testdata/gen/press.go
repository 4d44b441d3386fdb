package main

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/testdata/gen/corpus"
)

// press writes a corpus as a bundle.
type press struct {
	path   string
	open   int           // entries at the same time
	pause  time.Duration // between two blocks of an entry
	member int           // MiB
}

func (p press) write(files []corpus.File) error {
	redactor, err := shippedRedactor()
	if err != nil {
		return err
	}
	w, err := bundle.Create(p.path, bundle.Options{Redactor: redactor, MemberSize: p.member << 20, Tool: bundle.Tool{Name: "gen", Version: "1"}})
	if err != nil {
		return err
	}
	return errors.Join(p.fill(w, files), w.Finish(bundle.Final{Complete: true}))
}

// fill writes all entries, in the order of the list as far as they do not stand side by side.
func (p press) fill(w *bundle.Writer, files []corpus.File) error {
	queue, errs := make(chan corpus.File), make([]error, p.open)
	var work sync.WaitGroup
	for i := range p.open {
		work.Go(func() {
			for f := range queue {
				errs[i] = errors.Join(errs[i], p.entry(w, f))
			}
		})
	}
	for _, f := range files {
		queue <- f
	}
	close(queue)
	work.Wait()
	return errors.Join(errs...)
}

func (p press) entry(w *bundle.Writer, f corpus.File) error {
	e, err := w.Create(f.Name, bundle.Meta{})
	if err != nil {
		return err
	}
	if _, err := f.WriteTo(slow{e, p.pause}); err != nil {
		return err
	}
	return e.Close()
}

// slow pauses before each write.
type slow struct {
	io.Writer
	pause time.Duration
}

func (s slow) Write(b []byte) (int, error) {
	time.Sleep(s.pause)
	return s.Writer.Write(b)
}
