package checks

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

func info(pairs ...string) analyze.RedisInfo {
	i := analyze.RedisInfo{Entry: redisInfo, Address: "10.0.0.1:6379", Fields: map[string]string{"role": "master", "used_memory": "100", "maxmemory": "0", "rdb_last_bgsave_status": "ok"}, Lines: map[string]int64{}}
	for n := 0; n < len(pairs); n += 2 {
		i.Fields[pairs[n]] = pairs[n+1]
	}
	return i
}

func redisOf(mode string, nodes ...record.RedisNode) []analyze.RedisServer {
	return []analyze.RedisServer{{Entry: redisJSON, RedisServer: record.RedisServer{Time: noon, From: "redis.yml", Configured: "standalone", Mode: mode, Nodes: nodes}}}
}

type storeCase struct {
	name  string
	check analyze.Check
	facts analyze.Facts
	want  string
	sure  string
}

func judgeStores(t *testing.T, cases []storeCase) {
	t.Helper()
	for _, x := range cases {
		got := x.check.Run(&x.facts)
		switch {
		case x.want == "" && (len(got.Evidence) > 0 || got.Status != analyze.Pass):
			t.Errorf("%s: %+v, want pass", x.name, got)
		case x.want != "" && (len(got.Evidence) != 1 || got.Evidence[0].Cause != x.want || got.Evidence[0].Confidence != x.sure):
			t.Errorf("%s: %+v, want %s %s", x.name, got, x.sure, x.want)
		}
	}
}

func TestRedisState(t *testing.T) {
	infos := func(i analyze.RedisInfo) analyze.Facts { return analyze.Facts{Infos: []analyze.RedisInfo{i}} }
	replica := record.RedisNode{Address: "10.0.0.1:6379", Named: true, Role: "slave"}
	with := func(r []analyze.RedisServer, i analyze.RedisInfo) analyze.Facts {
		return analyze.Facts{Infos: []analyze.RedisInfo{i}, Redises: r}
	}
	cluster := func(state string, slots int, flags string) analyze.Facts {
		r := redisOf("cluster", record.RedisNode{Address: "10.0.0.1:6379", Named: true, Role: "master"})
		r[0].Configured = "cluster"
		r[0].Cluster = &record.RedisCluster{State: state, Slots: slots, Members: []record.RedisClusterMember{{Address: "10.0.0.2:6379", Flags: flags, Slots: []record.Range{{From: 0, To: 5}}}}}
		return analyze.Facts{Redises: r}
	}
	trouble := func(text string) analyze.Facts {
		return analyze.Facts{Redises: redisOf("", record.RedisNode{Address: "10.0.0.1:6379", Named: true, Trouble: text})}
	}
	judgeStores(t, []storeCase{
		{"no limit", redisMemory, infos(info("maxmemory_policy", "allkeys-lru")), "", ""},
		{"room enough", redisMemory, infos(info("maxmemory", "1000", "maxmemory_policy", "noeviction")), "", ""},
		{"evicting", redisMemory, infos(info("maxmemory", "1000", "used_memory", "990", "maxmemory_policy", "allkeys-lru", "evicted_keys", "12")), "redis-out-of-memory", analyze.Likely},
		{"evicting what expires, as counters do", redisMemory, infos(info("maxmemory", "1000", "used_memory", "990", "maxmemory_policy", "volatile-ttl", "evicted_keys", "12")), "redis-out-of-memory", analyze.Likely},
		{"full", redisMemory, infos(info("maxmemory", "1000", "used_memory", "1001", "maxmemory_policy", "noeviction")), "redis-out-of-memory", analyze.Certain},
		{"nearly full", redisMemory, infos(info("maxmemory", "1000", "used_memory", "950", "maxmemory_policy", "noeviction")), "redis-out-of-memory", analyze.Possible},
		{"would evict", redisMemory, infos(info("maxmemory", "1000", "maxmemory_policy", "allkeys-lru")), "redis-out-of-memory", analyze.Possible},
		{"a master that saves", redisWrites, infos(info()), "", ""},
		{"cannot save", redisWrites, infos(info("rdb_last_bgsave_status", "err")), "redis-persistence-failing", analyze.Likely},
		{"cannot save and refuses writes", redisWrites, with(redisOf("standalone", record.RedisNode{Address: "10.0.0.1:6379", Config: map[string]string{"stop-writes-on-bgsave-error": "yes"}}), info("rdb_last_bgsave_status", "err")), "redis-persistence-failing", analyze.Certain},
		{"cannot save and goes on", redisWrites, with(redisOf("standalone", record.RedisNode{Address: "10.0.0.1:6379", Config: map[string]string{"stop-writes-on-bgsave-error": "no"}}), info("rdb_last_bgsave_status", "err")), "redis-persistence-failing", analyze.Possible},
		{"loading", redisWrites, infos(info("loading", "1")), "redis-unreachable", analyze.Likely},
		{"the configured address is a replica", redisWrites, with(redisOf("standalone", replica), info("role", "slave")), "redis-readonly", analyze.Certain},
		{"a replica behind sentinels", redisWrites, with(redisOf("sentinel", replica), info("role", "slave")), "", ""},
		{"a replica that somebody pasted", redisWrites, infos(info("role", "slave")), "", ""},
		{"a replica beside its master", redisWrites, with(redisOf("standalone", replica, record.RedisNode{Address: "10.0.0.2:6379", Named: true, Role: "master"}), info("role", "slave")), "", ""},
		{"the mode that is configured", redisMode, analyze.Facts{Redises: redisOf("standalone")}, "", ""},
		{"another mode", redisMode, analyze.Facts{Redises: redisOf("cluster")}, "redis-mode-mismatch", analyze.Certain},
		{"a whole cluster", redisUp, cluster("ok", 16384, "master"), "", ""},
		{"a cluster with a hole", redisUp, cluster("fail", 10000, "master"), "redis-unreachable", analyze.Certain},
		{"a failed master", redisUp, cluster("ok", 16384, "master,fail"), "redis-unreachable", analyze.Certain},
		{"a failed replica", redisUp, cluster("ok", 16384, "slave,fail"), "redis-unreachable", analyze.Possible},
		{"a suspected node", redisUp, cluster("ok", 16384, "master,fail?"), "", ""},
		{"nothing listens", redisUp, trouble("dial tcp 10.0.0.1:6379: connect: connection refused"), "redis-unreachable", analyze.Likely},
		{"out of the collector's reach", redisUp, trouble("dial tcp 10.0.0.1:6379: i/o timeout"), "redis-unreachable", analyze.Possible},
		{"a refused password", redisUp, trouble("WRONGPASS invalid username-password pair"), "redis-auth-failed", analyze.Likely},
	})
}

// TestRedisPauses: what LATENCY tells of the window is worth a word, and a slow log without an entry is no lack of data.
func TestRedisPauses(t *testing.T) {
	with := func(n record.RedisNode) analyze.Facts {
		n.Address, n.Named = "10.0.0.1:6379", true
		return analyze.Facts{Redises: redisOf("standalone", n), Window: analyze.Window{From: noon.Add(-time.Hour), To: noon}}
	}
	latency := func(most int64, ago time.Duration) analyze.Facts {
		return with(record.RedisNode{Latency: []record.RedisLatency{{Event: "fork", Time: noon.Add(-ago), Latest: 3, Most: most}}})
	}
	judgeStores(t, []storeCase{
		{"nothing is slow", redisSlow, with(record.RedisNode{}), "", ""},
		{"short pauses", redisSlow, latency(120, time.Minute), "", ""},
		{"a long pause", redisSlow, latency(4200, time.Minute), "redis-overloaded", analyze.Possible},
		{"a long pause of last week", redisSlow, latency(4200, 7*24*time.Hour), "", ""},
	})
	for name, n := range map[string]record.RedisNode{"out of reach": {Trouble: "connection refused"}, "refused": {Refused: map[string]string{"SLOWLOG": "NOPERM"}}} {
		f := with(n)
		if got := redisSlow.Run(&f); got.Status != analyze.Unknown {
			t.Errorf("a slow log that is %s: %s", name, got.Status)
		}
	}
}

func TestMongoState(t *testing.T) {
	view := func(name, state string, healthy bool, ago time.Duration) record.MongoSetView {
		return record.MongoSetView{Name: name, State: state, Health: healthy, Optime: noon.Add(-ago)}
	}
	set := func(views ...record.MongoSetView) analyze.Facts {
		m := record.MongoServer{Time: noon, Database: "openim_v3", Members: []record.MongoMember{{Address: "m0", State: "secondary", Set: "rs0"}}, Set: &record.MongoSet{Name: "rs0", Members: views}}
		return analyze.Facts{Mongos: []analyze.MongoServer{{Entry: mongoJSON, MongoServer: m}}}
	}
	alone := func(change func(*record.MongoServer)) analyze.Facts {
		m := record.MongoServer{Time: noon, Database: "openim_v3", From: "mongodb.yml", Members: []record.MongoMember{{Address: "m0", Named: true, State: "standalone"}}}
		m.Collections = []record.MongoCollection{{Name: "msg", Documents: 50_000, Indexes: []record.MongoIndex{{Keys: []string{"_id"}}, {Keys: []string{"doc_id"}}}}}
		change(&m)
		return analyze.Facts{Mongos: []analyze.MongoServer{{Entry: mongoJSON, MongoServer: m}}}
	}
	op := func(seconds int64, namespace, plan string) analyze.Facts {
		return alone(func(m *record.MongoServer) {
			m.Operations = []record.MongoOperation{{Seconds: seconds, Op: "query", Namespace: namespace, Plan: plan}}
		})
	}
	load := func(status record.MongoStatus) analyze.Facts {
		return alone(func(m *record.MongoServer) { m.Status = &status })
	}
	met := func(text string) analyze.Facts {
		return alone(func(m *record.MongoServer) { m.Members[0].State, m.Members[0].Trouble = "", text })
	}
	judgeStores(t, []storeCase{
		{"a primary and two that keep up", mongoPrimary, set(view("m0", "PRIMARY", true, 0), view("m1", "SECONDARY", true, time.Second), view("m2", "ARBITER", true, time.Hour)), "", ""},
		{"no primary", mongoPrimary, set(view("m0", "SECONDARY", true, 0), view("m1", "(not reachable/healthy)", false, 0)), "mongo-no-primary", analyze.Certain},
		{"one lags", mongoPrimary, set(view("m0", "PRIMARY", true, 0), view("m1", "SECONDARY", true, time.Hour)), "mongo-slow", analyze.Possible},
		{"one is gone", mongoPrimary, set(view("m0", "PRIMARY", true, 0), view("m1", "(not reachable/healthy)", false, 0)), "mongo-unreachable", analyze.Possible},
		{"one recovers", mongoPrimary, set(view("m0", "PRIMARY", true, 0), view("m1", "RECOVERING", true, 0)), "mongo-unreachable", analyze.Possible},
		{"its indexes are there", mongoSlow, alone(func(*record.MongoServer) {}), "", ""},
		{"an index is missing", mongoSlow, alone(func(m *record.MongoServer) { m.Collections[0].Indexes = m.Collections[0].Indexes[:1] }), "mongo-slow", analyze.Likely},
		{"an index of few documents is missing", mongoSlow, alone(func(m *record.MongoServer) { m.Collections[0].Indexes, m.Collections[0].Documents = nil, 12 }), "mongo-slow", analyze.Possible},
		{"a collection whose indexes could not be read", mongoSlow, alone(func(m *record.MongoServer) {
			m.Collections[0].Indexes, m.Collections[0].Trouble = nil, "not authorized"
		}), "", ""},
		{"scans a collection", mongoSlow, op(2, "openim_v3.msg", "COLLSCAN"), "mongo-slow", analyze.Likely},
		{"runs for long", mongoSlow, op(9, "openim_v3.msg", "IXSCAN { doc_id: 1 }"), "mongo-slow", analyze.Likely},
		{"runs for two seconds", mongoSlow, op(2, "openim_v3.msg", "IXSCAN { doc_id: 1 }"), "mongo-slow", analyze.Possible},
		{"somebody else's", mongoSlow, op(900, "shop.orders", "COLLSCAN"), "mongo-slow", analyze.Possible},
		{"has room", mongoSlow, load(record.MongoStatus{Connections: 800, Available: 50_000, Readers: 2}), "", ""},
		{"has no connection left", mongoSlow, load(record.MongoStatus{Connections: 800, Available: 4}), "mongo-slow", analyze.Likely},
		{"lets writers wait", mongoSlow, load(record.MongoStatus{Connections: 800, Available: 50_000, Readers: 20, Writers: 300}), "mongo-slow", analyze.Likely},
		{"reached", mongoUp, alone(func(*record.MongoServer) {}), "", ""},
		{"refuses the user", mongoUp, met("connection() error occurred during connection handshake: auth error: sasl conversation error: unable to authenticate using mechanism \"SCRAM-SHA-256\": (AuthenticationFailed) Authentication failed."), "mongo-auth-failed", analyze.Likely},
		{"nothing listens", mongoUp, met("dial tcp 10.0.0.1:27017: connect: connection refused"), "mongo-unreachable", analyze.Likely},
		{"out of reach", mongoUp, met("dial tcp 10.0.0.1:27017: i/o timeout"), "mongo-unreachable", analyze.Possible},
	})
	standalone := alone(func(*record.MongoServer) {})
	if got := mongoPrimary.Run(&standalone); got.Status != analyze.NA {
		t.Errorf("a standalone server: %s", got.Status)
	}
	for _, c := range []analyze.Check{mongoPrimary, mongoSlow, mongoUp, redisMemory, redisWrites, redisMode, redisUp, seqHoles, seqUsers} {
		if got := c.Run(&analyze.Facts{}); got.Status != analyze.Unknown {
			t.Errorf("%s without data: %s", c.ID, got.Status)
		}
	}
}

// TestMongoOperationsRefused: nothing is said of slow operations that the collector was not allowed to see.
func TestMongoOperationsRefused(t *testing.T) {
	m := record.MongoServer{Collections: []record.MongoCollection{{Name: "msg", Indexes: []record.MongoIndex{{Keys: []string{"doc_id"}}}}}}
	for want, change := range map[string]func(){
		analyze.Pass:    func() { m.Unsupported = []string{"currentOp"} },
		analyze.Unknown: func() { m.Refused = map[string]string{"currentOp": "not authorized"} },
	} {
		m.Unsupported, m.Refused = nil, nil
		change()
		if got := mongoSlow.Run(&analyze.Facts{Mongos: []analyze.MongoServer{{Entry: mongoJSON, MongoServer: m}}}); got.Status != want {
			t.Errorf("%+v: %s, want %s", m, got.Status, want)
		}
	}
}
