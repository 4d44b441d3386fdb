package seq

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// fakeMongo is a fake: it speaks Mongo's wire protocol and answers from a script. It stands in for what no server at hand
// shows: an election, an old version, an operation that takes too long, many documents fast.
type fakeMongo struct {
	address string
	wire    int32 // maximum wire version
	hello   bson.D
	docs    map[string]bson.D // of collection msg, by doc_id
	seqs    []bson.D
	listed  []bson.D
	answer  func(name string, command bson.D) bson.D // nil or a nil answer: the ordinary one

	mu    sync.Mutex
	asked []bson.D // but for greetings
	conns int
	most  int
}

func startFake(t testing.TB, f *fakeMongo) *fakeMongo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = l.Addr().String()
	if f.wire == 0 {
		f.wire = 21
	}
	var work sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			work.Go(func() {
				defer stop()
				f.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		l.Close()
		work.Wait()
	})
	return f
}

func (f *fakeMongo) serve(conn net.Conn) {
	defer conn.Close()
	f.mu.Lock()
	f.conns++
	f.most = max(f.most, f.conns)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.conns--
		f.mu.Unlock()
	}()
	for {
		if err := f.exchange(conn); err != nil {
			return
		}
	}
}

// exchange reads one message and answers it, in the old or the new form.
func (f *fakeMongo) exchange(conn net.Conn) error {
	head := make([]byte, 16)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	body := make([]byte, binary.LittleEndian.Uint32(head)-16)
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	var prefix []byte
	opcode := uint32(2013)
	switch binary.LittleEndian.Uint32(head[12:]) {
	case 2013: // flags, kind of section
		body, prefix = body[5:], make([]byte, 5)
	case 2004: // flags, name, two numbers
		name := slices.Index(body[4:], 0)
		body, opcode = body[4+name+1+8:], 1
		prefix = make([]byte, 20)
		prefix[16] = 1
	default:
		return errors.New("an operation that nobody sends")
	}
	var command bson.D
	if err := bson.Unmarshal(body[:binary.LittleEndian.Uint32(body)], &command); err != nil {
		return err
	}
	answer, err := bson.Marshal(f.reply(command))
	if err != nil {
		return err
	}
	out := make([]byte, 16, 16+len(prefix)+len(answer))
	binary.LittleEndian.PutUint32(out, uint32(cap(out)))
	copy(out[8:12], head[4:8])
	binary.LittleEndian.PutUint32(out[12:], opcode)
	_, err = conn.Write(append(append(out, prefix...), answer...))
	return err
}

func (f *fakeMongo) reply(command bson.D) bson.D {
	name := command[0].Key
	monitors := name == "isMaster" || name == "ismaster" || name == "hello" && field(command, "maxTimeMS") == nil
	if !monitors && name != "endSessions" {
		f.mu.Lock()
		f.asked = append(f.asked, command)
		f.mu.Unlock()
	}
	if f.answer != nil {
		if a := f.answer(name, command); a != nil {
			return a
		}
	}
	ok := bson.E{Key: "ok", Value: 1.0}
	switch name {
	case "isMaster", "ismaster", "hello":
		base := bson.D{ok, {Key: "maxWireVersion", Value: f.wire}, {Key: "minWireVersion", Value: int32(0)}, {Key: "maxBsonObjectSize", Value: int32(16 << 20)}, {Key: "maxMessageSizeBytes", Value: int32(48 << 20)}, {Key: "maxWriteBatchSize", Value: int32(1000)}}
		if f.hello == nil {
			return append(base, bson.E{Key: "isWritablePrimary", Value: true}, bson.E{Key: "ismaster", Value: true})
		}
		return append(base, f.hello...)
	case "find":
		return cursor(f.find(fmt.Sprint(command[0].Value), field(command, "filter").(bson.D)))
	case "listIndexes":
		return cursor([]bson.D{{{Key: "name", Value: "_id_"}, {Key: "key", Value: bson.D{{Key: "_id", Value: 1}}}}})
	case "count":
		return bson.D{ok, {Key: "n", Value: int32(len(f.docs))}}
	case "aggregate":
		return cursor(nil)
	case "endSessions", "serverStatus":
		return bson.D{ok}
	case "replSetGetStatus":
		return refuse(76, "not running with --replSet")
	}
	return refuse(59, "no such command: '"+name+"'")
}

func (f *fakeMongo) find(collection string, filter bson.D) []bson.D {
	var found []bson.D
	switch collection {
	case "seq":
		return f.seqs
	case "conversation":
		return f.listed
	case "msg":
		want, _ := field(filter, "doc_id").(bson.D)
		if ids, is := field(want, "$in").(bson.A); is {
			for _, id := range ids {
				if d := f.docs[id.(string)]; d != nil {
					found = append(found, d)
				}
			}
			return found
		}
		for id := range f.docs {
			if id >= field(want, "$gte").(string) && id < field(want, "$lt").(string) {
				found = append(found, bson.D{{Key: "doc_id", Value: id}})
			}
		}
	}
	return found
}

// names are the commands that were asked, each once.
func (f *fakeMongo) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, c := range f.asked {
		if !slices.Contains(names, c[0].Key) {
			names = append(names, c[0].Key)
		}
	}
	return names
}

func field(d bson.D, key string) any {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

func cursor(docs []bson.D) bson.D {
	batch := bson.A{}
	for _, d := range docs {
		batch = append(batch, d)
	}
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "x.y"}, {Key: "firstBatch", Value: batch}}}}
}

func refuse(code int32, text string) bson.D {
	return bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: code}, {Key: "errmsg", Value: text}}
}

// messages makes the documents of a conversation as OpenIM writes them, with what must never be read; holes have no message.
func messages(into map[string]bson.D, conversation string, top int64, hole func(int64) bool) {
	for n := int64(0); n*documentSize < top; n++ {
		var slots bson.A
		for i := int64(1); i <= documentSize; i++ {
			seq := n*documentSize + i
			if seq > top || hole(seq) {
				slots = append(slots, bson.D{{Key: "msg", Value: nil}, {Key: "revoke", Value: nil}, {Key: "del_list", Value: bson.A{}}})
				continue
			}
			slots = append(slots, bson.D{{Key: "msg", Value: bson.D{{Key: "seq", Value: seq}, {Key: "send_time", Value: sentAt(seq)}, {Key: "status", Value: int32(2)}}}})
		}
		id := fmt.Sprintf("%s:%d", conversation, n)
		into[id] = bson.D{{Key: "doc_id", Value: id}, {Key: "msgs", Value: slots}}
	}
}

// sentAt is when a message was sent: one a second.
func sentAt(seq int64) int64 { return 1_795_000_000_000 + seq*1000 }

func never(int64) bool { return false }

func seqDocument(conversation string, most int64) bson.D {
	return bson.D{{Key: "conversation_id", Value: conversation}, {Key: "max_seq", Value: most}, {Key: "min_seq", Value: int64(0)}}
}

// projected tells which fields a find asks for.
func projected(command bson.D) string {
	var fields []string
	d, _ := field(command, "projection").(bson.D)
	for _, e := range d {
		fields = append(fields, fmt.Sprintf("%s:%v", e.Key, e.Value))
	}
	return strings.Join(fields, " ")
}
