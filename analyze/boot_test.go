package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var components = []string{"openim-api", "openim-msggateway", "openim-rpc-user", "openim-rpc-msg", "openim-msgtransfer", "openim-push", "kafka"}

// startedPods lists one pod of each component, started at the hour and the seconds given, six otherwise.
func startedPods(seconds map[string]int) string { return startedPodsOf("openim", seconds) }

func startedPodsOf(namespace string, seconds map[string]int) string {
	var items []string
	for _, name := range components {
		s, ok := seconds[name]
		if !ok {
			s = 6
		}
		at := time.Date(2026, 11, 23, 8, 0, s, 0, time.UTC).Format(time.RFC3339)
		items = append(items, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%[1]s-0","namespace":%[3]q,"labels":{"app":"%[1]s"}},"spec":{"containers":[{"name":"%[1]s","image":"openim/%[1]s:v3.8.3"}]},"status":{"phase":"Running","containerStatuses":[{"name":"%[1]s","ready":true,"restartCount":0,"state":{"running":{"startedAt":%[2]q}}}]}}`, name, at, namespace))
	}
	return `{"apiVersion":"v1","kind":"List","items":[` + strings.Join(items, ",") + "]}"
}

// logOf writes the log of a component, second by second after the hour.
type logOf string

func (l logOf) line(second int, level, message, fields string) string {
	at := time.Date(2026, 11, 23, 8, 0, second, 0, time.UTC).Format("2006-01-02 15:04:05.000")
	return at + "\t" + level + "\t[PID:7]\t" + string(l) + "\t[v3.8.3]\t[kafka/consumer_group.go:61]\t" + message + "\t" + fields + "\n"
}

func (l logOf) refused(from, to int) string {
	text := ""
	for s := from; s < to; s++ {
		text += l.line(s, "WARN", "consume err", `{"topic": ["toRedis"], "error": "kafka: client has run out of available brokers to talk to: dial tcp 10.96.0.7:9092: connect: connection refused"}`)
	}
	return text
}

func (l logOf) working(from, to int) string {
	text := ""
	for s := from; s < to; s += 10 {
		text += l.line(s, "INFO", "msg arrived channel", "{}")
	}
	return text
}

// blamesKafka tells whether the input makes Kafka unreachable, as against slow to start.
func blamesKafka(t *testing.T, input map[string]string) bool {
	t.Helper()
	_, report := examined(t, input, Options{})
	fault := slices.ContainsFunc(report.Verdict.Causes, func(r CauseResult) bool { return r.Cause == "kafka-unreachable" })
	benign := slices.ContainsFunc(report.Benign, func(r BenignResult) bool { return r.Cause == "benign-kafka-startup" })
	if !fault && !benign {
		t.Error("the refusals were not seen")
	}
	return fault
}

// Refusals while everything starts are the order of booting; the same refusals in a running installation, or without an end, are
// an outage. The logs show no start.
func TestKafkaBootsTogetherWithOpenIM(t *testing.T) {
	l := logOf("openim-msgtransfer")
	refused, working := l.refused, l.working
	for name, c := range map[string]struct {
		log, pods string
		benign    bool
	}{
		"everything started":            {refused(30, 70) + working(75, 600), startedPods(nil), true},
		"in the midst of work":          {working(30, 500) + refused(500, 540) + working(545, 900), startedPods(nil), false},
		"for ever":                      {refused(30, 900), startedPods(nil), false},
		"only its clients started":      {refused(30, 70) + working(75, 600), startedPods(map[string]int{"openim-api": -9000, "openim-msggateway": -8000, "openim-rpc-user": -7000, "kafka": -6000}), false},
		"a release, Kafka kept running": {refused(30, 70) + working(75, 600), startedPods(map[string]int{"kafka": -864000}), false},
		"Kafka took a minute less":      {refused(100, 140) + working(145, 600), startedPods(map[string]int{"kafka": -50}), true},
		"OpenIM has worked before":      {working(-3000, 0) + refused(30, 70) + working(75, 600), startedPods(nil), true},
		"no word of any start":          {refused(30, 70) + working(75, 600), `{"kind":"List","items":[]}`, false},
		"started, and down once again":  {refused(30, 70) + working(75, 900) + refused(900, 1000), startedPods(nil), false},
	} {
		if blamesKafka(t, map[string]string{"openim-msgtransfer.log": c.log, "pods.json": c.pods}) == c.benign {
			t.Errorf("%s: benign is not %v", name, c.benign)
		}
	}
}

// One installation that boots says nothing of another on the same cluster.
func TestBootsOfTwoInstallations(t *testing.T) {
	l := logOf("openim-msgtransfer")
	input := map[string]string{
		"cluster-resources/pods/im-a.json": startedPodsOf("im-a", nil),
		"cluster-resources/pods/im-b.json": startedPodsOf("im-b", map[string]int{"openim-api": -9000, "openim-msggateway": -8000, "openim-rpc-user": -7000, "openim-rpc-msg": -6500, "openim-msgtransfer": -6000, "openim-push": -5000, "kafka": -4000}),
	}
	for place, fault := range map[string]bool{"im-a": false, "im-b": true} {
		log := "cluster-resources/pods/logs/" + place + "/openim-msgtransfer-0/openim-msgtransfer.log"
		input[log] = l.working(-3000, 0) + l.refused(30, 70) + l.working(75, 600)
		if got := blamesKafka(t, input); got != fault {
			t.Errorf("%s: Kafka is blamed: %v", place, got)
		}
		delete(input, log)
	}
}

// Where only the logs of Kafka's clients are there, their common restart is a boot when they had not worked before.
func TestClientsRestartTogether(t *testing.T) {
	for _, before := range []int{0, 3000} {
		input := map[string]string{}
		for _, name := range []string{"openim-msgtransfer", "openim-push", "openim-rpc-msg", "openim-rpc-user"} {
			l := logOf(name)
			input[name+".log"] = l.working(-before, -10) + l.line(0, "INFO", "server is initializing", "{}") + l.refused(30, 70) + l.working(75, 600)
		}
		if got := blamesKafka(t, input); got != (before > 0) {
			t.Errorf("after %d seconds of work: Kafka is blamed: %v", before, got)
		}
	}
}
