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
