//go:build e2e

package seq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
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

// TestAdvertisedLocalhost: what a sentinel or a node of a cluster tells of its own host is not looked for on this machine, and gets no
// password there; the node that was asked itself is asked where it was reached.
func TestAdvertisedLocalhost(t *testing.T) {
	master := startRedis(t)
	_, port, _ := strings.Cut(master.address, ":")
	sentinel := startSentinel(t, port)
	alone := startRedis(t, "--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1")
	alone.do(t, "cluster", "addslotsrange", 0, slotsOfCluster-1)
	soon(t, "the cluster", func() bool {
		text, _ := alone.admin.Do(t.Context(), "cluster", "info").Text()
		return infoField(text, "cluster_state") == "ok"
	})
	alone.do(t, "hset", "MALLOC_SEQ:sg_1", "CURR", 7, "LAST", 100, "TIME", 1)
	lead := func(to string) collect.Dialer {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if collect.OwnHost(address) {
				t.Errorf("%s is dialled here", address)
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		}
	}
	login := backends.Login{Username: "reader", Password: readerPassword}
	c := run(t, Options{
		Redis: &backends.Redis{Addresses: []string{"sentinel.im.svc:26379"}, Mode: backends.Sentinel, Master: "mymaster", Login: login},
		Dial:  lead(sentinel), Conversations: []string{"sg_1"},
	})
	c.gap(t, bundle.RedisServer, bundle.Failed, master.address+" is not dialled", "sentinel.im.svc:26379", "own host", "--redis")
	c = run(t, Options{
		Redis: &backends.Redis{Addresses: []string{"redis-0.redis:6379"}, Mode: backends.Cluster, Login: login},
		Dial:  lead(alone.address), Conversations: []string{"sg_1"},
	})
	if r := c.conversations["sg_1"].Redis; r == nil || r.Malloc == nil || r.Malloc.Curr != 7 || len(c.gaps) > 0 {
		t.Errorf("%+v, gaps %+v", r, c.gaps)
	}
}

// TestLoginOfStrangers: a node of which nobody knows whose it is does not get the password.
func TestLoginOfStrangers(t *testing.T) {
	master := startRedis(t)
	_, port, _ := strings.Cut(master.address, ":")
	sentinel := startSentinel(t, port)
	replica := startRedis(t, "--replicaof", "127.0.0.1 "+port, "--replica-announce-ip", "10.77.0.1")
	known := false
	ask := func() (c collected, stranger bool) {
		c = run(t, Options{
			Redis: &backends.Redis{
				Addresses: []string{sentinel}, Mode: backends.Sentinel, Master: "mymaster", Login: backends.Login{Username: "reader", Password: readerPassword},
			},
			Strange: func(_, advertised string) error {
				known = known || strings.HasPrefix(advertised, "10.77.0.1:")
				return errors.New("nobody knows it")
			},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "10.77.0.1:") {
					stranger = true
					address = replica.address
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			},
			Conversations: []string{"sg_1"},
		})
		return c, stranger
	}
	var c collected
	stranger := false
	soon(t, "sentinel knows the replica", func() bool {
		c, stranger = ask()
		return known
	})
	if stranger {
		t.Error("the stranger is dialled")
	}
	c.gap(t, bundle.RedisServer, bundle.Failed, "10.77.0.1:", "is not dialled", "nobody knows it")
}
