package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/imbundle/imbundle/bundle"
)

// readEntry reads entry n of a bundle, counted from 1.
func readEntry(path string, n int) error {
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		return err
	}
	defer r.Close()
	names := r.Names()
	if n < 1 || n > len(names) {
		return fmt.Errorf("%q has %d entries", path, len(names))
	}
	e, err := r.Open(names[n-1])
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, e)
	return errors.Join(err, e.Close())
}
