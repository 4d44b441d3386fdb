package seq

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect/backends"
)

func TestNumbers(t *testing.T) {
	f := &fakeMongo{docs: map[string]bson.D{}, seqs: []bson.D{seqDocument("si_a_b", 350), seqDocument("sg_g1", 100)}}
	messages(f.docs, "si_a_b", 250, func(seq int64) bool { return seq >= 120 && seq <= 130 })
	delete(f.docs, "si_a_b:0")
	startFake(t, f)
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Users: []string{"b", "a"}, Groups: []string{"g1"}, Last: 200})
	got := c.conversations["si_a_b"]
	if got.Mongo == nil || got.Mongo.Highest != 250 || got.Mongo.Documents != 2 || len(got.Mongo.Seq) != 1 || got.Mongo.Seq[0].Max != 350 {
		t.Fatalf("counters: %+v", got.Mongo)
	}
	n := got.Numbers[0]
	if !n.Read || n.From != 51 || n.To != 250 {
		t.Errorf("looked at %d to %d", n.From, n.To)
	}
	if want := []record.Range{{From: 51, To: 100}}; !slices.Equal(n.Absent, want) {
		t.Errorf("absent %v, want %v", n.Absent, want)
	}
	if want := []record.Range{{From: 120, To: 130}}; !slices.Equal(n.Empty, want) {
		t.Errorf("empty %v, want %v", n.Empty, want)
	}
	if len(n.Holes) != 2 || n.Holes[1].Before.UnixMilli() != sentAt(119) || n.Holes[1].After.UnixMilli() != sentAt(131) {
		t.Errorf("holes %+v", n.Holes)
	}
	if _, there := c.conversations["n_a_b"]; there {
		t.Error("an id that was made up and that no server knows is in the file")
	}
	if g, there := c.conversations["sg_g1"]; !there || g.Mongo.Highest != 0 {
		t.Errorf("of the group: %+v", g)
	}
	if f.most > connections {
		t.Errorf("%d connections at a time", f.most)
	}
}

// TestEveryCommandReadsAndIsShort holds all that is sent to a list, to maxTimeMS and to projections without content.
func TestEveryCommandReadsAndIsShort(t *testing.T) {
	f := &fakeMongo{docs: map[string]bson.D{}, seqs: []bson.D{seqDocument("si_a_b", 350)}}
	messages(f.docs, "si_a_b", 250, never)
	startFake(t, f)
	o := Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Users: []string{"a", "b"}, From: 1, To: 20}
	run(t, o)
	var planned []string
	for _, a := range New(o).Asks() {
		planned = append(planned, strings.Trim(strings.Fields(a.What)[0], ","))
	}
	for _, name := range f.names() {
		if !slices.Contains(planned, name) {
			t.Errorf("%s is not in the plan: %q", name, planned)
		}
	}
	if len(f.names()) < 7 {
		t.Errorf("only %q were asked", f.names())
	}
	for _, command := range f.asked {
		times := 0
		for _, e := range command {
			if e.Key == "maxTimeMS" {
				times++
			}
		}
		if times != 1 || fmt.Sprint(field(command, "maxTimeMS")) != "100" {
			t.Errorf("%v carries maxTimeMS %d times: %v", command[0], times, field(command, "maxTimeMS"))
		}
		if p := projected(command); command[0].Key == "find" && (p == "" || strings.Contains(p, "content") || strings.Contains(p, "msgs:1") || strings.Contains(p, "msgs.msg:1") || strings.Contains(p, "del_list")) {
			t.Errorf("find %v asks for %q", command[0].Value, p)
		}
	}
}

// TestRoundTrips: 200 conversations of 200 numbers cost requests by the documents, not by the numbers.
func TestRoundTrips(t *testing.T) {
	f := &fakeMongo{docs: map[string]bson.D{}}
	var ids []string
	for i := range 200 {
		id := fmt.Sprintf("sg_%03d", i)
		ids = append(ids, id)
		f.seqs = append(f.seqs, seqDocument(id, 300))
		messages(f.docs, id, 250, never)
	}
	startFake(t, f)
	began := time.Now()
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: ids})
	t.Logf("200 conversations of 200 numbers: %v, %d commands", time.Since(began), len(f.asked))
	if len(c.conversations) != 200 || c.conversations["sg_007"].Numbers[0].Stored[0] != (record.Range{From: 51, To: 250}) {
		t.Fatalf("%d conversations", len(c.conversations))
	}
	if documents := len(f.docs); len(f.asked) > documents {
		t.Errorf("%d commands for %d documents", len(f.asked), documents)
	}
}

// TestTooSlowByHalves: what takes the server too long is asked again in parts, and what is still too slow is a gap.
func TestTooSlowByHalves(t *testing.T) {
	f := &fakeMongo{docs: map[string]bson.D{}}
	var ids []string
	for i := range 8 {
		id := fmt.Sprintf("sg_%d", i)
		ids = append(ids, id)
		messages(f.docs, id, 50, never)
	}
	f.answer = func(name string, command bson.D) bson.D {
		filter, _ := field(command, "filter").(bson.D)
		want, _ := field(filter, "doc_id").(bson.D)
		if asked, is := field(want, "$in").(bson.A); is && (len(asked) > 2 || slices.Contains(asked, any("sg_5:0"))) {
			return refuse(50, "operation exceeded time limit")
		}
		return nil
	}
	startFake(t, f)
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: ids})
	if got := c.conversations["sg_1"]; got.Mongo.Highest != 50 {
		t.Errorf("one that is fast enough alone: %+v", got.Mongo)
	}
	if got := c.conversations["sg_5"]; got.Mongo.Highest != 0 || len(got.Numbers) > 0 && got.Numbers[0].Read {
		t.Errorf("one that is never fast enough: %+v", got)
	}
	c.gap(t, bundle.SeqFile, bundle.Timeout, f.address, "100 ms")
}

func TestMongoTroubles(t *testing.T) {
	set := func(more ...bson.E) bson.D {
		return append(bson.D{{Key: "setName", Value: "rs0"}}, more...)
	}
	denied := func(code int32, text string, names ...string) func(string, bson.D) bson.D {
		return func(name string, _ bson.D) bson.D {
			if slices.Contains(names, name) {
				return refuse(code, text)
			}
			return nil
		}
	}
	for _, c := range []struct {
		name   string
		f      *fakeMongo
		entry  string
		reason string
		words  []string
	}{
		{"too old", &fakeMongo{wire: 6}, bundle.SeqFile, bundle.Failed, []string{"too old", "mongo shell", "--exec"}},
		{"may not read", &fakeMongo{answer: denied(13, "not authorized on openim_v3", "find")}, bundle.SeqFile, bundle.Forbidden, []string{"not authorized", "read on the database"}},
		{"no rights of a monitor", &fakeMongo{hello: set(bson.E{Key: "isWritablePrimary", Value: true}), answer: denied(13, "not authorized on admin", "replSetGetStatus")}, bundle.MongoServer + "#set", bundle.Forbidden, []string{"replSetGetStatus", "clusterMonitor"}},
		{"a foreign database", &fakeMongo{answer: denied(26, "ns does not exist", "listIndexes")}, bundle.SeqFile, bundle.NotFound, []string{"openim_v3", "mongodb.yml"}},
	} {
		startFake(t, c.f)
		got := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{c.f.address}}, Conversations: []string{"sg_1"}})
		if !t.Run(c.name, func(t *testing.T) { got.gap(t, c.entry, c.reason, append(c.words, c.f.address)...) }) {
			t.Logf("%s", got.entries[bundle.MongoServer])
		}
	}
}

// TestRefusedFact: a command that the server lacks is a fact about it; one that it refuses, for whatever reason, costs what it
// would have told and nothing else, and no other run is asked for.
func TestRefusedFact(t *testing.T) {
	for _, c := range []struct {
		code        int32
		text        string
		unsupported bool
	}{
		{59, "no such command: 'aggregate'", true},
		{238, "`aggregate` stage \"$currentOp\" is not implemented yet", true},
		{40324, "Unrecognized pipeline stage name: '$currentOp'", true},
		{303, "Feature not supported: $currentOp", true},
		{2, "collectionless aggregations are not supported", true},
		{9, "Invalid command format: the 'aggregate' field must specify a collection name or 1", true}, // FerretDB
		{13, "not authorized on admin to execute command { aggregate: 1 }", false},
		{8000, "user is not allowed to do action [inprog] on [admin.]", false},
	} {
		f := startFake(t, &fakeMongo{answer: func(name string, command bson.D) bson.D {
			if name == "aggregate" && command[0].Value == int32(1) {
				return refuse(c.code, c.text)
			}
			return nil
		}})
		got := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: []string{"sg_1"}})
		if got.mongo.Asked != f.address || got.mongo.Status == nil || len(got.mongo.Collections) != len(collections) {
			t.Errorf("%s: the rest is not told: %+v", c.text, got.mongo)
		}
		if !got.complete {
			t.Errorf("%s: the run counts as incomplete", c.text)
		}
		if c.unsupported {
			if !slices.Equal(got.mongo.Unsupported, []string{"currentOp"}) || len(got.mongo.Refused) > 0 || len(got.gaps) > 0 {
				t.Errorf("%s: %+v, gaps %+v", c.text, got.mongo, got.gaps)
			}
			continue
		}
		got.gap(t, bundle.MongoServer+"#operations", bundle.Forbidden, "currentOp", f.address, c.text[:14])
		if len(got.gaps) != 1 || got.gaps[0].Costs != "which operations of Mongo run for long" || got.mongo.Refused["currentOp"] == "" {
			t.Errorf("%s: %+v, gaps %+v", c.text, got.mongo, got.gaps)
		}
	}
}

// TestElection: with no primary the secondaries are asked, and say who is missing.
func TestElection(t *testing.T) {
	second := startFake(t, &fakeMongo{hello: bson.D{{Key: "setName", Value: "rs0"}, {Key: "secondary", Value: true}}})
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := down.Addr().String()
	down.Close()
	first := &fakeMongo{docs: map[string]bson.D{}}
	first.answer = func(name string, _ bson.D) bson.D {
		if name != "replSetGetStatus" {
			return nil
		}
		member := func(name, state string, health float64) bson.D {
			return bson.D{{Key: "name", Value: name}, {Key: "stateStr", Value: state}, {Key: "health", Value: health}}
		}
		return bson.D{{Key: "ok", Value: 1.0}, {Key: "set", Value: "rs0"}, {Key: "members", Value: bson.A{member(first.address, "SECONDARY", 1), member(gone, "(not reachable/healthy)", 0)}}}
	}
	messages(first.docs, "sg_1", 10, never)
	startFake(t, first)
	first.hello = bson.D{{Key: "setName", Value: "rs0"}, {Key: "secondary", Value: true}, {Key: "hosts", Value: bson.A{first.address, second.address, gone}}}
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{first.address}}, Conversations: []string{"sg_1"}})
	if c.mongo.Set == nil || len(c.mongo.Set.Members) != 2 || c.mongo.Set.Members[1].Health || len(c.mongo.Members) != 3 {
		t.Errorf("the set: %+v, members %+v", c.mongo.Set, c.mongo.Members)
	}
	if c.conversations["sg_1"].Mongo.Highest != 10 {
		t.Error("a secondary is not asked where there is no primary")
	}
	c.gap(t, bundle.MongoServer, bundle.Failed, gone, "nothing listens there")
}

// TestLongOperations: the server itself leaves out what operations ask for.
func TestLongOperations(t *testing.T) {
	f := &fakeMongo{answer: func(name string, command bson.D) bson.D {
		if name != "aggregate" || command[0].Value != int32(1) {
			return nil
		}
		return cursor([]bson.D{{{Key: "secs_running", Value: int64(7)}, {Key: "op", Value: "query"}, {Key: "ns", Value: "openim_v3.msg"}, {Key: "planSummary", Value: "COLLSCAN"}}})
	}}
	startFake(t, f)
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: []string{"sg_1"}})
	if want := (record.MongoOperation{Seconds: 7, Op: "query", Namespace: "openim_v3.msg", Plan: "COLLSCAN"}); len(c.mongo.Operations) != 1 || c.mongo.Operations[0] != want {
		t.Errorf("%+v", c.mongo.Operations)
	}
	for _, command := range f.asked {
		if command[0].Key != "aggregate" {
			continue
		}
		text := fmt.Sprint(field(command, "pipeline"))
		if !strings.Contains(text, "$project") || strings.Contains(text, "command") || strings.Contains(text, "query") {
			t.Errorf("$currentOp asks for %s", text)
		}
	}
}

func TestUnreachable(t *testing.T) {
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := down.Addr().String()
	down.Close()
	c := run(t, Options{Redis: &backends.Redis{Addresses: []string{gone}}, Mongo: &backends.Mongo{Addresses: []string{gone}}, Conversations: []string{"sg_1"}})
	for _, entry := range []string{bundle.RedisInfo, bundle.RedisServer, bundle.MongoServer, bundle.SeqFile} {
		c.gap(t, entry, bundle.Failed, gone, "nothing listens there")
	}
	if !bytes.Contains([]byte(c.entries[bundle.RedisServer]), []byte(gone)) {
		t.Error("the server that was not reached is not written down")
	}
}

// TestLogsThatNeverCome: the incident's conversations do not wait for them.
func TestLogsThatNeverCome(t *testing.T) {
	f := &fakeMongo{docs: map[string]bson.D{}}
	messages(f.docs, "sg_1", 3, never)
	startFake(t, f)
	c := runFor(t, 2*time.Second, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: []string{"sg_1"}, Logs: make(chan struct{})})
	if got := c.conversations["sg_1"]; got.Mongo == nil || got.Mongo.Highest != 3 {
		t.Errorf("%+v", got)
	}
	c.gap(t, bundle.SeqFile, bundle.Timeout, "the conversations that the logs name")
}

func TestConversationsOfLogs(t *testing.T) {
	f := &fakeMongo{docs: map[string]bson.D{}}
	for _, id := range []string{"si_u_1_u_2", "sg_7", "sg_8"} {
		messages(f.docs, id, 3, never)
	}
	startFake(t, f)
	l := logSource{make(chan struct{}), map[string]string{
		bundle.PodLog("im", "openim-push-1", "push", false): "x\tINFO\t{\"conversationID\": \"sg_8\"}\nx\tINFO\t{\"conversationID\": \"sg_8\"} n_notknown\n",
		bundle.PodLog("im", "openim-msgtransfer-1", "m", false): "x\tERROR\tbatch data insert to redis err\t{\"conversationID\": \"sg_7\"}\n" +
			"x\tINFO\tset seq\t{\"conversationIDs\": [\"si_u_1_u_2\",\"sg_7\"], \"content\": \"si no\"}\n",
	}}
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Logs: l.done, Sample: 2}, l)
	var got []string
	for id := range c.conversations {
		got = append(got, id)
	}
	slices.Sort(got)
	if want := []string{"sg_7", "sg_8"}; !slices.Equal(got, want) {
		t.Errorf("chosen %q, want %q: trouble first, then what comes up most", got, want)
	}
	if via := c.conversations["sg_7"].Via; !slices.Equal(via, []string{record.ViaLogs}) {
		t.Errorf("chosen for %q", via)
	}
}
