package kafka

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/imbundle/imbundle/bundle/record"
)

// fetch asks a coordinator for the committed offsets of groups: in one request, or in one for each of an older broker.
func (r *reading) fetch(ctx context.Context, l *link, names []string) error {
	batched, err := l.understands(ctx, kmsg.OffsetFetch, 8)
	if err != nil {
		return err
	}
	if batched {
		req := kmsg.NewPtrOffsetFetchRequest()
		for _, name := range names {
			g := kmsg.NewOffsetFetchRequestGroup()
			g.Group = name
			req.Groups = append(req.Groups, g)
		}
		got, err := ask[*kmsg.OffsetFetchResponse](ctx, l, req)
		if err != nil {
			return err
		}
		for _, g := range got.Groups {
			r.committed(g.Group, g.ErrorCode, g.Topics)
		}
		return nil
	}
	return r.fetchEach(ctx, l, names)
}

// pipelined are requests on the way over one connection at a time.
const pipelined = 16

func (r *reading) fetchEach(ctx context.Context, l *link, names []string) error {
	slots := make(chan struct{}, pipelined)
	errs := make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Group, req.Topics = name, nil
			got, err := ask[*kmsg.OffsetFetchResponse](ctx, l, req)
			if err != nil {
				errs[i] = err
				return
			}
			var topics []kmsg.OffsetFetchResponseGroupTopic
			for _, t := range got.Topics {
				one := kmsg.OffsetFetchResponseGroupTopic{Topic: t.Topic}
				for _, p := range t.Partitions {
					one.Partitions = append(one.Partitions, kmsg.OffsetFetchResponseGroupTopicPartition{Partition: p.Partition, Offset: p.Offset, ErrorCode: p.ErrorCode})
				}
				topics = append(topics, one)
			}
			r.committed(name, got.ErrorCode, topics)
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (r *reading) committed(name string, code int16, topics []kmsg.OffsetFetchResponseGroupTopic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[name]
	if g == nil {
		return
	}
	if err := kerr.ErrorForCode(code); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		g.Error = cmp.Or(g.Error, err.Error())
		return
	}
	g.committed = map[spot]int64{}
	for _, t := range topics {
		for _, p := range t.Partitions {
			if p.ErrorCode == 0 && p.Offset >= 0 {
				g.committed[spot{t.Topic, p.Partition}] = p.Offset
			}
		}
	}
}

// span is the extent of a log.
type span struct {
	start, end       int64
	hasStart, hasEnd bool
}

// offsets asks the leaders for start and end of every partition that a group has to do with.
func (r *reading) offsets(ctx context.Context) map[spot]*span {
	wanted := map[int32][]spot{}
	spans := map[spot]*span{}
	leaders := r.c.leaders()
	for _, g := range r.groups {
		for _, s := range g.spots() {
			if spans[s] != nil {
				continue
			}
			spans[s] = &span{}
			if leader, known := leaders[s.topic][s.partition]; known && leader >= 0 {
				wanted[leader] = append(wanted[leader], s)
			}
		}
	}
	r.note(r.c.each(ctx, func(b *broker, l *link) error {
		mine := wanted[b.id]
		if len(mine) == 0 {
			return nil
		}
		if err := extent(ctx, l, mine, latest, func(s spot, at int64) { spans[s].end, spans[s].hasEnd = at, true }); err != nil {
			return err
		}
		return extent(ctx, l, mine, earliest, func(s spot, at int64) { spans[s].start, spans[s].hasStart = at, true })
	}))
	return spans
}

// Timestamps that stand for the ends of a log.
const (
	latest   = -1
	earliest = -2
)

// extent asks a leader for one end of its partitions. No two brokers are asked for the same partition.
func extent(ctx context.Context, l *link, spots []spot, which int64, tell func(spot, int64)) error {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	at := map[string]int{}
	for _, s := range spots {
		i, known := at[s.topic]
		if !known {
			i = len(req.Topics)
			at[s.topic] = i
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = s.topic
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp, p.MaxNumOffsets = s.partition, which, 1
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	req.TimeoutMillis = int32(l.limit / time.Millisecond)
	got, err := ask[*kmsg.ListOffsetsResponse](ctx, l, req)
	if err != nil {
		return err
	}
	for _, t := range got.Topics {
		for _, p := range t.Partitions {
			switch {
			case p.ErrorCode != 0:
			case got.Version == 0 && len(p.OldStyleOffsets) > 0:
				tell(spot{t.Topic, p.Partition}, p.OldStyleOffsets[0])
			case got.Version > 0:
				tell(spot{t.Topic, p.Partition}, p.Offset)
			}
		}
	}
	return nil
}

// spots are the partitions that a group has committed or is assigned, by topic and number.
func (g *groupRead) spots() []spot {
	out := make([]spot, 0, len(g.committed)+len(g.readers))
	for s := range g.committed {
		out = append(out, s)
	}
	for s := range g.readers {
		if _, twice := g.committed[s]; !twice {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	return out
}

// record puts a sample together. A group of the configuration that its coordinator does not know is missing.
func (r *reading) record(at time.Time, spans map[spot]*span) *record.KafkaGroups {
	out := &record.KafkaGroups{Time: at, Groups: []record.KafkaGroup{}, Configured: r.c.o.Backend.Groups, Others: r.others}
	for name, g := range r.groups {
		if g.State == "Dead" && g.Error == "" && len(g.committed) == 0 {
			out.Missing = append(out.Missing, name)
			continue
		}
		if g.committed == nil {
			g.Error = cmp.Or(g.Error, "its coordinator did not answer")
		}
		for _, s := range g.spots() {
			g.Partitions = append(g.Partitions, g.offset(s, spans[s]))
		}
		out.Groups = append(out.Groups, g.KafkaGroup)
	}
	slices.SortFunc(out.Groups, func(a, b record.KafkaGroup) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(out.Missing)
	return out
}

func (g *groupRead) offset(s spot, of *span) record.KafkaOffset {
	o := record.KafkaOffset{Topic: s.topic, Partition: s.partition}
	committed, has := g.committed[s]
	if has {
		o.Committed = &committed
	}
	if of.hasStart {
		o.Start = &of.start
	}
	if of.hasEnd {
		o.End = &of.end
		if has {
			lag := of.end - committed
			o.Lag = &lag
		}
	}
	if member, ok := g.readers[s]; ok {
		o.Member = &member
	}
	return o
}
