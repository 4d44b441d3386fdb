package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// cluster is what is known of the brokers during one collection.
type cluster struct {
	o       Options
	links   *links
	brokers []*broker // by id
	down    map[int32]*Failure
	meta    *kmsg.MetadataResponse
	from    string // the address that told meta
}

// broker is one that the cluster names. ask is where it is asked: what it advertises, except where that cannot be reached
// and the only broker answers at the address of the configuration.
type broker struct {
	id                 int32
	address, ask, rack string
	withheld           *Failure // why what it advertises is not dialled; nil: it is
}

// failed is why a broker cannot be asked; nil: it is tried.
func (c *cluster) failed(b *broker) *Failure {
	if b.ask != b.address {
		return nil
	}
	if b.withheld != nil {
		return b.withheld
	}
	return c.down[b.id]
}

// refresh asks who the brokers are and where partitions lie: brokers that are known already, then the addresses of the
// configuration. The error is the last Failure.
func (c *cluster) refresh(ctx context.Context) error {
	err := errors.New("the configuration names no address")
	for _, b := range c.brokers {
		if c.failed(b) != nil {
			continue
		}
		if err = c.metadata(ctx, b.ask); err == nil {
			return nil
		}
	}
	for _, address := range c.o.Backend.Addresses {
		if err = c.metadata(ctx, address); err == nil {
			return nil
		}
		err = explain(err, c.o.Backend, address, "")
		if ctx.Err() != nil {
			break
		}
	}
	return err
}

// metadata asks one address for brokers and topics.
func (c *cluster) metadata(ctx context.Context, address string) error {
	return c.links.with(ctx, address, func(l *link) error {
		r, err := describeTopics(ctx, l, nil)
		if err != nil {
			return err
		}
		if missing := c.unlisted(r); len(missing) > 0 { // only a topic asked for by name tells absent from forbidden
			named, err := describeTopics(ctx, l, missing)
			if err != nil {
				return err
			}
			r.Topics = append(r.Topics, named.Topics...)
		}
		c.know(r, address)
		return nil
	})
}

// describeTopics asks for all topics, or for the named ones. It makes none.
func describeTopics(ctx context.Context, l *link, names []string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &name
		req.Topics = append(req.Topics, t)
	}
	if ok, err := l.understands(ctx, kmsg.Metadata, 4); err != nil {
		return nil, err
	} else if !ok && len(names) > 0 { // before Kafka 0.11 asking makes a topic
		return &kmsg.MetadataResponse{}, nil
	}
	r, err := ask[*kmsg.MetadataResponse](ctx, l, req)
	if err != nil {
		return nil, err
	}
	return r, kerr.ErrorForCode(r.ErrorCode)
}

// unlisted are the topics of the configuration that the answer lacks.
func (c *cluster) unlisted(r *kmsg.MetadataResponse) []string {
	return slices.DeleteFunc(slices.Clone(c.o.Backend.Topics), func(name string) bool {
		return slices.ContainsFunc(r.Topics, func(t kmsg.MetadataResponseTopic) bool { return t.Topic != nil && *t.Topic == name })
	})
}

func (c *cluster) know(r *kmsg.MetadataResponse, from string) {
	slices.SortFunc(r.Brokers, func(a, b kmsg.MetadataResponseBroker) int { return cmp.Compare(a.NodeID, b.NodeID) })
	c.meta, c.from = r, from
	old := c.brokers
	c.brokers = nil
	var addresses []string
	for _, b := range r.Brokers {
		known := &broker{id: b.NodeID, address: net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))}
		known.ask = known.address
		if b.Rack != nil {
			known.rack = *b.Rack
		}
		if i := slices.IndexFunc(old, func(o *broker) bool { return o.id == known.id && o.address == known.address }); i >= 0 {
			known.ask, known.withheld = old[i].ask, old[i].withheld
		} else if !slices.Contains(c.o.Backend.Addresses, known.address) {
			known.withheld = c.judge(from, known)
		}
		c.brokers = append(c.brokers, known)
		addresses = append(addresses, known.ask)
	}
	c.links.retain(addresses)
}

// judge is why what a broker advertises is not dialled; nil: it is.
func (c *cluster) judge(from string, b *broker) *Failure {
	k := c.o.Backend
	err := collect.Advertised(from, b.address, k.Login.Username != "", k.TLS, c.o.Strange)
	if err == nil {
		return nil
	}
	return &Failure{
		Reason: collect.ReasonOf(err), Err: err, Text: fmt.Sprintf("the cluster advertises %s as the address of broker %d", b.address, b.id),
		Hint: "advertised.listeners must name an address that clients reach, of the broker's pod or service where it runs in the cluster: imbundle then finds it, by port-forward too; or name the broker with --kafka",
	}
}

// each asks all brokers at once and returns what failed, by broker. A broker that could not be reached is not tried again
// before forgive.
func (c *cluster) each(ctx context.Context, fn func(*broker, *link) error) map[int32]*Failure {
	failed := map[int32]*Failure{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, b := range c.brokers {
		if f := c.failed(b); f != nil {
			mu.Lock()
			failed[b.id] = f
			mu.Unlock()
			continue
		}
		wait.Go(func() {
			err := c.links.with(ctx, b.ask, func(l *link) error { return fn(b, l) })
			if err == nil {
				return
			}
			f := explain(err, c.o.Backend, b.address, strconv.Itoa(int(b.id)))
			mu.Lock()
			defer mu.Unlock()
			failed[b.id] = f
		})
	}
	wait.Wait()
	for id, f := range failed {
		if !f.spoken() {
			c.down[id] = f
		}
	}
	return failed
}

// greet finds out which brokers can be reached where they say. A cluster's only broker is asked at the address of the
// configuration instead, for no other can have answered there.
func (c *cluster) greet(ctx context.Context) map[int32]*Failure {
	failed := c.each(ctx, func(_ *broker, l *link) error {
		_, err := l.versions(ctx)
		return err
	})
	if len(c.brokers) == 1 && len(failed) == 1 {
		c.brokers[0].ask = c.from
		c.links.retain([]string{c.from})
	}
	return failed
}

// forgive lets brokers that failed be tried again, but for those that keep everybody waiting.
func (c *cluster) forgive() {
	maps.DeleteFunc(c.down, func(_ int32, f *Failure) bool { return f.Reason != bundle.Timeout })
}

// topics is the answer's list by name, and what was asked for by name in vain.
func (c *cluster) topics() (topics []record.KafkaTopic, missing, forbidden []string) {
	for _, t := range c.meta.Topics {
		if t.Topic == nil {
			continue
		}
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			missing = append(missing, *t.Topic)
		case errors.Is(err, kerr.TopicAuthorizationFailed):
			forbidden = append(forbidden, *t.Topic)
		default:
			topics = append(topics, topicOf(t))
		}
	}
	slices.SortFunc(topics, func(a, b record.KafkaTopic) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(missing)
	slices.Sort(forbidden)
	return topics, missing, forbidden
}

func topicOf(t kmsg.MetadataResponseTopic) record.KafkaTopic {
	out := record.KafkaTopic{Name: *t.Topic, Internal: t.IsInternal, Partitions: []record.KafkaPartition{}}
	for _, p := range t.Partitions {
		one := record.KafkaPartition{Partition: p.Partition, Leader: p.Leader, Replicas: p.Replicas, ISR: p.ISR, Offline: p.OfflineReplicas}
		if p.Leader < 0 {
			one.Leader = -1
		}
		out.Partitions = append(out.Partitions, one)
	}
	slices.SortFunc(out.Partitions, func(a, b record.KafkaPartition) int { return cmp.Compare(a.Partition, b.Partition) })
	return out
}

// leaders names the broker that leads each partition, -1 without one.
func (c *cluster) leaders() map[string]map[int32]int32 {
	out := map[string]map[int32]int32{}
	for _, t := range c.meta.Topics {
		if t.Topic == nil || len(t.Partitions) == 0 {
			continue
		}
		of := make(map[int32]int32, len(t.Partitions))
		for _, p := range t.Partitions {
			of[p.Partition] = max(p.Leader, -1)
		}
		out[*t.Topic] = of
	}
	return out
}
