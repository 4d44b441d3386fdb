package analyze

import (
	"strings"

	"github.com/imbundle/imbundle/specs"
)

// queues says at which hop messages wait in a topic, and at which a consumer group works, by their names.
type queues struct {
	topics, groups map[string]*specs.Hop
}

// TopicHop is the hop at which messages wait in a topic, by the names that the configuration and the defaults of all releases
// give; nil for a topic that is not on the path.
func (f *Facts) TopicHop(topic string) *specs.Hop { return f.queues().topics[topic] }

// ReaderHop is the hop that reads a topic in a group: that of the group, else that which reads the topic by rights; nil for
// what is not on the path.
func (f *Facts) ReaderHop(group, topic string) *specs.Hop {
	q := f.queues()
	if h := q.groups[group]; h != nil {
		return h
	}
	if at := q.topics[topic]; at != nil {
		for _, h := range f.Specs.Hops {
			if h.Reads == at.ID {
				return h
			}
		}
	}
	return nil
}

// queues are made when they are first asked for.
func (f *Facts) queues() *queues {
	if f.queued != nil {
		return f.queued
	}
	q := &queues{map[string]*specs.Hop{}, map[string]*specs.Hop{}}
	f.queued = q
	if f.Specs == nil {
		return q
	}
	topics, groups := map[string]*specs.Hop{}, map[string]*specs.Hop{} // by key
	for _, h := range f.Specs.Hops {
		for _, key := range h.Topic {
			topics[key] = h
		}
		for _, key := range h.Group {
			groups[key] = h
		}
	}
	q.defaults(topics, groups, f.Specs)
	for _, c := range f.Configs { // over the defaults
		q.configured(q.topics, topics, c)
		q.configured(q.groups, groups, c)
	}
	return q
}

func (q *queues) defaults(topics, groups map[string]*specs.Hop, s *specs.Set) {
	for _, d := range s.Baseline.Defaults {
		key := d.File + ":" + d.Key
		if h := topics[key]; h != nil {
			q.topics[d.Value] = h
		}
		if h := groups[key]; h != nil {
			q.groups[d.Value] = h
		}
	}
}

func (*queues) configured(names, keys map[string]*specs.Hop, c Configuration) {
	for key, h := range keys {
		file, key, _ := strings.Cut(key, ":")
		if s := c.Set.Get(file, key); s != nil && s.String() != "" {
			names[s.String()] = h
		}
	}
}

// hopsOf are the places on the path where a piece of evidence shows, its own first: those that its check names, else that of
// the topic or group that it is about, else that of its cause. A cause that stands at one topic or group is, with another, a
// fault of another hop.
func (f *Facts) hopsOf(e *Evidence, c *specs.Cause) []string {
	if len(e.Hops) > 0 {
		return e.Hops
	}
	own, target := f.hop(c.Hop), e.Subject.Target
	if own == nil || target == "" || len(own.Topic)+len(own.Group) == 0 {
		return []string{c.Hop}
	}
	reader, at := f.ReaderHop(target, target), f.TopicHop(target)
	switch {
	case len(own.Group) > 0 && reader != nil:
		return []string{reader.ID}
	case len(own.Topic) > 0 && at != nil:
		return []string{at.ID}
	case len(own.Topic) > 0 && reader != nil:
		return []string{reader.Reads}
	}
	return []string{c.Hop}
}

func (f *Facts) hop(id string) *specs.Hop {
	for _, h := range f.Specs.Hops {
		if h.ID == id {
			return h
		}
	}
	return nil
}
