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

// reading is one sample while it is taken.
type reading struct {
	c      *cluster
	mu     sync.Mutex
	groups map[string]*groupRead
	others int
	failed map[int32]*Failure // brokers that did not answer, or not for everything
}

// groupRead is one group with what its coordinator told.
type groupRead struct {
	record.KafkaGroup
	committed map[spot]int64
	readers   map[spot]int // member by position
}

// spot is a partition of a topic.
type spot struct {
	topic     string
	partition int32
}

// groupRetries are rounds in which a coordinator that is still loading is asked again.
const (
	groupRetries = 3
	retryPause   = 300 * time.Millisecond
)

// sample reads all groups of interest at this moment.
func (c *cluster) sample(ctx context.Context) (*record.KafkaGroups, *reading) {
	r := &reading{c: c, groups: map[string]*groupRead{}, failed: map[int32]*Failure{}}
	listed := r.list(ctx)
	r.locate(ctx, listed)
	for range groupRetries {
		r.note(c.each(ctx, func(b *broker, l *link) error { return r.describe(ctx, b, l) }))
		if !r.loading() || !pause(ctx, retryPause) {
			break
		}
	}
	at := c.o.Now().UTC()
	ends := r.offsets(ctx)
	return r.record(at, ends), r
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *reading) note(failed map[int32]*Failure) {
	for id, f := range failed {
		r.failed[id] = f
	}
}

// list asks every broker which groups it coordinates and keeps those of interest. It returns how many brokers answered.
func (r *reading) list(ctx context.Context) int {
	answered := 0
	r.note(r.c.each(ctx, func(b *broker, l *link) error {
		got, err := ask[*kmsg.ListGroupsResponse](ctx, l, kmsg.NewPtrListGroupsRequest())
		if err == nil {
			err = kerr.ErrorForCode(got.ErrorCode)
		}
		if err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		answered++
		for _, g := range got.Groups {
			switch {
			case g.ProtocolType != "" && g.ProtocolType != "consumer", g.GroupType != "" && g.GroupType != "classic" && g.GroupType != "consumer":
			case !r.c.o.wants(g.Group):
				r.others++
			default:
				r.groups[g.Group] = &groupRead{KafkaGroup: record.KafkaGroup{Name: g.Group, State: g.GroupState, Type: cmp.Or(g.GroupType, "classic"), Coordinator: b.id}}
			}
		}
		return nil
	}))
	return answered
}

// loading tells whether a group's state is not known yet because its coordinator is only starting.
func (r *reading) loading() bool {
	for _, g := range r.groups {
		if g.Error == kerr.CoordinatorLoadInProgress.Error() {
			return true
		}
	}
	return false
}

// mine are the groups that a broker coordinates, by type; those that it has told already are left out.
func (r *reading) mine(b *broker) (classic, modern []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, g := range r.groups {
		switch {
		case g.Coordinator != b.id || g.committed != nil:
		case g.Type == "consumer":
			modern = append(modern, name)
		default:
			classic = append(classic, name)
		}
	}
	slices.Sort(classic)
	slices.Sort(modern)
	return classic, modern
}

// describe asks one coordinator for its groups and their committed offsets.
func (r *reading) describe(ctx context.Context, b *broker, l *link) error {
	classic, modern := r.mine(b)
	if len(classic) > 0 {
		if err := r.classic(ctx, l, classic); err != nil {
			return err
		}
	}
	if len(modern) > 0 {
		if err := r.modern(ctx, l, modern); err != nil {
			return err
		}
	}
	all := slices.Concat(classic, modern)
	if len(all) == 0 {
		return nil
	}
	return r.fetch(ctx, l, all)
}

func (r *reading) classic(ctx context.Context, l *link, names []string) error {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = names
	got, err := ask[*kmsg.DescribeGroupsResponse](ctx, l, req)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range got.Groups {
		g := r.groups[one.Group]
		if g == nil {
			continue
		}
		g.State, g.Assignor, g.Error, g.Members, g.readers = one.State, one.Protocol, "", nil, map[spot]int{}
		switch err := kerr.ErrorForCode(one.ErrorCode); {
		case errors.Is(err, kerr.GroupIDNotFound):
			g.State = "Dead"
		case err != nil:
			g.Error = err.Error()
		}
		for _, m := range one.Members {
			g.join(m.MemberID, m.InstanceID, m.ClientID, m.ClientHost, assignmentOf(m.MemberAssignment))
		}
	}
	return nil
}

// assignmentOf reads what a classic member was given; nothing while the group rebalances.
func assignmentOf(raw []byte) []spot {
	a := kmsg.NewConsumerMemberAssignment()
	if len(raw) == 0 || a.ReadFrom(raw) != nil {
		return nil
	}
	var out []spot
	for _, t := range a.Topics {
		for _, p := range t.Partitions {
			out = append(out, spot{t.Topic, p})
		}
	}
	return out
}

func (r *reading) modern(ctx context.Context, l *link, names []string) error {
	req := kmsg.NewPtrConsumerGroupDescribeRequest()
	req.Groups = names
	got, err := ask[*kmsg.ConsumerGroupDescribeResponse](ctx, l, req)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range got.Groups {
		g := r.groups[one.Group]
		if g == nil {
			continue
		}
		g.State, g.Assignor, g.Error, g.Members, g.readers = one.State, one.AssignorName, "", nil, map[spot]int{}
		if err := kerr.ErrorForCode(one.ErrorCode); err != nil {
			g.Error = err.Error()
		}
		for _, m := range one.Members {
			var given []spot
			for _, t := range m.Assignment.TopicPartitions {
				for _, p := range t.Partitions {
					given = append(given, spot{t.Topic, p})
				}
			}
			g.join(m.MemberID, m.InstanceID, m.ClientID, m.ClientHost, given)
		}
	}
	return nil
}

func (g *groupRead) join(id string, instance *string, client, host string, given []spot) {
	m := record.KafkaMember{ID: id, Client: client, Host: host, Assigned: len(given)}
	if instance != nil {
		m.Instance = *instance
	}
	for _, s := range given {
		g.readers[s] = len(g.Members)
	}
	g.Members = append(g.Members, m)
}
