package seq

import (
	"cmp"
	"strings"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// Asks lists what is going to be asked, at most, for the plan.
func (s *Source) Asks() []collect.Ask {
	var all []collect.Ask
	named := len(s.o.Conversations) + len(s.o.Groups)*3 + len(s.o.Users)*(1+3*(len(s.o.Users)-1)/2)
	conversations := named
	if s.o.Logs != nil || s.o.Mongo != nil && len(s.o.Users) > 0 {
		conversations += s.o.Sample
	}
	numbers := s.o.Last
	if s.o.To > 0 {
		numbers += int(s.o.To - s.o.From + 1)
	}
	if r := s.o.Redis; r != nil {
		all = append(all, s.asksOfRedis(r, conversations, numbers)...)
	}
	if m := s.o.Mongo; m != nil {
		all = append(all, s.asksOfMongo(m, conversations, numbers)...)
	}
	return all
}

func (s *Source) asksOfRedis(r *backends.Redis, conversations, numbers int) []collect.Ask {
	at := strings.Join(r.Addresses, ",")
	servers := max(1, len(r.Addresses))
	ask := func(what string, times int) collect.Ask {
		return collect.Ask{Of: "redis", At: at, What: what, Times: times, Most: true}
	}
	all := []collect.Ask{
		ask("INFO of each server", servers), ask("SLOWLOG GET 128 of each server", servers), ask("LATENCY LATEST of each server", servers),
		ask("CONFIG GET <"+strings.Join(settings, "|")+"> of each server", servers*len(settings)),
	}
	if r.Mode == "" || r.Mode == backends.Cluster {
		all = append(all, ask("CLUSTER NODES", 1), ask("CLUSTER INFO", 1))
	}
	if r.Mode == backends.Sentinel {
		all = append(all, ask("SENTINEL MASTERS", servers), ask("SENTINEL SLAVES <group>", servers))
	}
	all = append(all,
		ask("HMGET MALLOC_SEQ:<conversation> CURR LAST TIME LOCK", conversations), ask("TTL MALLOC_SEQ:<conversation>", conversations),
		ask("HGET MALLOC_MIN_SEQ:<conversation> value", conversations), ask("GET MAX_SEQ:<conversation>", conversations), ask("GET MIN_SEQ:<conversation>", conversations),
	)
	if len(s.o.Users) > 0 {
		users := conversations * len(s.o.Users)
		all = append(all, ask("HGET SEQ_USER_<READ|MIN|MAX>:<conversation>:<user> value", 3*users),
			ask("GET HAS_READ_SEQ:<user>:<conversation>", users), ask("GET CON_USER_MIN_SEQ:<conversation>u:<user>", users))
	}
	return append(all, ask("EXISTS MSG_CACHE:<conversation>:<number>", conversations*numbers), ask("EXISTS MESSAGE_CACHE:<conversation>_<number>", conversations*numbers))
}

func (s *Source) asksOfMongo(m *backends.Mongo, conversations, numbers int) []collect.Ask {
	at := cmp.Or(strings.Join(m.Addresses, ","), m.SRV)
	members := max(1, len(m.Addresses))
	ask := func(what string, times int) collect.Ask {
		return collect.Ask{Of: "mongo", At: at, What: what + ", maxTimeMS 100", Times: times, Most: true}
	}
	batches := (conversations + idsAtOnce - 1) / idsAtOnce
	documents := conversations * (numbers/documentSize + 3)
	all := []collect.Ask{
		ask("hello, or isMaster of a server before 4.4", members), ask("replSetGetStatus", 1), ask("serverStatus", 1), ask("aggregate $currentOp of 1 s and more, without what it asks for", 1),
		ask("listIndexes <collection>", len(collections)), ask("count <collection>", len(collections)),
		ask("find seq {conversation_id} → max_seq, min_seq", batches+members),
		ask("find msg {doc_id of <conversation>} → doc_id", conversations),
		ask("find msg {doc_id} → msgs.msg.seq, msgs.msg.send_time, msgs.msg.status, msgs.revoke.time", documents),
	}
	if users := len(s.o.Users); users > 0 {
		all = append(all, ask("find conversation {owner_user_id} → conversation_id", users),
			ask("find seq_user {user_id, conversation_id} → max_seq, min_seq, read_seq", users*batches),
			ask("find conversation {owner_user_id, conversation_id} → max_seq, min_seq, recv_msg_opt", users*batches),
			ask("aggregate msg {doc_id, msgs.del_list: <user>} → msgs.msg.seq", users*conversations))
	}
	return all
}
