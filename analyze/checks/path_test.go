package checks

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// pathOf judges files laid over a case, or alone, and gives the state of each hop of its path, and the report.
func pathOf(t *testing.T, from string, files map[string]string) (map[string]string, *analyze.Report) {
	t.Helper()
	dir := t.TempDir()
	if from != "" {
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(cases, from))); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := bundle.Open(dir, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, h := range report.Pipeline {
		states[h.Hop] = h.State
	}
	return states, report
}

const (
	topicsOf = `{"time":"2026-11-23T08:15:00Z","bootstrap":["kafka:9092"],"brokers":[{"id":1,"address":"kafka-0.kafka:9092"}],"topics":[],"missing":[%s]}`
	groupsAt = `{"time":"2026-11-23T08:1%d:00Z","sample":%d,"of":2,"configured":["redis","mongo","push","offlinePush"],"missing":[%s],"groups":[%s]}`
)

// oneGroup is a group with one partition; member is that which reads it.
func oneGroup(name, topic, state, member string, committed, end int64) string {
	members, at := "", ""
	if member != "" {
		members, at = fmt.Sprintf(`{"id":%q,"client":"sarama","host":"/10.0.0.7","assigned":1}`, member), `,"member":0`
	}
	return fmt.Sprintf(`{"name":%q,"state":%q,"coordinator":1,"members":[%s],"partitions":[{"topic":%q,"partition":0,"committed":%d,"start":0,"end":%d,"lag":%d%s}]}`, name, state, members, topic, committed, end, end-committed, at)
}

func samples(missing, first, last string) map[string]string {
	return map[string]string{
		bundle.Sample(bundle.KafkaGroupsJSON, 1): fmt.Sprintf(groupsAt, 4, 1, missing, first),
		bundle.KafkaGroupsJSON:                   fmt.Sprintf(groupsAt, 5, 2, missing, last),
	}
}

// TestHopsFollowTheirTopics: the logs show every hop at work, and what Kafka says of one topic or group is the state of its hop
// and of no other.
func TestHopsFollowTheirTopics(t *testing.T) {
	plain, _ := pathOf(t, "healthy", nil)
	for _, hop := range []string{"to-redis", "transfer", "to-mongo", "mongo", "to-push", "push"} {
		if plain[hop] != "ok" {
			t.Fatalf("the case shows %s as %s", hop, plain[hop])
		}
	}
	calm := oneGroup("redis", "toRedis", "Stable", "m", 9, 9) + "," + oneGroup("mongo", "toMongo", "Stable", "m", 9, 9) + "," + oneGroup("push", "toPush", "Stable", "p", 9, 9)
	renamed := "toPushTopic: prod-push\ntoPushGroupID: prod-pushers\ntoMongoTopic: prod-mongo\ntoMongoGroupID: prod-writers\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  map[string]string // hops that are not ok
		hop   string            // first broken
	}{
		{"all is there", samples("", calm, calm), nil, ""},
		{"toMongo is missing", map[string]string{bundle.KafkaTopics: fmt.Sprintf(topicsOf, `"toMongo"`)}, map[string]string{"to-mongo": "broken"}, "to-mongo"},
		{"toPush is missing", map[string]string{bundle.KafkaTopics: fmt.Sprintf(topicsOf, `"toPush"`)}, map[string]string{"to-push": "broken"}, "to-push"},
		{"toRedis is missing", map[string]string{bundle.KafkaTopics: fmt.Sprintf(topicsOf, `"toRedis"`)}, map[string]string{"to-redis": "broken"}, "to-redis"},
		{"toMongo and toPush are missing", map[string]string{bundle.KafkaTopics: fmt.Sprintf(topicsOf, `"toMongo","toPush"`)}, map[string]string{"to-mongo": "broken", "to-push": "broken"}, "to-mongo"},
		{"group mongo is missing", samples(`"mongo"`, calm, calm), map[string]string{"mongo": "broken", "to-mongo": "broken"}, "mongo"},
		{"group push is missing", samples(`"push"`, calm, calm), map[string]string{"push": "broken", "to-push": "broken"}, "push"},
		{"group redis is missing", samples(`"redis"`, calm, calm), map[string]string{"transfer": "broken", "to-redis": "broken"}, "transfer"},
		{"group mongo stands", samples("", oneGroup("mongo", "toMongo", "Stable", "m", 9, 900), oneGroup("mongo", "toMongo", "Stable", "m", 9, 990)), map[string]string{"mongo": "broken"}, "mongo"},
		{"group push stands", samples("", oneGroup("push", "toPush", "Stable", "p", 9, 900), oneGroup("push", "toPush", "Stable", "p", 9, 990)), map[string]string{"push": "broken"}, "push"},
		{"offsets of group redis are beyond the end", samples("", calm, oneGroup("redis", "toRedis", "Stable", "m", 900, 9)), map[string]string{"to-redis": "broken"}, "to-redis"},
		{"a renamed topic is missing", map[string]string{"config/kafka.yml": renamed, bundle.KafkaTopics: fmt.Sprintf(topicsOf, `"prod-push"`)}, map[string]string{"to-push": "broken"}, "to-push"},
		{"a renamed group stands", withConfig(renamed, samples("", oneGroup("prod-writers", "prod-mongo", "Stable", "m", 9, 900), oneGroup("prod-writers", "prod-mongo", "Stable", "m", 9, 990))), map[string]string{"mongo": "broken"}, "mongo"},
	} {
		got, report := pathOf(t, "healthy", c.files)
		want := maps.Clone(plain)
		maps.Copy(want, c.want)
		for hop, state := range want {
			if got[hop] != state && hop != "config" {
				t.Errorf("%s: %s is %s, want %s", c.name, hop, got[hop], state)
			}
		}
		if report.Verdict.Hop != c.hop {
			t.Errorf("%s: first broken is %q, want %q", c.name, report.Verdict.Hop, c.hop)
		}
	}
}

func withConfig(kafka string, files map[string]string) map[string]string {
	files["config/kafka.yml"] = kafka
	return files
}

// TestHopsByCounters: logs that hold warnings only show no work; counters and offsets do, and a number that fell is told.
func TestHopsByCounters(t *testing.T) {
	moved := map[string]string{}
	for i, n := range []int64{40, 90} {
		name := bundle.Sample(bundle.KafkaGroupsJSON, i+1)
		moved[name] = fmt.Sprintf(groupsAt, i, i+1, "", oneGroup("redis", "toRedis", "Stable", "m", n, n)+","+oneGroup("mongo", "toMongo", "Stable", "m", n, n)+","+oneGroup("push", "toPush", "Stable", "p", 40, 40+int64(i)*10))
	}
	still := map[string]string{}
	for i := range 2 {
		still[bundle.Sample(bundle.KafkaGroupsJSON, i+1)] = fmt.Sprintf(groupsAt, i, i+1, "", oneGroup("mongo", "toMongo", "Stable", "m", 40, 40))
	}
	gateway, api := bundle.PodMetrics("im", "openim-msggateway-fdf89786c-ngqd7", 12140), bundle.PodMetrics("im", "openim-api-545fb994c9-w9t2v", 12002)
	ready := `{"kind":"List","apiVersion":"v1","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-msggateway-fdf89786c-ngqd7","namespace":"im"},"spec":{"containers":[{"name":"g","image":"openim/openim-msggateway:v3.8.3"}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}]}`
	users := func(first, second int) map[string]string {
		return map[string]string{
			gateway: fmt.Sprintf("online_user_num %d\n", first), bundle.Sample(gateway, 1): fmt.Sprintf("online_user_num %d\n", second),
			bundle.Resource("pods", "im"): ready,
		}
	}
	second := users(800, 0)
	second[bundle.Resource("pods", "im")] = ready[:len(ready)-2] + "," + `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-msggateway-fdf89786c-other","namespace":"im"},"spec":{"containers":[{"name":"g","image":"openim/openim-msggateway:v3.8.3"}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}]}`
	log := "2026-11-23 08:50:43.892\tWARN\t[PID:1]\topenim-msgtransfer\t[v3.8.3-patch.16]\t[a/b.go:1]\tnothing of note\t{}\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  map[string]string
	}{
		{"offsets move", moved, map[string]string{"to-redis": "ok", "transfer": "ok", "to-mongo": "ok", "mongo": "ok", "to-push": "ok", "push": "unknown"}},
		{"offsets stand without traffic", still, map[string]string{"to-mongo": "unknown", "mongo": "unknown"}},
		{"users are online", users(900, 800), map[string]string{"gateway": "ok"}},
		{"all users are gone", users(800, 0), map[string]string{"gateway": "degraded"}},
		{"three users are gone", users(3, 0), map[string]string{"gateway": "unknown"}},
		{"another gateway was not asked", second, map[string]string{"gateway": "unknown"}},
		{"nobody was there before", users(0, 0), map[string]string{"gateway": "unknown"}},
		{"by Prometheus all users are gone", map[string]string{bundle.PrometheusQuery("online-users"): metricsOf(`"pod":"g"`, 500, 480, 0)}, map[string]string{"gateway": "degraded"}},
		{"by Prometheus users are online", map[string]string{bundle.PrometheusQuery("online-users"): metricsOf(`"pod":"g"`, 500, 480, 470)}, map[string]string{"gateway": "ok"}},
		{"the API answers", map[string]string{api: counted("0 /msg/send_msg 9"), bundle.Sample(api, 1): counted("0 /msg/send_msg 12")}, map[string]string{"api": "ok"}},
		{"the API answers with errors alone", map[string]string{api: counted("0 /msg/send_msg 9"), bundle.Sample(api, 1): counted("0 /msg/send_msg 9", "500 /msg/send_msg 9")}, map[string]string{"api": "unknown"}},
	} {
		c.files["openim-msgtransfer.log"] = log
		got, report := pathOf(t, "", c.files)
		for hop, state := range c.want {
			if got[hop] != state {
				t.Errorf("%s: %s is %s, want %s", c.name, hop, got[hop], state)
			}
		}
		if c.want["gateway"] == "degraded" && (report.Verdict.Status != analyze.StatusDegraded || report.Verdict.Hop != "gateway") {
			t.Errorf("%s: %s at %s", c.name, report.Verdict.Status, report.Verdict.Hop)
		}
	}
	old := map[string]string{"openim-msgtransfer.log": "2026-11-23 08:50:43.892\tWARN\t[PID:1]\topenim-msgtransfer\t[version:3.7.0]\t[a/b.go:1]\tnothing of note\t{}\n"}
	maps.Copy(moved, old)
	if got, _ := pathOf(t, "", moved); got["transfer"] != "unknown" || got["to-redis"] != "ok" {
		t.Errorf("up to 3.7, where offsets move on receipt: transfer is %s, to-redis %s", got["transfer"], got["to-redis"])
	}
}
