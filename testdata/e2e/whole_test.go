//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Marks that are planted where chat content and passwords lie; canaries in the manifests have another form.
const (
	chatMark     = "Zq7-chat-content-Zq7"
	backendLogin = "Fake-backend-01"
)

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serve starts a server that is killed at the end of the test, and waits until somebody listens.
func serve(t *testing.T, address, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // nothing of it is kept
		_ = cmd.Wait()
	})
	for range 300 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not listen at %s: %s", program, address, said.String())
}

// numbersIn starts Redis with the counter of a conversation and the body of its newest message.
func numbersIn(t *testing.T, conversation string) (address string) {
	t.Helper()
	address = freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	serve(t, address, installed(t, "redis-server", "redis-server"), "--bind", "127.0.0.1", "--port", port, "--requirepass", backendLogin, "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	for _, command := range [][]string{
		{"HSET", "MALLOC_SEQ:" + conversation, "CURR", "3", "LAST", "100", "TIME", "1795423970570"},
		{"HSET", "MSG_CACHE:" + conversation + ":3", "value", chatMark},
	} {
		run := exec.Command("redis-cli", append([]string{"-h", "127.0.0.1", "-p", port, "--no-auth-warning"}, command...)...)
		run.Env = append(os.Environ(), "REDISCLI_AUTH="+backendLogin)
		if out, err := run.CombinedOutput(); err != nil || bytes.Contains(out, []byte("ERR")) {
			t.Fatalf("%s: %v %s", command, err, out)
		}
	}
	return address
}

// messagesIn starts FerretDB with the messages 1 and 3 of a conversation.
func messagesIn(t *testing.T, conversation string) (address string) {
	t.Helper()
	out, err := exec.Command(filepath.Join(root, "testdata", "rig", "rig"), "program", "ferretdb").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) == 0 {
		t.Fatalf("building FerretDB: %v", err)
	}
	dir := t.TempDir()
	for _, sub := range []string{"data", "state"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address = freeAddress(t)
	serve(t, address, words[len(words)-1], "--handler=sqlite", "--sqlite-url=file:"+dir+"/data/", "--state-dir="+dir+"/state", "--listen-addr="+address, "--debug-addr=-",
		"--telemetry=disable", "--test-enable-new-auth", "--setup-database=openim_v3", "--setup-username=openIM", "--setup-password="+backendLogin)
	client, err := mongo.Connect(options.Client().SetHosts([]string{address}).SetDirect(true).
		SetAuth(options.Credential{Username: "openIM", Password: backendLogin, AuthSource: "openim_v3", PasswordSet: true}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.Background()) }()
	slots := make(bson.A, 100)
	for _, n := range []int{1, 3} {
		slots[n-1] = bson.M{"msg": bson.M{"seq": int64(n), "send_time": int64(1795423970570 + n), "status": int32(2), "content": chatMark, "send_id": "100"}}
	}
	for collection, document := range map[string]bson.M{
		"msg": {"doc_id": conversation + ":0", "msgs": slots},
		"seq": {"conversation_id": conversation, "max_seq": int64(100), "min_seq": int64(0)},
	} {
		if _, err := client.Database("openim_v3").Collection(collection).InsertOne(t.Context(), document); err != nil {
			t.Fatal(err)
		}
	}
	return address
}

// brokersWith starts the three brokers of the rig, unless they run, and gives them a topic of OpenIM.
func brokersWith(t *testing.T, topic string) (bootstrap string) {
	t.Helper()
	kafka := func(args ...string) string {
		out, err := exec.Command(filepath.Join(root, "testdata", "rig", "rig"), append([]string{"-name", "kafka"}, args...)...).Output()
		if err != nil {
			t.Fatalf("rig -name kafka %s: %v", args, err)
		}
		return string(out)
	}
	if !strings.Contains(kafka("status"), "kafka-1              runs") {
		t.Cleanup(func() { kafka("down") })
	}
	kafka("up", "kafka")
	found := regexp.MustCompile(`IMBUNDLE_RIG_KAFKA='?([^'\s]+)`).FindStringSubmatch(kafka("env"))
	if found == nil {
		t.Fatalf("the rig names no brokers: %s", kafka("env"))
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(found[1], ",")...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 8, 3, nil, topic); err != nil {
		t.Fatal(err)
	}
	var read kadm.Offsets
	read.AddOffset(topic, 0, 0, -1)
	if err := kadm.NewClient(client).CommitAllOffsets(t.Context(), "redis", read); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(found[1], ",")...))
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		if _, err := kadm.NewClient(admin).DeleteGroups(context.Background(), "redis"); err != nil {
			t.Error(err)
		}
		if _, err := kadm.NewClient(admin).DeleteTopics(context.Background(), topic); err != nil {
			t.Error(err)
		}
	})
	return found[1]
}

// TestWhole brings the evidence of every backend and of the node with one command, and no word of anybody's chat; the message
// that neither store holds is the leading cause, the topics that the brokers lack are found.
func TestWhole(t *testing.T) {
	const conversation = "si_100_200"
	stage(t, scenario{namespace: "openim-whole", app: "openim-push", shows: quiet})
	redis, mongo, brokers := numbersIn(t, conversation), messagesIn(t, conversation), brokersWith(t, "toRedis")
	t.Setenv("WHOLE_REDIS", ":"+backendLogin)
	t.Setenv("WHOLE_MONGO", "openIM:"+backendLogin)
	args := []string{
		"--kafka", brokers, "--kafka-samples", "2", "--redis", redis, "--redis-auth", "env:WHOLE_REDIS", "--mongo", mongo, "--mongo-auth", "env:WHOLE_MONGO",
		"--conversation", conversation, "--seq", "1..3", "--node-mode", "pod", "--node-stats", "--metrics", "--since", "10m",
	}
	a, res := collect(t, "openim-whole", args...)
	if res.code != 0 && res.code != 3 {
		t.Errorf("exit code %d\n%s", res.code, res.err)
	}
	a.has(t, "kafka/groups.txt", "kafka/groups.json", "kafka/members.txt", "kafka/state.txt", "kafka/topics.json", "kafka/conversations.json",
		"samples/kafka/groups-001.json", "samples/kafka/groups-002.json",
		"redis/info.txt", "redis/server.json", "mongo/server.json", "seq/conversations.jsonl", "config/effective.json",
		"nodes/"+rigNode+"/df.txt", "nodes/"+rigNode+"/df-i.txt", "nodes/"+rigNode+"/free.txt", "nodes/"+rigNode+"/load.txt",
		"nodes/"+rigNode+"/summary.json", "nodes/"+rigNode+"/configz.json")
	for name, text := range a.files {
		for _, mark := range []string{chatMark, backendLogin} {
			if bytes.Contains(text, []byte(mark)) {
				t.Errorf("%s holds %q", name, mark)
			}
		}
	}
	if !bytes.Contains(a.files["seq/conversations.jsonl"], []byte(conversation)) {
		t.Errorf("the conversation is missing: %s", a.files["seq/conversations.jsonl"])
	}
	if left := ownPods(t, "openim-whole"); len(left) > 0 {
		t.Errorf("pods left: %q", left)
	}
	causes := map[string]bool{}
	r := analyze(t, a)
	for _, c := range r.Verdict.Causes {
		causes[c.Cause] = true
	}
	if !causes["seq-hole"] || !causes["kafka-topic-missing"] {
		t.Errorf("causes: %v", causes)
	}
	plan := imbundle(t, append([]string{"collect", "--kubeconfig", kubeconfig, "-n", "openim-whole", "--plan"}, args...)...)
	for _, what := range []string{"OffsetFetch", "MALLOC_SEQ", "maxTimeMS", rigNode, fmt.Sprint(redis)} {
		if !strings.Contains(plan.out, what) {
			t.Errorf("the plan does not name %q\n%s", what, plan.out)
		}
	}
}
