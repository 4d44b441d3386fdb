//go:build e2e

package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/imbundle/imbundle/bundle"
)

func TestTablesAreTheTools(t *testing.T) {
	topic(t, "toRedis", 4, 3, 25)
	topic(t, "toMongo", 2, 3, 7)
	commit(t, "redis", "toRedis", map[int32]int64{0: 25, 1: 20, 2: 0})
	commit(t, "mongo", "toMongo", map[int32]int64{0: 7})
	commit(t, "a-group-with-a-name-longer-than-the-column", "toRedis", map[int32]int64{3: 11, 0: 2})
	t.Cleanup(func() { // a static member stays until it is sent away
		if _, err := admin(t).LeaveGroup(context.Background(), kadm.LeaveGroup("redis").InstanceIDs("static-1")); err != nil {
			t.Error(err)
		}
	})
	member(t, "redis", "toRedis", "sarama-with-a-long-name-of-its-own")
	member(t, "redis", "toRedis", "sarama", kgo.InstanceID("static-1"))
	member(t, "redis", "toRedis", "third")
	member(t, "push", "toMongo", "sarama")
	settled(t, "redis", "Stable", 3)
	settled(t, "push", "Stable", 1)
	g := same(t)
	if text := string(g.entries[bundle.KafkaGroups]); !strings.Contains(text, "has no active members.") || !strings.Contains(text, " -               25") {
		t.Errorf("neither an empty group nor an uncommitted offset in\n%s", text)
	}
	if n := len(g.topics().Brokers); n != 3 {
		t.Errorf("%d brokers", n)
	}
}

// configured asks for what a configuration of OpenIM names, in three samples.
func configured() Options {
	o := openim(brokers...)
	o.Backend.Topics, o.Backend.Groups, o.Every = []string{"toRedis", "toMongo"}, []string{"redis", "mongo"}, 500*time.Millisecond
	return o
}

// healthy are both topics with a group each that has read everything.
func healthy(t *testing.T) {
	t.Helper()
	topic(t, "toRedis", 2, 3, 5)
	topic(t, "toMongo", 2, 3, 5)
	commit(t, "redis", "toRedis", map[int32]int64{0: 5, 1: 5})
	commit(t, "mongo", "toMongo", map[int32]int64{0: 5, 1: 5})
	member(t, "redis", "toRedis", "sarama")
	settled(t, "redis", "Stable", 1)
}

func TestHealthy(t *testing.T) {
	healthy(t)
	member(t, "mongo", "toMongo", "sarama")
	settled(t, "mongo", "Stable", 1)
	g := gather(t, configured())
	if lead := leads(t, g); !g.Complete || lead != "" {
		t.Errorf("complete %v, leads with %q", g.Complete, lead)
	}
}

func TestConsumerStopped(t *testing.T) {
	healthy(t)
	left := member(t, "mongo", "toMongo", "sarama")
	settled(t, "mongo", "Stable", 1)
	left()
	settled(t, "mongo", "Empty", 0)
	write(t, "toMongo", 2, 50)
	g := gather(t, configured())
	if lead := leads(t, g); lead != "consumer-stalled" {
		t.Errorf("leads with %q", lead)
	}
	same(t)
}

// TestConsumerStuck: the reader is there and takes nothing, while messages come.
func TestConsumerStuck(t *testing.T) {
	healthy(t)
	member(t, "mongo", "toMongo", "sarama")
	settled(t, "mongo", "Stable", 1)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause(ctx, 100*time.Millisecond) {
			write(t, "toMongo", 2, 20)
		}
	}()
	g := gather(t, configured())
	stop()
	<-done
	if lead := leads(t, g); lead != "consumer-stalled" {
		t.Errorf("leads with %q", lead)
	}
}

func TestTopicMissing(t *testing.T) {
	topic(t, "toRedis", 2, 3, 5)
	commit(t, "redis", "toRedis", map[int32]int64{0: 5, 1: 5})
	member(t, "redis", "toRedis", "sarama")
	settled(t, "redis", "Stable", 1)
	g := gather(t, configured())
	if m := g.topics().Missing; len(m) != 1 || m[0] != "toMongo" {
		t.Errorf("missing topics %v", m)
	}
	if m := g.groups().Missing; len(m) != 1 || m[0] != "mongo" {
		t.Errorf("missing groups %v", m)
	}
	if lead := leads(t, g); lead != "kafka-topic-missing" {
		t.Errorf("leads with %q", lead)
	}
}

// TestDeletedTopic: a group keeps offsets of a topic that is gone; the tool shows them without an end.
func TestDeletedTopic(t *testing.T) {
	topic(t, "toRedis", 2, 3, 5)
	a := admin(t)
	ctx, cancel := background(t)
	defer cancel()
	if _, err := a.CreateTopic(ctx, 1, 1, nil, "short-lived"); err != nil {
		t.Fatal(err)
	}
	commit(t, "redis", "toRedis", map[int32]int64{0: 5})
	commit(t, "orphan", "short-lived", map[int32]int64{0: 0})
	if _, err := a.DeleteTopic(ctx, "short-lived"); err != nil {
		t.Fatal(err)
	}
	same(t)
}

func TestBrokerKilled(t *testing.T) {
	topic(t, "toRedis", 6, 1, 10)
	commit(t, "redis", "toRedis", map[int32]int64{0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1})
	ctx, cancel := background(t)
	defer cancel()
	before, err := admin(t).Metadata(ctx, "toRedis")
	if err != nil {
		t.Fatal(err)
	}
	lost := map[int32]bool{}
	for _, p := range before.Topics["toRedis"].Partitions {
		lost[p.Partition] = p.Leader == 2
	}
	kill(t, 2)
	g := gather(t, options(brokers...))
	g.gap(bundle.Failed, "broker 2", "nothing listens", "advertises")
	for _, p := range redisOf(g) { // none where the dead broker coordinated the group
		if lost[p.Partition] != (p.End == nil) {
			t.Errorf("at once: partition %d, lost %v, ends at %v", p.Partition, lost[p.Partition], p.End)
		}
	}
	forgotten(t)
	g = gather(t, options(brokers...))
	if rows := redisOf(g); len(rows) != 6 {
		t.Errorf("%d of 6 partitions; gaps %+v", len(rows), g.gaps)
	}
	for _, p := range redisOf(g) {
		if lost[p.Partition] != (p.End == nil) {
			t.Errorf("later: partition %d, lost %v, ends at %v", p.Partition, lost[p.Partition], p.End)
		}
	}
	g.gap(bundle.NotFound, "no broker leads", "toRedis")
	if lead := leads(t, g); lead != "kafka-unreachable" {
		t.Errorf("leads with %q", lead)
	}
	same(t)
}

// TestByRealTool: where the protocol cannot be spoken, the tool beside a broker brings the same facts.
func TestByRealTool(t *testing.T) {
	healthy(t)
	want := gather(t, options(brokers...)).groups().Groups
	folder := t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\nexec '%s' -Xmx128m -cp '%s' -Dorg.slf4j.simpleLogger.defaultLogLevel=error org.apache.kafka.tools.consumer.group.ConsumerGroupCommand \"$@\"\n", java, classes)
	if err := os.WriteFile(folder+"/kafka-consumer-groups.sh", []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	o := options(brokers...)
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no way through") }
	o.Exec = func(ctx context.Context, _ string, ask func(int) []string, _ io.Reader, stdout io.Writer) error {
		command := ask(9092)
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
		cmd.Stdout = stdout
		return cmd.Run()
	}
	got := gather(t, o).groups().Groups
	for i := range want {
		want[i].Type = ""
		for j := range want[i].Partitions {
			want[i].Partitions[j].Start = nil
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the tool tells\n%+v\nthe brokers\n%+v", got, want)
	}
}

// TestBig reads 500 groups of 100 partitions each; the time is reported.
func TestBig(t *testing.T) {
	const groups, partitions = 500, 100
	c := fake(t, kfake.NumBrokers(3), kfake.SeedTopics(partitions, "toRedis"))
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var os kadm.Offsets
	for p := range int32(partitions) {
		os.Add(kadm.Offset{Topic: "toRedis", Partition: p, LeaderEpoch: -1})
	}
	for n := range groups {
		if err := kadm.NewClient(cl).CommitAllOffsets(t.Context(), fmt.Sprintf("group-%03d", n), os); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	g := gather(t, options(c.ListenAddrs()...))
	took := time.Since(began)
	rows := 0
	for _, one := range g.groups().Groups {
		rows += len(one.Partitions)
	}
	t.Logf("%d groups × %d partitions: one sample into a bundle of %d bytes in %s", groups, partitions, g.Size, took.Round(time.Millisecond))
	if rows != groups*partitions || took > 5*time.Second {
		t.Errorf("%d rows in %s", rows, took)
	}
}
