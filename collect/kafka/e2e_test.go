//go:build e2e

package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// The brokers of testdata/rig, and Kafka's own tool as the witness.
var (
	brokers []string
	classes string
	java    string
	rigDir  string // folder of the rig
)

const rigProgram = "../../testdata/rig/rig"

func rig(args ...string) ([]byte, error) {
	cmd := exec.Command(rigProgram, append([]string{"-name", "kafka"}, args...)...)
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

func TestMain(m *testing.M) {
	running, err := rig("status")
	if err == nil {
		_, err = rig("up", "kafka")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting Kafka:", err)
		os.Exit(1)
	}
	code := 1
	if skipped, err := findBrokers(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else if skipped != "" {
		fmt.Fprintln(os.Stderr, "e2e: skipped:", skipped)
		code = 0
	} else {
		code = m.Run()
	}
	if !bytes.Contains(running, []byte("kafka-1              runs")) {
		if _, err := rig("down"); err != nil {
			fmt.Fprintln(os.Stderr, "stopping Kafka:", err)
			code = 1
		}
	}
	os.Exit(code)
}

func findBrokers() (skipped string, err error) {
	out, err := rig("env")
	if err != nil {
		return "", fmt.Errorf("asking the rig: %w", err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		env[name] = strings.Trim(value, "'")
	}
	brokers, classes, java = strings.Split(env["IMBUNDLE_RIG_KAFKA"], ","), env["IMBUNDLE_RIG_KAFKA_CLASSES"], env["IMBUNDLE_RIG_JAVA"]
	rigDir = env["IMBUNDLE_RIG_DIR"]
	return env["IMBUNDLE_RIG_SKIPPED"], nil
}

// tool is what kafka-consumer-groups.sh prints on a terminal.
func tool(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	all := append([]string{"-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", classes, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server", strings.Join(brokers, ","), "--describe", "--all-groups"}, args...)
	out, err := exec.CommandContext(ctx, java, all...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// admin is a client that may change things; every test has topics and groups of its own, named after it.
func admin(t *testing.T, opts ...kgo.Opt) *kadm.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return kadm.NewClient(cl)
}

// topic makes a topic, which goes at the end, and writes n records into each of its partitions.
func topic(t *testing.T, name string, partitions int32, replicas int16, n int) {
	t.Helper()
	ctx, cancel := background(t)
	defer cancel()
	a := admin(t)
	if _, err := a.CreateTopic(ctx, partitions, replicas, nil, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := a.DeleteTopic(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	write(t, name, partitions, n)
}

func write(t *testing.T, topic string, partitions int32, n int) {
	t.Helper()
	ctx, cancel := background(t)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var records []*kgo.Record
	for p := range partitions {
		for range n {
			records = append(records, &kgo.Record{Topic: topic, Partition: p, Value: []byte("x")})
		}
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// commit sets a group's offsets, which makes the group, and removes it at the end.
func commit(t *testing.T, group, topic string, at map[int32]int64) {
	t.Helper()
	ctx, cancel := background(t)
	defer cancel()
	a := admin(t)
	var os kadm.Offsets
	for p, n := range at {
		os.Add(kadm.Offset{Topic: topic, Partition: p, At: n, LeaderEpoch: -1})
	}
	if err := a.CommitAllOffsets(ctx, group, os); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := a.DeleteGroup(context.Background(), group); err != nil {
			t.Error(err)
		}
	})
}

// member joins a group and stays until the end of the test, or until left is called.
func member(t *testing.T, group, topic, client string, opts ...kgo.Opt) (left func()) {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(brokers...), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.ClientID(client), kgo.Balancers(kgo.RangeBalancer()),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			cl.PollFetches(ctx)
		}
	}()
	gone := false
	left = func() {
		if !gone {
			gone = true
			cancel()
			<-done
			cl.Close()
		}
	}
	t.Cleanup(left)
	return left
}

// settled waits until a group is in a state, with so many members.
func settled(t *testing.T, group, state string, members int) {
	t.Helper()
	ctx, cancel := background(t)
	defer cancel()
	a := admin(t)
	for {
		d, err := a.DescribeGroups(ctx, group)
		if err == nil && d[group].State == state && len(d[group].Members) == members {
			return
		}
		if !pause(ctx, 100*time.Millisecond) {
			t.Fatalf("group %s: %+v, %v", group, d[group], err)
		}
	}
}

// same compares our tables with the tool's, byte for byte.
func same(t *testing.T) gathered {
	t.Helper()
	g := gather(t, options(brokers...))
	for name, args := range map[string][]string{bundle.KafkaGroups: nil, bundle.KafkaMembers: {"--members"}, bundle.KafkaState: {"--state"}} {
		if want, got := tool(t, args...), string(g.entries[name]); got != want {
			t.Errorf("%s:\n%s\nthe tool prints\n%s", name, got, want)
		}
	}
	return g
}

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

func kill(t *testing.T, broker int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("%s/pids/kafka-%d", rigDir, broker))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(b))[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := rig("up", "kafka"); err != nil {
			t.Error(err)
		}
	})
}

// leads is the leading cause that the product finds in a bundle; it has to be built.
func leads(t *testing.T, g gathered) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "../../bin/imbundle", "analyze", "-o", "json", "--fail-on", "never", g.Path).Output()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) { // 3: logs are missing
		t.Fatalf("analyzing (is bin/imbundle built?): %v", err)
	}
	var report struct {
		Verdict struct{ Causes []struct{ Cause string } }
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Verdict.Causes) == 0 {
		return ""
	}
	return report.Verdict.Causes[0].Cause
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

func redisOf(g gathered) []record.KafkaOffset {
	for _, group := range g.groups().Groups {
		if group.Name == "redis" {
			return group.Partitions
		}
	}
	return nil
}

// forgotten waits until the cluster has two brokers, and a coordinator for the group. Each look is that of a new client:
// one that is at work remembers where it was answered last.
func forgotten(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		n, err := look(ctx)
		if n == 2 && err == nil {
			return
		}
		if !pause(ctx, 300*time.Millisecond) {
			t.Fatalf("%d brokers, %v", n, err)
		}
	}
}

func look(ctx context.Context) (brokersLeft int, err error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers[0], brokers[2]), kgo.RequestRetries(0))
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	m, err := kadm.NewClient(cl).BrokerMetadata(ctx)
	if err != nil {
		return 0, err
	}
	groups, err := kadm.NewClient(cl).DescribeGroups(ctx, "redis")
	if err == nil {
		err = groups["redis"].Err
	}
	return len(m.Brokers), err
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
