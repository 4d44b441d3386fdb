package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/imbundle/imbundle/analyze/view"
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
	var once *view.OnceError
	switch {
	case errors.As(err, &newer):
		return "analyze it with a newer version of imbundle; its entries can be read with `tar xzf`"
	case errors.As(err, &input) && input.Hint != "":
		return input.Hint
	case errors.As(err, &once):
		return once.Advice
	case errors.As(err, &cluster):
		return cluster.Hint
	case errors.As(err, &problems):
		return "mend the lines named above; `imbundle specs explain ID` shows a built-in stanza as an example"
	case bundle.NoSpace(err):
		return "make room, write elsewhere with -f, or limit the size with --max-size or --profile quick"
	case errors.Is(err, context.Canceled):
		return ""
	}
	if hint := nameAdvice(err); hint != "" {
		return hint
	}
	return fileAdvice(err)
}

// nameAdvice says what names there are.
func nameAdvice(err error) string {
	var unknown *view.UnknownError
	var several *view.AmbiguousError
	switch {
	case errors.As(err, &several):
		return "name one of them: " + someOf(several.Names)
	case !errors.As(err, &unknown):
		return ""
	case unknown.What == "operation":
		return "the value of operationID in a log line, or a part of it between $ signs; `imbundle show logs FILE --grep TEXT` finds any text"
	case unknown.What == "event":
		return "the input holds no events of Kubernetes"
	}
	if near := nearest(unknown.Name, unknown.Known); near != "" {
		return "did you mean `" + near + "`?"
	}
	if len(unknown.Known) == 0 {
		return "there is none in the input"
	}
	return "there are: " + someOf(unknown.Known)
}

// someOf lists the first of many names.
func someOf(names []string) string {
	const most = 24
	text := printable(strings.Join(names[:min(len(names), most)], ", "))
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
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
