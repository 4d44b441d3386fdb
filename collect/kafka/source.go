package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// Options say what is asked of whom. Backend and Dial are required.
type Options struct {
	Backend       *backends.Kafka
	Dial          collect.Dialer
	Strange       collect.Stranger               // judges the addresses that brokers advertise; nil: nothing is known of a cluster
	Exec          collect.Exec                   // runs Kafka's own tool beside the broker where the protocol cannot be spoken; nil: it is not allowed
	Conversations func(context.Context) []string // ids whose partitions are computed, asked for once at the end; nil: none
	All           bool                           // all groups and topics, not only those of the configuration; so too where that names no groups
	Samples       int                            // zero means 5
	Every         time.Duration                  // between samples; zero means 15 seconds
	Now           func() time.Time               // nil: time.Now
}

// mostWait bounds one request, and a connection: a broker answers within milliseconds or is in trouble.
const mostWait = 10 * time.Second

// New makes the source.
func New(o Options) collect.Source {
	if o.Samples <= 0 {
		o.Samples = 5
	}
	if o.Every <= 0 {
		o.Every = 15 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &source{o}
}

type source struct{ o Options }

func (s *source) Name() string { return "kafka" }

// once are the entries that are written once.
var once = []string{bundle.KafkaTopics, bundle.KafkaGroupsJSON, bundle.KafkaGroups, bundle.KafkaMembers, bundle.KafkaState}

// entries are all names that the source writes.
func (s *source) entries() []string {
	names := slices.Clone(once)
	for n := range s.o.Samples {
		names = append(names, bundle.Sample(bundle.KafkaGroupsJSON, n+1))
	}
	if s.o.Conversations != nil {
		names = append(names, bundle.KafkaConversations)
	}
	return names
}

func (s *source) Promise() collect.Promise {
	return collect.Promise{Entries: s.entries(), Priority: 70, Bytes: 1 << 20, Timeout: time.Duration(s.o.Samples-1)*s.o.Every + time.Minute}
}

// Asks lists the kinds of requests; each broker is asked so often, whatever the number of groups and partitions.
func (s *source) Asks() []collect.Ask {
	at := strings.Join(s.o.Backend.Addresses, ", ")
	line := func(key kmsg.Key, times int, most bool) collect.Ask {
		return collect.Ask{Of: "kafka", At: at, What: key.Name() + ", of each broker", Times: times, Most: most}
	}
	n := s.o.Samples
	return []collect.Ask{
		line(kmsg.ApiVersions, 2, true), line(kmsg.Metadata, 2*n, true), line(kmsg.ListGroups, n, false), line(kmsg.FindCoordinator, n, true),
		line(kmsg.DescribeGroups, n, true), line(kmsg.ConsumerGroupDescribe, n, true), line(kmsg.OffsetFetch, n, true), line(kmsg.ListOffsets, 2*n, true),
		line(kmsg.DescribeConfigs, 2, true),
	}
}

// wants tells whether a group is of interest.
func (o Options) wants(group string) bool {
	return o.All || len(o.Backend.Groups) == 0 || slices.Contains(o.Backend.Groups, group)
}

// Collect samples the groups and describes the cluster. What no broker tells becomes gaps.
func (s *source) Collect(ctx context.Context, b *collect.Batch) error {
	if b.Has(s.entries()...) {
		return nil
	}
	limit := min(b.RequestTimeout(), mostWait)
	c := &cluster{o: s.o, links: newLinks(s.o, limit), down: map[int32]*Failure{}}
	defer c.links.close()
	if err := c.refresh(ctx); err != nil && ctx.Err() != nil {
		return ctx.Err() // that says nothing of the brokers
	} else if err != nil {
		return s.instead(ctx, b, explain(err, s.o.Backend, strings.Join(s.o.Backend.Addresses, ","), ""))
	}
	r := &run{source: s, c: c, b: b, lost: c.greet(ctx)}
	if err := r.samples(ctx); err != nil {
		return err
	}
	if s.o.Conversations != nil {
		return r.put(bundle.KafkaConversations, time.Time{}, placed(s.o.Conversations(ctx), r.topics, s.o.Backend.Topics))
	}
	return nil
}

// run is one collection.
type run struct {
	*source
	c      *cluster
	b      *collect.Batch
	topics []record.KafkaTopic
	lost   map[int32]*Failure // brokers that failed, with the first reason
}

// schedule is how many samples the time allows, and how far apart.
func (s *source) schedule(ctx context.Context) (n int, every time.Duration) {
	const spare = 10 * time.Second
	n, every = s.o.Samples, s.o.Every
	end, bounded := ctx.Deadline()
	if !bounded || n == 1 {
		return n, every
	}
	room := max(0, time.Until(end)-spare)
	if every = min(every, room/time.Duration(n-1)); every < min(time.Second, s.o.Every) {
		every = min(time.Second, s.o.Every)
		n = 1 + int(room/every)
	}
	return n, every
}

// samples takes them, writes each at once and the newest as the tables.
func (r *run) samples(ctx context.Context) error {
	n, every := r.schedule(ctx)
	begun := r.carried()
	n = max(n, begun+1)
	var newest *record.KafkaGroups
	tick := time.NewTicker(every)
	defer tick.Stop()
	taken := begun
	for ; taken < n; taken++ {
		if taken > begun {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			r.c.forgive()
			if ctx.Err() != nil || r.c.refresh(ctx) != nil {
				break
			}
		}
		one, read := r.c.sample(ctx)
		if ctx.Err() != nil && newest != nil {
			break // half a sample would look like lag that went away
		}
		if ctx.Err() != nil {
			return ctx.Err() // and brokers that did not answer in time like such as are down
		}
		one.Sample, one.Of = taken+1, r.o.Samples
		maps.Copy(r.lost, read.failed)
		newest = one
		if err := r.put(bundle.Sample(bundle.KafkaGroupsJSON, taken+1), one.Time, one); err != nil {
			return err
		}
		if taken == begun {
			if err := r.survey(ctx, one); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	r.untaken(ctx, taken)
	r.gaps(newest)
	return r.tables(newest)
}

// carried is how many samples an earlier run has brought. The last is always taken: the tables are made of it.
func (r *run) carried() (n int) {
	for n < r.o.Samples-1 && r.b.Has(bundle.Sample(bundle.KafkaGroupsJSON, n+1)) {
		n++
	}
	return n
}

// untaken accounts for samples that time, or the cluster, did not allow.
func (r *run) untaken(ctx context.Context, taken int) {
	why := "the time of the run allows no more samples"
	reason := bundle.Timeout
	if ctx.Err() != nil {
		why = "the run ended: " + context.Cause(ctx).Error()
	} else if n, _ := r.schedule(ctx); taken < min(n, r.o.Samples) {
		why, reason = "no broker answered any more", bundle.Failed
	}
	for n := taken + 1; n <= r.o.Samples; n++ {
		r.b.Gap(bundle.Gap{Entry: bundle.Sample(bundle.KafkaGroupsJSON, n), Reason: reason, Detail: why, Costs: "whether lag grows"})
	}
}

// tables writes the newest sample as JSON and as the texts of Kafka's own tool.
func (r *run) tables(newest *record.KafkaGroups) error {
	addresses := map[int32]string{}
	for _, b := range r.c.brokers {
		addresses[b.id] = b.address
	}
	whole := slices.DeleteFunc(slices.Clone(newest.Groups), func(g record.KafkaGroup) bool { return g.Error != "" })
	if err := r.put(bundle.KafkaGroupsJSON, newest.Time, newest); err != nil {
		return err
	}
	for _, t := range []struct {
		name string
		text []byte
	}{
		{bundle.KafkaGroups, offsetsText(whole)}, {bundle.KafkaMembers, membersText(whole)}, {bundle.KafkaState, stateText(whole, addresses)},
	} {
		if r.b.Has(t.name) {
			continue
		}
		if err := r.b.Put(t.name, bundle.Meta{Time: newest.Time}, t.text); err != nil {
			return err
		}
	}
	return nil
}

// put writes an entry as JSON, unless an earlier run has brought it.
func (r *run) put(name string, at time.Time, v any) error {
	if r.b.Has(name) {
		return nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding %q: %w", name, err)
	}
	return r.b.Put(name, bundle.Meta{Time: at}, append(body, '\n'))
}
