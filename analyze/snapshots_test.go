package analyze

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

func openSample(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestPodTable(t *testing.T) {
	var s snapshots
	if err := s.readTable(openSample(t, "pods.txt"), &source{Entry: "pods.txt"}); err != nil {
		t.Fatal(err)
	}
	if len(s.Pods) != 4 {
		t.Fatalf("got %d pods", len(s.Pods))
	}
	p := s.Pods[1]
	if p.Name != "friend-rpc-server-7bnd5d58r-t9ljv" || p.Status != "CrashLoopBackOff" || p.Restarts() != 9 || p.lastAge != 131*time.Second ||
		p.IP != "10.42.2.118" || p.Ready || p.Containers[0].State.Reason != "CrashLoopBackOff" || p.age != 8*24*time.Hour {
		t.Errorf("crash looping pod: %+v", p)
	}
	if p := s.Pods[2]; p.Containers[0].State.Kind != "Terminated" || p.Containers[0].State.Reason != "Error" {
		t.Errorf("pod in Error: %+v", p)
	}
	if p := s.Pods[3]; p.Reason != "Evicted" || p.Phase != "Failed" {
		t.Errorf("evicted pod: %+v", p)
	}
}

func TestOtherTables(t *testing.T) {
	var s snapshots
	if err := s.readTable(openSample(t, "tables.txt"), &source{Entry: "tables.txt", Node: "n1"}); err != nil {
		t.Fatal(err)
	}
	if len(s.Events) != 2 || s.Events[0].Count != 3 || s.Events[0].firstAge != 48*time.Minute || s.Events[0].lastAge != 18*time.Minute || s.Events[0].Object != "node/im-node-2" {
		t.Errorf("events: %+v", s.Events)
	}
	if len(s.Usage) != 3 || s.Usage[0].CPUPercent != 101 || !s.Usage[0].Node || s.Usage[2].Memory != 16<<20 || s.Usage[1].Name != "cn-hangzhou.10.0.5.195" {
		t.Errorf("usage: %+v", s.Usage)
	}
	if len(s.Filesystems) != 3 || s.Filesystems[0].Percent != 100 || s.Filesystems[0].Inodes || !s.Filesystems[2].Inodes || s.Filesystems[2].Node != "n1" {
		t.Errorf("filesystems: %+v", s.Filesystems)
	}
	if len(s.Memory) != 1 || s.Memory[0].Available != 402<<20 {
		t.Errorf("memory: %+v", s.Memory)
	}
	if len(s.Sizes) != 1 || s.Sizes[0].Bytes != 17<<30 {
		t.Errorf("sizes: %+v", s.Sizes)
	}
	if len(s.Groups) != 3 || s.Groups[1].Lag != 110 || s.Groups[2].Current != -1 || s.Groups[2].Member != "" ||
		s.Groups[0].Sample != 1 || s.Groups[1].Sample != 2 || !s.Groups[1].Time.Equal(time.Date(2026, 10, 31, 8, 44, 16, 0, time.UTC)) {
		t.Errorf("groups: %+v", s.Groups)
	}
}

func TestDescribe(t *testing.T) {
	var s snapshots
	if err := s.readDescribe(openSample(t, "describe.txt"), &source{Entry: "describe.txt"}); err != nil {
		t.Fatal(err)
	}
	if len(s.Pods) != 1 || len(s.Nodes) != 1 || len(s.Workloads) != 1 {
		t.Fatalf("got %d pods, %d nodes, %d workloads", len(s.Pods), len(s.Nodes), len(s.Workloads))
	}
	p := s.Pods[0]
	c := p.Containers[0]
	if p.Namespace != "openim" || p.Node != "realnode" || p.Owner != "ReplicaSet/openim-push-64d457d4f9" || p.Ready {
		t.Errorf("pod: %+v", p)
	}
	if c.Last.Reason != "OOMKilled" || c.Last.ExitCode != 137 || c.State.Reason != "CrashLoopBackOff" || c.MemoryLimit != 512<<20 || c.Restarts != 2 ||
		!c.Last.Finished.Equal(time.Date(2026, 11, 23, 9, 4, 38, 0, time.UTC)) || len(c.Probes) != 1 || c.Env["TZ"] != "Asia/Shanghai" {
		t.Errorf("container: %+v", c)
	}
	n := s.Nodes[0]
	if n.Name != "im-node-2" || len(n.Conditions) != 2 || n.Conditions[1].Status != "True" || n.Conditions[1].Reason != "KubeletHasDiskPressure" || n.AllocatableCPU != 7910 {
		t.Errorf("node: %+v", n)
	}
	w := s.Workloads[0]
	if w.Name != "openim-push" || w.Wanted != 2 || w.Updated != 1 || w.Total != 3 || w.Conditions[1].Reason != "DeploymentPaused" {
		t.Errorf("workload: %+v", w)
	}
	if len(s.Events) != 1 || s.Events[0].Object != "pod/openim-push-64d457d4f9-zgrrp" || s.Events[0].Count != 3 || s.Events[0].firstAge != 39*time.Second {
		t.Errorf("events: %+v", s.Events)
	}
}

func TestRedisReplies(t *testing.T) {
	var s snapshots
	if err := s.readRedis(openSample(t, "redis.txt"), "redis.txt"); err != nil {
		t.Fatal(err)
	}
	if len(s.Slow) != 2 || s.Slow[0].Command != "flushdb" || s.Slow[1].Key != "UID_PID_TOKEN_STATUS:u:APad" || s.Slow[1].Took != 430643*time.Microsecond {
		t.Errorf("slow log: %+v", s.Slow)
	}
	if len(s.Counters) != 1 || s.Counters[0].Current != 51 || s.Counters[0].Last != 102 {
		t.Errorf("counters: %+v", s.Counters)
	}
}

func TestObjects(t *testing.T) {
	for name, body := range map[string]string{
		"list":   `{"apiVersion":"v1","kind":"PodList","items":[` + podJSON + `]}`,
		"late":   `{"items":[` + strings.Replace(podJSON, "{", `{"kind":"Pod",`, 1) + `],"kind":"List"}`,
		"single": strings.Replace(podJSON, "{", `{"kind":"Pod",`, 1),
		"array":  `[` + podJSON + `]`,
	} {
		var s snapshots
		_, err := readObjects(strings.NewReader(body), "cluster-resources/pods/openim.json", func(o *object) error {
			s.addObject("e", o)
			return nil
		})
		if err != nil || len(s.Pods) != 1 {
			t.Errorf("%s: %d pods, error %v", name, len(s.Pods), err)
			continue
		}
		p := s.Pods[0]
		if p.Name != "push-1" || p.Status != "ImagePullBackOff" || p.Containers[0].MemoryLimit != 1<<30 || p.IP != "10.0.0.1" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

const podJSON = `{"metadata":{"name":"push-1","namespace":"openim"},"spec":{"nodeName":"n1","containers":[{"name":"push","image":"openim/openim-push:v3.8.3","resources":{"limits":{"memory":"1Gi"}}}]},
"status":{"phase":"Pending","podIP":"10.0.0.1","containerStatuses":[{"name":"push","restartCount":0,"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}`

// A list is whole where the server gave all of it; what it refused is a gap.
func TestWholeLists(t *testing.T) {
	const refused = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"services is forbidden","reason":"Forbidden","code":403}`
	for body, want := range map[string]bool{
		`{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[]}`:   true,
		`{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":null}`: true,
		`[]`: true,
		`{"kind":"ServiceList","apiVersion":"v1","metadata":{"continue":"a"},"items":[]}`:           false,
		`{"items":[],"kind":"List","metadata":{"continue":"a","remainingItemCount":3}}`:             false,
		`{"kind":"Service","apiVersion":"v1","metadata":{"name":"api"}}`:                            false,
		`{"kind":"ServiceList","items":[]}` + "\n" + `{"kind":"Service","metadata":{"name":"api"}}`: false,
		`{"kind":"ServiceList","items":[`:                                                           false,
		refused:                                                                                     false,
	} {
		entry := bundle.Resource("services", "im")
		f, _ := factsOf(t, entry, body)
		if f.Listed("services", "im") != want {
			t.Errorf("whole is %v, want %v: %s", !want, want, body)
		}
		if gap := len(f.Gaps) == 1 && f.Gaps[0].What == entry && f.Gaps[0].Reason == bundle.Forbidden; gap != (body == refused) {
			t.Errorf("gaps %+v: %s", f.Gaps, body)
		}
	}
}

func TestMalformedObjects(t *testing.T) {
	seen := 0
	_, err := readObjects(strings.NewReader(`{"kind":"PodList","items":[`+podJSON+`,{"metadata":`), "pods.json", func(*object) error { seen++; return nil })
	if err == nil || seen != 1 {
		t.Errorf("a cut list gave %d items and error %v; want the item before the cut and an error", seen, err)
	}
	if _, err := readObjects(strings.NewReader(`{"kind":"PodList","items":[{"metadata":{"name":7},"spec":"x"}]}`), "pods.json", func(*object) error { return nil }); err != nil {
		t.Errorf("fields of wrong types: %v", err)
	}
}

func TestChanges(t *testing.T) {
	var s snapshots
	body := `{"kind":"ConfigMap","metadata":{"name":"openim-config","namespace":"openim","creationTimestamp":"2026-11-01T00:00:00Z",
"managedFields":[{"manager":"kubectl-edit","operation":"Update","time":"2026-11-23T08:00:00Z"},{"manager":"status","subresource":"status","time":"2026-11-23T09:00:00Z"}]}}`
	if _, err := readObjects(strings.NewReader(body), "e", func(o *object) error { s.addObject("e", o); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(s.Changes) != 1 || s.Changes[0].Object != "configmap/openim/openim-config" || !s.Changes[0].Time.Equal(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("changes: %+v", s.Changes)
	}
}

func TestTopOfNewKubectl(t *testing.T) {
	var s snapshots
	text := "NAME   CPU(cores)   CPU(%)   MEMORY(bytes)   MEMORY(%)   \nn1     500m         12%      1024Mi          33%         \n\n" +
		"POD     NAME         CPU(cores)   MEMORY(bytes)   \napi-1   openim-api   3m           10Mi            \n"
	if err := s.readTable(strings.NewReader(text), &source{Entry: "top.txt"}); err != nil {
		t.Fatal(err)
	}
	if len(s.Usage) != 2 || !s.Usage[0].Node || s.Usage[0].MemoryPercent != 33 || s.Usage[1].Node || s.Usage[1].Name != "api-1" || s.Usage[1].Container != "openim-api" {
		t.Errorf("%+v", s.Usage)
	}
}

// Cells that are empty, as kubectl get -o wide prints them, do not move those behind them.
func TestEmptyCells(t *testing.T) {
	var s snapshots
	text := "LAST SEEN   TYPE      REASON    OBJECT        SUBOBJECT                  SOURCE        MESSAGE          FIRST SEEN   COUNT   NAME\n" +
		"5s          Warning   Failed    hpa/a                                    controller    no metrics       2m           1       a.1\n" +
		"7s          Normal    Pulled    pod/b         spec.containers{b}         kubelet       pulled it        3m           1       b.1\n" +
		"9s  Normal  Pasted  pod/c  spec  somebody  moved  4m\n"
	if err := s.readTable(strings.NewReader(text), &source{Entry: "events.txt"}); err != nil {
		t.Fatal(err)
	}
	if len(s.Events) != 3 || s.Events[0].Message != "no metrics" || s.Events[1].Message != "pulled it" || s.Events[2].Message != "moved" {
		t.Errorf("%+v", s.Events)
	}
}
