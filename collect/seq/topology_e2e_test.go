//go:build e2e

package seq

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect/backends"
)

func TestCluster(t *testing.T) {
	var nodes []*redisServer
	for range 3 {
		nodes = append(nodes, startRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"))
	}
	for n, s := range nodes {
		from, to := n*5461, min((n+1)*5461-1, slotsOfCluster-1)
		if n == 2 {
			to = slotsOfCluster - 1
		}
		s.do(t, "cluster", "addslotsrange", from, to)
		_, port, _ := strings.Cut(s.address, ":")
		nodes[0].do(t, "cluster", "meet", "127.0.0.1", port)
	}
	soon(t, "the cluster", func() bool {
		for _, s := range nodes {
			text, _ := s.admin.Do(t.Context(), "cluster", "info").Text()
			if infoField(text, "cluster_state") != "ok" || infoField(text, "cluster_known_nodes") != "3" {
				return false
			}
		}
		return true
	})
	var ids []string
	for n := range 60 {
		id := fmt.Sprintf("sg_%d", n)
		ids = append(ids, id)
		nodes[min(slotOf("MALLOC_SEQ:"+id)/5461, 2)].do(t, "hset", "MALLOC_SEQ:"+id, "CURR", n+1, "LAST", 100, "TIME", 1)
	}
	o := Options{
		Redis:         &backends.Redis{Addresses: []string{nodes[0].address}, Mode: backends.Cluster, Login: backends.Login{Username: "reader", Password: readerPassword}},
		Conversations: ids,
	}
	c := run(t, o)
	for n, id := range ids {
		if r := c.conversations[id].Redis; r == nil || r.Malloc == nil || r.Malloc.Curr != int64(n+1) {
			t.Errorf("%s: %+v", id, r)
		}
	}
	if c.redis.Cluster == nil || c.redis.Cluster.Slots != slotsOfCluster || len(c.redis.Nodes) != 3 || strings.Count(c.entries[bundle.RedisInfo], "redis_version:") != 3 {
		t.Errorf("cluster: %+v, %d nodes", c.redis.Cluster, len(c.redis.Nodes))
	}
	nodes[2].stop()
	soon(t, "the failed node", func() bool {
		text, _ := nodes[0].admin.Do(t.Context(), "cluster", "nodes").Text()
		return strings.Contains(text, "master,fail ")
	})
	c = run(t, o)
	read, lost := 0, 0
	for _, id := range ids {
		if r := c.conversations[id].Redis; r != nil && r.Malloc != nil {
			read++
		} else {
			lost++
		}
	}
	if read == 0 || lost == 0 {
		t.Errorf("with one of three down: %d read, %d lost", read, lost)
	}
	c.gap(t, bundle.SeqFile, bundle.Failed, nodes[2].address)
	c.gap(t, bundle.RedisServer, bundle.Failed, nodes[2].address, "nothing listens there")
	causes(t, c, "redis-unreachable")
}

func TestSentinel(t *testing.T) {
	master := startRedis(t)
	_, port, _ := strings.Cut(master.address, ":")
	replica := startRedis(t, "--replicaof", "127.0.0.1 "+port)
	sentinel := startSentinel(t, port)
	master.do(t, "hset", "MALLOC_SEQ:sg_1", "CURR", 7, "LAST", 100, "TIME", 1)
	o := Options{Redis: &backends.Redis{Addresses: []string{sentinel}, Mode: backends.Sentinel, Master: "mymaster", Login: backends.Login{Username: "reader", Password: readerPassword}}, Conversations: []string{"sg_1"}}
	var c collected
	soon(t, "sentinel knows the replica", func() bool {
		c = run(t, o)
		return len(c.redis.Nodes) == 2
	})
	if c.redis.Master != master.address || c.conversations["sg_1"].Redis.Malloc.Curr != 7 || c.redis.Sentinels[0].Replicas != 1 {
		t.Errorf("%+v", c.redis)
	}
	if !slices.ContainsFunc(c.redis.Nodes, func(n record.RedisNode) bool { return n.Address == replica.address && n.Role == "slave" }) {
		t.Errorf("the replica: %+v", c.redis.Nodes)
	}
	o.Redis.Mode = backends.Standalone // as somebody wrote it into redis.yml
	if c = run(t, o); c.redis.Mode != backends.Sentinel || c.conversations["sg_1"].Redis == nil {
		t.Errorf("sentinels taken for servers: %+v", c.redis)
	}
	causes(t, c, "redis-mode-mismatch")
}
