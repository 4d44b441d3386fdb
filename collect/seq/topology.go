package seq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

const slotsOfCluster = 16384

// findCluster takes over what a node knows of its cluster: who serves which slots, and who is down.
func (r *redisServers) findCluster(ctx context.Context, b *collect.Batch, n *redisNode) {
	text, err := n.client.Do(ctx, "cluster", "nodes").Text()
	if err != nil {
		b.Gap(n.gap(bundle.RedisServer, "CLUSTER NODES", err))
		n.refuse("CLUSTER NODES", err)
		return
	}
	c := &record.RedisCluster{By: n.Address, Members: clusterMembers(text, n.Address, r.withheld)}
	if info, err := n.client.Do(ctx, "cluster", "info").Text(); err != nil {
		n.refuse("CLUSTER INFO", err)
	} else {
		c.State = infoField(info, "cluster_state")
	}
	r.told.Cluster, r.slots = c, make([]*redisNode, slotsOfCluster)
	var fresh []*redisNode
	for _, m := range c.Members {
		known := len(r.nodes)
		node := r.add(m.Address, n.Address)
		if len(r.nodes) > known {
			fresh = append(fresh, node)
		}
		for _, s := range m.Slots {
			for i := s.From; i <= s.To && i < slotsOfCluster; i++ {
				r.slots[i] = node
				c.Slots++
			}
		}
	}
	all := r.nodes
	r.nodes = fresh
	r.each(func(n *redisNode) { n.ping(ctx) })
	r.nodes = all
	for _, n := range fresh {
		r.merge(n)
	}
}

// merge drops a server that is known by another address already: a name in the configuration, a number in the cluster.
func (r *redisServers) merge(n *redisNode) {
	id := infoField(n.info, "run_id")
	i := slices.IndexFunc(r.nodes, func(o *redisNode) bool { return o != n && id != "" && infoField(o.info, "run_id") == id })
	if i < 0 {
		return
	}
	same := r.nodes[i]
	for slot, server := range r.slots {
		if server == n {
			r.slots[slot] = same
		}
	}
	r.nodes = slices.DeleteFunc(r.nodes, func(o *redisNode) bool { return o == n })
	n.client.Close() // the other one is asked
}

// clusterMembers reads CLUSTER NODES. A node that does not know its own address, or tells one that is not to be dialled, is the one
// that was asked.
func clusterMembers(text, asked string, withheld func(via, address string) bool) []record.RedisClusterMember {
	var all []record.RedisClusterMember
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		address, _, _ := strings.Cut(f[1], ",") // a host name
		address, _, _ = strings.Cut(address, "@")
		if host, port, err := net.SplitHostPort(address); err != nil || port == "0" || host == "" {
			address = asked
		}
		if strings.HasPrefix(f[2], "myself,") && withheld(asked, address) {
			address = asked
		}
		if strings.Contains(f[2], "noaddr") {
			continue
		}
		m := record.RedisClusterMember{Address: address, Flags: strings.TrimPrefix(f[2], "myself,"), Link: f[7]}
		for _, slots := range f[8:] {
			from, to, _ := strings.Cut(slots, "-")
			a, errA := strconv.ParseInt(from, 10, 64)
			z, errZ := strconv.ParseInt(cmp.Or(to, from), 10, 64)
			if errA == nil && errZ == nil { // a slot on its way from one node to another is written otherwise
				m.Slots = append(m.Slots, record.Range{From: a, To: z})
			}
		}
		all = append(all, m)
	}
	return all
}

// askSentinels notes what each sentinel says of the group, and takes its servers in, the master first.
func (r *redisServers) askSentinels(ctx context.Context, b *collect.Batch, addresses []string) {
	for _, address := range addresses {
		client := r.open(address, r.of.SentinelLogin, 0)
		s := record.RedisSentinel{Address: address, Group: r.of.Master}
		master, replicas, err := askSentinel(ctx, client, &s)
		client.Close() // it has answered
		if err != nil {
			s.Trouble = said(err)
			b.Gap(gapOf(bundle.RedisServer, "SENTINEL MASTERS", "sentinel", address, err, onRedis(err)))
		}
		r.told.Sentinels = append(r.told.Sentinels, s)
		for _, found := range append([]string{master}, replicas...) {
			if found != "" {
				r.add(found, address)
			}
		}
		r.told.Master = cmp.Or(r.told.Master, master)
	}
	if len(r.nodes) == 0 {
		err := errors.New("no sentinel names a master")
		b.Gap(gapOf(bundle.RedisInfo, "INFO", "redis behind sentinels", strings.Join(addresses, ", "), err, advice{bundle.NotFound, "check sentinelMode.masterName in redis.yml"}))
	}
}

func askSentinel(ctx context.Context, client *redis.Client, s *record.RedisSentinel) (master string, replicas []string, err error) {
	reply, err := client.Do(ctx, "sentinel", "masters").Slice()
	if err != nil {
		return "", nil, err
	}
	for _, one := range reply {
		m := pairs(one)
		if s.Group != "" && m["name"] != s.Group {
			continue
		}
		s.Group, s.Master, s.Flags = m["name"], net.JoinHostPort(m["ip"], m["port"]), m["flags"]
		s.Replicas, s.Others, s.Quorum = number(m["num-slaves"]), number(m["num-other-sentinels"]), number(m["quorum"])
		break
	}
	if s.Master == "" {
		return "", nil, fmt.Errorf("it watches no group %q", s.Group)
	}
	reply, err = client.Do(ctx, "sentinel", "slaves", s.Group).Slice()
	for _, one := range reply {
		m := pairs(one)
		replicas = append(replicas, net.JoinHostPort(m["ip"], m["port"]))
	}
	return s.Master, replicas, err
}

// pairs makes a map of a flat reply of names and values.
func pairs(reply any) map[string]string {
	flat, _ := reply.([]any)
	m := map[string]string{}
	for i := 0; i+1 < len(flat); i += 2 {
		m[fmt.Sprint(flat[i])] = fmt.Sprint(flat[i+1])
	}
	return m
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0 // not told
	}
	return n
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

// slotOf is the slot of a key (CRC16 of what stands within braces, if anything does).
func slotOf(key string) int {
	if open := strings.IndexByte(key, '{'); open >= 0 {
		if tag, _, closed := strings.Cut(key[open+1:], "}"); closed && tag != "" {
			key = tag
		}
	}
	crc := uint16(0)
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % slotsOfCluster
}
