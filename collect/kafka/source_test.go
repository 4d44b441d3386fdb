package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// fake starts a cluster of kfake's, which speaks Kafka's protocol.
func fake(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// filled is a cluster with records and committed offsets of OpenIM's first topic.
func filled(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c := fake(t, append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(8, "toRedis", "toMongo"), kfake.SeedTopics(1, "other")}, opts...)...)
	for p := range int32(8) {
		if err := c.MoveTopicPartition("toRedis", p, p%3); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, c, "redis")
	return c
}

func fill(t *testing.T, c *kfake.Cluster, group string, opts ...kgo.Opt) {
	t.Helper()
	ctx, cancel := background(t)
	defer cancel()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var records []*kgo.Record
	var committed kadm.Offsets
	for p := range int32(8) {
		for range 10 {
			records = append(records, &kgo.Record{Topic: "toRedis", Partition: p, Value: []byte("x")})
		}
		committed.Add(kadm.Offset{Topic: "toRedis", Partition: p, At: int64(p), LeaderEpoch: -1})
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := kadm.NewClient(cl).CommitAllOffsets(ctx, group, committed); err != nil {
		t.Fatal(err)
	}
}

// openim asks for what a configuration names.
func openim(addresses ...string) Options {
	o := options(addresses...)
	o.All, o.Samples = false, 3
	o.Backend.Topics, o.Backend.Groups = []string{"toRedis", "toMongo", "toPush"}, []string{"redis", "push"}
	return o
}

func TestCollect(t *testing.T) {
	c := filled(t)
	o := openim(c.ListenAddrs()...)
	o.Conversations = func(context.Context) []string { return []string{"si_a_b", "sg_42", "nonsense"} }
	g := gather(t, o)
	if !g.Complete || len(g.gaps) > 0 {
		t.Errorf("complete %v (%s), gaps %+v", g.Complete, g.Reason, g.gaps)
	}
	groups, topics := g.groups(), g.topics()
	if len(groups.Groups) != 1 || groups.Groups[0].Name != "redis" || groups.Sample != 3 || len(groups.Missing) != 1 || groups.Missing[0] != "push" {
		t.Errorf("groups %+v", groups)
	}
	for i, p := range groups.Groups[0].Partitions {
		if p.Topic != "toRedis" || int(p.Partition) != i || *p.Committed != int64(i) || *p.End != 10 || *p.Start != 0 || *p.Lag != int64(10-i) || p.Member != nil {
			t.Errorf("partition %d: %+v", i, p)
		}
	}
	if len(topics.Topics) != 2 || topics.Others != 1 || !slices.Equal(topics.Missing, []string{"toPush"}) || len(topics.Brokers) != 3 || topics.Version == "" {
		t.Errorf("topics %+v", topics)
	}
	if topics.Topics[1].Settings["max.message.bytes"] == "" || topics.Brokers[0].Settings == nil {
		t.Errorf("settings %v and %v", topics.Topics[1].Settings, topics.Brokers[0].Settings)
	}
	for n := 1; n <= 3; n++ {
		if s := read[record.KafkaGroups](g, bundle.Sample(bundle.KafkaGroupsJSON, n)); s.Sample != n || s.Of != 3 || s.Time.IsZero() {
			t.Errorf("sample %d is %d of %d", n, s.Sample, s.Of)
		}
	}
	conversations := read[record.KafkaConversations](g, bundle.KafkaConversations).Conversations
	if len(conversations) != 2 || conversations[0].Key != "42" || conversations[1].Partitions["toRedis"] != partitionOf("a_b", 8) || len(conversations[1].Partitions) != 2 {
		t.Errorf("conversations %+v", conversations)
	}
}

// TestPartitionsAreSaramas holds our arithmetic to a client that imitates OpenIM's.
func TestPartitionsAreSaramas(t *testing.T) {
	hash := kgo.SaramaCompatHasher(func(b []byte) uint32 {
		h := uint32(2166136261)
		for _, c := range b {
			h = (h ^ uint32(c)) * 16777619
		}
		return h
	})
	for i := range 5000 {
		key, n := fmt.Sprintf("user%d_user%d", i, i*7), 1+i%12
		if got, want := partitionOf(key, n), int32(hash([]byte(key), n)); got != want {
			t.Fatalf("partition of %q among %d is %d, want %d", key, n, got, want)
		}
	}
	for id, want := range map[string]string{"si_a_b": "a_b", "sg_7": "7", "sn_a_b": "a_b", "n_a_b": "a_b", "n_7": "7", "g_7": "7", "x": ""} {
		if got := keyOf(id); got != want {
			t.Errorf("key of %s is %q, want %q", id, got, want)
		}
	}
}

// counted counts connections that are open at a time.
type counted struct {
	net.Conn
	once   sync.Once
	closed func()
}

func (c *counted) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}

// TestGentle: many brokers are asked over few connections, for nothing that changes anything, and without detours.
func TestGentle(t *testing.T) {
	c := filled(t, kfake.NumBrokers(9))
	var mu sync.Mutex
	open, most, asked := 0, 0, map[kmsg.Key]int{}
	c.Control(func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		asked[kmsg.Key(r.Key())]++
		if m, ok := r.(*kmsg.MetadataRequest); ok && m.AllowAutoTopicCreation {
			t.Error("asking for topics makes them")
		}
		return nil, nil, false
	})
	o := openim(c.ListenAddrs()...)
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		open++
		most = max(most, open)
		return &counted{Conn: conn, closed: func() { mu.Lock(); open--; mu.Unlock() }}, nil
	}
	if g := gather(t, o); !g.Complete {
		t.Error(g.Reason)
	}
	mu.Lock()
	defer mu.Unlock()
	if most > mostConnections || open > 0 {
		t.Errorf("%d connections at a time, %d left open", most, open)
	}
	for key, n := range asked {
		if !slices.Contains([]kmsg.Key{kmsg.ApiVersions, kmsg.Metadata, kmsg.ListGroups, kmsg.FindCoordinator, kmsg.DescribeGroups, kmsg.OffsetFetch, kmsg.ListOffsets, kmsg.DescribeConfigs}, key) {
			t.Errorf("%d requests %s", n, key.Name())
		}
	}
	for key, limit := range map[kmsg.Key]int{kmsg.ListGroups: 27, kmsg.DescribeGroups: 6, kmsg.OffsetFetch: 6, kmsg.ListOffsets: 54, kmsg.Metadata: 6, kmsg.FindCoordinator: 3} {
		if asked[key] > limit || asked[key] == 0 {
			t.Errorf("%d requests %s, at most %d are needed for 3 samples of 9 brokers", asked[key], key.Name(), limit)
		}
	}
}

func TestOldBrokers(t *testing.T) {
	for name, v := range map[string]*kversion.Versions{"0.11": kversion.V0_11_0(), "2.0": kversion.V2_0_0(), "2.8": kversion.V2_8_0()} {
		c := filled(t, kfake.MaxVersions(v))
		o := openim(c.ListenAddrs()...)
		o.Samples = 1
		g := gather(t, o)
		if groups := g.groups(); len(groups.Groups) != 1 || len(groups.Groups[0].Partitions) != 8 || *groups.Groups[0].Partitions[2].Lag != 8 {
			t.Errorf("%s: %+v, gaps %+v", name, groups.Groups, g.gaps)
		}
	}
}

// TestOneBrokerDown: what the others tell is there, and a gap names the rest.
func TestOneBrokerDown(t *testing.T) {
	c := filled(t)
	down := c.ListenAddrs()[1]
	o := openim(c.ListenAddrs()...)
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == down {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: no route to host")}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	if c.CoordinatorFor("redis") == 1 {
		t.Fatal("the broker that is down coordinates the group")
	}
	g := gather(t, o)
	led := 0
	for _, p := range g.groups().Groups[0].Partitions {
		if mine := c.LeaderFor("toRedis", p.Partition) == 1; mine != (p.End == nil) || mine != (p.Lag == nil) {
			t.Errorf("partition %d is led by broker 1: %v, and has end %v", p.Partition, mine, p.End)
		} else if mine {
			led++
		}
	}
	if led == 0 {
		t.Fatal("the broker that is down leads nothing")
	}
	g.gap(bundle.Failed, "broker 1", down, "advertise", "toRedis")
	if b := g.topics().Brokers[1]; !strings.Contains(b.Unreachable, "cannot be reached") {
		t.Errorf("broker %+v", b)
	}
	if !strings.Contains(string(g.entries[bundle.KafkaGroups]), " -               -") {
		t.Errorf("the table:\n%s", g.entries[bundle.KafkaGroups])
	}
}

// TestAdvertised: the address of the configuration answers, and those that it names do not.
func TestAdvertised(t *testing.T) {
	for _, n := range []int{1, 3} {
		c := fake(t, kfake.NumBrokers(n), kfake.SeedTopics(8, "toRedis", "toMongo"))
		fill(t, c, "redis")
		o := openim("kafka-service:9092")
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "kafka-service:9092" {
				return new(net.Dialer).DialContext(ctx, network, c.ListenAddrs()[0])
			}
			return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
		}
		g := gather(t, o)
		g.gap(bundle.Failed, c.ListenAddrs()[0], "advertises", "advertised.listeners", "port-forward")
		if n == 1 && len(g.groups().Groups[0].Partitions) != 8 {
			t.Errorf("the only broker was not asked where it answers: %+v", g.groups())
		}
		if n == 3 && len(g.topics().Topics) != 2 {
			t.Errorf("topics that the first address told: %+v", g.topics().Topics)
		}
	}
}

func TestForbidden(t *testing.T) {
	c := fake(t, kfake.NumBrokers(3), kfake.SeedTopics(8, "toRedis"), kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "toor"), kfake.User("PLAIN", "reader", "secret-of-the-reader"))
	fill(t, c, "redis", kgo.SASL(plainAs("root", "toor")))
	o := openim(c.ListenAddrs()...)
	o.Backend.Login.Username, o.Backend.Login.Password = "reader", "secret-of-the-reader"
	g := gather(t, o)
	g.gap(bundle.Forbidden, "redis", "AUTHORIZATION")
	if len(g.groups().Missing) > 0 {
		t.Errorf("groups that may not be seen are called missing: %+v", g.groups().Missing)
	}
	if t1 := g.topics(); !slices.Contains(t1.Forbidden, "toRedis") {
		t.Errorf("topics %+v", t1)
	}
}

// stopper ends a run once an entry is written.
type stopper struct {
	entry string
	stop  context.CancelFunc
}

func (s stopper) Report(e collect.Event) {
	if e.Kind == collect.EntryClosed && e.Entry == s.entry {
		s.stop()
	}
}

// TestEnds: the run ends before all samples are taken; the newest is there, and what is missing is named.
func TestEnds(t *testing.T) {
	c := filled(t)
	o := openim(c.ListenAddrs()...)
	o.Samples, o.Every = 5, time.Hour
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	g := gatherIn(ctx, t, o, func(run *collect.Options) {
		run.Progress = stopper{bundle.Sample(bundle.KafkaGroupsJSON, 1), stop}
	})
	if n := g.groups().Sample; n != 1 || len(g.entries[bundle.KafkaGroups]) == 0 {
		t.Errorf("the newest sample is %d", n)
	}
	g.gap(bundle.Timeout, "the run ended", "whether lag grows")
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		room  time.Duration // until the deadline; zero: there is none
		n     int
		every time.Duration
	}{
		{0, 5, 15 * time.Second},
		{5 * time.Minute, 5, 15 * time.Second},
		{50 * time.Second, 5, 10 * time.Second},
		{12500 * time.Millisecond, 3, time.Second},
		{time.Second, 1, time.Second},
	} {
		ctx := t.Context()
		if c.room > 0 {
			short, cancel := context.WithTimeout(ctx, c.room)
			defer cancel()
			ctx = short
		}
		n, every := New(Options{}).(*source).schedule(ctx)
		if n != c.n || every.Round(100*time.Millisecond) != c.every {
			t.Errorf("with %s left: %d samples every %s, want %d every %s", c.room, n, every, c.n, c.every)
		}
	}
}

func TestTexts(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	m := func(v int) *int { return &v }
	groups := []record.KafkaGroup{
		{Name: "gone", State: "Empty", Coordinator: 1},
		{Name: "redis", State: "Stable", Coordinator: 2, Assignor: "range", Members: []record.KafkaMember{
			{ID: "sarama-1", Host: "/10.0.0.1", Client: "sarama", Assigned: 1}, {ID: "sarama-2", Host: "/10.0.0.2", Client: "sarama", Assigned: 2},
		}, Partitions: []record.KafkaOffset{
			{Topic: "toRedis", Partition: 0, Committed: n(5), End: n(7), Lag: n(2), Member: m(0)},
			{Topic: "toRedis", Partition: 1, End: n(3), Member: m(1)},
			{Topic: "toRedis", Partition: 2, Committed: n(1), Member: m(1)},
			{Topic: "toRedis", Partition: 3, Committed: n(9), End: n(9), Lag: n(0)},
		}},
	}
	want := `
Consumer group 'gone' has no active members.

GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID
redis           toRedis         1          -               3               -               sarama-2        /10.0.0.2       sarama
redis           toRedis         2          1               -               -               sarama-2        /10.0.0.2       sarama
redis           toRedis         0          5               7               2               sarama-1        /10.0.0.1       sarama
redis           toRedis         3          9               9               0               -               -               -
`
	if got := string(offsetsText(groups)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(stateText(groups, map[int32]string{1: "kafka-0:9092", 2: "kafka-1:9092"})); !strings.Contains(got, "\nredis           kafka-1:9092  (2)         range                Stable               2\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestAsks(t *testing.T) {
	s := New(openim("kafka-service:9092"))
	asks := s.(collect.Asker).Asks()
	if len(asks) == 0 || asks[0].At != "kafka-service:9092" || asks[0].Of != "kafka" {
		t.Errorf("%+v", asks)
	}
	body, err := json.Marshal(asks)
	if err != nil || !strings.Contains(string(body), "OffsetFetch") {
		t.Errorf("%s, %v", body, err)
	}
	if p := s.(collect.Promiser).Promise(); len(p.Entries) != 8 || p.Timeout <= 0 {
		t.Errorf("%+v", p)
	}
}

// TestInterrupted blames no broker for the end of the run, whenever it comes.
func TestInterrupted(t *testing.T) {
	c := filled(t)
	for _, key := range []kmsg.Key{kmsg.ApiVersions, kmsg.Metadata, kmsg.OffsetFetch, kmsg.DescribeConfigs} {
		ctx, cancel := context.WithCancel(t.Context())
		c.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
			cancel()
			return nil, nil, false
		})
		g := gatherIn(ctx, t, openim(c.ListenAddrs()...))
		for _, gap := range g.gaps {
			if gap.Reason == bundle.Failed || strings.Contains(gap.Detail, "make sure") {
				t.Errorf("%s: %+v", key.Name(), gap)
			}
		}
		if strings.Contains(string(g.entries[bundle.KafkaTopics]), "unreachable") {
			t.Errorf("%s: %s", key.Name(), g.entries[bundle.KafkaTopics])
		}
	}
}

// TestResumed takes the samples that an earlier run, which was interrupted, did not bring, and no others.
func TestResumed(t *testing.T) {
	c := filled(t)
	var asked atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	count := func(until int32) {
		c.ControlKey(int16(kmsg.ListGroups), func(kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			if asked.Add(1) == until {
				cancel()
			}
			return nil, nil, false
		})
	}
	count(7) // of three brokers, in the third sample
	ours := func(o *collect.Options) { o.Tool.Name = "imbundle" }
	first := gatherIn(ctx, t, openim(c.ListenAddrs()...), ours)
	if first.entries[bundle.Sample(bundle.KafkaGroupsJSON, 2)] == nil || first.Complete {
		t.Fatalf("interrupted too early or not at all: %+v", first.gaps)
	}
	earlier, err := collect.OpenEarlier(t.Context(), first.Path)
	if err != nil {
		t.Fatal(err)
	}
	asked.Store(0)
	second := gatherIn(t.Context(), t, openim(c.ListenAddrs()...), ours, func(o *collect.Options) { o.Resume = earlier })
	if got := asked.Load(); got != 3 || !second.Complete {
		t.Errorf("%d brokers were asked for groups, complete %v: %+v", got, second.Complete, second.gaps)
	}
	for n := 1; n <= 3; n++ {
		if s := read[record.KafkaGroups](second, bundle.Sample(bundle.KafkaGroupsJSON, n)); s.Sample != n {
			t.Errorf("sample %d is %d", n, s.Sample)
		}
	}
}
