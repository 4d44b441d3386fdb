package checks

import (
	"fmt"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

const (
	metricsFirst  = "# HELP msg_insert_mongo_failed_total x\n# TYPE msg_insert_mongo_failed_total counter\nmsg_insert_mongo_failed_total 4\nmsg_insert_redis_failed_total 0\nmsg_long_time_push_total 7\napi_count{code=\"0\",method=\"POST\",path=\"/msg/send_msg\"} 12\nprocess_open_fds 990\nprocess_max_fds 1024\n"
	metricsSecond = "# HELP x x\n# TYPE msg_insert_mongo_failed_total counter\nmsg_insert_mongo_failed_total 9\nmsg_insert_redis_failed_total 0\nmsg_long_time_push_total 7\nprocess_open_fds 991\nprocess_max_fds 1024\n"
)

func TestPodMetrics(t *testing.T) {
	name := bundle.PodMetrics("im", "openim-msgtransfer-584c9d5c7b-r6bmd", 12020)
	f := factsOf(t, map[string]string{name: metricsFirst, bundle.Sample(name, 1): metricsSecond})
	got := causesOf(podMetrics.Run(f))
	want := map[string]string{"mongo-write-failed": analyze.Likely, "node-fd-limit": analyze.Likely}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("two samples give %v, want %v", got, want)
	}
	got = causesOf(podMetrics.Run(factsOf(t, map[string]string{name: metricsFirst})))
	want = map[string]string{"mongo-write-failed": analyze.Possible, "push-delayed": analyze.Possible, "node-fd-limit": analyze.Likely}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("one sample gives %v, want %v", got, want)
	}
	for _, m := range f.Metrics {
		if m.Name == "msg_insert_redis_failed_total" {
			t.Error("a counter that nothing counts is read")
		}
		if m.Name == "api_count" && (m.Labels["path"] != "/msg/send_msg" || m.Value != 12 || m.Pod != "openim-msgtransfer-584c9d5c7b-r6bmd") {
			t.Errorf("%+v", m)
		}
	}
}

// TestFailedSends: what rpc-msg counts as failed says something only while nothing succeeds, and only in rpc-msg.
func TestFailedSends(t *testing.T) {
	counts := func(failed, single, group int) string {
		return fmt.Sprintf("single_chat_msg_process_failed_total %d\nsingle_chat_msg_process_success_total %d\ngroup_chat_msg_process_success_total %d\n", failed, single, group)
	}
	for _, c := range []struct {
		name, pod, first, second string
		want                     string
	}{
		{"none succeeds", "openim-rpc-msg-584c9d5c7b-r6bmd", counts(4, 900, 80), counts(60, 900, 80), "producer-path-error"},
		{"single chats succeed", "openim-rpc-msg-584c9d5c7b-r6bmd", counts(4, 900, 80), counts(60, 901, 80), ""},
		{"groups succeed", "openim-rpc-msg-584c9d5c7b-r6bmd", counts(4, 900, 80), counts(60, 900, 99), ""},
		{"a few fail", "openim-rpc-msg-584c9d5c7b-r6bmd", counts(4, 900, 80), counts(9, 900, 80), ""},
		{"push counts its own", "openim-push-584c9d5c7b-r6bmd", counts(4, 0, 0), counts(60, 0, 0), ""},
		{"it was restarted", "openim-rpc-msg-584c9d5c7b-r6bmd", counts(400, 900, 80), counts(2, 1, 0), ""},
	} {
		name := bundle.PodMetrics("im", c.pod, 12280)
		got := podMetrics.Run(factsOf(t, map[string]string{name: c.first, bundle.Sample(name, 1): c.second}))
		if found := causesOf(got); found[c.want] != map[string]string{"": "", "producer-path-error": analyze.Possible}[c.want] || c.want == "" && (len(found) > 0 || got.Status != analyze.Pass) {
			t.Errorf("%s: %s %v, want %q", c.name, got.Status, found, c.want)
		}
		if got := podMetrics.Run(factsOf(t, map[string]string{name: counts(0, 0, 0)})); got.Status != analyze.Unknown {
			t.Errorf("a single sample without a failure: %s", got.Status)
		}
	}
}

// series is an answer of Prometheus with one series.
func metricsOf(labels string, values ...float64) string {
	points := ""
	for i, v := range values {
		points += fmt.Sprintf(`,[%d,"%g"]`, 1795423850+60*i, v)
	}
	return `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{` + labels + `},"values":[` + points[1:] + `]}]}}`
}

func TestPrometheusRanges(t *testing.T) {
	for name, c := range map[string]struct{ query, answer, cause, confidence string }{
		"full volume":   {"volumes", metricsOf(`"persistentvolumeclaim":"data-kafka-0"`, 0.5, 0.98), "node-disk-full", analyze.Likely},
		"filling":       {"volumes", metricsOf(`"persistentvolumeclaim":"data-kafka-0"`, 0.5, 0.91), "node-disk-full", analyze.Possible},
		"roomy":         {"volumes", metricsOf(`"persistentvolumeclaim":"data-kafka-0"`, 0.5, 0.6), "", ""},
		"growing lag":   {"kafka-lag", metricsOf(`"consumergroup":"redis"`, 10, 4000), "consumer-lag-growing", analyze.Likely},
		"shrinking lag": {"kafka-lag", metricsOf(`"consumergroup":"redis"`, 9000, 4000), "", ""},
		"throttled":     {"throttling", metricsOf(`"pod":"openim-push-6d9f7677b-tzg2x","namespace":"im"`, 0.1, 0.6), "node-cpu-saturated", analyze.Possible},
		"slow RPC":      {"rpc-latency", metricsOf(`"grpc_method":"SendMsg"`, 0.1, 4.5), "rpc-slow-dependency", analyze.Possible},
		"quick RPC":     {"rpc-latency", metricsOf(`"grpc_method":"SendMsg"`, 0.1, 0.3), "", ""},
		"late push":     {"push-late", metricsOf(`"pod":"openim-push-6d9f7677b-tzg2x"`, 0, 7), "push-delayed", analyze.Possible},
		"vendor fails":  {"push-failed", metricsOf(`"pod":"openim-push-6d9f7677b-tzg2x"`, 3, 7), "push-vendor-rejected", analyze.Possible},
		"no number":     {"volumes", `{"data":{"result":[{"metric":{},"values":[[1795423850,"NaN"],[1795423910,"+Inf"],[1795423970,"0.1"]]}]}}`, "", ""},
	} {
		got := prometheusRanges.Run(factsOf(t, map[string]string{bundle.PrometheusQuery(c.query): c.answer}))
		want := map[string]string{}
		if c.cause != "" {
			want[c.cause] = c.confidence
		}
		if fmt.Sprint(causesOf(got)) != fmt.Sprint(want) {
			t.Errorf("%s gives %v, want %v", name, causesOf(got), want)
		}
	}
}

// Every query that is judged is one that is asked.
func TestJudgedQueriesAreAsked(t *testing.T) {
	known := map[string]bool{}
	for _, q := range load(t).Queries {
		known[q.ID] = true
	}
	for _, j := range rangeJudgements {
		if !known[j.query] || load(t).Causes[j.cause] == nil {
			t.Errorf("query %q or cause %q does not exist", j.query, j.cause)
		}
	}
	for code, means := range codeMeanings {
		if load(t).Causes[means.cause] == nil {
			t.Errorf("cause %q of code %s does not exist", means.cause, code)
		}
	}
	for _, c := range risingCounters {
		if load(t).Causes[c.cause] == nil {
			t.Errorf("cause %q does not exist", c.cause)
		}
	}
}
