package analyze

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// Kafka is what the brokers told a collection. What they told of offsets is in Facts.Groups.
type Kafka struct {
	Entry         string              // of Topics
	Topics        *record.KafkaTopics // nil when the brokers were not described
	States        []GroupState        // by group and time
	Configured    []string            // groups that the configuration names
	Missing       []string            // those that the newest sample lacks
	Sampled       string              // the entry of the newest sample; empty without any
	Conversations []record.KafkaConversation
	Described     []DescribedTopic // by kafka-topics.sh; some of the topics only
}

// DescribedTopic is a topic as kafka-topics.sh --describe tells it; its settings are those that differ from the broker's.
type DescribedTopic struct {
	Entry string
	record.KafkaTopic
}

// GroupState is a consumer group as its coordinator described it at one time.
type GroupState struct {
	Entry       string
	Time        time.Time
	Group       string
	State       string // Stable, Empty, PreparingRebalance, …
	Error       string // why something is unknown
	Members     int
	Idle        int // members that were given nothing to read
	Coordinator int32
}

// kafkaSample is a sample of groups on its way into the facts.
type kafkaSample struct {
	entry   string
	at      time.Time
	states  []GroupState
	offsets []GroupSample

	configured, missing []string
}

// kafkaSnapshots collects what one worker reads of Kafka.
type kafkaSnapshots struct {
	topics        []kafkaTopics
	samples       []kafkaSample
	conversations []record.KafkaConversation
	states        []GroupState // as Kafka's own tool tells them
	absent        []GroupState // groups of which it says that they do not exist
	described     []DescribedTopic
}

type kafkaTopics struct {
	entry string
	*record.KafkaTopics
}

func (s *kafkaSnapshots) add(o *kafkaSnapshots) {
	s.topics = append(s.topics, o.topics...)
	s.samples = append(s.samples, o.samples...)
	s.conversations = append(s.conversations, o.conversations...)
	s.states = append(s.states, o.states...)
	s.absent = append(s.absent, o.absent...)
	s.described = append(s.described, o.described...)
}

// isKafka recognises the entries of collect/kafka that are read as JSON.
func isKafka(name string) bool {
	of, sampled := bundle.ParseSample(name)
	return name == bundle.KafkaTopics || name == bundle.KafkaConversations || name == bundle.KafkaGroupsJSON || sampled && of == bundle.KafkaGroupsJSON
}

func (s *kafkaSnapshots) read(r io.Reader, entry string) error {
	switch entry {
	case bundle.KafkaTopics:
		t := &record.KafkaTopics{}
		if err := decode(r, t); err != nil {
			return err
		}
		s.topics = append(s.topics, kafkaTopics{entry, t})
	case bundle.KafkaConversations:
		var c record.KafkaConversations
		if err := decode(r, &c); err != nil {
			return err
		}
		s.conversations = append(s.conversations, c.Conversations...)
	default:
		var g record.KafkaGroups
		if err := decode(r, &g); err != nil {
			return err
		}
		s.samples = append(s.samples, sampleOf(&g, entry))
	}
	return nil
}

func decode(r io.Reader, into any) error {
	if err := json.NewDecoder(r).Decode(into); err != nil {
		return fmt.Errorf("reading what Kafka told: %w", err)
	}
	return nil
}

func sampleOf(g *record.KafkaGroups, entry string) kafkaSample {
	out := kafkaSample{entry: entry, at: g.Time.UTC(), configured: g.Configured, missing: g.Missing}
	for _, group := range g.Groups {
		state := GroupState{Entry: entry, Time: out.at, Group: group.Name, State: group.State, Error: group.Error, Members: len(group.Members), Coordinator: group.Coordinator}
		for _, m := range group.Members {
			if m.Assigned == 0 {
				state.Idle++
			}
		}
		out.states = append(out.states, state)
		for _, p := range group.Partitions {
			one := GroupSample{
				Entry: entry, Time: out.at, Group: group.Name, Topic: p.Topic, Partition: int(p.Partition),
				Current: told(p.Committed), Start: told(p.Start), End: told(p.End), Lag: told(p.Lag),
			}
			if p.Member != nil && *p.Member >= 0 && *p.Member < len(group.Members) {
				one.Member = group.Members[*p.Member].ID
			}
			out.offsets = append(out.offsets, one)
		}
	}
	return out
}

// told is -1 for what the brokers did not tell.
func told(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}

// takeKafka puts the samples in order. The newest stands in the bundle twice and counts once; the texts of Kafka's own tool
// are read where there are no samples, for they show the same offsets again.
func (f *Facts) takeKafka(s *kafkaSnapshots) {
	if len(s.topics)+len(s.samples)+len(s.conversations)+len(s.states)+len(s.absent)+len(s.described) == 0 {
		return
	}
	k := &Kafka{Conversations: s.conversations, Described: s.described}
	f.Kafka = k
	slices.SortFunc(k.Conversations, func(a, b record.KafkaConversation) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(k.Described, func(a, b DescribedTopic) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.topics, func(a, b kafkaTopics) int { return a.Time.Compare(b.Time) })
	if n := len(s.topics); n > 0 {
		k.Entry, k.Topics = s.topics[n-1].entry, s.topics[n-1].KafkaTopics
	}
	slices.SortFunc(s.samples, func(a, b kafkaSample) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.entry, b.entry)) })
	s.samples = slices.CompactFunc(s.samples, func(a, b kafkaSample) bool { return a.at.Equal(b.at) })
	if len(s.samples) > 0 {
		f.Groups = nil
	}
	for i, one := range s.samples {
		for _, o := range one.offsets {
			o.Sample = i + 1
			f.Groups = append(f.Groups, o)
		}
		k.States = append(k.States, one.states...)
		k.Configured, k.Missing, k.Sampled = one.configured, one.missing, one.entry
	}
	if len(s.samples) == 0 {
		k.takeGroupTexts(s)
		return
	}
	slices.SortStableFunc(k.States, func(a, b GroupState) int { return cmp.Compare(a.Group, b.Group) })
}
