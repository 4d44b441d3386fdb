package seq

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// collected is what a run brought.
type collected struct {
	path          string
	entries       map[string]string
	gaps          []bundle.Gap
	complete      bool
	conversations map[string]record.Conversation
	redis         record.RedisServer
	mongo         record.MongoServer
}

// run collects with the source and reads the bundle back.
func run(t testing.TB, o Options, more ...collect.Source) collected {
	t.Helper()
	return runFor(t, time.Minute, o, more...)
}

func runFor(t testing.TB, most time.Duration, o Options, more ...collect.Source) collected {
	t.Helper()
	return runIn(t.Context(), t, most, o, more...)
}

func runIn(ctx context.Context, t testing.TB, most time.Duration, o Options, more ...collect.Source) collected {
	t.Helper()
	r, err := redact.Compile([]redact.Rule{{ID: "test", Keys: []string{"nobody-has-this-key"}}})
	if err != nil {
		t.Fatal(err)
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	c := collected{path: filepath.Join(t.TempDir(), "imbundle-seq.tgz"), entries: map[string]string{}, conversations: map[string]record.Conversation{}}
	if _, err := collect.Run(ctx, collect.Options{Output: c.path, Redactor: r, Deadline: most, Tool: bundle.Tool{Name: "imbundle"}}, append(more, New(o))); err != nil {
		t.Fatal(err)
	}
	in, err := bundle.Open(c.path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	c.gaps, c.complete = in.Manifest().Gaps, in.Manifest().Complete
	err = in.Each(t.Context(), 1, func(_ int, f *bundle.File) error {
		body, err := io.ReadAll(f)
		c.entries[f.Name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c.decode(t)
	return c
}

func (c *collected) decode(t testing.TB) {
	t.Helper()
	for line := range strings.Lines(c.entries[bundle.SeqFile]) {
		var x record.Conversation
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		c.conversations[x.ID] = x
	}
	for entry, into := range map[string]any{bundle.RedisServer: &c.redis, bundle.MongoServer: &c.mongo} {
		if body := c.entries[entry]; body != "" {
			if err := json.Unmarshal([]byte(body), into); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// gap tells whether one gap of an entry holds all the words.
func (c *collected) gap(t testing.TB, entry, reason string, words ...string) {
	t.Helper()
	for _, g := range c.gaps {
		has := func(w string) bool { return strings.Contains(g.Detail, w) }
		if g.Entry == entry && g.Reason == reason && !slices.ContainsFunc(words, func(w string) bool { return !has(w) }) {
			return
		}
	}
	t.Errorf("no gap of %s says %s with %q: %+v", entry, reason, words, c.gaps)
}

// asksConversations is a source that wants to know about which conversations the other asked, as that of Kafka does.
type asksConversations struct {
	of  *Source
	ids []string
}

func (*asksConversations) Name() string { return "asks" }

func (a *asksConversations) Collect(ctx context.Context, _ *collect.Batch) error {
	a.ids = a.of.Conversations(ctx)
	return nil
}

// TestResumed: a fact that took too long is asked for again, the numbers are not; and others hear of their conversations still.
func TestResumed(t *testing.T) {
	f := startFake(t, oldServer())
	f.answer = func(name string, _ bson.D) bson.D {
		if name == "serverStatus" {
			return bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: int32(maxTimeExpired)}, {Key: "errmsg", Value: "operation exceeded time limit"}}
		}
		return nil
	}
	o := Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: []string{"si_a_b"}}
	was := run(t, o)
	was.gap(t, bundle.MongoServer+"#status", bundle.Timeout)
	f.answer = nil
	f.asked = nil
	e, err := collect.OpenEarlier(t.Context(), was.path)
	if err != nil {
		t.Fatal(err)
	}
	o.Conversations = []string{"sg_1"} // the incident is told otherwise now
	r, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Dial = new(net.Dialer).DialContext
	source := New(o)
	other := &asksConversations{of: source}
	out := filepath.Join(t.TempDir(), "imbundle-resumed.tgz")
	if _, err := collect.Run(t.Context(), collect.Options{Output: out, Redactor: r, Tool: bundle.Tool{Name: "imbundle"}, Resume: e}, []collect.Source{source, other}); err != nil {
		t.Fatal(err)
	}
	asked := func(name string, of any) bool {
		return slices.ContainsFunc(f.asked, func(command bson.D) bool { return command[0].Key == name && command[0].Value == of })
	}
	if !asked("serverStatus", int32(1)) || asked("find", "msg") || !slices.Equal(other.ids, []string{"si_a_b", "sg_1"}) {
		t.Errorf("asked %v; the conversations are %q", f.asked, other.ids)
	}
	in, err := bundle.Open(out, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if m := in.Manifest(); len(m.Gaps) > 0 || !m.Complete {
		t.Errorf("%+v", m.Gaps)
	}
}

// TestResumedInVain: what a server said of itself before is kept, with what was missing of it, when nobody answers by now.
func TestResumedInVain(t *testing.T) {
	f := startFake(t, oldServer())
	f.answer = func(name string, _ bson.D) bson.D {
		if name == "serverStatus" {
			return bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: int32(maxTimeExpired)}, {Key: "errmsg", Value: "operation exceeded time limit"}}
		}
		return nil
	}
	o := Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Conversations: []string{"si_a_b"}, Dial: new(net.Dialer).DialContext}
	was := run(t, o)
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("the way is shut") }
	r, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	path := was.path
	for range 2 { // and again, of the run that kept it
		e, err := collect.OpenEarlier(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(t.TempDir(), "imbundle-resumed.tgz")
		if _, err := collect.Run(t.Context(), collect.Options{Output: path, Redactor: r, Tool: bundle.Tool{Name: "imbundle"}, Resume: e}, []collect.Source{New(o)}); err != nil {
			t.Fatal(err)
		}
		in, err := bundle.Open(path, bundle.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := in.Open(bundle.MongoServer)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(kept)
		if err != nil || string(text) != was.entries[bundle.MongoServer] {
			t.Errorf("%v; %s became %s", err, was.entries[bundle.MongoServer], text)
		}
		now := collected{gaps: in.Manifest().Gaps}
		now.gap(t, bundle.MongoServer+"#status", bundle.Timeout)
		now.gap(t, bundle.MongoServer, bundle.Failed, "the way is shut")
		in.Close()
	}
}

// logSource writes logs as the source of logs does, and then says so.
type logSource struct {
	done chan struct{}
	logs map[string]string
}

func (logSource) Name() string { return "logs" }

func (l logSource) Collect(_ context.Context, b *collect.Batch) error {
	defer close(l.done)
	for entry, text := range l.logs {
		if err := b.Put(entry, bundle.Meta{}, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// TestEndsWithTheRun ends at once with the run, though the servers take connections and never answer.
func TestEndsWithTheRun(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	dial := func(dialCtx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialCtx, network, address)
		time.AfterFunc(50*time.Millisecond, cancel) // the client waits for an answer by then
		return conn, err
	}
	began := time.Now()
	b := runIn(ctx, t, time.Minute, Options{
		Redis: &backends.Redis{Addresses: []string{silent.Addr().String()}}, Mongo: &backends.Mongo{Addresses: []string{silent.Addr().String()}}, Dial: dial,
	})
	if took := time.Since(began); took > answerTime/2 {
		t.Errorf("it took %s", took)
	}
	for _, g := range b.gaps {
		if strings.Contains(g.Detail, "given up") || g.Reason == bundle.Failed {
			t.Errorf("%+v", g)
		}
	}
	for _, name := range []string{bundle.RedisServer, bundle.MongoServer} {
		if text, there := b.entries[name]; there {
			t.Errorf("%s of a server that was not waited for: %s", name, text)
		}
	}
}
