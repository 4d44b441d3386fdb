package analyze

import "testing"

func TestClassify(t *testing.T) {
	const line = "2026-11-23 08:50:42.569\tINFO\t[PID:1]\topenim-push\t[v3.8.3]\t[a/b.go:1]\thello\n"
	for _, c := range []struct {
		name, head string
		form       form
		pod        PodName
		previous   bool
	}{
		{"cluster-resources/pods/logs/openim/push-1/push.log", line, formLog, PodName{"openim", "push-1", "push"}, false},
		{"cluster-resources/pods/logs/openim/push-1/push-previous.log", line, formLog, PodName{"openim", "push-1", "push"}, true},
		{"support/logs/openim/push-1/push.log", line, formLog, PodName{"openim", "push-1", "push"}, false},
		{"openim-api.log", line, formLog, PodName{}, false},
		{"openim-api-cb889755d-j2r5x.previous.log", line, formLog, PodName{}, true},
		{"openim-push.previous.log", "unable to retrieve container logs for containerd://cd6d53", formNoLog, PodName{}, true},
		{"openim-push.log", "Error from server (NotFound): pods \"x\" not found\n", formNoLog, PodName{}, false},
		{"kubectl-get-pods.txt", "NAME   READY   STATUS    RESTARTS   AGE\na   1/1   Running   0   8d\n", formTable, PodName{}, false},
		{"events.txt", "LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n", formTable, PodName{}, false},
		{"df-h.txt", "# node-1\nFilesystem      Size  Used Avail Use% Mounted on\n", formTable, PodName{}, false},
		{"groups.txt", "Sat Oct 31 08:40:16 UTC 2026\n\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\n", formTable, PodName{}, false},
		{"du.txt", "$ du -sh /var/log/*\n17G\t/var/log/pods\n", formTable, PodName{}, false},
		{"x.describe.txt", "Name:             openim-push\nNamespace:        openim\nContainers:\n", formDescribe, PodName{}, false},
		{"redis-slowlog.txt", " 1) 1) (integer) 3817\n    2) (integer) 1789474027\n    3) (integer) 430643\n    4) 1) \"hgetall\"\n", formRedis, PodName{}, false},
		{"pods.json", `{"kind":"PodList","apiVersion":"v1","items":[]}`, formObjects, PodName{}, false},
		{"metrics-pods.json", `{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","items":[]}`, formMetrics, PodName{}, false},
		{"cluster-resources/pods.json", `{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[]}`, formSkip, PodName{}, false},
		{"api-response.json", `{"errCode":1507,"errMsg":"TokenNotExistError"}`, formText, PodName{}, false},
		{"push.json", `{"level":"WARN","time":"2026-11-23 08:50:42.569","logger":"openim-push","msg":"x"}`, formLog, PodName{}, false},
		{"config/kafka.yml", "address: [ kafka:9092 ]\n", formText, PodName{}, false},
		{"incident.yaml", "scenario: realtime\n", formIncident, PodName{}, false},
		{"imbundle/manifest.json", "{}", formSkip, PodName{}, false},
		{"core.1", "\x7fELF\x00\x00", formSkip, PodName{}, false},
		{"empty.log", "\n", formSkip, PodName{}, false},
	} {
		got := classify(c.name, []byte(c.head))
		if got.Form != c.form || got.Pod != c.pod || got.Previous != c.previous {
			t.Errorf("classify(%q) = form %d, pod %+v, previous %v; want %d, %+v, %v", c.name, got.Form, got.Pod, got.Previous, c.form, c.pod, c.previous)
		}
	}
}

func TestStem(t *testing.T) {
	for name, want := range map[string]string{
		"a/openim-push.log": "openim-push", "openim-push-previous.log.gz": "openim-push", "x.previous.log": "x",
		"config/openim-push.yml": "openim-push", "Redis.LOG": "redis",
	} {
		if got := stem(name); got != want {
			t.Errorf("stem(%q) = %q, want %q", name, got, want)
		}
	}
}
