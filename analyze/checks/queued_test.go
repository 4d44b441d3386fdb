package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

// missingNewest makes the newest ten numbers of a conversation miss their messages, given out so long ago.
func missingNewest(ago time.Duration) func(*analyze.Conversation) {
	return func(c *analyze.Conversation) {
		hole(c, 491, 500, record.Range{From: 491, To: 500})
		c.Redis.Malloc.Time = c.Time.Add(-ago)
	}
}

// TestHolesAgainstLag: the same missing messages are late or lost, as the partition of their conversation tells.
func TestHolesAgainstLag(t *testing.T) {
	here, elsewhere := map[string]int32{"toMongo": 2, "toRedis": 0}, map[string]int32{"toMongo": 5}
	calm := series("toMongo", 5, "m", 70, 70, 90, 90)
	drainedHere := concat(series("toMongo", 2, "m", 40, 40, 60, 60), calm)
	for _, c := range []struct {
		name    string
		change  func(*analyze.Conversation)
		groups  []analyze.GroupSample
		at      map[string]int32 // partition of the conversation; nil: nobody computed it
		line    string
		cause   string
		sure    string
		refuted []string
	}{
		{"its partition stands", missingNewest(time.Hour), concat(series("toMongo", 2, "m", 40, 90, 40, 99), calm), here, "a", "consumer-stalled", analyze.Certain, []string{"seq-hole"}},
		{"its partition has no reader", missingNewest(time.Hour), concat(series("toMongo", 2, "", 40, 90, 40, 99), calm), here, "a", "consumer-stalled", analyze.Certain, []string{"seq-hole"}},
		{"its partition falls behind", missingNewest(time.Hour), concat(series("toMongo", 2, "m", 40, 900, 90, 2000), calm), here, "a", "consumer-lag-growing", analyze.Certain, []string{"seq-hole"}},
		{"its busy partition falls behind", missingNewest(time.Second), concat(series("toMongo", 2, "m", 40, 900, 90, 2000), calm), here, "a", "consumer-lag-growing", analyze.Certain, []string{"seq-hole"}},
		{"its partition was seen once and lags", missingNewest(time.Hour), concat(series("toMongo", 2, "m", 40, 900), calm), here, "a", "consumer-lag-growing", analyze.Likely, []string{"seq-hole"}},
		{"one record of its partition stands", missingNewest(time.Hour), concat(series("toMongo", 2, "m", 40, 41, 40, 41), calm), here, "a", "consumer-stalled", analyze.Likely, []string{"seq-hole"}},
		{"another partition stands and its own is worked off", missingNewest(time.Hour), concat(series("toMongo", 5, "m", 40, 90, 40, 99), series("toMongo", 2, "m", 60, 60, 60, 60)), here, "a", "seq-hole", analyze.Certain, lagCauses},
		{"its partition is worked off", missingNewest(time.Hour), drainedHere, here, "a", "seq-hole", analyze.Certain, lagCauses},
		{"its partition is worked off on main", missingNewest(time.Hour), drainedHere, here, "b", "seq-hole", analyze.Certain, lagCauses},
		{"a message has just come and its partition is worked off", missingNewest(time.Second), drainedHere, here, "a", "", "", nil},
		{"a message has just come and a batch is in flight", missingNewest(time.Second), concat(series("toMongo", 2, "m", 40, 45, 60, 65), calm), here, "a", "", "", nil},
		{"its partition was worked off before the numbers were given out", func(c *analyze.Conversation) {
			missingNewest(time.Hour)(c)
			c.Time, c.Redis.Malloc.Time = noon.Add(3*time.Hour), noon.Add(time.Hour)
		}, drainedHere, here, "a", "seq-hole", analyze.Likely, nil},
		{"no partition of the topic has anything left", missingNewest(time.Hour), drainedHere, nil, "a", "seq-hole", analyze.Certain, lagCauses},
		{"no partition of the topic has a reader", missingNewest(time.Hour), concat(series("toMongo", 2, "", 40, 90, 40, 99), series("toMongo", 5, "", 40, 90, 40, 99)), nil, "a", "consumer-stalled", analyze.Likely, []string{"seq-hole"}},
		{"some partition stands and nobody knows which is its own", missingNewest(time.Hour), concat(series("toMongo", 2, "m", 40, 90, 40, 99), calm), nil, "a", "seq-hole", analyze.Likely, nil},
		{"Kafka was not asked", missingNewest(time.Hour), nil, nil, "a", "seq-hole", analyze.Likely, nil},
		{"its partition was not sampled", missingNewest(time.Hour), calm, here, "a", "seq-hole", analyze.Likely, nil},
		{"later numbers are stored", func(c *analyze.Conversation) { hole(c, 400, 410, record.Range{From: 400, To: 410}) }, concat(series("toMongo", 2, "m", 40, 90, 40, 99), calm), here, "a", "seq-hole", analyze.Certain, lagCauses},
		{"the partition of another stands", nil, concat(series("toMongo", 2, "m", 40, 90, 40, 99), calm), elsewhere, "a", "", "", nil},
	} {
		conversation := sound()
		if c.change != nil {
			c.change(&conversation)
		}
		f := &analyze.Facts{Specs: load(t), Versions: v383, Line: c.line, Collected: noon, Groups: c.groups, Conversations: []analyze.Conversation{conversation}}
		if c.at != nil {
			f.Kafka = &analyze.Kafka{Conversations: []record.KafkaConversation{{ID: conversation.ID, Partitions: c.at}}}
		}
		got := seqHoles.Run(f)
		var refuted []string
		for _, r := range got.Refutes {
			refuted = append(refuted, r.Cause)
			if r.By != c.cause || r.Target != conversation.ID || !strings.Contains(r.Because.ZH, conversation.ID) {
				t.Errorf("%s: rules out %+v", c.name, r)
			}
		}
		if c.cause == "" && len(got.Evidence) == 0 {
			continue
		}
		if len(got.Evidence) != 1 || got.Evidence[0].Cause != c.cause || got.Evidence[0].Confidence != c.sure || !slices.Equal(refuted, c.refuted) {
			t.Errorf("%s: %+v, want %s %s that rules out %v", c.name, got, c.sure, c.cause, c.refuted)
		}
	}
}

// TestNumbersNotGivenOutAgainstLag is the same question one topic earlier.
func TestNumbersNotGivenOutAgainstLag(t *testing.T) {
	for _, c := range []struct {
		name     string
		groups   []analyze.GroupSample
		versions []string
		line     string
		cause    string
		refuted  []string
	}{
		{"toRedis stands", series("toRedis", 0, "m", 40, 900, 40, 990), v383, "a", "consumer-stalled", []string{"seq-hole"}},
		{"toRedis is worked off", series("toRedis", 0, "m", 40, 40, 90, 90), v383, "a", "seq-not-written", lagCauses},
		{"toRedis has what batches leave behind", series("toRedis", 0, "m", 40, 70, 90, 120), v383, "a", "seq-not-written", nil},
		{"the group commits what it has not done yet", series("latestMsgToRedis", 0, "m", 40, 40, 90, 90), []string{"v3.7.0"}, "a", "seq-not-written", nil},
		{"Kafka was not asked", nil, v383, "a", "seq-not-written", nil},
	} {
		conversation := sound()
		conversation.Numbers = append(conversation.Numbers, record.Numbers{From: 600, To: 610, Read: true})
		if c.versions[0] == "v3.7.0" {
			conversation.Redis, conversation.Mongo.Seq = &record.RedisSeq{Max37: n64(500)}, nil
		}
		f := &analyze.Facts{Specs: load(t), Versions: c.versions, Line: c.line, Collected: noon, Groups: c.groups, Conversations: []analyze.Conversation{conversation}}
		got := seqState.Run(f)
		var refuted []string
		for _, r := range got.Refutes {
			refuted = append(refuted, r.Cause)
		}
		if len(got.Evidence) != 1 || got.Evidence[0].Cause != c.cause || !slices.Equal(refuted, c.refuted) {
			t.Errorf("%s: %+v, want %s that rules out %v", c.name, got, c.cause, c.refuted)
		}
	}
}
