package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

func TestConfigFiles(t *testing.T) {
	pod := func(container, status string) string {
		return fmt.Sprintf(`{"kind":"PodList","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-push-6fc7cdb9f9-jvkrs","namespace":"im"},"spec":{"containers":[{"name":"p","image":"openim/openim-push:v3.8.3",%s}],
"volumes":[{"name":"c","configMap":{"name":"openim-config"}}]},"status":{"phase":"Running","containerStatuses":[{"name":"p","restartCount":9,"state":%s}]}}]}`, container, status)
	}
	const (
		byVariable = `"env":[{"name":"CONFIG_PATH","value":"/config"}],"volumeMounts":[{"name":"c","mountPath":"/config"}]`
		byFlag     = `"args":["-c","/etc/im/"],"volumeMounts":[{"name":"c","mountPath":"/etc/im"}]`
		ofImage    = `"volumeMounts":[{"name":"c","mountPath":"/openim-server/config"}]`
		single     = `"volumeMounts":[{"name":"c","mountPath":"/openim-server/config/share.yml","subPath":"share.yml"}]`
		elsewhere  = `"volumeMounts":[{"name":"c","mountPath":"/notes"}]`
		crashed    = `{"waiting":{"reason":"CrashLoopBackOff"}}`
		running    = `{"running":{"startedAt":"2026-11-23T07:00:00Z"}}`
	)
	image := func(image, pod string) string {
		return strings.Replace(pod, "openim/openim-push:v3.8.3", image, 1)
	}
	shipper := func(container string) string { // beside a container that reads all
		return strings.Replace(pod(container, crashed), `"containers":[`, `"containers":[{"name":"shipper","image":"fluent/fluentd:v1","args":["-c","/fluentd"],"volumeMounts":[{"name":"c","mountPath":"/fluentd"}]},`, 1)
	}
	all := []string{"log.yml", "share.yml", "discovery.yml", "openim-push.yml", "redis.yml", "kafka.yml", "notification.yml", "webhooks.yml", "local-cache.yml"}
	but := func(names ...string) []string { return without(all, names) }
	for name, c := range map[string]struct {
		pod, version string
		keys         []string
		status       string
		cause, lacks string
	}{
		"a file is missing":                {pod(byVariable, crashed), "main", but("local-cache.yml"), analyze.Fail, "config-invalid", "[local-cache.yml]"},
		"two files of the flag's folder":   {pod(byFlag, crashed), "v3.8.3-patch.16", but("redis.yml", "webhooks.yml"), analyze.Fail, "config-invalid", "[redis.yml webhooks.yml]"},
		"the folder of the image":          {pod(ofImage, crashed), "v3.8.1", but("share.yml"), analyze.Fail, "config-invalid", "[share.yml]"},
		"the files of 3.7":                 {pod(byFlag, crashed), "v3.8.0", append(but("discovery.yml"), "zookeeper.yml"), analyze.Fail, "config-older-than-image", "[discovery.yml]"},
		"it still runs":                    {pod(byVariable, running), "main", but("share.yml"), analyze.Warn, "config-invalid", "[share.yml]"},
		"the tag may lie":                  {pod(byVariable, crashed), "", but("share.yml"), analyze.Warn, "config-invalid", "[share.yml]"},
		"nothing is missing":               {pod(byVariable, crashed), "main", all, analyze.Pass, "", ""},
		"more than it reads":               {pod(byVariable, crashed), "main", append(but(), "openim-api.yml", "prometheus.yml"), analyze.Pass, "", ""},
		"the release knows no CONFIG_PATH": {pod(byVariable, crashed), "v3.8.3-patch.16", but("share.yml"), analyze.Unknown, "", ""},
		"the others are in the image":      {pod(single, crashed), "v3.8.1", []string{"share.yml"}, analyze.Unknown, "", ""},
		"not the folder it reads":          {pod(elsewhere, crashed), "v3.8.1", []string{"readme"}, analyze.Unknown, "", ""},
		"a release with one file":          {pod(byFlag, crashed), "v3.6.0", []string{"config.yaml"}, analyze.Unknown, "", ""},
		"its own tag is older":             {image("openim/openim-push:v3.5.1", pod(byFlag, crashed)), "v3.8.3-patch.16", []string{"config.yaml"}, analyze.Unknown, "", ""},
		"no tag and no log":                {image("openim/openim-push@sha256:1", pod(byFlag, crashed)), "", but("share.yml"), analyze.Unknown, "", ""},
		"no tag, but logs":                 {image("openim/openim-push@sha256:1", pod(byFlag, crashed)), "v3.8.1", but("share.yml"), analyze.Fail, "config-invalid", "[share.yml]"},
		"a container that is not OpenIM's": {shipper(elsewhere), "v3.8.1", []string{"fluent.conf"}, analyze.Unknown, "", ""},
		"without its data":                 {pod(byFlag, crashed), "v3.8.1", []string{}, analyze.Unknown, "", ""},
		"not collected":                    {pod(byVariable, crashed), "main", nil, analyze.Unknown, "", ""},
	} {
		files := map[string]string{bundle.Resource("pods", "im"): c.pod}
		if c.version != "" {
			files["openim-rpc-msg.log"] = logOf(c.version)
		}
		if c.keys != nil {
			var data []string
			for _, key := range c.keys {
				data = append(data, fmt.Sprintf("%q:\"a: b\"", key))
			}
			files[bundle.Resource("configmaps", "im")] = `{"kind":"ConfigMapList","items":[{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"openim-config","namespace":"im"},"data":{` + strings.Join(data, ",") + `}}]}`
		}
		got := configFiles.Run(factsOf(t, files))
		if got.Status != c.status {
			t.Errorf("%s is %s, want %s", name, got.Status, c.status)
		}
		if wrong := slices.ContainsFunc(got.Evidence, func(e analyze.Evidence) bool {
			return e.Cause != c.cause || !strings.HasSuffix(e.Samples[0].Text, c.lacks)
		}); wrong || len(got.Evidence) > 0 != (c.cause != "") {
			t.Errorf("%s: %+v", name, got.Evidence)
		}
	}
}

// Each namespace is judged by its own release.
func TestConfigFilesByNamespace(t *testing.T) {
	pod := func(namespace string) string {
		return fmt.Sprintf(`{"kind":"PodList","items":[{"kind":"Pod","metadata":{"name":"openim-api-6fc7cdb9f9-jvkrs","namespace":%q},"spec":{"containers":[{"name":"openim-api","image":"openim/openim-api@sha256:1","args":["-c","/c"],
"volumeMounts":[{"name":"c","mountPath":"/c"}]}],"volumes":[{"name":"c","configMap":{"name":"cfg"}}]},"status":{"phase":"Pending"}}]}`, namespace)
	}
	keys := func(namespace string) string {
		return fmt.Sprintf(`{"kind":"ConfigMapList","items":[{"kind":"ConfigMap","metadata":{"name":"cfg","namespace":%q},"data":{"config.yaml":""}}]}`, namespace)
	}
	files := map[string]string{}
	for namespace, version := range map[string]string{"old": "v3.6.0", "new": "v3.8.3-patch.16"} {
		files[bundle.Resource("pods", namespace)], files[bundle.Resource("configmaps", namespace)] = pod(namespace), keys(namespace)
		files[bundle.PodLog(namespace, "openim-push-0", "openim-push", false)] = logOf(version)
	}
	got := configFiles.Run(factsOf(t, files))
	if len(got.Evidence) != 1 || got.Evidence[0].Subject.Namespace != "new" || got.Evidence[0].Cause != "config-older-than-image" {
		t.Errorf("%+v", got)
	}
}
