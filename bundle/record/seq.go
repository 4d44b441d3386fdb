package record

import "time"

// Conversation is a line of seq/conversations.jsonl: the numbers of one conversation, as Redis and Mongo hold them.
type Conversation struct {
	ID   string    `json:"id"`
	Via  []string  `json:"via"` // why it was chosen: ViaNamed, …
	Time time.Time `json:"time"`

	Redis   *RedisSeq `json:"redis,omitempty"` // nil: Redis was not asked, or did not answer
	Mongo   *MongoSeq `json:"mongo,omitempty"` // nil: Mongo was not asked, or did not answer
	Users   []UserSeq `json:"users,omitempty"`
	Numbers []Numbers `json:"numbers,omitempty"` // the newest, and those that were asked for by --seq
}

// How a conversation was chosen.
const (
	ViaNamed = "named" // the incident names it
	ViaUsers = "users" // it follows from the incident's users
	ViaGroup = "group" // it follows from the incident's groups
	ViaOwned = "owned" // the conversation list of one of the incident's users has it
	ViaLogs  = "logs"  // the logs of the window name it
)

// RedisSeq are the counters of a conversation in Redis. Nil: there is no such key.
type RedisSeq struct {
	Malloc  *Malloc `json:"malloc,omitempty"`  // MALLOC_SEQ, since 3.8
	Min     *int64  `json:"min,omitempty"`     // MALLOC_MIN_SEQ, since 3.8; an hour's cache
	Max37   *int64  `json:"max37,omitempty"`   // MAX_SEQ, up to 3.7, where it is the only copy
	Min37   *int64  `json:"min37,omitempty"`   // MIN_SEQ, up to 3.7
	Trouble string  `json:"trouble,omitempty"` // what of it could not be read, and why
}

// Malloc is the counter from which numbers are given out.
type Malloc struct {
	Curr   int64     `json:"curr"` // the newest number that was given out
	Last   int64     `json:"last"` // end of the block that is reserved in Mongo
	Time   time.Time `json:"time,omitzero"`
	Locked bool      `json:"locked,omitempty"` // a block is being fetched; lasts 3 s at most
	TTL    int64     `json:"ttl"`              // seconds; -1: none
}

// MongoSeq is what Mongo holds of a conversation.
type MongoSeq struct {
	Seq       []SeqDocument `json:"seq"`       // documents of collection seq: none, one, or by accident several
	Documents int           `json:"documents"` // of its messages, 100 numbers each
	Highest   int64         `json:"highest"`   // the highest number with a message; 0: none was found
	Newest    time.Time     `json:"newest,omitzero"`
	Trouble   string        `json:"trouble,omitempty"`
}

// SeqDocument is a document of collection seq. Max is the end of the reserved block, not the newest message.
type SeqDocument struct {
	Max int64 `json:"max"`
	Min int64 `json:"min"`
}

// UserSeq is what one user may see of a conversation.
type UserSeq struct {
	User    string        `json:"user"`
	Redis   *UserCounters `json:"redis,omitempty"`   // nil: Redis was not asked, or did not answer
	SeqUser *UserDocument `json:"seqUser,omitempty"` // of collection seq_user; nil: there is none, or Mongo was not asked
	Listed  *ListedDoc    `json:"listed,omitempty"`  // of collection conversation; nil: there is none, or Mongo was not asked
	Deleted []Range       `json:"deleted,omitempty"` // numbers, of those looked at, that the user deleted for himself
	Trouble string        `json:"trouble,omitempty"`
}

// UserCounters are a user's numbers in Redis, caches since 3.8. Nil: there is no such key.
type UserCounters struct {
	Read   *int64 `json:"read,omitempty"`   // SEQ_USER_READ
	Min    *int64 `json:"min,omitempty"`    // SEQ_USER_MIN
	Max    *int64 `json:"max,omitempty"`    // SEQ_USER_MAX
	Read37 *int64 `json:"read37,omitempty"` // HAS_READ_SEQ, up to 3.7
	Min37  *int64 `json:"min37,omitempty"`  // CON_USER_MIN_SEQ, up to 3.7
}

// UserDocument is a document of collection seq_user.
type UserDocument struct {
	Min  int64 `json:"min"`
	Max  int64 `json:"max"`
	Read int64 `json:"read"`
}

// ListedDoc is a document of collection conversation. A Max other than 0 caps what its owner may pull.
type ListedDoc struct {
	Max     int64 `json:"max"`
	Min     int64 `json:"min"`
	Receive int64 `json:"receive"` // recv_msg_opt
}

// Numbers tells what became of the numbers From to To.
type Numbers struct {
	From    int64   `json:"from"`
	To      int64   `json:"to"`
	Stored  []Range `json:"stored,omitempty"`  // Mongo has a message
	Empty   []Range `json:"empty,omitempty"`   // Mongo has the document but no message: never written, or removed for good
	Absent  []Range `json:"absent,omitempty"`  // Mongo has no such document
	Revoked []Range `json:"revoked,omitempty"` // stored, and recalled
	Removed []Range `json:"removed,omitempty"` // stored, with the status "deleted"
	Failed  []Range `json:"failed,omitempty"`  // stored, with the status "sending failed"
	Cached  []Range `json:"cached,omitempty"`  // Redis has the message's body; says nothing unless CacheRead
	Holes   []Hole  `json:"holes,omitempty"`   // Empty and Absent again, with the times of their neighbours

	Read      bool `json:"read"`                // Mongo told of all of these numbers
	CacheRead bool `json:"cacheRead,omitempty"` // Redis told of all of these numbers
}

// Hole is a run of numbers without a message.
type Hole struct {
	Range
	Before time.Time `json:"before,omitzero"` // sending time of the message below
	After  time.Time `json:"after,omitzero"`  // sending time of the message above
}

// Range is a run of numbers, both ends included.
type Range struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// RedisServer is redis/server.json. What INFO says stands in redis/info.txt.
type RedisServer struct {
	Time       time.Time       `json:"time"`
	From       string          `json:"from,omitempty"`   // where the addresses were found
	Configured string          `json:"configured"`       // mode by OpenIM's configuration; empty: unknown
	Mode       string          `json:"mode,omitempty"`   // mode by the servers
	Master     string          `json:"master,omitempty"` // of the group that sentinels watch: its address
	Nodes      []RedisNode     `json:"nodes"`
	Cluster    *RedisCluster   `json:"cluster,omitempty"`
	Sentinels  []RedisSentinel `json:"sentinels,omitempty"`
}

// RedisNode is one server.
type RedisNode struct {
	Address string            `json:"address"`
	Named   bool              `json:"named,omitempty"` // OpenIM's configuration names it
	Role    string            `json:"role,omitempty"`  // master or slave
	Trouble string            `json:"trouble,omitempty"`
	Refused map[string]string `json:"refused,omitempty"` // command: what the server said
	Config  map[string]string `json:"config,omitempty"`
	Slow    []RedisSlow       `json:"slow,omitempty"`
	Latency []RedisLatency    `json:"latency,omitempty"`
}

// RedisSlow is an entry of SLOWLOG without the arguments' values.
type RedisSlow struct {
	Time    time.Time `json:"time"`
	Micros  int64     `json:"micros"`
	Command string    `json:"command"`       // lower case
	Key     string    `json:"key,omitempty"` // its first part: MALLOC_SEQ:*
	Client  string    `json:"client,omitempty"`
}

// RedisLatency is a line of LATENCY LATEST.
type RedisLatency struct {
	Event  string    `json:"event"`
	Time   time.Time `json:"time"`
	Latest int64     `json:"latest"` // milliseconds
	Most   int64     `json:"most"`   // milliseconds
}

// RedisCluster is what one node says of the cluster.
type RedisCluster struct {
	By      string               `json:"by"`    // address of the node
	State   string               `json:"state"` // ok or fail
	Slots   int                  `json:"slots"` // that somebody serves, of 16384
	Members []RedisClusterMember `json:"members"`
}

// RedisClusterMember is a line of CLUSTER NODES.
type RedisClusterMember struct {
	Address string  `json:"address"`
	Flags   string  `json:"flags"` // master, slave, fail, fail?, …
	Link    string  `json:"link"`
	Slots   []Range `json:"slots,omitempty"`
}

// RedisSentinel is what one sentinel says of the group.
type RedisSentinel struct {
	Address  string `json:"address"`
	Trouble  string `json:"trouble,omitempty"`
	Group    string `json:"group,omitempty"`
	Master   string `json:"master,omitempty"`
	Flags    string `json:"flags,omitempty"` // of the master: master, s_down, o_down
	Replicas int64  `json:"replicas,omitempty"`
	Others   int64  `json:"others,omitempty"` // sentinels that it knows beside itself
	Quorum   int64  `json:"quorum,omitempty"`
}

// MongoServer is mongo/server.json.
type MongoServer struct {
	Time        time.Time         `json:"time"`
	From        string            `json:"from,omitempty"` // where the addresses were found
	Database    string            `json:"database"`
	Asked       string            `json:"asked,omitempty"` // the member that answered for all
	Members     []MongoMember     `json:"members"`
	Set         *MongoSet         `json:"set,omitempty"`
	Status      *MongoStatus      `json:"status,omitempty"`
	Collections []MongoCollection `json:"collections,omitempty"`
	Operations  []MongoOperation  `json:"operations,omitempty"`  // that run for a second and more
	Refused     map[string]string `json:"refused,omitempty"`     // command: what the server said
	Unsupported []string          `json:"unsupported,omitempty"` // commands that it does not have
}

// MongoMember is a server as its own hello tells.
type MongoMember struct {
	Address string `json:"address"`
	Named   bool   `json:"named,omitempty"` // OpenIM's configuration names it
	State   string `json:"state,omitempty"` // primary, secondary, arbiter, standalone, mongos, other
	Set     string `json:"set,omitempty"`
	Primary string `json:"primary,omitempty"` // whom it takes for the primary
	Trouble string `json:"trouble,omitempty"`
}

// MongoSet is replSetGetStatus.
type MongoSet struct {
	Name    string         `json:"name"`
	Members []MongoSetView `json:"members"`
}

// MongoSetView is how the asked member sees another one.
type MongoSetView struct {
	Name   string    `json:"name"`
	State  string    `json:"state"` // PRIMARY, SECONDARY, RECOVERING, (not reachable/healthy), …
	Health bool      `json:"health"`
	Optime time.Time `json:"optime,omitzero"`
	Says   string    `json:"says,omitempty"` // of its last heartbeat
}

// MongoStatus is a summary of serverStatus.
type MongoStatus struct {
	Version     string `json:"version"`
	Uptime      int64  `json:"uptime"` // seconds
	Connections int64  `json:"connections"`
	Available   int64  `json:"available"` // connections
	Readers     int64  `json:"readers"`   // waiting
	Writers     int64  `json:"writers"`   // waiting
	CacheUsed   int64  `json:"cacheUsed,omitempty"`
	CacheMost   int64  `json:"cacheMost,omitempty"`
}

// MongoCollection is one of the collections that hold messages and numbers.
type MongoCollection struct {
	Name      string       `json:"name"`
	Missing   bool         `json:"missing,omitempty"`
	Documents int64        `json:"documents"` // -1: unknown
	Indexes   []MongoIndex `json:"indexes,omitempty"`
	Trouble   string       `json:"trouble,omitempty"`
}

// MongoIndex is an index.
type MongoIndex struct {
	Name   string   `json:"name"`
	Keys   []string `json:"keys"`
	Unique bool     `json:"unique,omitempty"`
}

// MongoOperation is a long operation, without what it asks for.
type MongoOperation struct {
	Seconds   int64  `json:"seconds"`
	Op        string `json:"op"`
	Namespace string `json:"namespace,omitempty"`
	Plan      string `json:"plan,omitempty"` // COLLSCAN, IXSCAN { … }
	Waits     bool   `json:"waits,omitempty"`
	App       string `json:"app,omitempty"`
}
