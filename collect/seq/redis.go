package seq

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// redisServers are the servers of one Redis and who of them answers for which key.
type redisServers struct {
	of      *backends.Redis
	dial    collect.Dialer
	strange collect.Stranger
	told    record.RedisServer

	nodes []*redisNode
	slots []*redisNode // by slot, of a cluster; nil for a slot that nobody serves
	main  *redisNode   // of anything else
}

// redisNode is one server; its client has one connection.
type redisNode struct {
	record.RedisNode
	client *redis.Client
	info   string
	err    error // why it cannot be asked
}

// silent keeps the client's own messages off the terminal.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

var quiet = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

// openRedis finds the servers and lets them describe themselves; nil when none can be asked for keys.
func openRedis(ctx context.Context, b *collect.Batch, o Options) *redisServers {
	of := o.Redis
	r := &redisServers{of: of, dial: secured(atMost(ctx, connections, o.Dial), of.TLS), strange: o.Strange}
	r.told = record.RedisServer{Time: time.Now().UTC(), From: of.From, Configured: of.Mode}
	r.find(ctx, b)
	r.describe(ctx, b)
	if ctx.Err() != nil && slices.ContainsFunc(r.nodes, func(n *redisNode) bool { return n.err != nil }) {
		r.close() // who had not answered by the end of the run is in no trouble
		return nil
	}
	r.report(b)
	if r.main == nil && r.slots == nil {
		r.close()
		return nil
	}
	return r
}

// find follows from the addresses of the configuration to the servers that hold the keys.
func (r *redisServers) find(ctx context.Context, b *collect.Batch) {
	seeds := r.of.Addresses
	if r.of.Mode == backends.Sentinel {
		r.told.Mode = backends.Sentinel
		r.askSentinels(ctx, b, seeds)
	} else {
		for _, address := range seeds {
			r.add(address, "")
		}
	}
	r.each(func(n *redisNode) {
		if n.ping(ctx); n.err != nil && onRedis(n.err).reason == bundle.Forbidden {
			r.unmask(ctx, n)
		}
	})
	for _, n := range r.nodes {
		mode := infoField(n.info, "redis_mode")
		switch {
		case n.err != nil || r.told.Mode == backends.Sentinel:
		case mode == backends.Sentinel: // though the configuration says otherwise
			r.told.Mode = mode
			r.follow(ctx, b)
			return
		case mode == backends.Cluster && r.told.Cluster == nil:
			r.told.Mode = mode
			r.findCluster(ctx, b, n)
		case r.told.Mode == "":
			r.told.Mode = mode
		}
	}
	r.choose()
}

// unmask finds out whether what refuses the login is a sentinel, which has logins of its own, or none.
func (r *redisServers) unmask(ctx context.Context, n *redisNode) {
	client := r.open(n.Address, r.of.SentinelLogin, 0)
	defer client.Close() // it has answered
	if text, err := client.Do(ctx, "info").Text(); err == nil && infoField(text, "redis_mode") == backends.Sentinel {
		n.info, n.err, n.Trouble = text, nil, ""
	}
}

// follow asks what turned out to be sentinels for the servers behind them.
func (r *redisServers) follow(ctx context.Context, b *collect.Batch) {
	var sentinels []string
	for _, n := range r.nodes {
		sentinels = append(sentinels, n.Address)
	}
	r.close()
	r.nodes = nil
	r.askSentinels(ctx, b, sentinels)
	r.each(func(n *redisNode) { n.ping(ctx) })
	r.choose()
}

// choose takes the server that answers for keys where there is no cluster: a master before a replica.
func (r *redisServers) choose() {
	if r.told.Cluster != nil {
		return
	}
	for _, n := range r.nodes {
		if n.err == nil && (r.main == nil || r.main.Role != "master" && n.Role == "master") {
			r.main = n
		}
	}
}

// withheld reports whether an address that the server at via advertises is not dialled.
func (r *redisServers) withheld(via, address string) bool {
	return !slices.Contains(r.of.Addresses, address) && collect.Advertised(via, address, r.of.Login.Password != "", r.of.TLS, r.strange) != nil
}

// add takes a server in, of the configuration or as the one at via advertises it.
func (r *redisServers) add(address, via string) *redisNode {
	for _, n := range r.nodes {
		if n.Address == address {
			return n
		}
	}
	n := &redisNode{RedisNode: record.RedisNode{Address: address, Named: slices.Contains(r.of.Addresses, address)}}
	n.client = r.open(address, r.of.Login, r.of.DB)
	if via != "" && !n.Named {
		if n.err = collect.Advertised(via, address, r.of.Login.Password != "", r.of.TLS, r.strange); n.err != nil {
			n.Trouble = n.err.Error()
		}
	}
	r.nodes = append(r.nodes, n)
	return n
}

// open makes a client of one connection that tells the server nothing about itself and never tries twice.
func (r *redisServers) open(address string, login backends.Login, db int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: address, Dialer: r.dial, Protocol: 2, Username: login.Username, Password: login.Password.Reveal(), DB: db,
		MaxRetries: -1, DialerRetries: 1, DialTimeout: answerTime, ReadTimeout: answerTime, WriteTimeout: answerTime, ContextTimeoutEnabled: true,
		PoolSize: 1, MaxActiveConns: 1, PipelinePoolSize: -1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// each does something with every server, as many at a time as there may be connections.
func (r *redisServers) each(do func(*redisNode)) {
	var work sync.WaitGroup
	slots := make(chan struct{}, connections)
	for _, n := range r.nodes {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			do(n)
			if len(r.nodes) > connections {
				n.rest()
			}
		})
	}
	work.Wait()
}

// rest gives the connection to other servers where there are more of them than connections.
func (n *redisNode) rest() {
	o := *n.client.Options()
	n.client.Close() // what it waits for is done
	n.client = redis.NewClient(&o)
}

// ping asks the first question, from which the server's mode and role are known.
func (n *redisNode) ping(ctx context.Context) {
	if n.err != nil { // it is not dialled
		return
	}
	var text string
	text, n.err = n.client.Do(ctx, "info").Text()
	n.info, n.Role = text, infoField(text, "role")
	if refused(n.err) { // the server is there and takes the password, only INFO is kept from us
		n.refuse("INFO", n.err)
		if n.err = n.client.Do(ctx, "ping").Err(); refused(n.err) {
			n.err = nil
		}
	}
	if n.err != nil {
		n.Trouble = said(n.err)
	}
}

// refused tells that the server answered, and would not do this.
func refused(err error) bool {
	if err == nil {
		return false
	}
	a := onRedis(err)
	return a.reason == bundle.Forbidden && contains(err, "NOPERM") || a.reason == bundle.NotFound && contains(err, "ommand")
}

func (n *redisNode) refuse(command string, err error) {
	if n.Refused == nil {
		n.Refused = map[string]string{}
	}
	n.Refused[command] = said(err)
}

// gap is a gap of one server.
func (n *redisNode) gap(entry, what string, err error) bundle.Gap {
	return gapOf(entry, what, "redis", n.Address, err, onRedis(err))
}

func (r *redisServers) close() {
	if r == nil {
		return
	}
	for _, n := range r.nodes {
		n.client.Close() // nothing is left to be written
	}
}
