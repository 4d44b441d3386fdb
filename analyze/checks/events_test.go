package checks

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// Events alone tell of killed containers and failed pulls; beside a list of pods they are history.
func TestEventsWithoutPods(t *testing.T) {
	event := func(reason, object, message string) analyze.Event {
		return analyze.Event{Type: "Warning", Reason: reason, Object: object, Message: message, Count: 3, Last: noon}
	}
	kill := event("Killing", "pod/openim-api-545fb994c9-w9t2v", "Container openim-api failed liveness probe, will be restarted")
	pull := event("Failed", "pod/openim-api-545fb994c9-w9t2v", `Failed to pull image "openim/openim-api:v3.9": not found`)
	for _, c := range []struct {
		name        string
		check       analyze.Check
		event       analyze.Event
		later       string // reason of one more event of the pod
		pods        []analyze.Pod
		status      string
		cause, sure string
	}{
		{"killed", killedOther, kill, "Started", nil, analyze.Fail, "pod-killed-other", analyze.Likely},
		{"stopped", killedOther, event("Killing", "pod/openim-api-545fb994c9-w9t2v", "Stopping container openim-api"), "", nil, analyze.Unknown, "", ""},
		{"killed, and all is well", killedOther, kill, "", []analyze.Pod{pod("openim-api-545fb994c9-w9t2v", "api", true, analyze.Container{Name: "a"})}, analyze.Pass, "", ""},
		{"pull failed", imagePull, pull, "Pulling", nil, analyze.Fail, "image-pull-failed", analyze.Likely},
		{"pull failed at first", imagePull, pull, "Started", nil, analyze.Unknown, "", ""},
		{"pull of something else failed", imagePull, event("Failed", "pod/grafana-0", `Failed to pull image "grafana:9"`), "", nil, analyze.Warn, "image-pull-failed", analyze.Possible},
		{"something else failed", imagePull, event("Failed", "pod/openim-api-545fb994c9-w9t2v", "Error: context deadline exceeded"), "", nil, analyze.Unknown, "", ""},
		{"pull failed, and the pod is gone", imagePull, pull, "", []analyze.Pod{pod("openim-api-545fb994c9-aaaaa", "api", true, analyze.Container{Name: "a"})}, analyze.Pass, "", ""},
		{"node went out", nodeConditions, event("NodeNotReady", "node/n9", "Node n9 status is now: NodeNotReady"), "", nil, analyze.Warn, "node-not-ready", analyze.Possible},
		{"node is back", nodeConditions, event("NodeNotReady", "node/n9", "Node n9 status is now: NodeNotReady"), "NodeReady", nil, analyze.Pass, "", ""},
		{"quota used up", unschedulable, event("FailedCreate", "replicaset/openim-push-6fc7cdb9f9", `Error creating: pods "openim-push-6fc7cdb9f9-" is forbidden: exceeded quota: compute, requested: requests.memory=1Gi, used: requests.memory=32Gi, limited: requests.memory=32Gi`), "", nil, analyze.Fail, "pod-unschedulable", analyze.Likely},
		{"not created for another reason", unschedulable, event("FailedCreate", "replicaset/openim-push-6fc7cdb9f9", "Error creating: Internal error occurred"), "", nil, analyze.Pass, "", ""},
	} {
		events := []analyze.Event{c.event}
		if c.later != "" {
			events = append(events, event(c.later, c.event.Object, ""))
		}
		got := c.check.Run(&analyze.Facts{Specs: load(t), Events: events, Pods: c.pods, Collected: noon})
		if found := causesOf(got); got.Status != c.status || found[c.cause] != c.sure || len(found) > 0 != (c.cause != "") {
			t.Errorf("%s: %s %v", c.name, got.Status, found)
		}
	}
}

// A quota that was full for a while is no fault when its controller got its pods after all.
func TestQuotaWasFull(t *testing.T) {
	at := func(ago time.Duration, reason, object, message string) analyze.Event {
		return analyze.Event{Type: "Warning", Namespace: "openim", Reason: reason, Object: object, Message: message, Count: 1, Last: noon.Add(-ago)}
	}
	const set = "replicaset/openim-push-6fc7cdb9f9"
	full := at(12*time.Minute, "FailedCreate", set, `Error creating: pods "openim-push-6fc7cdb9f9-abcde" is forbidden: exceeded quota: q, requested: pods=1, used: pods=20, limited: pods=20`)
	later := pod("openim-push-6fc7cdb9f9-x2x2x", "push", true, analyze.Container{Name: "push"})
	later.Created = noon.Add(-11 * time.Minute)
	earlier := later
	earlier.Created = noon.Add(-time.Hour)
	replicas := func(wanted, total int) []analyze.Workload {
		return []analyze.Workload{{Kind: "ReplicaSet", Namespace: "openim", Name: "openim-push-6fc7cdb9f9", Wanted: wanted, Total: total}}
	}
	for name, c := range map[string]struct {
		f    analyze.Facts
		want string
	}{
		"still":                 {analyze.Facts{}, analyze.Fail},
		"created later":         {analyze.Facts{Events: []analyze.Event{at(11*time.Minute, "SuccessfulCreate", set, "Created pod: x")}}, analyze.Pass},
		"created earlier":       {analyze.Facts{Events: []analyze.Event{at(13*time.Minute, "SuccessfulCreate", set, "Created pod: x")}}, analyze.Fail},
		"another was created":   {analyze.Facts{Events: []analyze.Event{at(time.Minute, "SuccessfulCreate", "replicaset/openim-api-6fc7cdb9f9", "Created pod: x")}}, analyze.Fail},
		"a pod since":           {analyze.Facts{Pods: []analyze.Pod{later}}, analyze.Pass},
		"a pod from before":     {analyze.Facts{Pods: []analyze.Pod{earlier}}, analyze.Fail},
		"as many as are wanted": {analyze.Facts{Workloads: replicas(2, 2)}, analyze.Pass},
		"one too few":           {analyze.Facts{Workloads: replicas(2, 1), Pods: []analyze.Pod{later}}, analyze.Fail},
	} {
		c.f.Specs, c.f.Collected, c.f.Events = load(t), noon, append(c.f.Events, full)
		if got := unschedulable.Run(&c.f); got.Status != c.want {
			t.Errorf("%s is %s, want %s", name, got.Status, c.want)
		}
	}
}

// A pull that failed is history when the pod was stopped, or another one of its component started, after it.
func TestPullFailedBefore(t *testing.T) {
	at := func(ago time.Duration, namespace, reason, object, message string) analyze.Event {
		return analyze.Event{Namespace: namespace, Reason: reason, Object: object, Message: message, Count: 1, Last: noon.Add(-ago)}
	}
	const failing = "pod/openim-rpc-msg-6fc7cdb9f9-jvkrs"
	pull := at(50*time.Minute, "im", "Failed", failing, `Failed to pull image "openim/openim-rpc-msg:v3.8.33": not found`)
	for name, c := range map[string]struct {
		event analyze.Event
		want  string
	}{
		"it was stopped":               {at(40*time.Minute, "im", "Killing", failing, ""), analyze.Unknown},
		"it was stopped before":        {at(55*time.Minute, "im", "Killing", failing, ""), analyze.Fail},
		"another one started":          {at(40*time.Minute, "im", "Started", "pod/openim-rpc-msg-7d5b8c6f44-x2x2x", ""), analyze.Unknown},
		"another one had started":      {at(55*time.Minute, "im", "Started", "pod/openim-rpc-msg-7d5b8c6f44-x2x2x", ""), analyze.Fail},
		"one of another component":     {at(40*time.Minute, "im", "Started", "pod/openim-push-7d5b8c6f44-x2x2x", ""), analyze.Fail},
		"one of another installation":  {at(40*time.Minute, "im-b", "Started", "pod/openim-rpc-msg-7d5b8c6f44-x2x2x", ""), analyze.Fail},
		"another one was only stopped": {at(40*time.Minute, "im", "Killing", "pod/openim-rpc-msg-7d5b8c6f44-x2x2x", ""), analyze.Fail},
	} {
		if got := imagePull.Run(&analyze.Facts{Specs: load(t), Events: []analyze.Event{c.event, pull}, Collected: noon}); got.Status != c.want {
			t.Errorf("%s is %s, want %s", name, got.Status, c.want)
		}
	}
}

// Ages of one table tell what came later, too, when nobody knows when it was printed.
func TestLaterByAge(t *testing.T) {
	table := func(pull, started string) map[string]string {
		return map[string]string{"events.txt": "LAST SEEN   TYPE      REASON    OBJECT                                MESSAGE\n" +
			pull + `         Warning   Failed    pod/openim-rpc-msg-6fc7cdb9f9-jvkrs   Failed to pull image "openim/openim-rpc-msg:v3.8.33": not found` + "\n" +
			started + "         Normal    Started   pod/openim-rpc-msg-7d5b8c6f44-x2x2x   Started container openim-rpc-msg\n"}
	}
	if got := imagePull.Run(factsOf(t, table("50m", "40m"))); got.Status != analyze.Unknown {
		t.Errorf("started later: %+v", got)
	}
	if got := imagePull.Run(factsOf(t, table("40m", "50m"))); got.Status != analyze.Fail {
		t.Errorf("started before: %+v", got)
	}
}
