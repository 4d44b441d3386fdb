package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/collect/kube"
)

func newCleanup(s streams) *cobra.Command {
	o := kube.Options{Flags: kube.NewFlags()}
	c := &cobra.Command{
		Use:   "cleanup",
		Short: "Delete the pods that a collection left on nodes when it was killed",
		Long: `Deletes the pods by which ` + "`imbundle collect --node-mode pod`" + ` asks nodes. A run takes its pods away itself, also after Ctrl-C;
one that was killed cannot. They are known by their labels, app.kubernetes.io/managed-by=imbundle and
app.kubernetes.io/component=node; nothing else is touched. Pods of a run that is still under way are deleted too.

Prints what was deleted.`,
		Example: `  imbundle cleanup
  imbundle cleanup -n openim`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error { return runCleanup(c.Context(), s, o) },
	}
	c.Flags().SortFlags = false
	c.Flags().StringSliceVarP(&o.Namespaces, "namespace", "n", nil, "namespace to look in (repeatable; default: all)")
	o.Flags.AddFlags(c.Flags())
	return c
}

func runCleanup(ctx context.Context, s streams, o kube.Options) error {
	o.UserAgent = "imbundle/" + toolVersion()
	cluster, err := kube.Connect(ctx, o)
	if err != nil {
		return err
	}
	left, searched, err := cluster.Cleanup(ctx)
	for _, p := range left {
		if p.Err != nil {
			err = errors.Join(err, p.Err)
			continue
		}
		age := cluster.Now().Sub(p.Created).Round(time.Second)
		if _, writeErr := fmt.Fprintf(s.out, "deleted pod %s/%s of node %s, %s old\n", p.Namespace, p.Name, p.Node, age); writeErr != nil {
			return writeErr
		}
	}
	if err != nil {
		return withHint(err, "it takes the rights to list and delete pods; name the namespaces with -n where not all may be listed")
	}
	if len(left) == 0 {
		where := "any namespace"
		if len(searched) > 0 {
			where = strings.Join(searched, ", ")
		}
		fmt.Fprintf(s.err, "nothing was left behind in %s\n", where)
	}
	return nil
}
