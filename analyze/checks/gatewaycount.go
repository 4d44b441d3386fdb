package checks

import (
	"fmt"
	"strconv"

	"github.com/imbundle/imbundle/analyze"
)

// replicaCount is the variable from which releases up to 3.8.3 compute the names of the gateway's pods on Kubernetes.
const replicaCount = "MY_MSGGATEWAY_REPLICACOUNT"

var gatewayCount = analyze.Check{
	ID: "gateway-count", Guide: "2.5",
	Title: say("服务知道的网关个数", "how many gateways the services know of"),
	Doc: say("3.5 到 3.8.3 在 Kubernetes 上按环境变量 MY_MSGGATEWAY_REPLICACOUNT 推算网关 Pod 的名字：比实际少，推送就只到前几个网关；比实际多，就会去拨不存在的 Pod。",
		"Releases 3.5 to 3.8.3 compute the names of the gateway's pods on Kubernetes from the variable MY_MSGGATEWAY_REPLICACOUNT: with less than there are, pushes reach the first ones only; with more, pods are dialled that do not exist."),
	Needs: []string{"cluster-resources/pods/<namespace>.json or describe of push", "a list of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if by := discovery(f); by != "" && !byKubernetes(by) || len(f.Versions) > 0 && !analyze.VersionFits(f.Versions[0], "<=3.8.3") {
			return analyze.Finding{Status: analyze.NA}
		}
		gateways := map[string]int{} // of each namespace
		confidence := analyze.Likely
		for _, p := range f.Pods {
			if p.Role == "msggateway" && !p.Deleted && p.Phase != "Failed" && p.Phase != "Succeeded" {
				gateways[p.Namespace]++
				if !p.Ready || recent(f, started(p), rejoin) {
					confidence = analyze.Possible // a rollout may be under way
				}
			}
		}
		var found []analyze.Evidence
		known := false
		for _, p := range f.Pods {
			if p.Role != "push" {
				continue
			}
			for _, c := range p.Containers {
				told, err := strconv.Atoi(c.Env[replicaCount])
				there := gateways[p.Namespace]
				if there == 0 {
					there = gateways[""] // a list of pods does not always name its namespace
				}
				if err != nil || there == 0 {
					continue
				}
				known = true
				if told != there {
					found = append(found, miscounted(p, told, there, confidence))
				}
			}
		}
		if !known {
			return unknown()
		}
		return answer(found)
	},
}

func miscounted(p analyze.Pod, told, there int, confidence string) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "gateway-single-target", Confidence: confidence, Subject: subjectOf(p),
		Says:    say(fmt.Sprintf("有 %d 个网关，而它只知道 %d 个", there, told), fmt.Sprintf("there are %d gateways and it knows of %d", there, told)),
		Samples: ofPod(p, "%s=%d, pods of the gateway: %d", replicaCount, told, there),
	}
	if told > there {
		e.Cause, e.Confidence = "discovery-misconfigured", analyze.Possible
	}
	return e
}

// discovery is what the configuration says of how services find each other; empty where none says it.
func discovery(f *analyze.Facts) string {
	for _, c := range f.Configs {
		if s := c.Set.Get("discovery", "enable"); !c.Chat && s != nil && s.String() != "" {
			return s.String()
		}
	}
	return ""
}

func byKubernetes(discovery string) bool { return discovery == "k8s" || discovery == "kubernetes" }
