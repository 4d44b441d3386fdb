package analyze

import (
	"slices"
	"testing"
)

// A broker's name that cannot be resolved is a wrong advertised name when it fails for ever in front of a running Kafka; the name
// of a broker that is down has no address either.
func TestUnresolvableNameOfABroker(t *testing.T) {
	l := logOf("openim-msgtransfer")
	unresolved := func(name string, from, to int) string {
		text := ""
		for s := from; s < to; s++ {
			text += l.line(s, "WARN", "consume err", `{"topic": ["toRedis"], "error": "dial tcp: lookup `+name+`: no such host"}`)
		}
		return text
	}
	refused := "openim-push exit -1: Error: kafka: client has run out of available brokers to talk to: dial tcp 10.96.0.7:9092: connect: connection refused\n"
	for name, c := range map[string]struct {
		input map[string]string
		want  string
	}{
		"for ever":         {map[string]string{"openim-msgtransfer.log": l.working(-600, 0) + unresolved("kafka-1 on 10.96.0.10:53", 0, 900)}, "kafka-advertised-listener"},
		"name with a dot":  {map[string]string{"openim-msgtransfer.log": unresolved("kafka.example.com on 10.96.0.10:53", 0, 900)}, "kafka-advertised-listener"},
		"broker is rolled": {map[string]string{"openim-msgtransfer.log": unresolved("kafka-0.kafka-headless on 10.96.0.10:53", 0, 20) + l.working(30, 1500)}, "kafka-unreachable"},
		"broker is down":   {map[string]string{"openim-msgtransfer.log": unresolved("kafka-0.kafka-headless on 10.96.0.10:53", 0, 900), "openim-push.log": refused}, "kafka-unreachable"},
		"Docker's DNS":     {map[string]string{"openim-msgtransfer.log": unresolved("kafka on 127.0.0.11:53", 0, 900)}, "kafka-unreachable"},
	} {
		_, report := examined(t, c.input, Options{})
		for _, cause := range []string{"kafka-advertised-listener", "kafka-unreachable"} {
			found := slices.ContainsFunc(report.Verdict.Causes, func(r CauseResult) bool { return r.Cause == cause })
			if found != (cause == c.want) {
				t.Errorf("%s: %s is found: %v", name, cause, found)
			}
		}
	}
}
