package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// survey writes what the brokers say about themselves and about the topics that matter. first is the first sample: topics
// that its groups read matter too.
func (r *run) survey(ctx context.Context, first *record.KafkaGroups) error {
	out := record.KafkaTopics{Time: r.o.Now().UTC(), From: r.o.Backend.From, Bootstrap: r.o.Backend.Addresses, Brokers: []record.KafkaBroker{}}
	if id := r.c.meta.ClusterID; id != nil {
		out.Cluster = *id
	}
	all, missing, forbidden := r.c.topics()
	r.topics = slices.DeleteFunc(slices.Clone(all), func(t record.KafkaTopic) bool { return !r.matters(t, first) })
	out.Topics, out.Missing, out.Forbidden, out.Others = r.topics, missing, forbidden, len(all)-len(r.topics)
	for _, b := range r.c.brokers {
		out.Brokers = append(out.Brokers, record.KafkaBroker{ID: b.id, Address: b.address, Rack: b.rack, Controller: b.id == r.c.meta.ControllerID})
	}
	if r.b.Has(bundle.KafkaTopics) {
		return nil // an earlier run has brought it
	}
	r.settings(ctx, &out)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range out.Brokers {
		if f := r.lost[out.Brokers[i].ID]; f != nil && !f.spoken() {
			out.Brokers[i].Unreachable = f.Error()
		}
	}
	return r.put(bundle.KafkaTopics, out.Time, out)
}

// matters tells whether a topic is one of the configuration, one that a sampled group reads, or the one of the offsets.
func (r *run) matters(t record.KafkaTopic, first *record.KafkaGroups) bool {
	if r.o.All || len(r.o.Backend.Topics) == 0 || slices.Contains(r.o.Backend.Topics, t.Name) || t.Name == "__consumer_offsets" {
		return true
	}
	return slices.ContainsFunc(first.Groups, func(g record.KafkaGroup) bool {
		return slices.ContainsFunc(g.Partitions, func(p record.KafkaOffset) bool { return p.Topic == t.Name })
	})
}

// settings asks each broker for its own, and one that answers for those of the topics.
func (r *run) settings(ctx context.Context, out *record.KafkaTopics) {
	var mu sync.Mutex
	own := map[int32]map[string]string{}
	var topics map[string]described
	asked := r.firstUp()
	failed := r.c.each(ctx, func(b *broker, l *link) error {
		if b.id == asked {
			var err error
			if out.Version, topics, err = r.general(ctx, l, out.Topics); err != nil {
				return err
			}
		}
		settings, err := brokerConfigs(ctx, b, l)
		mu.Lock()
		defer mu.Unlock()
		own[b.id] = settings
		return err
	})
	if ctx.Err() != nil {
		return // who has not answered yet is not lost
	}
	for i := range out.Brokers {
		out.Brokers[i].Settings = own[out.Brokers[i].ID]
	}
	var refused []error
	for _, b := range r.c.brokers {
		if f := failed[b.id]; f != nil && f.spoken() {
			refused = append(refused, f)
		} else if f != nil {
			r.lost[b.id] = f
		}
	}
	for i := range out.Topics {
		d := topics[out.Topics[i].Name]
		out.Topics[i].Settings = d.settings
		if d.err != nil {
			refused = append(refused, fmt.Errorf("settings of %q: %w", out.Topics[i].Name, d.err))
		}
	}
	if len(refused) > 0 {
		f := explain(refused[0], r.o.Backend, "the broker", "")
		r.b.Gap(bundle.Gap{Reason: f.Reason, Detail: fmt.Sprintf("%d answers about settings, the first: %v", len(refused), f), Costs: "limits on the size of messages, retention, replication"})
	}
}

// firstUp is the broker that is asked what all know; -1 when there is none.
func (r *run) firstUp() int32 {
	for _, b := range r.c.brokers {
		if r.c.down[b.id] == nil {
			return b.id
		}
	}
	return -1
}

// general asks a broker what all brokers know: its version, and the settings of topics.
func (r *run) general(ctx context.Context, l *link, topics []record.KafkaTopic) (version string, settings map[string]described, err error) {
	v, err := l.versions(ctx)
	if err != nil {
		return "", nil, err
	}
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	if len(names) > 0 {
		settings, err = configs(ctx, l, kmsg.ConfigResourceTypeTopic, names, topicSettings)
	}
	return v.VersionGuess(), settings, err
}
