package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// gaps names what the cluster did not tell, as of the newest sample.
func (r *run) gaps(newest *record.KafkaGroups) {
	without := r.withoutEnd(newest)
	for _, id := range slices.Sorted(maps.Keys(r.lost)) {
		f := r.lost[id]
		costs := "groups that it coordinates"
		if spots := without[id]; len(spots) > 0 {
			costs = "end and lag of " + listed(spots)
			delete(without, id)
		}
		r.b.Gap(bundle.Gap{Reason: f.Reason, Detail: fmt.Sprintf("broker %d: %v", id, f), Costs: costs})
	}
	if spots := without[-1]; len(spots) > 0 {
		r.b.Gap(bundle.Gap{Reason: bundle.NotFound, Detail: "no broker leads " + listed(spots), Costs: "their end and lag"})
	}
	r.refusals(newest)
	if _, _, forbidden := r.c.topics(); len(forbidden) > 0 {
		r.b.Gap(bundle.Gap{Reason: bundle.Forbidden, Detail: "the account may not see the topics " + strings.Join(forbidden, ", "), Costs: "their partitions and limits"})
	}
}

// withoutEnd lists the partitions whose end is unknown, by the broker that leads them; -1 where none does.
func (r *run) withoutEnd(newest *record.KafkaGroups) map[int32][]spot {
	leaders := r.c.leaders()
	out := map[int32][]spot{}
	seen := map[spot]bool{}
	for _, g := range newest.Groups {
		for _, p := range g.Partitions {
			s := spot{p.Topic, p.Partition}
			leader, known := leaders[s.topic][s.partition]
			if p.End == nil && known && !seen[s] {
				seen[s] = true
				out[leader] = append(out[leader], s)
			}
		}
	}
	return out
}

// refusals names groups that could not be read, by what was said.
func (r *run) refusals(newest *record.KafkaGroups) {
	byError := map[string][]string{}
	for _, g := range newest.Groups {
		if g.Error != "" {
			byError[g.Error] = append(byError[g.Error], g.Name)
		}
	}
	for _, said := range slices.Sorted(maps.Keys(byError)) {
		reason := bundle.Failed
		if strings.Contains(said, "AUTHORIZATION_FAILED") {
			reason = bundle.Forbidden
		}
		names := byError[said]
		r.b.Gap(bundle.Gap{Reason: reason, Detail: fmt.Sprintf("groups %s: %s", first(names), said), Costs: "their lag"})
	}
}

// mostNames are named before the rest is counted.
const mostNames = 20

func first(names []string) string {
	if len(names) <= mostNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), len(names)-mostNames)
}

// listed writes partitions by topic: "toMongo 0, 3; toRedis 1".
func listed(spots []spot) string {
	byTopic := map[string][]string{}
	for _, s := range spots {
		byTopic[s.topic] = append(byTopic[s.topic], fmt.Sprint(s.partition))
	}
	var parts []string
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		parts = append(parts, topic+" "+first(byTopic[topic]))
	}
	if len(parts) > mostNames {
		parts = append(parts[:mostNames], fmt.Sprintf("and %d more topics", len(parts)-mostNames))
	}
	return strings.Join(parts, "; ")
}
