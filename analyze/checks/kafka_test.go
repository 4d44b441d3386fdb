package checks

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

// series are samples of one partition, 15 seconds apart, of committed and end offsets by turns.
func series(topic string, partition int, member string, offsets ...int64) []analyze.GroupSample {
	group := map[string]string{"toRedis": "redis", "toMongo": "mongo", "toPush": "push", "latestMsgToRedis": "redis"}[topic]
	var out []analyze.GroupSample
	for i := 0; i < len(offsets); i += 2 {
		s := analyze.GroupSample{
			Sample: i/2 + 1, Time: noon.Add(time.Duration(i/2) * 15 * time.Second), Group: group, Topic: topic, Partition: partition,
			Current: offsets[i], End: offsets[i+1], Lag: -1, Start: -1, Member: member,
		}
		if s.Current >= 0 && s.End >= 0 {
			s.Lag = s.End - s.Current
		}
		out = append(out, s)
	}
	return out
}

func concat(parts ...[]analyze.GroupSample) (all []analyze.GroupSample) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestLagByTrend(t *testing.T) {
	none := series("toMongo", 0, "", 100, 400)
	deleted := series("toMongo", 0, "m", 100, 900, 100, 900)
	for i := range deleted {
		deleted[i].Start = 500
	}
	slow := series("toRedis", 0, "m", 100, 150, 100, 160)
	slow[1].Time = noon.Add(10 * time.Minute)
	moves := series("toRedis", 1, "m", 500, 500, 900, 900)
	moves[1].Time = slow[1].Time
	for _, c := range []struct {
		name     string
		in       []analyze.GroupSample
		versions []string
		line     string
		cause    string
		status   string
	}{
		{"is nought", series("toMongo", 0, "m", 5, 5, 9, 9), nil, "", "", analyze.Pass},
		{"shrinks", series("toMongo", 0, "m", 0, 5000, 3000, 5500), nil, "", "", analyze.Pass},
		{"grows", series("toMongo", 0, "m", 0, 1000, 500, 4000), nil, "", "consumer-lag-growing", analyze.Fail},
		{"stands", series("toMongo", 0, "m", 100, 150, 100, 190), nil, "", "consumer-stalled", analyze.Fail},
		{"stands without new messages", series("toMongo", 0, "m", 100, 5100, 100, 5100), nil, "", "consumer-stalled", analyze.Fail},
		{"is a little and stays", series("toMongo", 0, "m", 100, 110, 100, 110), nil, "", "", analyze.Pass},
		{"has no reader", none, nil, "", "consumer-stalled", analyze.Fail},
		{"goes back", series("toMongo", 0, "m", 900, 900, 200, 900), nil, "", "kafka-offset-out-of-range", analyze.Warn},
		{"is beyond the end", series("toMongo", 0, "m", 900, 40), nil, "", "kafka-offset-out-of-range", analyze.Fail},
		{"was deleted by retention", deleted, nil, "", "kafka-offset-out-of-range", analyze.Fail},
		{"was seen once", series("toMongo", 0, "m", 100, 180), nil, "", "", analyze.Unknown},
		{"was seen once and is nought", series("toMongo", 0, "m", 100, 100), nil, "", "", analyze.Pass},
		{"has no known end", series("toMongo", 0, "m", 100, -1, 100, -1), nil, "", "", analyze.Unknown},
		{"was never committed", series("toMongo", 0, "m", -1, 100, -1, 200), nil, "", "", analyze.Pass},

		{"remains beside a batch's last partition", concat(series("toRedis", 0, "m", 100, 150, 100, 160), series("toRedis", 1, "m", 500, 500, 900, 900)), []string{"v3.8.3"}, "a", "", analyze.Pass},
		{"remains for ten minutes", concat(slow, moves), []string{"v3.8.3"}, "a", "consumer-stalled", analyze.Fail},
		{"remains while another reader moves", concat(series("toRedis", 0, "m", 100, 150, 100, 160), series("toRedis", 1, "other", 500, 500, 900, 900)), []string{"v3.8.3"}, "a", "consumer-stalled", analyze.Fail},
		{"remains in a release that commits all", concat(series("toRedis", 0, "m", 100, 150, 100, 160), series("toRedis", 1, "m", 500, 500, 900, 900)), []string{"v3.7.0"}, "a", "consumer-stalled", analyze.Fail},
		{"remains of another topic", concat(series("toMongo", 0, "m", 100, 150, 100, 160), series("toMongo", 1, "m", 500, 500, 900, 900)), []string{"v3.8.3"}, "a", "consumer-stalled", analyze.Fail},

		{"is nought on receipt", series("latestMsgToRedis", 0, "m", 5, 5, 9, 9), []string{"v3.5.0"}, "a", "", analyze.Unknown},
		{"grows though committed on receipt", series("latestMsgToRedis", 0, "m", 0, 1000, 500, 4000), []string{"v3.5.0"}, "a", "consumer-lag-growing", analyze.Fail},

		{"of push stands on main", series("toPush", 0, "m", 100, 5000, 100, 9000), []string{"main"}, "b", "", analyze.Pass},
		{"of push stands on a release", series("toPush", 0, "m", 100, 5000, 100, 9000), []string{"v3.8.3"}, "a", "consumer-stalled", analyze.Fail},
		{"of push has no reader on main", series("toPush", 0, "", 100, 5000, 100, 9000), []string{"main"}, "b", "consumer-stalled", analyze.Fail},
		{"of mongo stands on main", series("toMongo", 0, "m", 100, 5000, 100, 9000), []string{"main"}, "b", "consumer-stalled", analyze.Fail},
	} {
		got := consumerGroups.Run(&analyze.Facts{Specs: load(t), Groups: c.in, Versions: c.versions, Line: c.line})
		if found := causesOf(got); got.Status != c.status || len(found) > 1 || c.cause != "" && found[c.cause] == "" || c.cause == "" && len(found) > 0 {
			t.Errorf("lag that %s: %s %v, want %s %q", c.name, got.Status, found, c.status, c.cause)
		}
	}
}

// TestIdleMembers: lag with members that have nothing to read is told apart from lag that more replicas would cure.
func TestIdleMembers(t *testing.T) {
	f := &analyze.Facts{Specs: load(t), Groups: series("toMongo", 0, "m", 0, 1000, 500, 4000), Kafka: &analyze.Kafka{States: []analyze.GroupState{{Group: "mongo", Idle: 3}, {Group: "mongo", Idle: 2}, {Group: "push", Idle: 9}}}}
	if got := consumerGroups.Run(f); !contains(got, "; 2 members have no partition left to read") {
		t.Errorf("%+v", got.Evidence)
	}
}

func TestDrain(t *testing.T) {
	g := groupsOf(&analyze.Facts{Specs: load(t), Groups: series("toMongo", 0, "m", 0, 1000, 600, 1000)})[0]
	if got := g.sum().drain(); got != ", drained in about 10s" {
		t.Errorf("400 left at 40 a second: %q", got)
	}
	g = groupsOf(&analyze.Facts{Specs: load(t), Groups: series("toMongo", 0, "m", 0, 1000, 100, 1500)})[0]
	if got := g.sum().drain(); got != ", never drained at this rate" {
		t.Errorf("a growing lag: %q", got)
	}
}

func TestHotPartition(t *testing.T) {
	cold := func(written int64) []analyze.GroupSample {
		return concat(series("toRedis", 1, "m", 0, 0, written, written), series("toRedis", 2, "m", 0, 0, written, written))
	}
	for _, c := range []struct {
		name string
		in   []analyze.GroupSample
		want string
	}{
		{"one group shouts", concat(series("toRedis", 0, "m", 0, 0, 500, 2000), cold(20)), analyze.Fail},
		{"all partitions lag alike", concat(series("toRedis", 0, "m", 0, 0, 500, 2000), series("toRedis", 1, "m", 0, 0, 500, 2000), series("toRedis", 2, "m", 0, 0, 500, 2000)), analyze.Pass},
		{"a hot partition is kept up with", concat(series("toRedis", 0, "m", 0, 0, 2000, 2000), cold(20)), analyze.Pass},
		{"a little traffic is uneven", concat(series("toRedis", 0, "m", 0, 0, 0, 30), cold(0)), analyze.Pass},
		{"there is but one partition", series("toRedis", 0, "m", 0, 0, 500, 2000), analyze.Pass},
		{"there is but one sample", series("toRedis", 0, "m", 500, 2000), analyze.Unknown},
	} {
		f := &analyze.Facts{Specs: load(t), Groups: c.in, Kafka: &analyze.Kafka{Conversations: []record.KafkaConversation{{ID: "sg_live", Partitions: map[string]int32{"toRedis": 0}}, {ID: "sg_quiet", Partitions: map[string]int32{"toRedis": 1}}}}}
		got := hotPartition.Run(f)
		if got.Status != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Status, c.want)
		}
		if c.want == analyze.Fail && !contains(got, "conversations there: sg_live") {
			t.Errorf("%s: the conversation is not named in %+v", c.name, got.Evidence[0].Samples)
		}
	}
}

func contains(f analyze.Finding, text string) bool {
	for _, e := range f.Evidence {
		for _, s := range e.Samples {
			if len(s.Text) >= len(text) && s.Text[len(s.Text)-len(text):] == text {
				return true
			}
		}
	}
	return false
}

func TestKafkaMembers(t *testing.T) {
	states := func(all ...string) (out []analyze.GroupState) {
		for i, s := range all {
			out = append(out, analyze.GroupState{Group: "push", State: s, Time: noon.Add(time.Duration(i) * time.Second), Entry: "kafka/groups.json"})
		}
		return out
	}
	running := pod("openim-push-6fc7cdb9f9-jvkrs", "push", true, analyze.Container{Name: "p", Ready: true})
	young := running
	young.Started = noon.Add(-30 * time.Second)
	for _, c := range []struct {
		name   string
		kafka  analyze.Kafka
		pod    *analyze.Pod
		cause  string
		status string
	}{
		{"has members", analyze.Kafka{States: states("Stable", "Stable")}, nil, "", analyze.Pass},
		{"was empty for a moment", analyze.Kafka{States: states("Empty", "Stable")}, nil, "", analyze.Pass},
		{"is empty", analyze.Kafka{States: states("Empty", "Empty")}, nil, "consumer-stalled", analyze.Fail},
		{"is empty beside a ready pod", analyze.Kafka{States: states("Empty", "Empty")}, &running, "consumer-dead-pod-running", analyze.Fail},
		{"is empty beside a pod that just started", analyze.Kafka{States: states("Empty", "Empty")}, &young, "consumer-stalled", analyze.Fail},
		{"does not exist", analyze.Kafka{Missing: []string{"push"}}, nil, "consumer-stalled", analyze.Fail},
		{"rebalances once", analyze.Kafka{States: states("Stable", "PreparingRebalance", "Stable")}, nil, "", analyze.Pass},
		{"keeps rebalancing", analyze.Kafka{States: states("PreparingRebalance", "CompletingRebalance", "Stable")}, nil, "kafka-rebalance-storm", analyze.Fail},
		{"is unknown", analyze.Kafka{States: []analyze.GroupState{{Group: "push", Error: "its coordinator did not answer"}}}, nil, "", analyze.Unknown},
	} {
		c.kafka.Sampled, c.kafka.Configured = "kafka/groups.json", []string{"push"}
		f := &analyze.Facts{Specs: load(t), Kafka: &c.kafka, Collected: noon}
		if c.pod != nil {
			f.Pods = []analyze.Pod{*c.pod}
		}
		got := kafkaMembers.Run(f)
		if found := causesOf(got); got.Status != c.status || c.cause != "" && found[c.cause] == "" {
			t.Errorf("a group that %s: %s %v, want %s %q", c.name, got.Status, found, c.status, c.cause)
		}
	}
	stranger := analyze.Kafka{Sampled: "kafka/groups.json", Configured: []string{"redis"}, States: states("Empty", "Empty")}
	if got := kafkaMembers.Run(&analyze.Facts{Specs: load(t), Kafka: &stranger}); got.Status != analyze.Pass {
		t.Errorf("an empty group of somebody else: %s", got.Status)
	}
}

// cluster is one topic on three brokers, in order.
func cluster() *analyze.Facts {
	t := record.KafkaTopic{
		Name:     "toMongo",
		Settings: map[string]string{"min.insync.replicas": "2", "max.message.bytes": "1048588"},
		Partitions: []record.KafkaPartition{
			{Partition: 0, Leader: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3}}, {Partition: 1, Leader: 2, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3}},
		},
	}
	return &analyze.Facts{Kafka: &analyze.Kafka{Entry: "kafka/topics.json", Topics: &record.KafkaTopics{
		Bootstrap: []string{"kafka-service:9092"}, Topics: []record.KafkaTopic{t},
		Brokers: []record.KafkaBroker{{ID: 1, Address: "kafka-0.kafka:9092"}, {ID: 2, Address: "kafka-1.kafka:9092", Settings: map[string]string{"auto.create.topics.enable": "false"}}},
	}}}
}

func TestKafkaCluster(t *testing.T) {
	for _, c := range []struct {
		name   string
		check  analyze.Check
		change func(*record.KafkaTopics)
		cause  string
		sure   string
		status string
	}{
		{"topics are there", kafkaTopics, func(*record.KafkaTopics) {}, "", "", analyze.Pass},
		{"topic is missing", kafkaTopics, func(k *record.KafkaTopics) { k.Missing = []string{"toPush"} }, "kafka-topic-missing", analyze.Certain, analyze.Fail},
		{"topic may come by itself", kafkaTopics, func(k *record.KafkaTopics) {
			k.Missing, k.Brokers[0].Settings = []string{"toPush"}, map[string]string{"auto.create.topics.enable": "true"}
		}, "kafka-topic-missing", analyze.Likely, analyze.Fail},
		{"topic may not be seen", kafkaTopics, func(k *record.KafkaTopics) { k.Forbidden = []string{"toPush"} }, "kafka-auth-failed", analyze.Possible, analyze.Warn},
		{"partition without leader", kafkaTopics, func(k *record.KafkaTopics) { k.Topics[0].Partitions[1].Leader = -1 }, "kafka-unreachable", analyze.Likely, analyze.Fail},
		{"offsets without leader", kafkaTopics, func(k *record.KafkaTopics) { k.Topics[0].Name, k.Topics[0].Partitions[1].Leader = offsetsTopic, -1 }, "kafka-coordinator-unavailable", analyze.Certain, analyze.Fail},

		{"replica lags", kafkaReplication, func(k *record.KafkaTopics) { k.Topics[0].Partitions[1].ISR = []int32{2, 3} }, "", "", analyze.Pass},
		{"too few in sync", kafkaReplication, func(k *record.KafkaTopics) { k.Topics[0].Partitions[1].ISR = []int32{2} }, "kafka-not-enough-replicas", analyze.Certain, analyze.Fail},
		{"settings unread", kafkaReplication, func(k *record.KafkaTopics) { k.Topics[0].Settings = nil }, "", "", analyze.Unknown},

		{"default size", kafkaMessageSize, func(*record.KafkaTopics) {}, "", "", analyze.Pass},
		{"size of the chart", kafkaMessageSize, func(k *record.KafkaTopics) { k.Topics[0].Settings["max.message.bytes"] = "64000" }, "kafka-message-too-large", analyze.Possible, analyze.Warn},
		{"size unread", kafkaMessageSize, func(k *record.KafkaTopics) { k.Topics[0].Settings = nil }, "", "", analyze.Unknown},

		{"addresses of services", kafkaBrokers, func(*record.KafkaTopics) {}, "", "", analyze.Pass},
		{"localhost for everybody", kafkaBrokers, func(k *record.KafkaTopics) { k.Brokers[0].Address = "localhost:9092" }, "kafka-advertised-listener", analyze.Certain, analyze.Fail},
		{"all on one host", kafkaBrokers, func(k *record.KafkaTopics) {
			k.Bootstrap, k.Brokers[0].Address = []string{"127.0.0.1:19094"}, "localhost:9092"
		}, "", "", analyze.Pass},
		{"broker out of reach", kafkaBrokers, func(k *record.KafkaTopics) { k.Brokers[0].Unreachable = "nothing listens" }, "kafka-unreachable", analyze.Possible, analyze.Warn},
	} {
		f := cluster()
		c.change(f.Kafka.Topics)
		got := c.check.Run(f)
		if found := causesOf(got); got.Status != c.status || found[c.cause] != c.sure {
			t.Errorf("%s: %s %v, want %s %s %s", c.name, got.Status, found, c.status, c.sure, c.cause)
		}
	}
}

// What Kafka's own tool tells of some topics is judged where no collection has asked; nothing is missing because of it.
func TestDescribedTopics(t *testing.T) {
	topic := func(isr string) map[string]string {
		return map[string]string{"topics.txt": "Topic: toRedis\tPartitionCount: 1\tReplicationFactor: 2\tConfigs: min.insync.replicas=2\n\tTopic: toRedis\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: " + isr + "\n"}
	}
	for isr, want := range map[string]string{"1": analyze.Fail, "1,2": analyze.Pass} {
		f := factsOf(t, topic(isr))
		if got := kafkaReplication.Run(f); got.Status != want || want == analyze.Fail && got.Evidence[0].Samples[0].Entry != "topics.txt" {
			t.Errorf("in sync %s: %+v", isr, got)
		}
		if got := kafkaTopics.Run(f); got.Status != analyze.Unknown {
			t.Errorf("topics: %+v", got)
		}
	}
}
