package record

import "time"

// KafkaTopics is kafka/topics.json: the cluster as its brokers describe it, once per collection.
type KafkaTopics struct {
	Time      time.Time     `json:"time"`
	From      string        `json:"from,omitempty"`      // where the addresses were found, for people
	Bootstrap []string      `json:"bootstrap"`           // addresses that were asked first
	Cluster   string        `json:"cluster,omitempty"`   // its id
	Version   string        `json:"version,omitempty"`   // guessed from the requests that the brokers understand: "v4.1"
	Brokers   []KafkaBroker `json:"brokers"`             // by id
	Topics    []KafkaTopic  `json:"topics"`              // by name
	Missing   []string      `json:"missing,omitempty"`   // topics that the configuration names and the cluster lacks
	Forbidden []string      `json:"forbidden,omitempty"` // topics that the configuration names and the account may not see
	Others    int           `json:"others,omitempty"`    // topics that were left out, because no group of interest reads them
}

// KafkaBroker is one broker that the cluster names.
type KafkaBroker struct {
	ID          int32             `json:"id"`
	Address     string            `json:"address"` // as advertised, host:port
	Rack        string            `json:"rack,omitempty"`
	Controller  bool              `json:"controller,omitempty"`
	Unreachable string            `json:"unreachable,omitempty"` // why it did not answer
	Settings    map[string]string `json:"settings,omitempty"`    // those that matter; nil where they could not be read
}

// KafkaTopic is one topic.
type KafkaTopic struct {
	Name       string            `json:"name"`
	Internal   bool              `json:"internal,omitempty"`
	Partitions []KafkaPartition  `json:"partitions"`         // by number
	Settings   map[string]string `json:"settings,omitempty"` // effective values of those that matter; nil where they could not be read
}

// KafkaPartition is where one partition lies. Leader is -1 while it has none.
type KafkaPartition struct {
	Partition int32   `json:"partition"`
	Leader    int32   `json:"leader"`
	Replicas  []int32 `json:"replicas"`
	ISR       []int32 `json:"isr"`
	Offline   []int32 `json:"offline,omitempty"`
}

// KafkaGroups is one sample of consumer groups: samples/kafka/groups-001.json and on; kafka/groups.json is the newest again.
type KafkaGroups struct {
	Time       time.Time    `json:"time"`                 // when end offsets were asked for
	Sample     int          `json:"sample"`               // from 1
	Of         int          `json:"of"`                   // samples that were planned
	Groups     []KafkaGroup `json:"groups"`               // by name
	Configured []string     `json:"configured,omitempty"` // groups that the configuration names
	Missing    []string     `json:"missing,omitempty"`    // those that the cluster lacks
	Others     int          `json:"others,omitempty"`     // groups that were left out
}

// KafkaGroup is one consumer group.
type KafkaGroup struct {
	Name        string        `json:"name"`
	State       string        `json:"state,omitempty"`      // Stable, Empty, Dead, PreparingRebalance, …; empty when unknown
	Type        string        `json:"type,omitempty"`       // classic, consumer
	Assignor    string        `json:"assignor,omitempty"`   // range, roundrobin, sticky
	Coordinator int32         `json:"coordinator"`          // broker; -1 when unknown
	Error       string        `json:"error,omitempty"`      // why something below is missing
	Members     []KafkaMember `json:"members,omitempty"`    // in the coordinator's order
	Partitions  []KafkaOffset `json:"partitions,omitempty"` // committed or assigned; by topic and number
}

// KafkaMember is one consumer of a group.
type KafkaMember struct {
	ID       string `json:"id"`
	Instance string `json:"instance,omitempty"`
	Client   string `json:"client"`
	Host     string `json:"host"` // as the broker tells it: "/10.0.0.7"
	Assigned int    `json:"assigned"`
}

// KafkaOffset is a group's place in one partition. What is nil is unknown: nothing committed, or no broker to tell the end.
type KafkaOffset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Committed *int64 `json:"committed,omitempty"`
	Start     *int64 `json:"start,omitempty"` // of the log
	End       *int64 `json:"end,omitempty"`
	Lag       *int64 `json:"lag,omitempty"`    // End minus Committed; below zero when the topic was made anew
	Member    *int   `json:"member,omitempty"` // position in Members; nil: nobody reads it
}

// KafkaConversations is kafka/conversations.json: where the records of conversations go.
type KafkaConversations struct {
	Conversations []KafkaConversation `json:"conversations"`
}

// KafkaConversation names the partition of every topic that carries the records of a conversation.
type KafkaConversation struct {
	ID         string           `json:"id"`
	Key        string           `json:"key"`        // of its records
	Partitions map[string]int32 `json:"partitions"` // by topic
}
