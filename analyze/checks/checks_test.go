package checks

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestManuals holds every check to its manual in both languages, and to a command for its data.
func TestManuals(t *testing.T) {
	seen := map[string]bool{}
	s := load(t)
	for _, c := range All() {
		if seen[c.ID] {
			t.Errorf("check %s is listed twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title.ZH == "" || c.Title.EN == "" || c.Doc.ZH == "" || c.Doc.EN == "" || c.Guide == "" || len(c.Needs) == 0 || c.Collect == "" || c.Run == nil {
			t.Errorf("check %s lacks a part of its literal", c.ID)
		}
		if got := c.Run(&analyze.Facts{Specs: s, Flow: &analyze.Flow{}}); got.Status != analyze.Unknown {
			t.Errorf("check %s answers %s without any data, want unknown", c.ID, got.Status)
		}
	}
}

// TestCausesExist runs the checks over facts full of trouble: every cause that they name is one of the vocabulary.
func TestCausesExist(t *testing.T) {
	s := load(t)
	for _, c := range All() {
		for _, e := range c.Run(troubled(t)).Evidence {
			if s.Causes[e.Cause] == nil {
				t.Errorf("check %s names the cause %q, which does not exist", c.ID, e.Cause)
			}
			if len(e.Samples) == 0 || e.Says.ZH == "" || e.Says.EN == "" {
				t.Errorf("check %s shows nothing for %s", c.ID, e.Cause)
			}
		}
	}
}

func pod(name, role string, ready bool, c analyze.Container) analyze.Pod {
	return analyze.Pod{Namespace: "openim", Name: name, Role: role, Ready: ready, Phase: "Running", Status: "Running", Node: "n1", Created: noon.Add(-time.Hour), Containers: []analyze.Container{c}}
}

// troubled are facts in which every kind of trouble occurs once.
func troubled(t *testing.T) *analyze.Facts {
	t.Helper()
	ended := func(reason string, code int) analyze.ContainerState {
		return analyze.ContainerState{Kind: "Terminated", Reason: reason, ExitCode: code, Finished: noon.Add(-5 * time.Minute)}
	}
	waits := func(reason string) analyze.ContainerState {
		return analyze.ContainerState{Kind: "Waiting", Reason: reason}
	}
	f := &analyze.Facts{Specs: load(t), Collected: noon, From: noon.Add(-time.Hour), To: noon, Flow: &analyze.Flow{Hops: map[string]*analyze.Progress{}}}
	f.Pods = []analyze.Pod{
		pod("openim-rpc-msg-6fc7cdb9f9-jvkrs", "rpc-msg", true, analyze.Container{Name: "m", Restarts: 1, Ready: true, Last: ended("OOMKilled", 137)}),
		pod("openim-rpc-user-6fc7cdb9f9-jvkrs", "rpc-user", true, analyze.Container{Name: "u", Restarts: 1, Ready: true, Last: ended("Error", 137)}),
		pod("openim-push-6fc7cdb9f9-jvkrs", "push", false, analyze.Container{Name: "p", Restarts: 7, State: waits("CrashLoopBackOff"), Last: ended("Error", 1)}),
		pod("openim-push-7fc7cdb9f9-aaaaa", "push", true, analyze.Container{Name: "p", Ready: true}),
		pod("openim-api-6fc7cdb9f9-jvkrs", "api", false, analyze.Container{Name: "a", State: waits("ImagePullBackOff"), Image: "x"}),
		{Name: "kafka-0", Role: "kafka", Phase: "Pending"},
		{Name: "minio-0", Role: "minio", Phase: "Failed", Reason: "Evicted"},
	}
	f.Events = []analyze.Event{
		{Reason: "FailedScheduling", Object: "pod/kafka-0", Type: "Warning", Last: noon, First: noon, Message: "0/3 nodes are available"},
		{Reason: "ProvisioningFailed", Object: "persistentvolumeclaim/data-kafka-0", Type: "Warning", Last: noon, First: noon, Message: "quota"},
		{Reason: "Evicted", Object: "pod/openim-rpc-third-5bbjgfvrv-dl4j8", Type: "Warning", Last: noon, First: noon, Message: "The node was low on resource: memory."},
		{Reason: "NodeHasDiskPressure", Object: "node/n1", Last: noon, First: noon},
		{Reason: "Killing", Object: "pod/openim-push-1fc7cdb9f9-bbbbb", Last: noon.Add(-time.Hour), First: noon.Add(-time.Hour), Message: "Stopping container p"},
		{Reason: "Unhealthy", Object: "pod/openim-push-7fc7cdb9f9-aaaaa", Last: noon.Add(-50 * time.Minute), First: noon.Add(-51 * time.Minute), Message: "Readiness probe failed"},
	}
	f.Nodes = []analyze.Node{{Name: "n1", Conditions: []analyze.Condition{{Type: "MemoryPressure", Status: "True"}}}}
	f.Usage = []analyze.Usage{{Node: true, Name: "n1", CPUPercent: 101, MemoryPercent: 30}}
	f.Filesystems = []analyze.Filesystem{{Device: "/dev/vda1", Mount: "/", Percent: 100, Text: "full"}, {Device: "/dev/vda1", Mount: "/", Percent: 100, Inodes: true, Text: "full"}, {Device: "tmpfs", Percent: 100}}
	f.Memory = []analyze.Memory{{Total: 32 << 30, Available: 400 << 20, Text: "Mem:"}}
	f.Gauges = []analyze.Gauge{
		gauge(analyze.GaugeLoad, 50, 2), gauge(analyze.GaugeMemoryWait, 50, 100), gauge(analyze.GaugeProcess, 65536, 65536), gauge(analyze.GaugeInotify, 128, 128),
		gauge(analyze.GaugeClock, 0, 1), gauge(analyze.GaugeClock, 0, 1), gauge(analyze.GaugeClock, 900, 1),
	}
	f.Spaces = []analyze.Space{{Signal: analyze.NodeInodes, Free: 1, Total: 1000}}
	f.Sizes = []analyze.Size{{Path: "/var/lib/docker/containers/1/1-json.log", Bytes: 17 << 30, Text: "17G"}}
	f.Slow = []analyze.SlowCommand{{Command: "flushdb", At: noon}}
	for range 3 {
		f.Slow = append(f.Slow, analyze.SlowCommand{Command: "hgetall", Key: "k", Took: 400 * time.Millisecond, At: noon})
	}
	f.Waiting = []analyze.Waiting{{Request: "login", Role: "chat", Count: 9, Since: noon.Add(-10 * time.Minute), Until: noon}}
	f.Groups = lags(100, 200, 300)
	f.Kafka = cluster().Kafka
	f.Kafka.Sampled, f.Kafka.Missing = "kafka/groups.json", []string{"mongo"}
	k := f.Kafka.Topics
	k.Missing, k.Brokers[0].Address, k.Topics[0].Settings["max.message.bytes"], k.Topics[0].Partitions[0].ISR = []string{"toPush"}, "localhost:9092", "64000", nil
	return f
}

// lags are samples of one partition whose end grows and whose offset stands, with a member.
func lags(lag ...int64) []analyze.GroupSample {
	var out []analyze.GroupSample
	for i, n := range lag {
		out = append(out, analyze.GroupSample{
			Sample: i + 1, Time: noon.Add(time.Duration(i) * time.Minute), Group: "redis", Topic: "toRedis", Current: 1_000_000, End: 1_000_000 + n, Lag: n, Start: -1, Member: "sarama-1",
		})
	}
	return out
}

func causesOf(f analyze.Finding) map[string]string {
	out := map[string]string{}
	for _, e := range f.Evidence {
		out[e.Cause] = e.Confidence
	}
	return out
}

func TestTroubleIsFound(t *testing.T) {
	f := troubled(t)
	for id, want := range map[string]string{
		"pod-oom-killed": "pod-oom-killed", "pod-killed-other": "pod-killed-other", "pod-crash-loop": "pod-crash-loop", "image-pull": "image-pull-failed",
		"pod-unschedulable": "pod-unschedulable", "volume-failed": "volume-failed", "pod-evicted": "pod-evicted", "rollout-incomplete": "rollout-incomplete",
		"node-conditions": "node-disk-full", "node-usage": "node-cpu-saturated", "disk-space": "node-inodes-exhausted", "host-memory": "node-memory-pressure",
		"log-size": "log-flood", "redis-slowlog": "redis-overloaded", "requests-answered": "rpc-slow-dependency", "consumer-lag": "consumer-stalled",
		"kubelet-eviction": "node-inodes-exhausted", "host-load": "node-cpu-saturated", "host-pressure": "node-memory-pressure",
		"host-descriptors": "node-fd-limit", "host-inotify": "node-inotify-limit", "host-clock": "node-clock-skew",
		"pod-rebuilt": "benign-pod-rebuild", "probe-startup": "benign-probe-startup",
	} {
		for _, c := range All() {
			if c.ID != id {
				continue
			}
			got := c.Run(f)
			if causesOf(got)[want] == "" {
				t.Errorf("check %s finds %v, want %s", id, causesOf(got), want)
			}
			// A false alarm is no failure, and samples of usage are a warning until a log shows that something is slow.
			if mild := c.Guide == "4" || id == "node-usage" || id == "host-load" || id == "host-pressure"; (got.Status == analyze.Fail) == mild {
				t.Errorf("check %s answers %s", id, got.Status)
			}
		}
	}
}

// TestVolumesOfGonePods: a mount that failed for a pod which the list does not have any more is history.
func TestVolumesOfGonePods(t *testing.T) {
	f := &analyze.Facts{
		Specs: troubled(t).Specs, Collected: time.Unix(1000, 0), Pods: []analyze.Pod{{Namespace: "im", Name: "api-2", Phase: "Running", Ready: true}},
		Events: []analyze.Event{{Namespace: "im", Reason: "FailedMount", Type: "Warning", Object: "pod/api-1", Message: "MountVolume.SetUp failed", Count: 1, First: time.Unix(900, 0), Last: time.Unix(950, 0)}},
	}
	if got := volumeFailed.Run(f); got.Status != analyze.Pass {
		t.Errorf("of a pod that is gone: %s", got.Status)
	}
	f.Pods[0] = analyze.Pod{Namespace: "im", Name: "api-1", Role: "api", Phase: "Pending"}
	if got := volumeFailed.Run(f); got.Status != analyze.Fail {
		t.Errorf("of a pod that waits: %s", got.Status)
	}
}

func TestConsumerGroups(t *testing.T) {
	moving := lags(100, 400, 900)
	for i := range moving {
		moving[i].Current += int64(i) * 500
		moving[i].End += int64(i) * 500
	}
	gone := lags(5000)
	gone[0].Member = ""
	beyond := lags(-300000)
	uncommitted := lags(100)
	uncommitted[0].Current, uncommitted[0].Lag = -1, -1
	for _, c := range []struct {
		name string
		in   []analyze.GroupSample
		want string
	}{
		{"stands", lags(90, 96, 102), "consumer-stalled"},
		{"falls behind", moving, "consumer-lag-growing"},
		{"has no member", gone, "consumer-stalled"},
		{"is beyond the end", beyond, "kafka-offset-out-of-range"},
		{"never commits", uncommitted, ""},
		{"is small", lags(3, 5, 4), ""},
		{"shrinks", lags(900, 600, 90), ""},
		{"one sample of little", lags(90), ""},
	} {
		got := causesOf(consumerGroups.Run(&analyze.Facts{Specs: load(t), Groups: c.in}))
		if len(got) > 1 || got[c.want] == "" && c.want != "" || c.want == "" && len(got) > 0 {
			t.Errorf("lag that %s: %v, want %q", c.name, got, c.want)
		}
	}
}

func TestConsumerGap(t *testing.T) {
	ticks := func(seconds ...int64) *analyze.Progress {
		p := &analyze.Progress{}
		for _, s := range seconds {
			p.Ticks = append(p.Ticks, analyze.Tick{Second: noon.Unix() + s, Count: 2})
		}
		return p
	}
	for _, c := range []struct {
		name        string
		work, sends *analyze.Progress
		want        bool
	}{
		{"a stall", ticks(0, 1, 20, 21), ticks(1, 5, 6, 7), true},
		{"an idle night", ticks(0, 1, 5000), ticks(0, 1, 4999), false},
		{"keeps up", ticks(0, 5, 10), ticks(0, 5, 10), false},
		{"sends just before it goes on", ticks(0, 20), ticks(18, 19), false},
	} {
		f := &analyze.Facts{Flow: &analyze.Flow{Hops: map[string]*analyze.Progress{"transfer": c.work}, Sends: c.sends}}
		f.Texts = []analyze.Text{{Entry: "m.log", Role: "msgtransfer", Log: true, Lines: 9}}
		if got := len(consumerGap.Run(f).Evidence) > 0; got != c.want {
			t.Errorf("%s: stall %v, want %v", c.name, got, c.want)
		}
	}
}

func TestStaleEndpoints(t *testing.T) {
	f := &analyze.Facts{Collected: noon}
	for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
		f.Pods = append(f.Pods, analyze.Pod{Name: ip, Role: "rpc-msg", IP: ip})
	}
	dial := func(addr string, lasted time.Duration) []analyze.Evidence {
		return []analyze.Evidence{{Cause: "rpc-service-down", Subject: analyze.Subject{Target: addr}, Since: noon.Add(-lasted), Until: noon, Samples: []analyze.Sighting{{}}}}
	}
	for _, c := range []struct {
		name string
		in   []analyze.Evidence
		want bool
	}{
		{"an address of nobody, for an hour", dial("10.0.0.9:10200", time.Hour), true},
		{"an address of nobody, for a minute", dial("10.0.0.9:10200", time.Minute), false},
		{"an address of a pod", dial("10.0.0.2:10200", time.Hour), false},
		{"no address", dial("", time.Hour), false},
	} {
		f.Evidence = c.in
		if got := len(staleEndpoints.Run(f).Evidence) > 0; got != c.want {
			t.Errorf("%s: stale %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSpaceOrInodes(t *testing.T) {
	full := []analyze.Evidence{{Cause: "node-disk-full", Confidence: analyze.Likely}}
	f := &analyze.Facts{Evidence: full, Filesystems: []analyze.Filesystem{{Device: "/dev/vda1", Percent: 41}}}
	if got := spaceOrInodes.Run(f); causesOf(got)["node-inodes-exhausted"] == "" || len(got.Refutes) != 1 {
		t.Errorf("with room for bytes: %+v", got)
	}
	f.Filesystems = append(f.Filesystems, analyze.Filesystem{Device: "/dev/vdb", Percent: 100})
	if got := spaceOrInodes.Run(f); got.Status != analyze.Pass {
		t.Errorf("with one filesystem full: %+v", got)
	}
}

func TestSeqJumpNeedsAnOutage(t *testing.T) {
	jump := noon.Add(time.Minute)
	f := &analyze.Facts{
		Texts:     []analyze.Text{{Role: "msgtransfer", Log: true, Lines: 5}},
		Sequences: []analyze.Sequence{{Conversation: "si_a_b", From: 4, To: 51, Before: noon.Add(-time.Minute), Example: analyze.Sighting{Time: &jump}}},
	}
	if got := seqJump.Run(f); len(got.Evidence) != 0 {
		t.Errorf("a jump without an outage: %v", causesOf(got))
	}
	f.Evidence = []analyze.Evidence{{Cause: "redis-unreachable", Since: noon, Until: noon}}
	if got := seqJump.Run(f); causesOf(got)["seq-jump"] == "" {
		t.Errorf("a jump across an outage: %v", causesOf(got))
	}
}

func TestNeighboursCountLess(t *testing.T) {
	f := &analyze.Facts{Specs: load(t)}
	f.Pods = []analyze.Pod{
		{Namespace: "openim", Name: "openim-push-1", Role: "push"}, {Namespace: "openim", Name: "report-job"}, {Namespace: "other", Name: "report-job-2"},
	}
	for i, want := range []string{analyze.Certain, analyze.Likely, analyze.Possible} {
		if got := ours(f, f.Pods[i], analyze.Certain); got != want {
			t.Errorf("trouble of %s is %s, want %s", f.Pods[i].Name, got, want)
		}
	}
}
