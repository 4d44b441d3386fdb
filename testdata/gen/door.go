package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/specs"
)

// shippedRedactor compiles the redactions that the product ships.
func shippedRedactor() (*redact.Redactor, error) {
	set, err := specs.Load()
	if err != nil {
		return nil, err
	}
	rules := make([]redact.Rule, len(set.Redactions))
	for i, r := range set.Redactions {
		rules[i] = redact.Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern}
	}
	return redact.Compile(rules)
}

// redactFile sends a file through the redactor.
func redactFile(name string, times int) error {
	r, err := shippedRedactor()
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for range times {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		s := r.Stream(io.Discard)
		_, err := io.Copy(s, f)
		if err := errors.Join(err, s.Close()); err != nil {
			return fmt.Errorf("redacting %q: %w", name, err)
		}
	}
	return nil
}
