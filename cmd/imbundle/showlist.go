package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze/view"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/replay"
)

func newShowLs(s streams, f *showFlags) *cobra.Command {
	var o view.ListOptions
	c := &cobra.Command{
		Use:   "ls FILE [PATTERN…]",
		Short: "List entries: size, time, source, what was cut off",
		Long: `Lists the entries of a bundle. A PATTERN is a part of the name, or the whole name with * and ? in it (* stands for any
characters, / too). --missing lists what is not there instead: what could not be collected and why, what the plan promised
and the file does not hold, where a cut file ends.`,
		Example: `  imbundle show ls FILE
  imbundle show ls FILE openim-push '*-previous.log'
  imbundle show ls FILE --missing`,
		Args: atLeast(0, ""),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("--output", o.Output, "table", "wide", "json"); err != nil {
				return err
			}
			o.Patterns = args[1:]
			return f.show(c.Context(), s, args[0], func(v showing) error { return v.List(c.Context(), v.out, o, v.Screen) })
		},
	}
	c.Flags().StringVarP(&o.Output, "output", "o", "table", "form of the result: table, wide, json")
	c.Flags().BoolVar(&o.Missing, "missing", false, "list what is missing, and why")
	return c
}

func newShowCat(s streams, f *showFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "cat FILE NAME…",
		Short: "Print entries as they are",
		Long: `Prints the bytes of entries, one after the other. A NAME may be shortened to its end, or to any part of it, that no other
entry has. On a terminal control characters are made visible; into a pipe or a file the bytes are those of the entry.`,
		Example: `  imbundle show cat FILE imbundle/manifest.json | jq .gaps
  imbundle show cat FILE top/nodes.txt`,
		Args: atLeast(1, "NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			return f.show(c.Context(), s, args[0], func(v showing) error { return v.Cat(c.Context(), v.out, args[1:], v.terminal) })
		},
	}
}

func newShowDescribe(s streams, f *showFlags) *cobra.Command {
	var namespace string
	c := &cobra.Command{
		Use:   "describe FILE KIND/NAME",
		Short: "Print what `kubectl describe` said of an object",
		Long: `Prints the text of kubectl describe for an object of the bundle, with ages as of the snapshot. KIND may be singular,
plural or short (pods, po, deploy, svc, no, pvc, sts, ds). KIND NAME in two words is fine, too.`,
		Example: `  imbundle show describe FILE deploy/openim-push
  imbundle show describe FILE node node-1`,
		Args: atLeast(1, "KIND/NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := view.ParseObject(args[1:], namespace)
			if err != nil {
				return usagef("usage: "+c.UseLine(), "%s", err)
			}
			return f.show(c.Context(), s, args[0], func(v showing) error { return describe(c.Context(), v, o) })
		},
	}
	c.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace of the object (default: the only one that has it)")
	return c
}

// describe prints the text that the bundle holds, or renders it from the object.
func describe(ctx context.Context, v showing, o view.Object) error {
	err := v.Describe(ctx, v.out, o, v.terminal)
	var unknown *view.UnknownError
	if !errors.Is(err, bundle.ErrNotFound) && !errors.As(err, &unknown) {
		return err
	}
	return renderDescribe(ctx, v, o)
}

// renderDescribe makes the text as kubectl does, out of the object in the bundle.
func renderDescribe(ctx context.Context, v showing, o view.Object) error {
	cluster, err := replay.Open(ctx, v.Reader)
	if err != nil {
		return err
	}
	all, err := cluster.Objects(o.Plural())
	if err != nil {
		return err
	}
	var found []replay.Object
	unknown := &view.UnknownError{What: o.Kind, Name: strings.TrimPrefix(o.Namespace+"/"+o.Name, "/")}
	for _, x := range all {
		name := x.Name
		if o.Namespace != "" {
			name = x.Namespace + "/" + x.Name
		}
		unknown.Known = append(unknown.Known, name)
		if x.Name == o.Name && (o.Namespace == "" || x.Namespace == o.Namespace) {
			found = append(found, x)
		}
	}
	switch len(found) {
	case 0:
		return unknown
	case 1:
		text, err := cluster.Describer().Describe(found[0])
		if err != nil {
			return err
		}
		return v.Print(v.out, text, v.terminal)
	}
	several := &view.AmbiguousError{Name: o.String()}
	for _, x := range found {
		several.Names = append(several.Names, "-n "+x.Namespace)
	}
	return several
}
