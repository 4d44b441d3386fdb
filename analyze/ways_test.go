package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/specs"
)

// factsOf reads one text as a file of that name.
func factsOf(t *testing.T, name, text string) (*Facts, *Report) {
	t.Helper()
	dir := t.TempDir()
	writeTo(t, dir, name, text)
	return factsIn(t, dir)
}

func factsIn(t *testing.T, dir string) (*Facts, *Report) {
	t.Helper()
	return factsBy(t, dir, testSpecs(), Options{Now: noon})
}

// factsBy reads a folder by the product's own specs, or others.
func factsBy(t *testing.T, dir string, set *specs.Set, o Options) (*Facts, *Report) {
	t.Helper()
	r, err := bundle.Open(dir, bundle.ReadOptions{Inside: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, report, err := Examine(context.Background(), r, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return f, report
}

func ownSpecs(t *testing.T) *specs.Set {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const describedPod = "Name:             openim-api-0\nNamespace:        openim\nNode:             n1/10.0.0.1\nLabels:           app=x\nStatus:           Running\nContainers:\n  openim-api:\n    Image:          openim/openim-api:v3.8.3\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Ready:          False\n    Restart Count:  7\n"

const yamlPods = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: openim-api-0\n    namespace: openim\n  status:\n    phase: Running\n    containerStatuses:\n    - name: openim-api\n      restartCount: 7\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: redis-0\nkind: List\nmetadata:\n  resourceVersion: \"\"\n"

// TestPodsHoweverShown reads one pod from every form in which kubectl shows pods, under misleading names too.
func TestPodsHoweverShown(t *testing.T) {
	for name, text := range map[string]string{
		"get.txt":        "NAME           READY   STATUS             RESTARTS      AGE\nopenim-api-0   0/1     CrashLoopBackOff   7 (2m ago)    3d\n",
		"all.txt":        "NAME               READY   STATUS             RESTARTS      AGE\npod/openim-api-0   0/1     CrashLoopBackOff   7 (2m ago)    3d\n\nNAME                         READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/openim-api   0/1     1            0           3d\n",
		"no-headers.txt": "openim   openim-api-0   0/1   CrashLoopBackOff   7 (2m ago)   3d\n",
		"squeezed.txt":   "NAME READY STATUS RESTARTS AGE\nopenim-api-0 0/1 CrashLoopBackOff 7 3d\n",
		"get.log":        "Wed Nov 25 08:00:00 UTC 2026\nNAME           READY   STATUS             RESTARTS   AGE\nopenim-api-0   0/1     CrashLoopBackOff   7          3d\n",
		"describe.log":   describedPod,
		"pasted.txt":     "[root@node1 ~]# kubectl describe pod openim-api-0\n" + describedPod,
		"pods.yaml":      yamlPods,
		"two.txt":        "---\n" + strings.ReplaceAll(yamlPods, "\n", "\r\n") + "---\n",
		"x.dat":          `{"apiVersion":"v1","kind":"List","items":[` + podJSONOf("openim-api-0", 7) + `]}`,
	} {
		f, report := factsOf(t, name, text)
		if len(f.Pods) == 0 || f.Pods[0].Name != "openim-api-0" || f.Pods[0].Restarts() != 7 {
			t.Errorf("%s: %+v", name, f.Pods)
		}
		if len(report.Unread) > 0 || len(f.Malformed) > 0 {
			t.Errorf("%s: not understood: %v %v", name, report.Unread, f.Malformed)
		}
	}
}

func podJSONOf(name string, restarts int) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"},"status":{"containerStatuses":[{"name":"c","restartCount":` + string(rune('0'+restarts)) + `}]}}`
}

func TestHostTables(t *testing.T) {
	f, _ := factsOf(t, "host.txt", `Filesystem                Size      Used Available Use% Mounted on
/dev/mapper/a-very-long-name-of-a-volume
                         50.0G     46.5G      3.5G  93% /data
Filesystem              Inodes      Used Available Use% Mounted on
/dev/sda1              6553600   6553600         0 100% /
文件系统        容量  已用  可用 已用% 挂载点
/dev/sdb1        50G   49G  1.0G   98% /var
文件系统         Inode 已用(I)  可用(I) 已用(I)% 挂载点
/dev/sdb1      3276800   32768  3244032       1% /var
             total       used       free     shared    buffers     cached
Mem:         15885      15000        200          0         85        600
12G	logs
4.0K	/var/log/x
`)
	if len(f.Filesystems) != 4 || len(f.Memory) != 1 || len(f.Sizes) != 2 {
		t.Fatalf("%+v %+v %+v", f.Filesystems, f.Memory, f.Sizes)
	}
	want := []struct {
		mount   string
		percent int
		inodes  bool
	}{{"/data", 93, false}, {"/", 100, true}, {"/var", 98, false}, {"/var", 1, true}}
	for i, w := range want {
		if got := f.Filesystems[i]; got.Mount != w.mount || got.Percent != w.percent || got.Inodes != w.inodes {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if m := f.Memory[0]; m.Total != 15885 || m.Available != 885 {
		t.Errorf("memory %+v", m)
	}
	if f.Filesystems[0].Device != "/dev/mapper/a-very-long-name-of-a-volume" || f.Sizes[0].Path != "logs" {
		t.Errorf("%+v %+v", f.Filesystems[0], f.Sizes)
	}
}

func TestEventsOldAndWide(t *testing.T) {
	f, _ := factsOf(t, "e.txt", `LAST SEEN   FIRST SEEN   COUNT     NAME                           KIND      SUBOBJECT   TYPE      REASON      SOURCE             MESSAGE
2m          1h           12        openim-api-0.17a4b2c3d4e5f6    Pod                   Warning   BackOff     kubelet, node1     Back-off restarting failed container

LAST SEEN   TYPE      REASON    OBJECT       SUBOBJECT   SOURCE           MESSAGE         FIRST SEEN   COUNT   NAME
3m          Normal    Pulled    pod/redis-0  spec        kubelet, node1   already there   3h           4       redis-0.17
`)
	if len(f.Events) != 2 {
		t.Fatalf("%+v", f.Events)
	}
	for _, e := range f.Events {
		switch {
		case e.Object == "pod/openim-api-0" && e.Count == 12 && e.Reason == "BackOff" && e.firstAge == time.Hour && e.lastAge == 2*time.Minute:
		case e.Object == "pod/redis-0" && e.Count == 4:
		default:
			t.Errorf("%+v", e)
		}
	}
}

// TestUnread lists what told nothing, and nothing else.
func TestUnread(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"letter.txt": "Dear support,\nplease help us.\n", "empty.log": "", "core": "\x7fELF\x00\x01\x02\x03" + strings.Repeat("\x00\x01", 200),
		"openim.yml": "address: [ 127.0.0.1 ]\nport:\n  - 10002\n", ".env": "A=1\nB=2\n", "svc.txt": "NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n",
		"rollout.txt": "deployment \"openim-api\" successfully rolled out\n", "x.7z": "7z\xbc\xaf\x27\x1c\x00\x04",
		"shot.png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + strings.Repeat("\x00\x01", 50), "old.doc": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 500),
		"openim-api.log": "Error from server (NotFound): pods \"openim-api\" not found\n", "openim-api.previous.log": "Error from server (BadRequest): previous terminated container \"c\" in pod \"p\" not found\n",
		"df.txt": "bash: kubectl: command not found\n", "events.txt": "No resources found in im namespace.\n",
		"analysis.json": "[{\"name\":\"x\"}]", "cluster-resources/events/im.json": "{\"kind\":\"EventList\",\"apiVersion\":\"v1\",\"items\":null}",
		"openim-push.log": "2026-11-25 08:00:00.000\tINFO\t[PID:1]\topenim-push\t[v3.8.3]\t[a/b.go:1]\tx\t{}\n",
	} {
		writeTo(t, dir, name, text)
	}
	_, report := factsIn(t, dir)
	got := map[string]string{}
	for _, u := range report.Unread {
		got[u.Entry] = u.Reason
	}
	want := map[string]string{
		"letter.txt": UnreadUnknown, "empty.log": UnreadEmpty, "core": UnreadBinary, "x.7z": UnreadPacked, "shot.png": UnreadPicture, "old.doc": UnreadDocument,
		"openim-api.log": UnreadRefusal, "df.txt": UnreadRefusal,
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for name, reason := range want {
		if got[name] != reason {
			t.Errorf("%s is %q, want %s", name, got[name], reason)
		}
	}
}

func TestOtherProduct(t *testing.T) {
	_, report := factsOf(t, "shop.log", strings.Repeat("2026-11-25 08:00:00.123  ERROR 1 --- [main] c.e.shop.Orders : Connection refused\n", 20))
	if v := report.Verdict; v.Status != StatusUnknown || !strings.Contains(v.Why.EN, "nothing of OpenIM") || v.Why.ZH == "" || len(v.Causes) > 0 {
		t.Errorf("%+v", v)
	}
	if next := report.Verdict.CollectNext; len(next) != 1 || next[0] != "imbundle collect --ask" {
		t.Errorf("to collect next: %q", next)
	}
}

func TestTwoClusters(t *testing.T) {
	dir := t.TempDir()
	const header = "NAME    STATUS   ROLES    AGE   VERSION\n"
	writeTo(t, dir, "prod/nodes.txt", header+"node1   Ready    <none>   1d    v1.30.0\n")
	writeTo(t, dir, "test/nodes.txt", header+"node1   Ready    <none>   1d    v1.30.0\n")
	if _, report := factsIn(t, dir); len(report.Bundle.Warnings) > 0 {
		t.Errorf("one cluster: %v", report.Bundle.Warnings)
	}
	writeTo(t, dir, "test/nodes.txt", header+"vm9     Ready    <none>   1d    v1.30.0\n")
	_, report := factsIn(t, dir)
	if w := report.Bundle.Warnings; len(w) != 1 || !strings.Contains(w[0].EN, "prod/nodes.txt and test/nodes.txt are of different clusters") || w[0].ZH == "" {
		t.Errorf("two clusters: %v", w)
	}
}

func TestTwoInstallations(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"api", "push", "msgtransfer", "rpc-msg", "rpc-user"} {
		line := "2026-11-25 08:00:00.000\tINFO\t[PID:1]\topenim-" + name + "\t[v3.8.3]\t[a/b.go:1]\tx\t{}\n"
		writeTo(t, dir, "prod/openim-"+name+"-6d4f9c7b8d-x7k2p.log", line)
		writeTo(t, dir, "logs/node1/openim-"+name+".log", line)
		writeTo(t, dir, "logs/node2/openim-"+name+".log", line)
	}
	_, report := factsBy(t, dir, ownSpecs(t), Options{Now: noon})
	if w := report.Bundle.Warnings; len(w) != 1 || !strings.Contains(w[0].EN, "logs and prod each hold logs of the same components") || w[0].ZH == "" {
		t.Errorf("%v", w)
	}
}

func TestClockThatJumpsBack(t *testing.T) {
	const line = "\tINFO\t[PID:1]\topenim-push\t[v3.8.3]\t[a/b.go:1]\tx\t{}\n"
	_, report := factsOf(t, "openim-push.log", "2026-11-25 08:00:00.000"+line+"2026-11-25 07:20:00.000"+line)
	if w := report.Bundle.Warnings; len(w) != 1 || !strings.Contains(w[0].EN, "openim-push.log go back, by up to 40m0s") {
		t.Errorf("%v", w)
	}
}

func writeTo(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNothingReadable says that the files are at fault, not the product.
func TestNothingReadable(t *testing.T) {
	_, report := factsOf(t, "shot.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"+strings.Repeat("\x00\x01", 50))
	if v := report.Verdict; v.Status != StatusUnknown || !strings.Contains(v.Why.EN, "not one file of the input can be read") || v.Why.ZH == "" {
		t.Errorf("%+v", v)
	}
}

func TestKafkaToolTexts(t *testing.T) {
	f, report := factsOf(t, "k.txt", `
Consumer group 'redis' has no active members.

GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID
redis           toRedis         0          10234           10234           0               -               -               -

GROUP                     COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                #MEMBERS
mongo                     10.244.2.11:9092 (0)      range                Stable               3
push                      10.244.2.11:9092 (1)                           PreparingRebalance   2

GROUP           CONSUMER-ID                                  HOST            CLIENT-ID       #PARTITIONS
offlinePush     sarama-6f3c0b1e-5c6a-4b0e-9f0d-0c2f8f0c7f11  /10.244.1.23    sarama          8
offlinePush     sarama-7a3c0b1e-5c6a-4b0e-9f0d-0c2f8f0c7f12  /10.244.1.24    sarama          0

Error: Consumer group 'mongo' does not exist.
`)
	if len(report.Unread) > 0 || f.Kafka == nil || len(f.Kafka.States) != 4 {
		t.Fatalf("unread %v, kafka %+v", report.Unread, f.Kafka)
	}
	want := []GroupState{
		{Group: "mongo", State: "Stable", Members: 3},
		{Group: "offlinePush", State: "Stable", Members: 2, Idle: 1},
		{Group: "push", State: "PreparingRebalance", Members: 2, Coordinator: 1},
		{Group: "redis", State: "Empty"},
	}
	for i, w := range want {
		if w.Entry = "k.txt"; f.Kafka.States[i] != w {
			t.Errorf("%+v, want %+v", f.Kafka.States[i], w)
		}
	}
	if k := f.Kafka; k.Sampled != "k.txt" || len(k.Missing) != 1 || k.Missing[0] != "mongo" {
		t.Errorf("%+v", k)
	}
}

const replicaSet = `rs0 [direct: secondary] admin> rs.status()
{
  set: 'rs0',
  date: ISODate('2026-11-23T09:04:52.000Z'),
  members: [
    {
      _id: 0,
      name: 'mongo-0.mongo:27017',
      health: 0,
      state: 8,
      stateStr: '(not reachable/healthy)',
      optimeDate: ISODate('1970-01-01T00:00:00.000Z'),
      lastHeartbeatMessage: "Error connecting to mongo-0.mongo:27017 :: caused by :: Connection refused"
    },
    { "_id" : 1, "name" : "mongo-1.mongo:27017", "health" : 1, "state" : 2, "stateStr" : "SECONDARY", "optimeDate" : ISODate("2026-11-23T09:04:50Z"), "self" : true }
  ],
  ok: 1
}
`

func TestReplicaSetText(t *testing.T) {
	f, report := factsOf(t, "rs.txt", replicaSet)
	if len(report.Unread) > 0 || len(f.Mongos) != 1 || f.Mongos[0].Set == nil || len(f.Mongos[0].Set.Members) != 2 {
		t.Fatalf("unread %v, mongo %+v", report.Unread, f.Mongos)
	}
	a, b := f.Mongos[0].Set.Members[0], f.Mongos[0].Set.Members[1]
	if a.Name != "mongo-0.mongo:27017" || a.Health || a.State != "(not reachable/healthy)" || !strings.HasSuffix(a.Says, "Connection refused") {
		t.Errorf("%+v", a)
	}
	if b.Name != "mongo-1.mongo:27017" || !b.Health || b.State != "SECONDARY" || b.Optime.Year() != 2026 {
		t.Errorf("%+v", b)
	}
}

// TestMembersOfASet: what somebody picks out of rs.status() tells the same; a single member does not stand for the set.
func TestMembersOfASet(t *testing.T) {
	members := "rs0 [direct: secondary] test> rs.status().members.map(m => ({name: m.name, stateStr: m.stateStr, health: m.health}))\n[\n  { name: 'm0:27017', stateStr: 'SECONDARY', health: 1 },\n"
	for text, want := range map[string]int{
		members + "  { name: 'm1:27017', stateStr: '(not reachable/healthy)', health: 0 }\n]\n": 2,
		members + "]\n": 0,
	} {
		f, _ := factsOf(t, "rs.txt", text)
		if len(f.Mongos) > 0 != (want > 0) || want > 0 && len(f.Mongos[0].Set.Members) != want {
			t.Errorf("%s: %+v", text, f.Mongos)
		}
	}
}

// TestTopicsText reads kafka-topics.sh --describe.
func TestTopicsText(t *testing.T) {
	f, report := factsOf(t, "topics.txt", `$ kafka-topics.sh --bootstrap-server kafka:9092 --describe
Topic: toRedis	TopicId: TEqvmO2xS9u5gQ0L3z5T2A	PartitionCount: 2	ReplicationFactor: 2	Configs: min.insync.replicas=2,segment.bytes=1073741824
	Topic: toRedis	Partition: 0	Leader: 1	Replicas: 1,2	Isr: 1,2
	Topic: toRedis	Partition: 1	Leader: none	Replicas: 2,1	Isr: 2	Elr: 	LastKnownElr:
Topic: toPush	PartitionCount: 1	ReplicationFactor: 1	Configs: 
	Topic: toPush	Partition: 0	Leader: 2	Replicas: 2	Isr: 2
`)
	if len(report.Unread) > 0 || f.Kafka == nil || f.Kafka.Topics != nil || len(f.Kafka.Described) != 2 {
		t.Fatalf("unread %v, kafka %+v", report.Unread, f.Kafka)
	}
	push, redis := f.Kafka.Described[0], f.Kafka.Described[1]
	if push.Name != "toPush" || len(push.Partitions) != 1 || len(push.Settings) != 0 {
		t.Errorf("%+v", push)
	}
	if p := redis.Partitions; redis.Settings["min.insync.replicas"] != "2" || len(p) != 2 || len(p[0].ISR) != 2 || p[1].Leader != -1 || len(p[1].ISR) != 1 || p[1].Partition != 1 {
		t.Errorf("%+v", redis)
	}
}

// TestCertificateDates reads openssl x509 -dates, of several certificates one after another.
func TestCertificateDates(t *testing.T) {
	f, report := factsOf(t, "certs.txt", "$ openssl x509 -noout -dates -in a.pem\nnotBefore=Aug 20 00:00:00 2026 GMT\nnotAfter=Nov 18 23:59:59 2026 GMT\n$ openssl x509 -noout -enddate -in b.pem\nnotAfter=Jan  2 03:04:05 2027 GMT\n")
	if len(report.Unread) > 0 || len(f.Certificates) != 2 {
		t.Fatalf("unread %v, certificates %+v", report.Unread, f.Certificates)
	}
	a, b := f.Certificates[0], f.Certificates[1]
	if a.From.Month() != time.August || a.To.Day() != 18 || !b.From.IsZero() || b.To.Year() != 2027 {
		t.Errorf("%+v", f.Certificates)
	}
}

// TestExcerptOfANode: the conditions tell a node from other objects, where nothing else is left of it.
func TestExcerptOfANode(t *testing.T) {
	f, _ := factsOf(t, "n.txt", "Name:               node2\nConditions:\n  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason                       Message\n  ----             ------  -----------------                 ------------------                ------                       -------\n  MemoryPressure   True    Mon, 23 Nov 2026 08:00:00 +0000   Mon, 23 Nov 2026 07:50:00 +0000   KubeletHasInsufficientMemory   kubelet has insufficient memory available\n")
	if len(f.Nodes) != 1 || f.Nodes[0].Name != "node2" || len(f.Nodes[0].Conditions) != 1 || f.Nodes[0].Conditions[0].Status != "True" {
		t.Errorf("%+v", f.Nodes)
	}
}

func TestContainersOfDockerAndContainerd(t *testing.T) {
	dir := t.TempDir()
	writeTo(t, dir, "ps.txt", `CONTAINER ID   IMAGE                          COMMAND                  CREATED      STATUS                          PORTS                                         NAMES
3f4e5d6c7b8a   openim/openim-server:v3.8.3    "sh -c 'mage start &…"   3 days ago   Restarting (1) 12 seconds ago                                                 openim-server
4f4e5d6c7b8a   redis:7.0.0                    "docker-entrypoint.s…"   3 days ago   Up 3 days                       0.0.0.0:16379->6379/tcp, :::16379->6379/tcp   redis
5f4e5d6c7b8a   bitnami/kafka:3.5.1            "/opt/bitnami/script…"   3 days ago   Exited (137) 2 hours ago                                                      kafka

CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES
6f4e5d6c7b8a   mongo:7.0   "docker-entrypoint.s…"   3 days ago   Restarting (14) 9 seconds ago   mongo

CONTAINER           IMAGE               CREATED             STATE               NAME                  ATTEMPT             POD ID              POD
3f4e5d6c7b8a9       0123456789abc       2 minutes ago       Exited              openim-msgtransfer    37                  aabbccddeeff0       openim-msgtransfer-7c9d8b7f4d-abcde
`)
	f, report := factsBy(t, dir, ownSpecs(t), Options{Now: noon})
	if len(report.Unread) > 0 || len(f.Pods) != 5 {
		t.Fatalf("unread %v, pods %+v", report.Unread, f.Pods)
	}
	for i, want := range []struct {
		name, role, kind string
		code, restarts   int
	}{{"kafka", "kafka", "Terminated", 137, 0}, {"mongo", "mongo", "Waiting", 0, 0}, {"openim-msgtransfer-7c9d8b7f4d-abcde", "msgtransfer", "Terminated", 0, 37}, {"openim-server", "", "Waiting", 0, 0}, {"redis", "redis", "Running", 0, 0}} {
		p := f.Pods[i]
		if c := p.Containers[0]; p.Name != want.name || want.role != "" && p.Role != want.role || c.State.Kind != want.kind || c.State.ExitCode != want.code || c.Restarts != want.restarts {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
	if len(f.Versions) != 1 || f.Versions[0] != "v3.8.3" {
		t.Errorf("versions %v", f.Versions)
	}
}

// TestVersionFromFiles finds the release in what names an image of the server, and only that.
func TestVersionFromFiles(t *testing.T) {
	f, _ := factsOf(t, ".env", "MONGO_IMAGE=mongo:7.0\nOPENIM_CHAT_IMAGE=openim/openim-chat:v1.8.4\nOPENIM_SERVER_IMAGE=openim/openim-server:v3.8.3-patch.4\n")
	if len(f.Versions) != 1 || f.Versions[0] != "v3.8.3-patch.4" || f.Line != "a" {
		t.Errorf("%v %q", f.Versions, f.Line)
	}
}

// TestSecretsAreNotShown looks for secrets of an input that nobody redacted in all that a report shows, where lines are cut too.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "Zx9-hidden-Pw"
	padding := strings.Repeat("x", 60)
	lines := []string{
		"Error: failed to connect to MongoDB, URI=mongodb://openIM:" + secret + "@mongo:27017/openim_v3: auth error: unable to authenticate using mechanism \"SCRAM-SHA-256\": (AuthenticationFailed) Authentication failed.",
		"2026-11-25 08:00:01.000\tERROR\t[PID:1]\topenim-push\t[v3.8.3]\t[a/b.go:1]\tflux failed " + padding + "\t{\"a\": \"" + strings.Repeat("y", 300) + "\", \"password\": \"" + secret + "\", \"error\": \"dial tcp 10.0.0.9:6379: connect: connection refused password=" + secret + "\"}",
	}
	for cut := range 40 { // the secret stands across the cut of an excerpt
		lines = append(lines, "2026-11-25 08:00:02.000\tWARN\t[PID:1]\topenim-msgtransfer\t[v3.8.3]\t[kafka/consumer_group.go:61]\tconsume err "+strings.Repeat("z", cut)+
			"\t{\"uri\": \"redis://:"+secret+"@r:6379/0\", \"x\": \""+strings.Repeat("w", 400)+"\", \"password\": \""+secret+"\", \"error\": \"kafka: client has run out of available brokers to talk to: dial tcp 10.0.0.1:9092: connect: connection refused\"}")
	}
	dir := t.TempDir()
	for i, line := range lines {
		writeTo(t, dir, fmt.Sprintf("openim-%d.log", i), line+"\n")
	}
	redactor, err := redact.Compile([]redact.Rule{{ID: "password", Keys: []string{"*password"}}, {ID: "userinfo", Pattern: `://(?P<secret>[^\s/@"]*:[^\s/@"]+)@`}})
	if err != nil {
		t.Fatal(err)
	}
	f, report := factsBy(t, dir, ownSpecs(t), Options{Now: noon, Redact: redactor.String, Templates: true})
	if len(report.Verdict.Causes) == 0 {
		t.Fatal("there is no evidence to be shown")
	}
	shown, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range f.Unnamed {
		shown = append(shown, u.Example...)
	}
	if !strings.Contains(string(shown), "redacted") {
		t.Error("nothing was hidden")
	}
	for n := 4; n <= len(secret); n++ {
		if part := secret[:n]; strings.Contains(string(shown), part) {
			t.Errorf("the report shows %q", part)
		}
		if part := secret[len(secret)-n:]; strings.Contains(string(shown), part) {
			t.Errorf("the report shows %q", part)
		}
	}
}
