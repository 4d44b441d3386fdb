package seq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// chunk bounds the commands of one pipeline.
const chunk = 1000

// ask is a command about one key; the answer is in cmd.
type ask struct {
	key string
	cmd *redis.Cmd
}

func newAsk(ctx context.Context, command, key string, args ...any) ask {
	return ask{key, redis.NewCmd(ctx, append([]any{command, key}, args...)...)}
}

var errNoNode = errors.New("the key's slot is served by nobody")

// run sends every command to the server of its key, in pipelines, the servers side by side.
func (r *redisServers) run(ctx context.Context, asks []ask) {
	by := map[*redisNode][]ask{}
	for _, a := range asks {
		n := r.main
		if r.slots != nil {
			n = r.slots[slotOf(a.key)]
		}
		switch {
		case n == nil:
			a.cmd.SetErr(errNoNode)
		case n.err != nil:
			a.cmd.SetErr(n.err)
		default:
			by[n] = append(by[n], a)
		}
	}
	r.each(func(n *redisNode) { n.run(ctx, by[n]) })
}

func (n *redisNode) run(ctx context.Context, asks []ask) {
	for len(asks) > 0 {
		some := asks[:min(chunk, len(asks))]
		asks = asks[len(some):]
		pipe := n.client.Pipeline()
		for _, a := range some {
			_ = pipe.Process(ctx, a.cmd) // it is only queued
		}
		_, _ = pipe.Exec(ctx) // each command has its own answer
	}
}

var errUnreadable = errors.New("a value that is no number")

// number reads an integer that may be missing.
func (a ask) number() (*int64, error) {
	text, err := a.cmd.Text()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, errUnreadable // whatever it is, it is nobody's business
	}
	return &n, nil
}

// counters are the commands about one conversation.
type counters struct {
	w                           *wanted
	malloc, ttl, min, max37, m7 ask
	users                       []userCounters
}

type userCounters struct{ read, min, max, read37, min37 ask }

func newCounters(ctx context.Context, w *wanted) counters {
	c := counters{
		w:      w,
		malloc: newAsk(ctx, "hmget", "MALLOC_SEQ:"+w.ID, "CURR", "LAST", "TIME", "LOCK"),
		ttl:    newAsk(ctx, "ttl", "MALLOC_SEQ:"+w.ID),
		min:    newAsk(ctx, "hget", "MALLOC_MIN_SEQ:"+w.ID, "value"),
		max37:  newAsk(ctx, "get", "MAX_SEQ:"+w.ID),
		m7:     newAsk(ctx, "get", "MIN_SEQ:"+w.ID),
	}
	for _, u := range w.Users {
		c.users = append(c.users, userCounters{
			read:   newAsk(ctx, "hget", "SEQ_USER_READ:"+w.ID+":"+u.User, "value"),
			min:    newAsk(ctx, "hget", "SEQ_USER_MIN:"+w.ID+":"+u.User, "value"),
			max:    newAsk(ctx, "hget", "SEQ_USER_MAX:"+w.ID+":"+u.User, "value"),
			read37: newAsk(ctx, "get", "HAS_READ_SEQ:"+u.User+":"+w.ID),
			min37:  newAsk(ctx, "get", "CON_USER_MIN_SEQ:"+w.ID+"u:"+u.User),
		})
	}
	return c
}

func (c counters) asks() []ask {
	all := []ask{c.malloc, c.ttl, c.min, c.max37, c.m7}
	for _, u := range c.users {
		all = append(all, u.read, u.min, u.max, u.read37, u.min37)
	}
	return all
}

// redisCounters reads the counters of every chosen conversation.
func (p *picture) redisCounters(ctx context.Context) {
	var all []counters
	var asks []ask
	p.each(func(w *wanted) {
		c := newCounters(ctx, w)
		all = append(all, c)
		asks = append(asks, c.asks()...)
	})
	p.redis.run(ctx, asks)
	for _, c := range all {
		p.take(c)
	}
}

// take puts the answers into the record. Where the counter itself is not to be had nothing is said of Redis at all.
func (p *picture) take(c counters) {
	r := &record.RedisSeq{}
	trouble := func(a ask, err error) {
		if err != nil && r.Trouble == "" {
			r.Trouble = a.cmd.Name() + ": " + said(err)
			p.lacksKeys(a, err)
		}
	}
	get := func(a ask) *int64 {
		n, err := a.number()
		trouble(a, err)
		return n
	}
	var err error
	r.Malloc, err = c.counter()
	trouble(c.malloc, err)
	r.Min, r.Max37, r.Min37 = get(c.min), get(c.max37), get(c.m7)
	if r.Trouble == "" || r.Malloc != nil || r.Max37 != nil {
		c.w.Redis = r
	}
	for i, u := range c.users {
		c.w.Users[i].Redis = &record.UserCounters{Read: get(u.read), Min: get(u.min), Max: get(u.max), Read37: get(u.read37), Min37: get(u.min37)}
		if r.Trouble != "" && *c.w.Users[i].Redis == (record.UserCounters{}) {
			c.w.Users[i].Redis = nil
		}
	}
}

// counter is the hash from which numbers are given out; nil when there is none.
func (c counters) counter() (*record.Malloc, error) {
	reply, err := c.malloc.cmd.Slice()
	if err != nil {
		return nil, err
	}
	v := make([]int64, 4)
	for i := range min(len(reply), len(v)) {
		if reply[i] != nil {
			v[i] = number(fmt.Sprint(reply[i]))
		}
	}
	if len(reply) < 4 || reply[0] == nil && reply[1] == nil && reply[3] == nil {
		return nil, nil
	}
	m := &record.Malloc{Curr: v[0], Last: v[1], Locked: reply[3] != nil, TTL: -1}
	if v[2] > 0 {
		m.Time = time.UnixMilli(v[2]).UTC()
	}
	if ttl, err := c.ttl.cmd.Int64(); err == nil {
		m.TTL = ttl
	}
	return m, nil
}

// lacksKeys records why keys could not be read: once for each server and reason.
func (p *picture) lacksKeys(a ask, err error) {
	address := ""
	if n := p.redis.main; n != nil {
		address = n.Address
	} else if n := p.redis.slots[slotOf(a.key)]; n != nil {
		address = n.Address
	}
	p.gaps.add(p.b, gapOf(bundle.SeqFile, "counters ("+a.cmd.Name()+")", "redis", address, err, onRedis(err)))
}

// bodiesAtOnce bounds the questions that are held at a time.
const bodiesAtOnce = 20_000

// body is the question whether a message's body is in Redis, under the key of today's versions and that before 3.8.3.
type body struct {
	n         *record.Numbers
	seq       int64
	now, then ask
}

// redisBodies finds out which of the numbers have their message's body in Redis.
func (p *picture) redisBodies(ctx context.Context) {
	var some []body
	p.each(func(w *wanted) {
		for i := range w.Numbers {
			n := &w.Numbers[i]
			n.CacheRead = true
			for seq := n.From; seq <= n.To; seq++ {
				s := strconv.FormatInt(seq, 10)
				some = append(some, body{n, seq, newAsk(ctx, "exists", "MSG_CACHE:"+w.ID+":"+s), newAsk(ctx, "exists", "MESSAGE_CACHE:"+w.ID+"_"+s)})
				if len(some) == bodiesAtOnce {
					p.askBodies(ctx, some)
					some = some[:0]
				}
			}
		}
	})
	p.askBodies(ctx, some)
}

func (p *picture) askBodies(ctx context.Context, some []body) {
	asks := make([]ask, 0, 2*len(some))
	for _, b := range some {
		asks = append(asks, b.now, b.then)
	}
	p.redis.run(ctx, asks)
	for _, b := range some {
		now, err := b.now.cmd.Int64()
		then, err2 := b.then.cmd.Int64()
		if err = errors.Join(err, err2); err != nil {
			b.n.CacheRead = false
			p.lacksKeys(b.now, err)
		}
		if now+then > 0 {
			b.n.Cached = appendNumber(b.n.Cached, b.seq)
		}
	}
}

// appendNumber adds a number that is above all others.
func appendNumber(all []record.Range, n int64) []record.Range {
	if last := len(all) - 1; last >= 0 && all[last].To+1 == n {
		all[last].To = n
		return all
	}
	return append(all, record.Range{From: n, To: n})
}
