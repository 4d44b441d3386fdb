package kube

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/replay"
	"github.com/imbundle/imbundle/collect"
)

// describedKinds are the kinds of which kubectl describe is kept.
var describedKinds = []string{
	"pods", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "services", "persistentvolumeclaims", "nodes",
}

// described prints objects as kubectl describe and kubectl rollout status do. It works on the lists in the bundle, so that it
// costs the API server nothing and cannot say more than they do.
type described struct {
	c *Cluster
	s *Survey
}

func (*described) Name() string { return describeName }

func (d *described) Promise() collect.Promise {
	return collect.Promise{Priority: describePriority, Entries: []string{bundle.AllDescribes}}
}

// Collect waits for the lists.
func (d *described) Collect(ctx context.Context, b *collect.Batch) error {
	select {
	case <-d.s.listed:
	case <-ctx.Done():
		b.Gap(bundle.Gap{Entry: bundle.AllDescribes, Reason: bundle.Timeout, Detail: "the lists of objects had not come when " + endText(ctx)})
		return nil
	}
	snapshot, err := replay.New(b.Written(), d.c.snapshot, replay.Ahead(d.c.Clock()))
	if err != nil {
		return fmt.Errorf("reading the lists back: %w", err)
	}
	found, err := snapshot.Objects(describedKinds...)
	if err != nil {
		return fmt.Errorf("reading the lists back: %w", err)
	}
	if len(found) == 0 {
		b.Gap(bundle.Gap{Entry: bundle.AllDescribes, Reason: bundle.NotFound, Detail: "no list brought an object that could be described"})
	}
	for _, o := range found {
		b.Expect(describeEntry(o))
	}
	due := slices.DeleteFunc(found, func(o replay.Object) bool { return b.Has(describeEntry(o)) })
	return errors.Join(d.rollouts(b, snapshot), d.describe(ctx, b, snapshot, due))
}

func describeEntry(o replay.Object) string { return bundle.Describe(o.Namespace, o.Kind, o.Name) }

// describe shares the objects among the processors.
func (d *described) describe(ctx context.Context, b *collect.Batch, snapshot *replay.Cluster, all []replay.Object) error {
	next := make(chan replay.Object)
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			printer := snapshot.Describer()
			for o := range next {
				text, err := printer.Describe(o)
				if err != nil {
					reason := collect.ReasonOf(err)
					if apierrors.IsForbidden(err) { // it needs lists that were not to be had, of which that is told
						reason = bundle.Forbidden
					}
					b.Gap(bundle.Gap{Entry: describeEntry(o), Reason: reason, Detail: err.Error()})
					continue
				}
				if err := b.Put(describeEntry(o), bundle.Meta{}, []byte(text)); err != nil {
					b.Note("%v", err) // the batch has recorded the gap
				}
			}
		})
	}
	defer work.Wait()
	defer close(next)
	for _, o := range all {
		select {
		case next <- o:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (d *described) rollouts(b *collect.Batch, snapshot *replay.Cluster) error {
	for _, ns := range d.s.Namespaces {
		if b.Has(bundle.Rollout(ns)) {
			continue
		}
		text, err := snapshot.Rollouts(ns)
		if err != nil {
			return fmt.Errorf("reading the rollouts of namespace %q: %w", ns, err)
		}
		if text == "" {
			continue
		}
		if err := b.Put(bundle.Rollout(ns), bundle.Meta{}, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}
