package seq

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// slowest bounds what is read of SLOWLOG.
const slowest = 128

// settings are those that decide what a full or failing server does; none of them is a secret.
var settings = []string{
	"maxmemory", "maxmemory-policy", "save", "appendonly", "stop-writes-on-bgsave-error", "min-replicas-to-write", "maxclients", "timeout",
	"slowlog-log-slower-than", "cluster-require-full-coverage",
}

// describe asks every server about itself.
func (r *redisServers) describe(ctx context.Context, b *collect.Batch) {
	r.each(func(n *redisNode) {
		if n.err == nil {
			n.describe(ctx, b)
		}
	})
}

func (n *redisNode) describe(ctx context.Context, b *collect.Batch) {
	pipe := n.client.Pipeline()
	slow, latency := pipe.Do(ctx, "slowlog", "get", slowest), pipe.Do(ctx, "latency", "latest")
	config := map[string]*redis.Cmd{}
	for _, s := range settings {
		config[s] = pipe.Do(ctx, "config", "get", s)
	}
	_, _ = pipe.Exec(ctx) // each command has its own answer
	n.Config = map[string]string{}
	for _, s := range settings {
		if reply, err := config[s].Slice(); err != nil {
			n.lacks(b, "CONFIG GET", err)
		} else if v, is := pairs(reply)[s]; is {
			n.Config[s] = v
		}
	}
	if reply, err := slow.Slice(); err != nil {
		n.lacks(b, "SLOWLOG GET", err)
	} else {
		n.Slow = slowOf(reply)
	}
	if reply, err := latency.Slice(); err != nil {
		n.lacks(b, "LATENCY LATEST", err)
	} else {
		n.Latency = latencyOf(reply)
	}
}

// lacks records once that a command was refused.
func (n *redisNode) lacks(b *collect.Batch, command string, err error) {
	if _, told := n.Refused[command]; !told {
		n.refuse(command, err)
		b.Gap(n.gap(bundle.RedisServer, command, err))
	}
}

// slowOf keeps of each entry the command and the first part of its key: the values may be anybody's words.
func slowOf(reply []any) []record.RedisSlow {
	var all []record.RedisSlow
	for _, one := range reply {
		f, _ := one.([]any)
		if len(f) < 4 {
			continue
		}
		at, _ := f[1].(int64)
		micros, _ := f[2].(int64)
		args, _ := f[3].([]any)
		s := record.RedisSlow{Time: time.Unix(at, 0).UTC(), Micros: micros}
		if len(args) > 0 {
			s.Command = commandName(fmt.Sprint(args[0]))
		}
		if len(args) > 1 {
			s.Key = keyPattern(fmt.Sprint(args[1]))
		}
		if len(f) > 4 {
			s.Client = fmt.Sprint(f[4])
		}
		all = append(all, s)
	}
	return all
}

var (
	commandText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._|-]{0,40}$`)
	keyStart    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,40}:`)
)

func commandName(s string) string {
	if !commandText.MatchString(s) {
		return "?"
	}
	return strings.ToLower(s)
}

// keyPattern keeps what OpenIM's keys begin with; anything else may be a script or a value.
func keyPattern(key string) string {
	if start := keyStart.FindString(key); start != "" {
		return start + "*"
	}
	return ""
}

func latencyOf(reply []any) []record.RedisLatency {
	var all []record.RedisLatency
	for _, one := range reply {
		f, _ := one.([]any)
		if len(f) < 4 {
			continue
		}
		at, _ := f[1].(int64)
		latest, _ := f[2].(int64)
		most, _ := f[3].(int64)
		all = append(all, record.RedisLatency{Event: fmt.Sprint(f[0]), Time: time.Unix(at, 0).UTC(), Latest: latest, Most: most})
	}
	return all
}

// report writes what the servers said, and a gap for each that said nothing.
func (r *redisServers) report(b *collect.Batch) {
	var texts []string
	for _, n := range r.nodes {
		r.told.Nodes = append(r.told.Nodes, n.RedisNode)
		switch {
		case n.err != nil:
			b.Gap(n.gap(bundle.RedisServer, "connecting", n.err))
		case n.info != "" && len(r.nodes) > 1: // as redis-cli --cluster call prints it
			texts = append(texts, n.Address+": "+n.info+"\n")
		case n.info != "":
			texts = append(texts, n.info)
		}
	}
	if !b.Has(bundle.RedisServer) {
		putJSON(b, bundle.RedisServer, r.told)
	}
	switch {
	case b.Has(bundle.RedisInfo):
	case len(texts) == 0:
		b.Gap(gapOf(bundle.RedisInfo, "INFO", "redis", strings.Join(r.of.Addresses, ", "), r.whyNone(), onRedis(r.whyNone())))
	default:
		if err := b.Put(bundle.RedisInfo, bundle.Meta{}, []byte(strings.Join(texts, ""))); err != nil {
			b.Note("%v", err) // the batch has recorded the gap
		}
	}
	if r.main == nil && r.slots == nil {
		b.Gap(gapOf(bundle.SeqFile, "counters", "redis", strings.Join(r.of.Addresses, ", "), r.whyNone(), onRedis(r.whyNone())))
	}
}

// whyNone is why not even one server said anything.
func (r *redisServers) whyNone() error {
	for _, n := range r.nodes {
		if n.err != nil {
			return n.err
		}
		if said, is := n.Refused["INFO"]; is {
			return errors.New(said)
		}
	}
	return errors.New("no server was found")
}

// infoField is one field of INFO or CLUSTER INFO.
func infoField(info, field string) string {
	for line := range strings.Lines(info) {
		if v, is := strings.CutPrefix(strings.TrimSpace(line), field+":"); is {
			return v
		}
	}
	return ""
}
