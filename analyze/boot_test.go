package analyze

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var components = []string{"openim-api", "openim-msggateway", "openim-rpc-user", "openim-rpc-msg", "openim-msgtransfer", "openim-push", "kafka"}

// startedPods lists one pod of each component, started at the hour and the seconds given, six otherwise.
func startedPods(seconds map[string]int) string {
	var items []string
	for _, name := range components {
		s, ok := seconds[name]
		if !ok {
			s = 6
		}
		at := time.Date(2026, 11, 23, 8, 0, s, 0, time.UTC).Format(time.RFC3339)
		items = append(items, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%[1]s-0","namespace":"openim","labels":{"app":"%[1]s"}},"spec":{"containers":[{"name":"%[1]s","image":"openim/%[1]s:v3.8.3"}]},"status":{"phase":"Running","containerStatuses":[{"name":"%[1]s","ready":true,"restartCount":0,"state":{"running":{"startedAt":%[2]q}}}]}}`, name, at))
	}
	return `{"apiVersion":"v1","kind":"List","items":[` + strings.Join(items, ",") + "]}"
}

// Refusals while everything starts are the order of booting; the same refusals in a running installation, or without an end, are
// an outage. The logs show no start.
func TestKafkaBootsTogetherWithOpenIM(t *testing.T) {
	line := func(second int, level, message, fields string) string {
		at := time.Date(2026, 11, 23, 8, 0, second, 0, time.UTC).Format("2006-01-02 15:04:05.000")
		return at + "\t" + level + "\t[PID:7]\topenim-msgtransfer\t[v3.8.3]\t[kafka/consumer_group.go:61]\t" + message + "\t" + fields + "\n"
	}
	refused := func(from, to int) string {
		text := ""
		for s := from; s < to; s++ {
			text += line(s, "WARN", "consume err", `{"topic": ["toRedis"], "error": "kafka: client has run out of available brokers to talk to: dial tcp 10.96.0.7:9092: connect: connection refused"}`)
		}
		return text
	}
	working := func(from, to int) string {
		text := ""
		for s := from; s < to; s += 10 {
			text += line(s, "INFO", "msg arrived channel", "{}")
		}
		return text
	}
	for name, c := range map[string]struct {
		log, pods string
		benign    bool
	}{
		"everything started":           {refused(30, 70) + working(75, 600), startedPods(nil), true},
		"in the midst of work":         {working(30, 500) + refused(500, 540) + working(545, 900), startedPods(nil), false},
		"for ever":                     {refused(30, 900), startedPods(nil), false},
		"only its clients started":     {refused(30, 70) + working(75, 600), startedPods(map[string]int{"openim-api": -9000, "openim-msggateway": -8000, "openim-rpc-user": -7000, "kafka": -6000}), false},
		"no word of any start":         {refused(30, 70) + working(75, 600), `{"kind":"List","items":[]}`, false},
		"started, and down once again": {refused(30, 70) + working(75, 900) + refused(900, 1000), startedPods(nil), false},
	} {
		_, report := examined(t, map[string]string{"openim-msgtransfer.log": c.log, "pods.json": c.pods}, Options{})
		fault := slices.ContainsFunc(report.Verdict.Causes, func(r CauseResult) bool { return r.Cause == "kafka-unreachable" })
		if fault == c.benign {
			causes, _ := json.Marshal(report.Verdict.Causes)
			t.Errorf("%s: %s", name, causes)
		}
	}
}
