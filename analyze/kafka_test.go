package analyze

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// TestSamplesCountOnce: the newest sample stands in the bundle twice, and the text beside it shows the same offsets again.
func TestSamplesCountOnce(t *testing.T) {
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	offset := func(n int64) *int64 { return &n }
	member := 0
	sample := func(n int) *record.KafkaGroups {
		return &record.KafkaGroups{
			Time: began.Add(time.Duration(n) * 15 * time.Second), Sample: n, Of: 2, Missing: []string{"push"},
			Groups: []record.KafkaGroup{{Name: "redis", State: "Stable", Members: []record.KafkaMember{{ID: "m", Assigned: 1}, {ID: "idle"}}, Partitions: []record.KafkaOffset{
				{Topic: "toRedis", Committed: offset(10), Start: offset(0), End: offset(int64(10 + n)), Lag: offset(int64(n)), Member: &member}, {Topic: "toRedis", Partition: 1},
			}}},
		}
	}
	var s kafkaSnapshots
	for name, v := range map[string]any{
		bundle.Sample(bundle.KafkaGroupsJSON, 1): sample(1), bundle.Sample(bundle.KafkaGroupsJSON, 2): sample(2), bundle.KafkaGroupsJSON: sample(2),
		bundle.KafkaTopics: record.KafkaTopics{Missing: []string{"toPush"}},
	} {
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if src := classify(name, body); src.Form != formKafka {
			t.Errorf("%s is read as form %d", name, src.Form)
		}
		if err := s.read(strings.NewReader(string(body)), name); err != nil {
			t.Fatal(err)
		}
	}
	f := &Facts{Groups: []GroupSample{{Entry: bundle.KafkaGroups, Group: "redis", Topic: "toRedis"}}}
	f.takeKafka(&s)
	if len(f.Groups) != 4 || f.Groups[0].Lag != 1 || f.Groups[2].Lag != 2 || f.Groups[0].Member != "m" || f.Groups[1].Current != -1 || f.Groups[0].Start != 0 {
		t.Errorf("offsets %+v", f.Groups)
	}
	if k := f.Kafka; len(k.States) != 2 || k.States[0].Members != 2 || k.States[0].Idle != 1 || k.Missing[0] != "push" || k.Sampled != bundle.KafkaGroupsJSON || k.Topics.Missing[0] != "toPush" {
		t.Errorf("facts %+v", k)
	}
}

// TestTextAlone: without samples the tool's text is what there is.
func TestTextAlone(t *testing.T) {
	f := &Facts{Groups: []GroupSample{{Entry: bundle.KafkaGroups}}}
	f.takeKafka(&kafkaSnapshots{topics: []kafkaTopics{{bundle.KafkaTopics, &record.KafkaTopics{}}}})
	if len(f.Groups) != 1 {
		t.Error("the text's offsets are gone")
	}
}

func TestCutSample(t *testing.T) {
	var s kafkaSnapshots
	if err := s.read(strings.NewReader(`{"groups":[{"name":"re`), bundle.KafkaGroupsJSON); err == nil || len(s.samples) > 0 {
		t.Errorf("error %v, %d samples", err, len(s.samples))
	}
}

// A topic that is described again in one text is as the last description says; another text's stands beside it.
func TestTopicDescribedAgain(t *testing.T) {
	topic := func(isr string) string {
		return "Topic: toRedis\tTopicId: abcdefghijklmnopqrstuv\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: min.insync.replicas=2\n" +
			"\tTopic: toRedis\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: " + isr + "\n"
	}
	dir := t.TempDir()
	writeTo(t, dir, "a.txt", topic("1")+"$ # after a restart\n"+topic("1,2,3"))
	writeTo(t, dir, "b.txt", topic("1,2"))
	f, _ := factsIn(t, dir)
	var got []string
	for _, d := range f.Kafka.Described {
		for _, p := range d.Partitions {
			got = append(got, fmt.Sprintf("%s: %s %v", d.Entry, d.Name, p.ISR))
		}
	}
	slices.Sort(got)
	if want := []string{"a.txt: toRedis [1 2 3]", "b.txt: toRedis [1 2]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
