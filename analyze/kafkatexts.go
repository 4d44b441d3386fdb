package analyze

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle/record"
)

// What kafka-consumer-groups.sh says of groups beside their offsets: --state, --members, and its sentences; and what
// kafka-topics.sh --describe says of topics.

var (
	memberlessGroup = regexp.MustCompile(`^Consumer group '([^']+)' has no active members\.`)
	absentGroup     = regexp.MustCompile(`^Error: Consumer group '([^']+)' does not exist\.`)
	groupStateRow   = regexp.MustCompile(`^(\S+)\s+\S+:\d+\s+\((-?\d+)\)\s+(?:\S+\s+)?([A-Z][A-Za-z]+)\s+(\d+)$`)
)

// groupSentence reads a sentence about a group; false for any other line.
func (t *table) groupSentence(s *snapshots, line string) bool {
	if m := memberlessGroup.FindStringSubmatch(line); m != nil {
		t.state(s, GroupState{Group: m[1], State: "Empty"})
		return true
	}
	if m := absentGroup.FindStringSubmatch(line); m != nil {
		s.told++
		s.kafka.absent = append(s.kafka.absent, GroupState{Entry: t.src.Entry, Group: m[1]})
		return true
	}
	return false
}

var (
	topicHead      = regexp.MustCompile(`^Topic:\s*(\S+)\s.*PartitionCount:\s*\d+\s.*Configs:\s*(\S*)`)
	topicPartition = regexp.MustCompile(`^\s*Topic:\s*(\S+)\s+Partition:\s*(\d+)\s+Leader:\s*(none|-?\d+)\s+Replicas:\s*([\d,]+)\s+Isr:\s*([\d,]*)`)
)

// described reads a line of kafka-topics.sh --describe; false for any other. Of a topic that an entry describes more than once the
// last is kept.
func (t *table) described(s *snapshots, line string) bool {
	all := &s.kafka.described
	if m := topicHead.FindStringSubmatch(line); m != nil {
		topic := DescribedTopic{t.src.Entry, record.KafkaTopic{Name: m[1], Settings: map[string]string{}}}
		for pair := range strings.SplitSeq(m[2], ",") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				topic.Settings[name] = value
			}
		}
		s.told++
		*all = slices.DeleteFunc(*all, func(d DescribedTopic) bool { return d.Entry == topic.Entry && d.Name == topic.Name })
		*all = append(*all, topic)
		return true
	}
	m := topicPartition.FindStringSubmatch(line)
	if n := len(*all); m == nil || n == 0 || (*all)[n-1].Name != m[1] || (*all)[n-1].Entry != t.src.Entry {
		return false
	}
	p := record.KafkaPartition{Partition: number32(m[2]), Leader: number32(m[3]), Replicas: numbers32(m[4]), ISR: numbers32(m[5])}
	topic := &(*all)[len(*all)-1]
	topic.Partitions = append(topic.Partitions, p)
	return true
}

// number32 is -1 for no number.
func number32(s string) int32 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return -1
	}
	return int32(n)
}

func numbers32(list string) (out []int32) {
	for s := range strings.SplitSeq(list, ",") {
		if s != "" {
			out = append(out, number32(s))
		}
	}
	return out
}

// groupState reads a row of --state.
func (t *table) groupState(s *snapshots, line string) {
	if m := groupStateRow.FindStringSubmatch(line); m != nil {
		g := GroupState{Group: m[1], State: m[3]}
		g.Members, _ = strconv.Atoi(m[4])
		if id, err := strconv.ParseInt(m[2], 10, 32); err == nil {
			g.Coordinator = int32(id)
		}
		t.state(s, g)
	}
}

// groupMember reads a row of --members: a member of a group that has them.
func (t *table) groupMember(s *snapshots, line string) {
	f := strings.Fields(line)
	if len(f) < 5 {
		return
	}
	assigned, err := strconv.Atoi(f[4])
	if err != nil {
		return
	}
	all := s.kafka.states
	if n := len(all); n == 0 || all[n-1].Group != f[0] || all[n-1].Entry != t.src.Entry || all[n-1].State != "Stable" {
		t.state(s, GroupState{Group: f[0], State: "Stable"})
		all = s.kafka.states
	}
	g := &all[len(all)-1]
	g.Members++
	if assigned == 0 {
		g.Idle++
	}
}

func (t *table) state(s *snapshots, g GroupState) {
	s.told++
	g.Entry, g.Time = t.src.Entry, t.date
	s.kafka.states = append(s.kafka.states, g)
}

// ownGroups are the consumer groups of OpenIM by their default names.
var ownGroups = []string{"redis", "mongo", "push", "offlinePush"}

// takeGroupTexts makes of those texts what samples of a collection would have told, where there are none.
func (k *Kafka) takeGroupTexts(s *kafkaSnapshots) {
	k.States, k.Configured = s.states, ownGroups
	slices.SortStableFunc(k.States, func(a, b GroupState) int {
		if a.Group != b.Group {
			return strings.Compare(a.Group, b.Group)
		}
		return a.Time.Compare(b.Time)
	})
	k.States = slices.CompactFunc(k.States, func(a, b GroupState) bool { // --state and the offsets tell the same
		return a.Group == b.Group && a.State == b.State && a.Time.Sub(b.Time).Abs() < time.Second
	})
	for _, g := range s.absent {
		if slices.Contains(ownGroups, g.Group) && !slices.Contains(k.Missing, g.Group) {
			k.Missing = append(k.Missing, g.Group)
		}
		k.Sampled = g.Entry
	}
	for _, g := range k.States {
		k.Sampled = g.Entry
	}
}
