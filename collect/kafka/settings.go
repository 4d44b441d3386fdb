package kafka

import (
	"context"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicSettings and brokerSettings are those of which OpenIM's fate depends.
var (
	topicSettings = []string{
		"max.message.bytes", "min.insync.replicas", "retention.ms", "retention.bytes", "cleanup.policy", "unclean.leader.election.enable", "segment.bytes", "compression.type",
	}
	brokerSettings = []string{
		"message.max.bytes", "auto.create.topics.enable", "num.partitions", "default.replication.factor", "min.insync.replicas", "offsets.topic.replication.factor",
		"log.retention.hours", "log.retention.minutes", "log.retention.ms", "log.retention.bytes", "offsets.retention.minutes", "delete.topic.enable", "unclean.leader.election.enable",
		"replica.fetch.max.bytes", "group.initial.rebalance.delay.ms", "group.max.session.timeout.ms",
	}
)

// described are settings of one resource, or why there are none.
type described struct {
	settings map[string]string
	err      error
}

// configs asks one broker for settings of itself (kind broker) or of topics; the answer is by resource name.
func configs(ctx context.Context, l *link, kind kmsg.ConfigResourceType, names, keys []string) (map[string]described, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	for _, name := range names {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.ConfigNames = kind, name, keys
		req.Resources = append(req.Resources, r)
	}
	got, err := ask[*kmsg.DescribeConfigsResponse](ctx, l, req)
	if err != nil {
		return nil, err
	}
	out := map[string]described{}
	for _, r := range got.Resources {
		d := described{settings: map[string]string{}, err: kerr.ErrorForCode(r.ErrorCode)}
		for _, c := range r.Configs {
			if c.Value != nil && !c.IsSensitive {
				d.settings[c.Name] = *c.Value
			}
		}
		if d.err != nil {
			d.settings = nil
		}
		out[r.ResourceName] = d
	}
	return out, nil
}

// brokerConfigs asks a broker for its own settings.
func brokerConfigs(ctx context.Context, b *broker, l *link) (map[string]string, error) {
	name := strconv.Itoa(int(b.id))
	got, err := configs(ctx, l, kmsg.ConfigResourceTypeBroker, []string{name}, brokerSettings)
	if err != nil {
		return nil, err
	}
	return got[name].settings, got[name].err
}
