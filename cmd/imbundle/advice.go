package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/specs"
)

// advice is what to do about an error, by what it is; empty when there is nothing to add.
func advice(err error) string {
	var input *bundle.InputError
	var newer *bundle.NewerError
	var cluster *kube.Error
	var problems *specs.Problems
	switch {
	case errors.As(err, &newer):
		return "analyze it with a newer version of imbundle; its entries can be read with `tar xzf`"
	case errors.As(err, &input) && input.Hint != "":
		return input.Hint
	case errors.As(err, &cluster):
		return cluster.Hint
	case errors.As(err, &problems):
		return "mend the lines named above; `imbundle specs explain ID` shows a built-in stanza as an example"
	case bundle.NoSpace(err):
		return "make room, write elsewhere with -f, or limit the size with --max-size or --profile quick"
	case errors.Is(err, context.Canceled):
		return ""
	}
	return fileAdvice(err)
}

// fileAdvice is about what the operating system said of a file.
func fileAdvice(err error) string {
	switch {
	case errors.Is(err, fs.ErrExist):
		return "a bundle is never overwritten: choose another name with -f, or move the file away"
	case errors.Is(err, fs.ErrNotExist):
		return "check the name"
	case errors.Is(err, fs.ErrPermission):
		return "check the rights of the file and its folder"
	}
	return ""
}

// firstLine keeps an error to one line; the list of mistakes in specs is the only one that needs more.
func firstLine(err error) string {
	var problems *specs.Problems
	text := strings.TrimSpace(err.Error())
	if errors.As(err, &problems) {
		return strings.ReplaceAll(text, "\n", "\n  ")
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", " ")), " ")
}
