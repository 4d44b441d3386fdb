package analyze

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// What the collector asked Redis and Mongo, how it found OpenIM configured, and what people paste of INFO.

// Conversation is a line of seq/conversations.jsonl.
type Conversation struct {
	Entry string
	Line  int64
	record.Conversation
}

// RedisServer is what a collector found out about a Redis.
type RedisServer struct {
	Entry string
	record.RedisServer
}

// MongoServer is what a collector found out about a Mongo.
type MongoServer struct {
	Entry string
	record.MongoServer
}

// EtcdStatus is what the members of an etcd say of themselves.
type EtcdStatus struct {
	Entry string
	record.EtcdStatus
}

// EtcdRegistry is which endpoints are registered in an etcd.
type EtcdRegistry struct {
	Entry string
	record.EtcdRegistry
}

// RedisInfo is what INFO says of one server.
type RedisInfo struct {
	Entry   string
	Line    int64  // of its first field
	Address string // empty where the text does not say
	Fields  map[string]string
	Lines   map[string]int64 // of the fields
}

// Number reads a field; -1 when it is not there or no number.
func (r RedisInfo) Number(field string) int64 {
	n, err := strconv.ParseInt(r.Fields[field], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// Sighting shows fields as they stand in the text.
func (r RedisInfo) Sighting(fields ...string) Sighting {
	s := Sighting{Entry: r.Entry, Line: r.Line}
	for i, f := range fields {
		if _, there := r.Fields[f]; !there {
			continue
		}
		if i == 0 {
			s.Line = r.Lines[f]
		}
		s.Text = strings.TrimSpace(s.Text + " " + f + ":" + r.Fields[f])
	}
	if r.Address != "" {
		s.Text = r.Address + ": " + s.Text
	}
	return s
}

// isRecord tells the entries that have a shape of their own, wherever somebody has put them.
func isRecord(name string) bool {
	for _, entry := range []string{bundle.SeqFile, bundle.RedisServer, bundle.MongoServer, bundle.ConfigEffective, bundle.EtcdStatus, bundle.EtcdRegistry} {
		if name == entry || strings.HasSuffix(name, "/"+entry) {
			return true
		}
	}
	return path.Base(name) == path.Base(bundle.SeqFile)
}

// readRecord reads one of them.
func (s *snapshots) readRecord(r io.Reader, entry string) error {
	switch {
	case strings.HasSuffix(entry, bundle.RedisServer):
		server := RedisServer{Entry: entry}
		if err := json.NewDecoder(r).Decode(&server.RedisServer); err != nil {
			return fmt.Errorf("reading what Redis said: %w", err)
		}
		s.addRedis(server)
	case strings.HasSuffix(entry, bundle.MongoServer):
		server := MongoServer{Entry: entry}
		if err := json.NewDecoder(r).Decode(&server.MongoServer); err != nil {
			return fmt.Errorf("reading what Mongo said: %w", err)
		}
		s.Mongos = append(s.Mongos, server)
	case strings.HasSuffix(entry, bundle.EtcdStatus):
		e := EtcdStatus{Entry: entry}
		if err := json.NewDecoder(r).Decode(&e.EtcdStatus); err != nil {
			return fmt.Errorf("reading what etcd said: %w", err)
		}
		s.EtcdStatuses = append(s.EtcdStatuses, e)
	case strings.HasSuffix(entry, bundle.EtcdRegistry):
		e := EtcdRegistry{Entry: entry}
		if err := json.NewDecoder(r).Decode(&e.EtcdRegistry); err != nil {
			return fmt.Errorf("reading what is registered in etcd: %w", err)
		}
		s.EtcdRegistries = append(s.EtcdRegistries, e)
	case strings.HasSuffix(entry, bundle.ConfigEffective):
		return s.readEffective(r, entry)
	default:
		return s.readConversations(r, entry)
	}
	return nil
}

// addRedis also takes the slow log over, which a transcript may hold as well.
func (s *snapshots) addRedis(server RedisServer) {
	for _, n := range server.Nodes {
		for _, c := range n.Slow {
			s.Slow = append(s.Slow, SlowCommand{Entry: server.Entry, At: c.Time, Took: time.Duration(c.Micros) * time.Microsecond, Command: c.Command, Key: c.Key})
		}
	}
	s.Redises = append(s.Redises, server)
}

func (s *snapshots) readConversations(r io.Reader, entry string) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	wrong := error(nil)
	for n := int64(1); lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c := Conversation{Entry: entry, Line: n}
		if err := json.Unmarshal(lines.Bytes(), &c.Conversation); err != nil {
			wrong = fmt.Errorf("reading conversations: line %d: %w", n, err)
			continue
		}
		s.Conversations = append(s.Conversations, c)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading conversations: %w", err)
	}
	return wrong
}

// infoLine is a field of INFO. Of several servers each line, or the first of each, begins with its address.
var infoLine = regexp.MustCompile(`^(?:(\S+:\d+): )?(?:# \w+|([a-z][a-z0-9_]*):(\S.*)?)$`)

// infoSure are fields that nothing but INFO prints.
var infoSure = regexp.MustCompile(`(?m)^(?:\S+:\d+: )?(?:redis_version|redis_mode|used_memory|maxmemory|maxmemory_policy|rdb_last_bgsave_status|aof_last_write_status|master_link_status|connected_slaves|evicted_keys):\S`)

// readInfo takes a line of INFO.
func (t *redisReader) readInfo(line string, s *snapshots) {
	m := infoLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	address, field, value := m[1], m[2], strings.TrimSpace(m[3])
	again := t.info != nil && field != "" && t.info.Fields[field] != "" // a second server, or a second look
	other := t.info != nil && address != "" && address != t.info.Address
	if again || other {
		t.flushInfo(s)
	}
	if t.info == nil {
		if field == "" && address == "" {
			return
		}
		t.info = &RedisInfo{Entry: t.entry, Line: t.line, Address: address, Fields: map[string]string{}, Lines: map[string]int64{}}
	}
	if field != "" {
		t.info.Fields[field], t.info.Lines[field] = value, t.line
	}
}

// flushInfo keeps what is enough to be of INFO.
func (t *redisReader) flushInfo(s *snapshots) {
	if t.info != nil && len(t.info.Fields) > 1 {
		s.Infos = append(s.Infos, *t.info)
		s.told++
	}
	t.info = nil
}
