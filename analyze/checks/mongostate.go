package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs"
)

const mongoJSON = "mongo/server.json"

// behind is how far a member may lag behind the newest.
const behind = time.Minute

var mongoPrimary = analyze.Check{
	ID: "mongo-primary", Guide: "2.4",
	Title: say("Mongo 副本集有没有主节点", "the replica set has a primary"),
	Doc: say("rs.status() 与各成员的 hello：没有任何成员是或认得主节点，所有写入都被拒绝。单机没有副本集，不作判断。不健康或落后一分钟以上的成员另作提示：少一个就可能选不出主。",
		"rs.status() and every member's hello: when none is, or knows, a primary, every write is refused. A standalone server has no set and is not judged. Members that are not healthy or a minute behind are worth a word: with one more gone there may be no primary."),
	Needs: []string{mongoJSON}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		answered, sets := false, false
		for _, m := range f.Mongos {
			answered = answered || m.Set != nil || slices.ContainsFunc(m.Members, func(x record.MongoMember) bool { return x.State != "" })
			if !isSet(m) {
				continue
			}
			sets = true
			if !hasPrimary(m) {
				found = append(found, ofMongo(m, "mongo-no-primary", analyze.Certain, "", say("副本集没有主节点", "the replica set has no primary"), views(m)))
			}
			found = append(found, staleMembers(m)...)
		}
		switch {
		case !answered:
			return unknown()
		case !sets:
			return analyze.Finding{Status: analyze.NA}
		}
		return answer(found)
	},
}

func isSet(m analyze.MongoServer) bool {
	return m.Set != nil || slices.ContainsFunc(m.Members, func(x record.MongoMember) bool { return x.Set != "" })
}

func hasPrimary(m analyze.MongoServer) bool {
	if slices.ContainsFunc(m.Members, func(x record.MongoMember) bool { return x.State == "primary" }) {
		return true
	}
	if m.Set != nil {
		return slices.ContainsFunc(m.Set.Members, func(x record.MongoSetView) bool { return x.State == "PRIMARY" && x.Health })
	}
	return slices.ContainsFunc(m.Members, func(x record.MongoMember) bool { return x.Primary != "" })
}

// views tells the states of all members in one line.
func views(m analyze.MongoServer) string {
	var all []string
	if m.Set != nil {
		for _, x := range m.Set.Members {
			all = append(all, x.Name+" "+x.State)
		}
	} else {
		for _, x := range m.Members {
			all = append(all, x.Address+" "+x.State)
		}
	}
	return strings.Join(all, ", ")
}

func ofMongo(m analyze.MongoServer, cause, confidence, target string, says specs.Text, text string) analyze.Evidence {
	return analyze.Evidence{
		Cause: cause, Confidence: confidence, Subject: analyze.Subject{Role: "mongo", Target: target}, Says: says,
		Samples: []analyze.Sighting{{Entry: m.Entry, Text: text}},
	}
}

// staleMembers are those that do not keep up while the set has a primary; a set without one is told as a whole.
func staleMembers(m analyze.MongoServer) (found []analyze.Evidence) {
	if m.Set == nil || !hasPrimary(m) {
		return nil
	}
	var newest time.Time
	for _, x := range m.Set.Members {
		if x.Optime.After(newest) {
			newest = x.Optime
		}
	}
	for _, x := range m.Set.Members {
		var e analyze.Evidence
		switch {
		case !x.Health:
			e = ofMongo(m, "mongo-unreachable", analyze.Possible, x.Name, say("副本集的一个成员不可达", "a member of the replica set cannot be reached"), strings.TrimSpace(x.Name+" "+x.State+" "+x.Says))
		case x.State == "SECONDARY" && newest.Sub(x.Optime) > behind:
			e = ofMongo(m, "mongo-slow", analyze.Possible, x.Name, say("副本集的一个成员落后", "a member of the replica set lags behind"), fmt.Sprintf("%s is %s behind", x.Name, newest.Sub(x.Optime).Round(time.Second)))
		case x.State != "PRIMARY" && x.State != "SECONDARY" && x.State != "ARBITER":
			e = ofMongo(m, "mongo-unreachable", analyze.Possible, x.Name, say("副本集的一个成员不在工作状态", "a member of the replica set does not work"), strings.TrimSpace(x.Name+" "+x.State+" "+x.Says))
		default:
			continue
		}
		e.Severity = analyze.Warning
		found = append(found, e)
	}
	return found
}

// needed are the first fields of the indexes without which OpenIM's reads go through whole collections.
var needed = map[string]string{"msg": "doc_id", "seq": "conversation_id", "seq_user": "user_id", "conversation": "owner_user_id"}

// Below so many documents a collection may be read as a whole.
const smallCollection = 1000

var mongoSlow = analyze.Check{
	ID: "mongo-slow", Guide: "2.4",
	Title: say("Mongo 慢操作与索引", "slow operations and indexes of Mongo"),
	Doc: say("currentOp 里跑了一秒以上的操作（全表扫描或五秒以上才算数），连接数用到九成五，排队等锁的读写达到一百，以及 msg、seq、seq_user、conversation 缺少的索引；文档不多时缺索引只提示。",
		"Operations that run for a second and more (only those that scan a collection, or for five seconds and more, count), connections from 95 % of their limit, a hundred readers and writers that wait, and indexes that msg, seq, seq_user or conversation lack; with few documents that is only a hint."),
	Needs: []string{mongoJSON}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		looked := false
		for _, m := range f.Mongos {
			looked = looked || len(m.Collections) > 0
			found = append(found, crowded(m)...)
			for _, o := range m.Operations {
				found = append(found, slowOperation(m, o))
			}
			for _, c := range m.Collections {
				if e, is := missingIndex(m, c); is {
					found = append(found, e)
				}
			}
		}
		switch {
		case len(found) > 0:
			return answer(found)
		case !looked:
			return unknown()
		case slices.ContainsFunc(f.Mongos, func(m analyze.MongoServer) bool { return m.Refused["currentOp"] != "" }):
			return analyze.Finding{Status: analyze.Unknown, Needs: []string{"what runs in Mongo: the user needs the role clusterMonitor"}}
		}
		return answer(found)
	},
}

// A server is crowded from this many readers and writers that wait for a place, and from this share of its connections.
const (
	manyWaiting   = 100
	manyConnected = 0.95
)

// crowded tells a server that has no room for more of the same.
func crowded(m analyze.MongoServer) (found []analyze.Evidence) {
	s := m.Status
	if s == nil {
		return nil
	}
	if most := s.Connections + s.Available; s.Available >= 0 && most > 0 && float64(s.Connections) >= manyConnected*float64(most) {
		found = append(found, ofMongo(m, "mongo-slow", analyze.Likely, m.Asked, say("连接数快用完：新的连接被拒绝", "connections are nearly used up: new ones are refused"), fmt.Sprintf("%d connections of %d", s.Connections, most)))
	}
	if s.Readers+s.Writers >= manyWaiting {
		found = append(found, ofMongo(m, "mongo-slow", analyze.Likely, m.Asked, say("大量读写在排队", "many readers and writers wait"), fmt.Sprintf("%d readers and %d writers wait", s.Readers, s.Writers)))
	}
	return found
}

func slowOperation(m analyze.MongoServer, o record.MongoOperation) analyze.Evidence {
	confidence := analyze.Possible
	ours := strings.HasPrefix(o.Namespace, m.Database+".")
	if ours && (strings.Contains(o.Plan, "COLLSCAN") || o.Seconds >= 5) {
		confidence = analyze.Likely
	}
	e := ofMongo(m, "mongo-slow", confidence, o.Namespace, say("有操作跑了很久", "an operation has been running for long"), fmt.Sprintf("%s on %s for %d s %s", o.Op, o.Namespace, o.Seconds, o.Plan))
	e.Since = m.Time.Add(-time.Duration(o.Seconds) * time.Second)
	return e
}

func missingIndex(m analyze.MongoServer, c record.MongoCollection) (analyze.Evidence, bool) {
	first, is := needed[c.Name]
	if !is || c.Missing || c.Trouble != "" || slices.ContainsFunc(c.Indexes, func(i record.MongoIndex) bool { return len(i.Keys) > 0 && i.Keys[0] == first }) {
		return analyze.Evidence{}, false
	}
	e := ofMongo(m, "mongo-slow", analyze.Likely, m.Database+"."+c.Name, say("缺少索引", "an index is missing"), fmt.Sprintf("%s has no index that begins with %s, and %d documents", c.Name, first, c.Documents))
	if c.Documents < smallCollection {
		e.Confidence, e.Severity = analyze.Possible, analyze.Warning
	}
	return e, true
}

var mongoUp = analyze.Check{
	ID: "mongo-up", Guide: "2.4",
	Title: say("Mongo 是否连得上、认得用户", "Mongo can be reached and knows the user"),
	Doc: say("采集时用 OpenIM 配置里的地址和用户连接每个成员。拒绝用户很可能是配置错了；全部拒绝连接是服务没起来；其余连不上可能只是采集所在处到不了，只作提示。",
		"Every member as the collector met it, at the addresses and with the user of OpenIM's configuration. A refused user is likely wrong in the configuration; connections refused by all: it is not running; anything else may only be so from where the collector stood, and is a hint."),
	Needs: []string{mongoJSON}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Mongos) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, m := range f.Mongos {
			reached := slices.ContainsFunc(m.Members, func(x record.MongoMember) bool { return x.Trouble == "" })
			for _, x := range m.Members {
				if x.Trouble != "" && x.Named {
					found = append(found, metMember(m, x, reached))
				}
			}
		}
		return answer(found)
	},
}

func metMember(m analyze.MongoServer, x record.MongoMember, reached bool) analyze.Evidence {
	e := ofMongo(m, "mongo-unreachable", analyze.Possible, x.Address, say("采集时连不上", "the collector could not reach it"), x.Address+": "+clip(x.Trouble))
	switch {
	case strings.Contains(x.Trouble, "AuthenticationFailed") || strings.Contains(x.Trouble, "unable to authenticate") || strings.Contains(x.Trouble, "Authentication failed"):
		e.Cause, e.Confidence = "mongo-auth-failed", configuredSo(m.From)
		e.Says = say("Mongo 拒绝配置里的用户或密码", "Mongo refuses the user or password of the configuration")
	case strings.Contains(x.Trouble, "connection refused") && !reached:
		e.Confidence = analyze.Likely
	}
	return e
}
