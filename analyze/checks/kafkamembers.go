package checks

import (
	"fmt"
	"slices"

	"github.com/imbundle/imbundle/analyze"
)

var kafkaMembers = analyze.Check{
	ID: "kafka-members", Guide: "2.3",
	Title: say("消费组在不在、有没有成员", "consumer groups are there and have members"),
	Doc: say("配置里的消费组在集群上没有，或每次采样都没有成员：它的消费者没有加入。相应 Pod 就绪时，是消费协程没起来或已退出。多数采样都在再均衡是再均衡风暴。成员多于分区时多出的闲着，不是故障。",
		"A group of the configuration that the cluster lacks, or that has no member in any sample: its consumer has not joined. Where its pod is ready, the consuming goroutine did not start or has ended. A group that rebalances in most samples is in a storm. Members beyond the partitions are idle, which is no fault."),
	Needs: []string{"kafka/groups.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if f.Kafka == nil || f.Kafka.Sampled == "" {
			return unknown()
		}
		var found []analyze.Evidence
		for _, name := range f.Kafka.Missing {
			e := memberless(f, analyze.GroupState{Entry: f.Kafka.Sampled, Group: name}, "group %s does not exist on the cluster", name)
			e.Says = say("配置里的消费组在集群上不存在", "a group of the configuration does not exist on the cluster")
			found = append(found, e)
		}
		blind := false
		for _, states := range statesOf(f.Kafka) {
			last := states[len(states)-1]
			blind = blind || last.Error != ""
			if !slices.Contains(f.Kafka.Configured, last.Group) {
				continue
			}
			switch empty, rebalancing := shares(states); {
			case empty == len(states):
				e := memberless(f, last, "group %s has no member in any of %d samples", last.Group, len(states))
				e.Says = say("消费组没有任何成员", "the group has no member")
				if len(states) > 1 {
					e.Confidence = analyze.Certain
				}
				found = append(found, e)
			case len(states) >= leastStates && rebalancing > len(states)/2:
				e := memberless(f, last, "group %s rebalances in %d of %d samples", last.Group, rebalancing, len(states))
				e.Cause, e.Hops, e.Says = "kafka-rebalance-storm", nil, say("消费组一直在再均衡", "the group keeps rebalancing")
				found = append(found, e)
			}
		}
		if len(found) == 0 && blind {
			return unknown()
		}
		return answer(found)
	},
}

// leastStates are samples from which rebalancing is more than a moment.
const leastStates = 3

// statesOf are the states of every group, oldest first.
func statesOf(k *analyze.Kafka) [][]analyze.GroupState {
	var out [][]analyze.GroupState
	for i, s := range k.States {
		if i == 0 || k.States[i-1].Group != s.Group {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

// shares counts the samples without a member, and those in a rebalance.
func shares(states []analyze.GroupState) (empty, rebalancing int) {
	for _, s := range states {
		switch s.State {
		case "Empty", "Dead":
			empty++
		case "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling":
			rebalancing++
		}
	}
	return empty, rebalancing
}

// memberless is evidence about a group without members; what it means depends on whether its pods are there.
func memberless(f *analyze.Facts, s analyze.GroupState, format string, args ...any) analyze.Evidence {
	topic := topicOf(f, s.Group)
	role := readerRole(f, s.Group, topic)
	e := analyze.Evidence{
		Cause: "consumer-stalled", Confidence: analyze.Likely, Subject: analyze.Subject{Role: role, Target: s.Group}, Until: s.Time, Hops: unread(f, s.Group, topic),
		Samples: []analyze.Sighting{{Entry: s.Entry, Text: fmt.Sprintf(format, args...)}},
	}
	for _, p := range f.Pods {
		if p.Role == role && p.Ready && !recent(f, p.Started, rejoin) {
			e.Cause = "consumer-dead-pod-running"
			e.Samples = append(e.Samples, ofPod(p, "%s, ready", p.Phase)...)
			break
		}
	}
	return e
}

// topicOf is the topic that a group reads; empty where nothing was committed.
func topicOf(f *analyze.Facts, group string) string {
	for _, s := range f.Groups {
		if s.Group == group {
			return s.Topic
		}
	}
	return ""
}
