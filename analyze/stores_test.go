package analyze

import (
	"strings"
	"testing"
)

const oneInfo = "127.0.0.1:16379> info memory\n# Memory\r\nused_memory:536691280\r\nmaxmemory:536870912\r\nmaxmemory_policy:allkeys-lru\r\n\r\n# Stats\r\nevicted_keys:48817\r\n"

// nodesInfo is what redis-cli --cluster call prints.
const nodesInfo = ">>> Calling INFO\n10.0.0.1:7001: # Server\r\nredis_version:7.0.15\r\nrole:master\r\n\r\n10.0.0.2:7002: # Server\r\nredis_version:7.0.15\r\nrole:slave\r\n"

func TestReadInfo(t *testing.T) {
	for _, text := range []string{oneInfo, nodesInfo} {
		if !isRedis([]byte(text)) {
			t.Errorf("not recognised: %q", text)
		}
	}
	for _, text := range []string{"role: admin\nname:x\n", "apiVersion: v1\nkind: ConfigMap\n", "1:M 25 Sep 2026 04:41:35.802 * Running mode=standalone, port=6379.\n"} {
		if isRedis([]byte(text)) {
			t.Errorf("taken for Redis: %q", text)
		}
	}
	var s snapshots
	if err := s.readRedis(strings.NewReader(oneInfo+nodesInfo), "x.txt"); err != nil {
		t.Fatal(err)
	}
	if len(s.Infos) != 3 {
		t.Fatalf("%d servers: %+v", len(s.Infos), s.Infos)
	}
	one, last := s.Infos[0], s.Infos[2]
	if one.Number("evicted_keys") != 48817 || one.Fields["maxmemory_policy"] != "allkeys-lru" || one.Number("no") != -1 || one.Lines["used_memory"] != 3 {
		t.Errorf("%+v", one)
	}
	if last.Address != "10.0.0.2:7002" || last.Fields["role"] != "slave" {
		t.Errorf("%+v", last)
	}
	if got := last.Sighting("role", "missing"); got.Text != "10.0.0.2:7002: role:slave" || got.Line == 0 {
		t.Errorf("%+v", got)
	}
}

func TestReadRecords(t *testing.T) {
	var s snapshots
	lines := `{"id":"si_a_b","via":["users"],"redis":{"malloc":{"curr":5,"last":50,"ttl":-1}}}` + "\n{broken\n" + `{"id":"sg_1","via":["logs"]}` + "\n"
	if err := s.readRecord(strings.NewReader(lines), "seq/conversations.jsonl"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a broken line: %v", err)
	}
	if len(s.Conversations) != 2 || s.Conversations[1].Line != 3 || s.Conversations[0].Redis.Malloc.Curr != 5 {
		t.Errorf("%+v", s.Conversations)
	}
	server := `{"mode":"standalone","nodes":[{"address":"a:1","slow":[{"time":"2026-11-23T08:00:00Z","micros":120000,"command":"hgetall","key":"UID_PID_TOKEN_STATUS:*"}]}]}`
	if err := s.readRecord(strings.NewReader(server), "x/redis/server.json"); err != nil {
		t.Fatal(err)
	}
	if len(s.Redises) != 1 || len(s.Slow) != 1 || s.Slow[0].Took.Milliseconds() != 120 {
		t.Errorf("%+v %+v", s.Redises, s.Slow)
	}
	if err := s.readRecord(strings.NewReader(`{"database":"openim_v3","members":[{"address":"m:1","state":"primary"}]}`), "mongo/server.json"); err != nil || len(s.Mongos) != 1 {
		t.Errorf("%v %+v", err, s.Mongos)
	}
	if !isRecord("evidence/seq/conversations.jsonl") || isRecord("kafka/server.json") {
		t.Error("records are told by their names")
	}
}
