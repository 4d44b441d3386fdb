//go:build e2e

package seq

import (
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// canary stands in every field that holds somebody's words, names, tokens or other users: it must not come over the wire.
const canary = "canary-9f3a"

// kept is how many messages of a conversation are there; older ones were cleaned up, the oldest with their documents. FerretDB
// reads whole collections for every question, so there must not be many.
const kept = 70

// plant puts a conversation into both servers as OpenIM 3.8.3 holds it: the newest numbers up to top stored, but for holes.
func plant(t testing.TB, r *redisServer, m *mongoFake, conversation string, top int64, hole func(int64) bool) {
	t.Helper()
	now := time.Now()
	r.do(t, "hset", "MALLOC_SEQ:"+conversation, "CURR", top, "LAST", top+50, "TIME", now.Add(-time.Hour).UnixMilli())
	r.do(t, "expire", "MALLOC_SEQ:"+conversation, 365*24*3600)
	r.do(t, "hset", "MALLOC_MIN_SEQ:"+conversation, "value", 0)
	for seq := max(1, top-20); seq <= top; seq++ {
		r.do(t, "hset", fmt.Sprintf("MSG_CACHE:%s:%d", conversation, seq), "value", `{"content":"`+canary+`"}`)
	}
	db := m.client.Database("openim_v3")
	insert := func(collection string, doc bson.D) {
		t.Helper()
		if _, err := db.Collection(collection).InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	insert("seq", bson.D{eq("conversation_id", conversation), eq("max_seq", top+50), eq("min_seq", int64(0))})
	for n := (top - kept) / documentSize; n*documentSize < top; n++ {
		var slots bson.A
		for seq := n*documentSize + 1; seq <= (n+1)*documentSize; seq++ {
			s := bson.D{eq("msg", nil), eq("revoke", nil), eq("del_list", bson.A{}), eq("is_read", false)}
			if seq <= top && seq > top-kept && !hole(seq) {
				s[0].Value = realMessage(seq, now.Add(-time.Hour).Add(time.Duration(seq-top)*time.Second))
			}
			slots = append(slots, s)
		}
		insert("msg", bson.D{eq("doc_id", fmt.Sprintf("%s:%d", conversation, n)), eq("msgs", slots)})
	}
}

func realMessage(seq int64, at time.Time) bson.D {
	return bson.D{
		eq("send_id", canary), eq("recv_id", canary), eq("group_id", ""), eq("client_msg_id", canary), eq("server_msg_id", canary), eq("sender_nickname", canary),
		eq("sender_face_url", canary), eq("session_type", int32(1)), eq("msg_from", int32(100)), eq("content_type", int32(101)), eq("content", `{"content":"`+canary+`"}`),
		eq("seq", seq), eq("send_time", at.UnixMilli()), eq("create_time", at.UnixMilli()), eq("status", int32(2)), eq("is_read", false), eq("options", bson.D{eq("history", true)}),
		eq("offline_push", bson.D{eq("title", canary), eq("desc", canary), eq("ex", canary)}), eq("at_user_id_list", bson.A{canary}), eq("attached_info", canary), eq("ex", canary),
	}
}

// runCalm collects until FerretDB was fast enough: it reads whole collections, and on a busy machine it takes too long.
func runCalm(t *testing.T, o Options) (c collected) {
	t.Helper()
	for range 10 {
		c = run(t, o)
		if !slices.ContainsFunc(c.gaps, func(g bundle.Gap) bool { return strings.Contains(g.Detail, "MaxTimeMSExpired") }) {
			return c
		}
	}
	t.Fatal("FerretDB is never fast enough")
	return c
}

// installation is a Redis and a Mongo with the conversation of two users.
type installation struct {
	redis *redisServer
	mongo *mongoFake
}

func install(t testing.TB) installation {
	t.Helper()
	i := installation{startRedis(t), startFerret(t)}
	for collection, keys := range map[string]bson.D{"msg": {eq("doc_id", 1)}, "seq": {eq("conversation_id", 1)}, "seq_user": {eq("user_id", 1), eq("conversation_id", 1)}, "conversation": {eq("owner_user_id", 1), eq("conversation_id", 1)}} {
		if _, err := i.mongo.client.Database("openim_v3").Collection(collection).Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: keys}); err != nil {
			t.Fatal(err)
		}
	}
	plant(t, i.redis, i.mongo, "si_u1_u2", 250, func(seq int64) bool { return seq == 240 })
	i.redis.do(t, "hset", "UID_PID_TOKEN_STATUS:u1:Android", canary, 0)
	i.redis.do(t, "hset", "SEQ_USER_READ:si_u1_u2:u1", "value", 249)
	for collection, doc := range map[string]bson.D{
		"seq_user":     {eq("user_id", "u1"), eq("conversation_id", "si_u1_u2"), eq("min_seq", int64(5)), eq("max_seq", int64(0)), eq("read_seq", int64(248))},
		"conversation": {eq("owner_user_id", "u1"), eq("conversation_id", "si_u1_u2"), eq("max_seq", int64(0)), eq("min_seq", int64(0)), eq("recv_msg_opt", int32(0)), eq("ex", canary), eq("attached_info", canary)},
	} {
		if _, err := i.mongo.client.Database("openim_v3").Collection(collection).InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	i.change(t, "si_u1_u2:2", 49, "revoke", bson.D{eq("role", int32(1)), eq("user_id", canary), eq("nickname", canary), eq("time", time.Now().UnixMilli())})
	i.change(t, "si_u1_u2:2", 9, "del_list", bson.A{canary, "u1"})
	i.change(t, "si_u1_u2:2", 10, "del_list", bson.A{canary})
	return i
}

// change sets a field of one slot of a document.
func (i installation) change(t testing.TB, id string, slot int, field string, value any) {
	t.Helper()
	set := bson.D{eq("$set", bson.D{eq(fmt.Sprintf("msgs.%d.%s", slot, field), value)})}
	if _, err := i.mongo.client.Database("openim_v3").Collection("msg").UpdateOne(t.Context(), bson.D{eq("doc_id", id)}, set); err != nil {
		t.Fatal(err)
	}
}

func (i installation) options() Options {
	return Options{
		Redis: &backends.Redis{Addresses: []string{i.redis.address}, Mode: backends.Standalone, Login: backends.Login{Username: "reader", Password: readerPassword}, From: "redis.yml of the test"},
		Mongo: &backends.Mongo{Addresses: []string{i.mongo.address}, Login: backends.Login{Username: "openIM", Password: rootPassword}, From: "mongodb.yml of the test"},
		Users: []string{"u2", "u1"},
	}
}

func TestRealServers(t *testing.T) {
	i := install(t)
	p, o := newTap(), i.options()
	o.Dial = p.dial()
	var c collected
	seen := i.redis.monitored(t, func() { c = runCalm(t, o) })
	got := c.conversations["si_u1_u2"]
	if r := got.Redis; r == nil || r.Malloc == nil || r.Malloc.Curr != 250 || r.Malloc.Last != 300 || r.Malloc.TTL < 364*24*3600 || r.Min == nil || r.Trouble != "" {
		t.Errorf("Redis: %+v", r)
	}
	if m := got.Mongo; m == nil || m.Highest != 250 || m.Documents != 2 || len(m.Seq) != 1 || m.Seq[0].Max != 300 || m.Newest.IsZero() {
		t.Errorf("Mongo: %+v", m)
	}
	if len(got.Numbers) != 1 {
		t.Fatalf("numbers: %+v", got.Numbers)
	}
	n := got.Numbers[0]
	for what, pair := range map[string][2][]record.Range{
		"stored":  {n.Stored, {{From: 181, To: 239}, {From: 241, To: 250}}},
		"empty":   {n.Empty, {{From: 101, To: 180}, {From: 240, To: 240}}},
		"absent":  {n.Absent, {{From: 51, To: 100}}},
		"revoked": {n.Revoked, {{From: 250, To: 250}}},
		"cached":  {n.Cached, {{From: 230, To: 250}}},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	for _, u := range got.Users {
		if u.User != "u1" {
			continue
		}
		if u.SeqUser == nil || u.SeqUser.Min != 5 || u.Listed == nil || u.Redis == nil || u.Redis.Read == nil || *u.Redis.Read != 249 {
			t.Errorf("user: %+v", u)
		}
		if want := []record.Range{{From: 210, To: 210}}; !slices.Equal(u.Deleted, want) {
			t.Errorf("deleted by u1: %v, want %v", u.Deleted, want)
		}
	}
	if !strings.Contains(c.entries[bundle.RedisInfo], "redis_version:") || len(c.redis.Nodes) != 1 || c.redis.Nodes[0].Config["maxmemory-policy"] == "" {
		t.Errorf("redis: %+v", c.redis)
	}
	if len(c.mongo.Collections) != 4 || c.mongo.Status == nil || !slices.Contains(c.mongo.Unsupported, "currentOp") || len(c.mongo.Refused) > 0 {
		t.Errorf("mongo: %+v", c.mongo)
	}
	noCanary(t, p, c)
	onlyReads(t, seen, New(o).Asks())
	for address, most := range p.most {
		if most > connections {
			t.Errorf("%d connections to %s at a time", most, address)
		}
	}
	for _, g := range c.gaps {
		if g.Reason == bundle.Forbidden || strings.HasPrefix(g.Entry, bundle.MongoServer) {
			t.Errorf("a user that may only read is refused: %+v", g)
		}
	}
	notSlow(t, i.redis)
	asRedisCli(t, i.redis, c.entries[bundle.RedisInfo])
}

// noCanary looks for people's words on the wire and in the bundle.
func noCanary(t *testing.T, p *tap, c collected) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.came.Len() == 0 || p.sent.Len() == 0 {
		t.Fatal("nothing passed the tap")
	}
	if strings.Contains(p.came.String(), canary) || strings.Contains(p.sent.String(), canary) {
		t.Error("a canary came over the wire")
	}
	for entry, body := range c.entries {
		if strings.Contains(body, canary) || strings.Contains(body, readerPassword) || strings.Contains(body, rootPassword) {
			t.Errorf("a canary or a password is in %s", entry)
		}
	}
}

// onlyReads holds what MONITOR saw to what the plan lists, and to what a connection begins with.
func onlyReads(t *testing.T, seen []string, plan []collect.Ask) {
	t.Helper()
	allowed := []string{"hello", "auth", "ping"}
	for _, a := range plan {
		if a.Of == "redis" {
			allowed = append(allowed, strings.ToLower(strings.Fields(a.What)[0]))
		}
	}
	if len(seen) < 100 {
		t.Errorf("MONITOR saw only %d commands", len(seen))
	}
	for _, command := range seen {
		word := strings.ToLower(strings.Trim(strings.Fields(command)[0], `"`))
		if !slices.Contains(allowed, word) || word == "config" && !strings.Contains(strings.ToLower(command), `"get"`) {
			t.Errorf("sent %s", command)
		}
	}
}

// asRedisCli holds redis/info.txt to what redis-cli prints: the same sections and fields in the same lines.
func asRedisCli(t *testing.T, s *redisServer, text string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(s.address)
	out, err := exec.Command(installed(t, "redis-cli", "redis-tools"), "-h", host, "-p", port, "-a", rootPassword, "--no-auth-warning", "info").Output()
	if err != nil {
		t.Fatal(err)
	}
	shape := func(text string) (lines []string) {
		for line := range strings.Lines(text) {
			field, _, _ := strings.Cut(line, ":")
			if db := strings.HasPrefix(field, "errorstat_") || strings.HasPrefix(field, "db"); !db { // they come and go
				lines = append(lines, strings.TrimRight(field, "\n"))
			}
		}
		return lines
	}
	if got, want := shape(text), shape(string(out)); !slices.Equal(got, want) {
		t.Errorf("redis/info.txt\n%q\nredis-cli info\n%q", got, want)
	}
}

// notSlow looks into Redis' own slow log, which keeps what takes 10 ms.
func notSlow(t *testing.T, s *redisServer) {
	t.Helper()
	reply, err := s.admin.Do(t.Context(), "slowlog", "get", 100).Slice()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slowOf(reply) {
		if c.Micros >= 100_000 {
			t.Errorf("%s %s took %d µs", c.Command, c.Key, c.Micros)
		}
	}
}

// TestSlowLogOnlyInPart: with values in the slow log, none reaches the bundle.
func TestSlowLogOnlyInPart(t *testing.T) {
	r := startRedis(t, "--slowlog-log-slower-than", "0")
	r.do(t, "hset", "MSG_CACHE:si_a_b:1", "value", canary)
	c := run(t, Options{Redis: &backends.Redis{Addresses: []string{r.address}, Login: backends.Login{Username: "reader", Password: readerPassword}}, Conversations: []string{"si_a_b"}})
	slow := c.redis.Nodes[0].Slow
	if !slices.ContainsFunc(slow, func(s record.RedisSlow) bool { return s.Command == "hset" && s.Key == "MSG_CACHE:*" }) {
		t.Errorf("slow log: %+v", slow)
	}
	for entry, body := range c.entries {
		if strings.Contains(body, canary) {
			t.Errorf("a value of the slow log is in %s", entry)
		}
	}
}
