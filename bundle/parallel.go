package bundle

import (
	"context"
	"sync"
	"sync/atomic"
)

// parallel calls work for 0…n-1 by several workers, each of which has a number of its own; the first error stops all.
func parallel(ctx context.Context, workers, n int, work func(ctx context.Context, worker, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var gone sync.WaitGroup
	var taken atomic.Int64
	for worker := range min(workers, n) {
		gone.Go(func() {
			for ctx.Err() == nil {
				i := int(taken.Add(1)) - 1
				if i >= n {
					return
				}
				if err := work(ctx, worker, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	gone.Wait()
	return context.Cause(ctx)
}
