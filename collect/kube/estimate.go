package kube

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/imbundle/imbundle/collect"
)

// mostCounted is how many lists are counted at most: beyond that, counting costs the server as much as reading.
const mostCounted = 200

// Estimate is what a run may take. It is worked out from one object of each list and from limits, not measured.
type Estimate struct {
	Requests    int           `json:"requests"`          // pages, samples and logs; a log above its limit costs one or two more
	Lists       int           `json:"lists"`             // lists that were counted for this
	Uncounted   int           `json:"uncounted"`         // lists that were not: custom resources, and what is beyond the first 200
	Objects     int64         `json:"objects"`           // in the lists that were counted
	ObjectBytes int64         `json:"objectBytes"`       // of them, if each is as large as the first of its list; before compression
	Logs        int           `json:"logs"`              // that there are
	MaxLogSize  int64         `json:"maxLogSize"`        // of one log, before compression
	MaxSize     int64         `json:"maxSize,omitempty"` // of the file; zero: no limit
	Samples     int           `json:"samples"`           // of usage; zero: none can be had
	SampleEvery time.Duration `json:"sampleEvery"`       // nanoseconds
	Answer      time.Duration `json:"answer"`            // mean time in which the server gave one object, in nanoseconds
	Least       time.Duration `json:"least"`             // for the run, without the time that reading logs takes; nanoseconds
	Most        time.Duration `json:"most"`              // the deadline: what is missing then is recorded; nanoseconds
}

// count is what is known of a list: its objects, and how large the first one is.
type count struct {
	objects int64
	bytes   int64 // of the first
}

func (n count) pages() int { return max(1, int((n.objects+pageSize-1)/pageSize)) }

// count asks each list of a built-in kind for one object and for how many more there are. Where the server does not say, or
// refuses, nothing is known.
func (c *Cluster) count(ctx context.Context, s *Survey) (map[string]count, error) {
	counts := map[string]count{}
	targets := s.targets(kinds)
	var mu sync.Mutex
	var work sync.WaitGroup
	slots := make(chan struct{}, lists)
	for _, t := range targets[:min(len(targets), mostCounted)] {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			if n, ok := c.countOne(ctx, t); ok {
				mu.Lock()
				counts[t.path(t.ns)] = n
				mu.Unlock()
			}
		})
	}
	work.Wait()
	return counts, ctx.Err()
}

func (c *Cluster) countOne(ctx context.Context, t target) (n count, ok bool) {
	accept, query := t.accept()
	query.Set("limit", "1")
	size := func(raw json.RawMessage) error {
		n.objects++
		n.bytes += int64(len(raw))
		return nil
	}
	meta, _, err := c.page(ctx, t.path(t.ns), accept, query, handler{row: size, item: size})
	if err != nil || meta.Continue != "" && meta.RemainingItemCount == nil {
		return count{}, false
	}
	if meta.RemainingItemCount != nil {
		n.objects += *meta.RemainingItemCount
	}
	return n, true
}

// estimate sums up; counting took so long.
func (c *Cluster) estimate(p *Plan, s *Survey, o collect.Options, counts map[string]count, took time.Duration) Estimate {
	e := Estimate{Lists: len(counts), MaxLogSize: o.MaxLogSize, MaxSize: o.MaxSize, Most: o.Deadline, SampleEvery: c.o.SampleEvery}
	e.MaxLogSize, e.Most = orElse(e.MaxLogSize, collect.DefaultMaxLogSize), orElse(e.Most, collect.DefaultDeadline)
	for _, r := range p.Requests {
		e.Requests += r.Times
		if r.Resource == "pods/log" {
			e.Logs++
		}
		if r.Of == OfMetrics {
			e.Samples = c.o.Samples
		}
	}
	for _, n := range counts {
		e.Objects += n.objects
		e.ObjectBytes += n.objects * n.bytes
	}
	e.Uncounted = len(s.targets(kinds)) + len(s.targets(s.custom.kinds)) - len(counts)
	if len(counts) > 0 {
		e.Answer = took * time.Duration(min(lists, len(counts))) / time.Duration(len(counts))
	}
	each := max(e.Answer/lists, fastest)
	e.Least = max(time.Duration(e.Requests)*each, time.Duration(max(0, e.Samples-1))*e.SampleEvery)
	return e
}
