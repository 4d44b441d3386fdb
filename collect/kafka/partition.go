package kafka

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle/record"
)

// prefixes of conversation ids; what follows is the key of the conversation's records: both users in order, or the group.
var prefixes = []string{"si_", "sg_", "sn_", "n_", "g_"}

// keyOf is the key of a conversation's records, the same in every topic. It is empty for what is no conversation.
func keyOf(conversation string) string {
	for _, prefix := range prefixes {
		if key, ok := strings.CutPrefix(conversation, prefix); ok {
			return key
		}
	}
	return ""
}

// partitionOf is the partition that OpenIM's producer chooses: FNV-1a of 32 bits as a signed number, its remainder, without
// the sign. partitions is at least 1.
func partitionOf(key string, partitions int) int32 {
	h := fnv.New32a()
	h.Write([]byte(key))
	return max(int32(h.Sum32())%int32(partitions), -(int32(h.Sum32()) % int32(partitions)))
}

// placed tells the partitions of conversations in the topics that OpenIM writes to.
func placed(conversations []string, topics []record.KafkaTopic, ours []string) record.KafkaConversations {
	out := record.KafkaConversations{Conversations: []record.KafkaConversation{}}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(conversations))) {
		key := keyOf(id)
		if key == "" {
			continue
		}
		c := record.KafkaConversation{ID: id, Key: key, Partitions: map[string]int32{}}
		for _, t := range topics {
			if slices.Contains(ours, t.Name) && len(t.Partitions) > 0 {
				c.Partitions[t.Name] = partitionOf(key, len(t.Partitions))
			}
		}
		out.Conversations = append(out.Conversations, c)
	}
	return out
}
