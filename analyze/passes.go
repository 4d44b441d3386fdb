package analyze

import (
	"context"
	"sort"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// readAll runs the passes over every entry and merges them.
func readAll(ctx context.Context, r *bundle.Reader, m *matcher, workers, year int, zone *time.Location) (*pass, error) {
	passes := make([]*pass, workers)
	for i := range passes {
		passes[i] = newPass(m, year, zone)
	}
	err := r.Each(ctx, workers, func(worker int, f *bundle.File) error { return passes[worker].read(f) })
	total := passes[0]
	for i, p := range passes {
		p.rest()
		if i > 0 {
			total.merge(p)
		}
	}
	sort.SliceStable(total.texts, func(i, j int) bool { return total.texts[i].Entry < total.texts[j].Entry })
	return total, err
}

// rest gives back what is of use only while entries are read.
func (p *pass) rest() {
	p.notes.close()
	p.scanner, p.in, p.current = nil, nil, nil
}

func (p *pass) merge(o *pass) {
	p.snapshots.add(&o.snapshots)
	p.seen.merge(&o.seen)
	p.texts = append(p.texts, o.texts...)
	p.entries += o.entries
	p.bytes += o.bytes
	p.lines += o.lines
}
