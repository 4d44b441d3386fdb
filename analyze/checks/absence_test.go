package checks

import (
	"fmt"
	"maps"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// whole are all facts of a sound installation beside its logs, as a collector writes them.
func whole() map[string]string {
	calm := func(n int64) string {
		return oneGroup("redis", "toRedis", "Stable", "m", n, n) + "," + oneGroup("mongo", "toMongo", "Stable", "m", n, n) + "," + oneGroup("push", "toPush", "Stable", "p", n, n)
	}
	files := samples("", calm(40), calm(90))
	names := ""
	for key := range roleOfService {
		names += fmt.Sprintf(`,{"file":"share.yml","name":"rpcRegisterName.%[1]s","value":%[1]q,"from":"configmap im/openim-config"}`, key)
	}
	topic := `{"name":"toMongo","partitions":[{"partition":0,"leader":1,"replicas":[1],"isr":[1]}],"settings":{"min.insync.replicas":"1","max.message.bytes":"1048588"}}`
	maps.Copy(files, map[string]string{
		bundle.KafkaTopics:     `{"time":"2026-11-23T08:15:00Z","bootstrap":["kafka:9092"],"brokers":[{"id":1,"address":"kafka-0.kafka:9092"}],"topics":[` + topic + `]}`,
		bundle.SeqFile:         `{"id":"si_a_b","via":["users"],"time":"2026-11-23T08:15:00Z","redis":{"malloc":{"curr":500,"last":550,"time":"2026-11-23T07:15:00Z","ttl":9}},"mongo":{"seq":[{"max":550,"min":0}],"documents":5,"highest":500,"newest":"2026-11-23T07:15:00Z"},"numbers":[{"from":301,"to":500,"stored":[{"from":301,"to":500}],"read":true,"cacheRead":true}],"users":[{"user":"a","redis":{},"listed":{"max":0,"min":0,"receive":0},"seqUser":{"min":0,"max":0,"read":500}}]}`,
		bundle.EtcdStatus:      `{"from":"discovery.yml","members":[{"address":"etcd-0:2379","dbSize":4096,"dbInUse":4096,"leader":"1","errors":[]}],"alarms":[]}`,
		bundle.EtcdRegistry:    registered("push 10.0.0.3:10170"),
		bundle.RedisInfo:       "# Server\nredis_version:7.0.15\nredis_mode:standalone\nrole:master\nused_memory:100\nmaxmemory:0\nrdb_last_bgsave_status:ok\nuptime_in_seconds:864000\n",
		bundle.RedisServer:     `{"time":"2026-11-23T08:15:00Z","configured":"standalone","mode":"standalone","nodes":[{"address":"10.0.0.1:6379","named":true,"role":"master"}]}`,
		bundle.MongoServer:     `{"time":"2026-11-23T08:15:00Z","database":"openim_v3","members":[{"address":"m0","named":true,"state":"primary","set":"rs0"}],"set":{"name":"rs0","members":[{"name":"m0","state":"PRIMARY","health":true,"optime":"2026-11-23T08:15:00Z"}]},"collections":[{"name":"msg","documents":9,"indexes":[{"name":"d","keys":["doc_id"],"unique":true}]}]}`,
		bundle.ConfigEffective: `{"schema":"imbundle/config/1","groups":[{"of":[{"role":"push","namespace":"im","kind":"Deployment","name":"openim-push"}],"files":[],"settings":[{"file":"discovery.yml","name":"enable","value":"etcd","from":"configmap im/openim-config"}` + names + `],"ignored":[]}],"pods":[],"problems":[]}`,
		"openim-push.log":      logOf("v3.8.3-patch.16"),
	})
	name := bundle.Resource("pods", "im")
	files[name] = `{"kind":"List","apiVersion":"v1","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-push-6fc7cdb9f9-jvkrs","namespace":"im"},"spec":{"containers":[{"name":"p","image":"openim/openim-push:v3.8.3-patch.16"}]},"status":{"phase":"Running","podIP":"10.0.0.3","startTime":"2026-11-23T07:00:00Z","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"p","ready":true,"state":{"running":{"startedAt":"2026-11-23T07:00:00Z"}}}]}}]}`
	for sample, n := range []int{100, 400} {
		for pod, metrics := range map[string]string{"openim-api-545fb994c9-w9t2v": counted(fmt.Sprintf("0 /msg/send_msg %d", n)), "openim-msgtransfer-545fb994c9-w9t2v": fmt.Sprintf("msg_insert_mongo_failed_total 0\nmsg_insert_mongo_success_total %d\n", n), "openim-msggateway-fdf89786c-ngqd7": "online_user_num 12\n"} {
			entry := bundle.PodMetrics("im", pod, 12002)
			if sample > 0 {
				entry = bundle.Sample(entry, sample)
			}
			files[entry] = metrics
		}
	}
	return files
}

// TestAbsenceNeverPasses: what the facts of a sound installation show is not shown once those facts are gone, one kind at a time.
func TestAbsenceNeverPasses(t *testing.T) {
	groups := []string{bundle.KafkaGroupsJSON, bundle.Sample(bundle.KafkaGroupsJSON, 1)}
	api, transfer, gateway := bundle.PodMetrics("im", "openim-api-545fb994c9-w9t2v", 12002), bundle.PodMetrics("im", "openim-msgtransfer-545fb994c9-w9t2v", 12002), bundle.PodMetrics("im", "openim-msggateway-fdf89786c-ngqd7", 12002)
	metrics := []string{api, bundle.Sample(api, 1), transfer, bundle.Sample(transfer, 1), gateway, bundle.Sample(gateway, 1)}
	statesOf := func(files map[string]string) (map[string]string, map[string]string) {
		hops, report := pathOf(t, "", files)
		checks := map[string]string{}
		for _, c := range report.Checks {
			checks[c.Check] = c.Status
		}
		return hops, checks
	}
	before, sound := statesOf(whole())
	for _, c := range []struct {
		without []string
		hops    []string // that were seen by these facts alone
		checks  []string
	}{
		{groups, []string{"to-redis", "transfer", "to-mongo", "to-push"}, []string{"consumer-lag", "hot-partition", "kafka-members"}},
		{groups[:1], []string{"to-redis", "transfer", "to-mongo", "to-push"}, []string{"hot-partition"}},
		{[]string{bundle.KafkaTopics}, nil, []string{"kafka-topics", "kafka-replication", "kafka-message-size", "kafka-brokers"}},
		{[]string{bundle.SeqFile}, nil, []string{"seq-state", "seq-holes", "seq-users"}},
		{[]string{bundle.ConfigEffective}, nil, []string{"config-drift", "etcd-registry"}},
		{[]string{bundle.EtcdStatus}, []string{"discovery"}, []string{"etcd-up"}},
		{[]string{bundle.EtcdRegistry}, []string{"discovery"}, []string{"etcd-registry"}},
		{[]string{bundle.RedisInfo}, nil, []string{"redis-memory", "redis-writes"}},
		{[]string{bundle.RedisServer}, nil, []string{"redis-mode", "redis-up", "redis-slowlog"}},
		{[]string{bundle.MongoServer}, nil, []string{"mongo-primary", "mongo-slow", "mongo-up"}},
		{metrics, []string{"api", "gateway"}, []string{"pod-metrics", "api-answers"}},
		{[]string{bundle.Sample(api, 1)}, []string{"api"}, []string{"api-answers"}},
		{[]string{bundle.Resource("pods", "im")}, nil, []string{"etcd-registry", "container-config", "deployment-files", "pods-ready"}},
	} {
		files := whole()
		for _, name := range c.without {
			delete(files, name)
		}
		hops, checks := statesOf(files)
		for _, hop := range c.hops {
			if before[hop] != "ok" || hops[hop] != "unknown" {
				t.Errorf("without %s hop %s goes from %s to %s", c.without[0], hop, before[hop], hops[hop])
			}
		}
		for _, id := range c.checks {
			if sound[id] != analyze.Pass || checks[id] != analyze.Unknown {
				t.Errorf("without %s check %s goes from %s to %s", c.without[0], id, sound[id], checks[id])
			}
		}
	}
}
