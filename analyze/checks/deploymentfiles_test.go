package checks

import (
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// What containerd and Docker say of a command or a mount that cannot be used.
const (
	deniedText  = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/scripts/mongo-init.sh": permission denied: unknown`
	absentText  = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/openim-server/openim-push": stat /openim-server/openim-push: no such file or directory: unknown`
	folderText  = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/var/lib/kubelet/pods/9f/volume-subpaths/config/push/0" to rootfs at "/config/kafka.yml": mount src=/var/lib/kubelet/pods/9f/volume-subpaths/config/push/0, dst=/config/kafka.yml: not a directory: unknown`
	wrongArch   = `failed to create containerd task: failed to create shim task: OCI runtime create failed: exec /openim-server/openim-push: exec format error: unknown`
	deniedEntry = `exec /usr/local/bin/docker-entrypoint.sh: permission denied`
)

func TestDeploymentFiles(t *testing.T) {
	ended := func(reason string, code int, message string) analyze.ContainerState {
		return analyze.ContainerState{Kind: "Terminated", Reason: reason, ExitCode: code, Message: message, Finished: noon}
	}
	for _, c := range []struct {
		name  string
		kind  string
		state analyze.ContainerState
		last  analyze.ContainerState
		ready bool
		says  string // empty: nothing
	}{
		{"a script without its execute bit", "init", analyze.ContainerState{Kind: "Waiting", Reason: "CrashLoopBackOff"}, ended("StartError", 128, deniedText), false, "not executable"},
		{"an entrypoint without its execute bit", "", analyze.ContainerState{Kind: "Waiting", Reason: "CreateContainerError", Message: deniedEntry}, analyze.ContainerState{}, false, "not executable"},
		{"a shell that may not run a script", "", ended("Error", 126, ""), analyze.ContainerState{}, false, "not executable"},
		{"a command that is not there", "", ended("StartError", 128, absentText), analyze.ContainerState{}, false, "does not exist"},
		{"a shell that finds no command", "", ended("Error", 127, ""), analyze.ContainerState{}, false, "does not exist"},
		{"a folder mounted as a file", "", analyze.ContainerState{Kind: "Waiting", Reason: "CrashLoopBackOff"}, ended("StartError", 128, folderText), false, "is a directory"},
		{"an image for another machine", "", ended("StartError", 128, wrongArch), analyze.ContainerState{}, false, ""},
		{"a program that failed", "", ended("Error", 1, ""), analyze.ContainerState{}, false, ""},
		{"a program that was killed", "", ended("OOMKilled", 137, ""), analyze.ContainerState{}, false, ""},
		{"a container that failed once and runs", "", analyze.ContainerState{Kind: "Running"}, ended("StartError", 128, deniedText), true, ""},
		{"a debugging container without a shell", "ephemeral", ended("StartError", 128, absentText), analyze.ContainerState{}, true, ""},
	} {
		p := pod("openim-push-6fc7cdb9f9-jvkrs", "push", c.ready, analyze.Container{Name: "p", Kind: c.kind, State: c.state, Last: c.last})
		got := deploymentFiles.Run(&analyze.Facts{Specs: load(t), Pods: []analyze.Pod{p}})
		switch {
		case c.says == "" && len(got.Evidence) == 0:
		case c.says == "" || len(got.Evidence) != 1 || got.Evidence[0].Cause != "deployment-files-broken" || !strings.Contains(got.Evidence[0].Says.EN, c.says):
			t.Errorf("%s: %+v, want %q", c.name, got.Evidence, c.says)
		}
		if got := containerConfig.Run(&analyze.Facts{Specs: load(t), Pods: []analyze.Pod{p}}); len(got.Evidence) > 0 {
			t.Errorf("%s is taken for configuration that does not exist, too", c.name)
		}
	}
}

func TestTopicsNeverMade(t *testing.T) {
	all := []string{"toRedis", "toMongo", "toPush", "toOfflinePush"}
	for _, c := range []struct {
		name    string
		missing []string
		has     []record.KafkaTopic
		makes   string
		want    bool
	}{
		{"none of them exists", all, []record.KafkaTopic{{Name: "orders"}}, "false", true},
		{"none of them exists yet and brokers make them", all, nil, "true", false},
		{"one of them is missing", []string{"toOfflinePush"}, nil, "false", false},
		{"one of them exists", all[1:], []record.KafkaTopic{{Name: "toRedis"}}, "false", false},
	} {
		f := cluster()
		f.Specs, f.Pods = load(t), []analyze.Pod{pod("openim-push-6fc7cdb9f9-jvkrs", "push", true, analyze.Container{})}
		f.Kafka.Topics.Missing, f.Kafka.Topics.Topics, f.Kafka.Topics.Brokers[0].Settings = c.missing, c.has, map[string]string{"auto.create.topics.enable": c.makes}
		if got := deploymentFiles.Run(f); len(got.Evidence) > 0 != c.want || c.want && got.Evidence[0].Confidence != analyze.Possible {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// mapsOf is a list of ConfigMaps of a namespace; podOfMaps a pod that names their keys in each way that there is.
const (
	mapsOf = `{"kind":"List","apiVersion":"v1","items":[{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"openim-config","namespace":"im"},"data":{"redis.yml":"address: [redis:6379]\n"},"binaryData":{"fcm.json":"e30="}}]}`

	podOfMaps = `{"kind":"List","apiVersion":"v1","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-push-6fc7cdb9f9-jvkrs","namespace":"im"},
"spec":{"volumes":[{"name":"config","configMap":{"name":"openim-config"}},{"name":"some","configMap":{"name":"openim-config","items":[{"key":"KEY1","path":"x"}]}},{"name":"tuned","configMap":{"name":"tuning","optional":true}},
 {"name":"all","projected":{"sources":[{"configMap":{"name":"MAP1"}}]}}],
"containers":[{"name":"push","image":"openim/openim-push:v3.8.3","volumeMounts":[{"name":"config","mountPath":"/config/k","subPath":"KEY2"}],
 "env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"openim-config","key":"KEY3"}}},{"name":"B","valueFrom":{"configMapKeyRef":{"name":"openim-config","key":"absent","optional":true}}},{"name":"C","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],
 "envFrom":[{"configMapRef":{"name":"MAP2"}}]}]},"status":{"phase":"PHASE","conditions":[{"type":"Ready","status":"READY"}],"containerStatuses":[{"name":"push","state":STATE}]}}]}`
)

func TestReferences(t *testing.T) {
	running, stuck := []string{"PHASE", "Running", "READY", "True", "STATE", `{"running":{}}`}, []string{"PHASE", "Pending", "READY", "False", "STATE", `{"waiting":{"reason":"ContainerCreating"}}`}
	refused := []string{"PHASE", "Pending", "READY", "False", "STATE", `{"waiting":{"reason":"CreateContainerConfigError","message":"couldn't find key openim.yml in ConfigMap im/openim-config"}}`}
	sound := []string{"KEY1", "fcm.json", "KEY2", "redis.yml", "KEY3", "redis.yml", "MAP1", "openim-config", "MAP2", "openim-config"}
	for _, c := range []struct {
		name    string
		swaps   []string
		state   []string
		maps    string // entry of the ConfigMaps; empty: there are none
		sure    string // empty: nothing is said
		samples int
	}{
		{"all is there", sound, running, bundle.Resource("configmaps", "im"), "", 0},
		{"an item is missing", append([]string{"KEY1", "kafka.yml"}, sound...), stuck, bundle.Resource("configmaps", "im"), analyze.Likely, 1},
		{"a subPath is missing", append([]string{"KEY2", "kafka.yml"}, sound...), stuck, bundle.Resource("configmaps", "im"), analyze.Likely, 1},
		{"the key of a variable is missing", append([]string{"KEY3", "openim.yml"}, sound...), stuck, bundle.Resource("configmaps", "im"), analyze.Likely, 1},
		{"and the kubelet says so", append([]string{"KEY3", "openim.yml"}, sound...), refused, bundle.Resource("configmaps", "im"), analyze.Likely, 2},
		{"objects are missing", append([]string{"MAP1", "gone", "MAP2", "lost"}, sound...), stuck, bundle.Resource("configmaps", "im"), analyze.Likely, 2},
		{"a key went while the pod ran", append([]string{"KEY2", "kafka.yml"}, sound...), running, bundle.Resource("configmaps", "im"), analyze.Possible, 1},
		{"an object is missing where not all are known", append([]string{"MAP1", "gone"}, sound...), stuck, "openim-config.json", "", 0},
		{"a key is missing where not all are known", append([]string{"KEY2", "kafka.yml"}, sound...), stuck, "openim-config.json", analyze.Likely, 1},
		{"no ConfigMap was collected", append([]string{"KEY2", "kafka.yml", "MAP1", "gone"}, sound...), stuck, "", "", 0},
	} {
		files := map[string]string{bundle.Resource("pods", "im"): strings.NewReplacer(append(c.swaps, c.state...)...).Replace(podOfMaps)}
		if c.maps != "" {
			files[c.maps] = mapsOf
		}
		got := containerConfig.Run(factsOf(t, files))
		if c.sure == "" {
			if len(got.Evidence) > 0 {
				t.Errorf("%s: %+v", c.name, got.Evidence)
			}
			continue
		}
		if len(got.Evidence) != 1 || got.Evidence[0].Cause != "config-invalid" || got.Evidence[0].Confidence != c.sure || len(got.Evidence[0].Samples) != c.samples {
			t.Errorf("%s: %+v, want %s and %d samples", c.name, got.Evidence, c.sure, c.samples)
		}
	}
}
