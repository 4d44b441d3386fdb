package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

const (
	redisInfo = "redis/info.txt"
	redisJSON = "redis/server.json"
)

var redisMemory = analyze.Check{
	ID: "redis-memory", Guide: "2.4",
	Title: say("Redis 的内存与淘汰策略", "memory of Redis and what it evicts"),
	Doc: say("INFO 里 used_memory 接近 maxmemory，以及会淘汰键的策略：序号计数和令牌都在 Redis，3.8 起的计数带过期时间，volatile-* 也会淘汰它。没有设 maxmemory 时策略不起作用。",
		"used_memory near maxmemory in INFO, and a policy that evicts keys: counters and tokens live in Redis, and from 3.8 on the counters expire, so that volatile-* evicts them too. Without maxmemory the policy is of no effect."),
	Needs: []string{redisInfo}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		any := false
		for _, i := range f.Infos {
			used, most := i.Number("used_memory"), i.Number("maxmemory")
			any = any || used >= 0 && most >= 0
			if e, is := memory(i, used, most); is {
				found = append(found, e)
			}
		}
		if !any {
			return unknown()
		}
		return answer(found)
	},
}

// memory judges how full a server is.
func memory(i analyze.RedisInfo, used, most int64) (analyze.Evidence, bool) {
	policy, evicted := i.Fields["maxmemory_policy"], i.Number("evicted_keys")
	evicts := policy != "" && policy != "noeviction"
	e := analyze.Evidence{
		Cause: "redis-out-of-memory", Confidence: analyze.Likely, Subject: ofRedis(i.Address),
		Samples: []analyze.Sighting{i.Sighting("used_memory", "maxmemory", "maxmemory_policy", "evicted_keys")},
	}
	switch {
	case most <= 0:
		return e, false
	case evicts && evicted > 0:
		e.Says = say("达到 maxmemory，正在淘汰键，包括序号计数", "maxmemory is reached and keys are being evicted, counters among them")
	case !evicts && used >= most:
		e.Confidence, e.Says = analyze.Certain, say("已达 maxmemory，写入被拒绝", "maxmemory is reached: writes are refused")
	case used*100 >= most*90:
		e.Confidence, e.Says = analyze.Possible, say("内存接近 maxmemory", "memory is near maxmemory")
	case evicts:
		e.Confidence, e.Severity, e.Says = analyze.Possible, analyze.Warning, say("内存一满就会淘汰任意键，包括序号计数", "once memory is full any key is evicted, counters among them")
	default:
		return e, false
	}
	return e, true
}

func ofRedis(address string) analyze.Subject { return analyze.Subject{Role: "redis", Target: address} }

var redisWrites = analyze.Check{
	ID: "redis-writes", Guide: "2.4",
	Title: say("Redis 能否写入", "Redis takes writes"),
	Doc: say("配置所指的单机地址现在是副本（role:slave）：写入被拒绝。最近一次 RDB 保存或 AOF 写入失败：默认配置下 Redis 因此拒绝写。正在加载数据（loading:1）时什么都不答。集群与哨兵里的副本是正常的。",
		"The address that the configuration names for a standalone server is a replica now (role:slave): writes are refused. The last RDB save or AOF write failed: by default Redis then refuses writes. While it loads its data (loading:1) it answers nothing. Replicas of a cluster or behind sentinels are in order."),
	Needs: []string{redisInfo, redisJSON}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if !slices.ContainsFunc(f.Infos, func(i analyze.RedisInfo) bool {
			return i.Fields["role"] != "" || i.Fields["rdb_last_bgsave_status"] != ""
		}) {
			return unknown()
		}
		var found []analyze.Evidence
		for _, i := range f.Infos {
			found = append(found, writes(f, i)...)
		}
		return answer(found)
	},
}

func writes(f *analyze.Facts, i analyze.RedisInfo) (found []analyze.Evidence) {
	add := func(cause, confidence, zh, en string, fields ...string) {
		found = append(found, analyze.Evidence{Cause: cause, Confidence: confidence, Subject: ofRedis(i.Address), Says: say(zh, en), Samples: []analyze.Sighting{i.Sighting(fields...)}})
	}
	if i.Fields["loading"] == "1" {
		add("redis-unreachable", analyze.Likely, "Redis 正在加载数据，不应答", "Redis is loading its data and answers nothing", "loading", "loading_loaded_perc", "loading_eta_seconds")
	}
	if i.Fields["role"] == "slave" && onlyReplicas(f) {
		add("redis-readonly", analyze.Certain, "OpenIM 配置的地址是只读副本", "the address in OpenIM's configuration is a read-only replica", "role", "master_host", "master_port", "master_link_status")
	}
	if i.Fields["role"] == "slave" && i.Fields["master_link_status"] == "down" {
		add("redis-unreachable", analyze.Possible, "副本连不上它的主节点", "the replica cannot reach its master", "master_link_status", "master_host", "master_port", "master_link_down_since_seconds")
	}
	for _, field := range []string{"rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status"} {
		if i.Fields[field] == "err" {
			add("redis-persistence-failing", persistence(f, i), "持久化失败", "persistence fails", field, "rdb_last_save_time", "rdb_changes_since_last_save")
			break
		}
	}
	return found
}

// persistence is certain to hurt where the configuration makes Redis refuse writes for it.
func persistence(f *analyze.Facts, i analyze.RedisInfo) string {
	for _, n := range nodes(f) {
		if i.Address == "" || n.Address == i.Address {
			switch n.Config["stop-writes-on-bgsave-error"] {
			case "yes":
				return analyze.Certain
			case "no":
				return analyze.Possible
			}
		}
	}
	return analyze.Likely
}

func nodes(f *analyze.Facts) (all []record.RedisNode) {
	for _, r := range f.Redises {
		all = append(all, r.Nodes...)
	}
	return all
}

// onlyReplicas tells whether all servers that the configuration names, and that answered, are replicas of something that OpenIM
// knows nothing of.
func onlyReplicas(f *analyze.Facts) bool {
	named := 0
	for _, r := range f.Redises {
		if r.Mode == "cluster" || r.Mode == "sentinel" {
			return false
		}
		for _, n := range r.Nodes {
			switch {
			case !n.Named || n.Role == "":
			case n.Role != "slave":
				return false
			default:
				named++
			}
		}
	}
	return named > 0
}

var redisMode = analyze.Check{
	ID: "redis-mode", Guide: "2.4",
	Title: say("Redis 模式与配置是否一致", "the mode of Redis is that of the configuration"),
	Doc: say("redis.yml 的模式（单机、集群、哨兵）与服务端自报的不同：客户端会报 MOVED、CROSSSLOT 或 cluster support disabled。",
		"The mode in redis.yml (standalone, cluster, sentinel) is not what the servers say of themselves: clients report MOVED, CROSSSLOT or 'cluster support disabled'."),
	Needs: []string{redisJSON}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		any := false
		for _, r := range f.Redises {
			if r.Mode == "" || r.Configured == "" {
				continue
			}
			any = true
			if r.Mode != r.Configured {
				found = append(found, analyze.Evidence{
					Cause: "redis-mode-mismatch", Confidence: analyze.Certain, Subject: analyze.Subject{Role: "redis"},
					Says:    say("配置的模式不是服务端的模式", "the configured mode is not the servers'"),
					Samples: []analyze.Sighting{{Entry: r.Entry, Text: fmt.Sprintf("configured %s, the servers say %s", r.Configured, r.Mode)}},
				})
			}
		}
		if !any {
			return unknown()
		}
		return answer(found)
	},
}

var redisUp = analyze.Check{
	ID: "redis-up", Guide: "2.4",
	Title: say("Redis 各节点是否可用", "every server of Redis is up"),
	Doc: say("集群自报 fail 或有槽位无人负责，集群标记为 fail 的节点，哨兵认定下线的主节点，以及采集时连不上的配置地址。连不上可能只是采集所在处到不了，只作提示；服务端明确拒绝密码则很可能是配置错了。",
		"A cluster that says fail or serves not all slots, nodes that the cluster marks as failed, a master that sentinels take for down, and configured addresses that the collector could not reach. The last may only be so from where it stood, and is a hint; a password that the server refuses is likely wrong in the configuration."),
	Needs: []string{redisJSON}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Redises) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, r := range f.Redises {
			found = append(found, clusterDown(r)...)
			found = append(found, sentinelsSay(r)...)
			found = append(found, notReached(r)...)
		}
		return answer(found)
	},
}

func down(r analyze.RedisServer, target, confidence string, says, text string) analyze.Evidence {
	return analyze.Evidence{
		Cause: "redis-unreachable", Confidence: confidence, Subject: ofRedis(target), Says: say(says, text),
		Samples: []analyze.Sighting{{Entry: r.Entry, Text: cmp.Or(target, "redis") + ": " + text}},
	}
}

func clusterDown(r analyze.RedisServer) (found []analyze.Evidence) {
	if r.Cluster == nil {
		return nil
	}
	if c := r.Cluster; c.State == "fail" || c.Slots < 16384 {
		e := down(r, "", analyze.Certain, "集群不可用：有槽位无人负责", "the cluster is down: not every slot is served")
		e.Samples[0].Text = fmt.Sprintf("cluster_state:%s, %d of 16384 slots served", c.State, c.Slots)
		found = append(found, e)
	}
	for _, m := range r.Cluster.Members {
		flags := strings.Split(m.Flags, ",")
		if slices.Contains(flags, "fail") {
			confidence := analyze.Possible // a replica, or a master that was replaced
			if slices.Contains(flags, "master") && len(m.Slots) > 0 {
				confidence = analyze.Certain
			}
			found = append(found, down(r, m.Address, confidence, "集群认定该节点已失效", "the cluster has marked this node as failed"))
		}
	}
	return found
}

func sentinelsSay(r analyze.RedisServer) (found []analyze.Evidence) {
	for _, s := range r.Sentinels {
		if strings.Contains(s.Flags, "o_down") || strings.Contains(s.Flags, "s_down") {
			found = append(found, down(r, s.Master, analyze.Likely, "哨兵认定主节点已下线", "sentinels take the master for down"))
			return found
		}
	}
	return nil
}

// notReached looks at what the collector met on its way; whose credentials it had, only the configuration's are judged.
func notReached(r analyze.RedisServer) (found []analyze.Evidence) {
	reached := slices.ContainsFunc(r.Nodes, func(n record.RedisNode) bool { return n.Trouble == "" })
	for _, n := range r.Nodes {
		if n.Trouble == "" || !n.Named {
			continue
		}
		e := down(r, n.Address, analyze.Possible, "采集时连不上", "the collector could not reach it: "+n.Trouble)
		switch {
		case strings.Contains(n.Trouble, "WRONGPASS") || strings.Contains(n.Trouble, "NOAUTH") || strings.Contains(n.Trouble, "invalid password"):
			e.Cause, e.Confidence = "redis-auth-failed", configuredSo(r.From)
			e.Says = say("Redis 拒绝配置里的密码", "Redis refuses the password of the configuration")
		case strings.Contains(n.Trouble, "connection refused") && !reached:
			e.Confidence = analyze.Likely
		}
		found = append(found, e)
	}
	return found
}

// configuredSo is how sure credentials are OpenIM's own: those of a flag may be the user's mistake.
func configuredSo(from string) string {
	if from == "" || strings.Contains(from, "--") {
		return analyze.Possible
	}
	return analyze.Likely
}
