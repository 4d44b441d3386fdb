package seq

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// tooOldWire is the wire version of MongoDB 4.0, which the client refuses.
const tooOldWire = 7

var (
	typedPiece    = regexp.MustCompile(`^void \(imbundle\.text \+= (".*")\);$`)
	typedQuestion = regexp.MustCompile(`^try \{ imbundle\.say\((\d+), (.*)\); \} catch`)
)

// fakeShell is a fake of the shell in a server's pod: it takes what is typed as mongo and mongosh do, and puts the questions to a fake
// server. The real one is asked in the tests with real servers.
type fakeShell struct {
	server  *fakeMongo
	mu      sync.Mutex
	started [][]string
	typed   []string
}

func (s *fakeShell) exec() collect.Exec {
	return func(_ context.Context, _ string, command func(int) []string, stdin io.Reader, stdout io.Writer) error {
		s.mu.Lock()
		s.started = append(s.started, command(27017))
		s.mu.Unlock()
		text := ""
		fmt.Fprintf(stdout, "imbundle: a banner\n> ")
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			s.mu.Lock()
			s.typed = append(s.typed, lines.Text())
			s.mu.Unlock()
			if lines.Text() == `void (imbundle.text = "");` {
				text = ""
			} else if m := typedPiece.FindStringSubmatch(lines.Text()); m != nil {
				var piece string
				if err := json.Unmarshal([]byte(m[1]), &piece); err != nil {
					return err
				}
				text += piece
			} else if m := typedQuestion.FindStringSubmatch(lines.Text()); m != nil {
				answer, err := s.answer(m[2], text)
				if err != nil {
					return err
				}
				fmt.Fprintf(stdout, "> imbundle:%s:%s\n", m[1], answer)
			}
		}
		return nil
	}
}

func (s *fakeShell) answer(question, text string) ([]byte, error) {
	switch {
	case strings.Contains(question, ".auth(") && !strings.Contains(question, rightPassword):
		return []byte(`{"ok": {"$numberLong": "0"}, "code": {"$numberLong": "18"}, "errmsg": "Authentication failed"}`), nil
	case !strings.Contains(question, ".runCommand("):
		return []byte(`{"ok": {"$numberLong": "1"}}`), nil
	}
	var command bson.D
	if err := bson.UnmarshalExtJSON([]byte(text), false, &command); err != nil {
		return nil, err
	}
	return bson.MarshalExtJSON(s.server.reply(command), true, false)
}

const rightPassword = "Fake-shell-01"

func oldServer() *fakeMongo {
	f := &fakeMongo{docs: map[string]bson.D{}, seqs: []bson.D{seqDocument("si_a_b", 350)}}
	messages(f.docs, "si_a_b", 250, func(seq int64) bool { return seq >= 120 && seq <= 130 })
	return f
}

// TestOldServerByShell: a server that the client refuses tells the same by the shell in its pod as a newer one does itself, with the
// same bounds on each question, and no list of processes holds the password.
func TestOldServerByShell(t *testing.T) {
	ask := func(f *fakeMongo, exec collect.Exec) collected {
		login := backends.Login{}
		if exec != nil {
			login = backends.Login{Username: "openIM", Password: rightPassword}
		}
		return run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}, Login: login}, Exec: exec, Users: []string{"b", "a"}, Last: 200})
	}
	want := ask(startFake(t, oldServer()), nil).conversations["si_a_b"]
	f := oldServer()
	f.wire = tooOldWire
	s := &fakeShell{server: startFake(t, f)}
	c := ask(f, s.exec())
	got := c.conversations["si_a_b"]
	got.Time = want.Time
	if got.Mongo == nil || got.Mongo.Highest != 250 || !reflect.DeepEqual(got, want) {
		t.Errorf("by the shell\n%+v\nby the client\n%+v", got, want)
	}
	if len(c.mongo.Members) != 1 || c.mongo.Members[0].State != "standalone" || c.mongo.Asked != f.address {
		t.Errorf("the server: %+v", c.mongo)
	}
	if len(s.started) != 1 || strings.Contains(fmt.Sprint(s.started), rightPassword) || s.started[0][3] != "127.0.0.1:27017/openim_v3" {
		t.Errorf("started %q", s.started)
	}
	for _, line := range s.typed {
		if len(line) > 2*shellLine || strings.Contains(line, rightPassword) && !strings.Contains(line, ".auth(") {
			t.Errorf("typed %d characters: %.200s", len(line), line)
		}
	}
	for _, command := range f.asked {
		if n := strings.Count(fmt.Sprint(command), "maxTimeMS"); n != 1 {
			t.Errorf("%v carries maxTimeMS %d times", command[0], n)
		}
	}
}

// TestOldServerWithoutShell: what the shell lacks, and what it is told by the server, is a gap that names both.
func TestOldServerWithoutShell(t *testing.T) {
	f := oldServer()
	f.wire = tooOldWire
	startFake(t, f)
	says := func(text string) collect.Exec {
		return func(_ context.Context, _ string, _ func(int) []string, _ io.Reader, stdout io.Writer) error {
			_, _ = io.WriteString(stdout, text+"\n")
			return errors.New("command terminated with exit code 127")
		}
	}
	for name, x := range map[string]struct {
		exec     collect.Exec
		password string
		reason   string
		words    []string
	}{
		"no shell":       {says("there is neither mongo nor mongosh in this container"), rightPassword, bundle.Failed, []string{"neither mongo nor mongosh", "by hand"}},
		"no connection":  {says("Warning: x\nexception: connect failed"), rightPassword, bundle.Failed, []string{"connect failed", "exit code 127"}},
		"wrong password": {(&fakeShell{server: f}).exec(), "Fake-wrong-01", bundle.Forbidden, []string{"Authentication failed", "mongodb.yml"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Mongo: &backends.Mongo{Addresses: []string{f.address}, Login: backends.Login{Username: "openIM", Password: backends.Secret(x.password)}}, Exec: x.exec, Conversations: []string{"sg_1"}}
			c := run(t, o)
			c.gap(t, bundle.SeqFile, x.reason, append(x.words, "wire version", f.address)...)
			for entry, body := range c.entries {
				if strings.Contains(body, x.password) {
					t.Errorf("the password is in %s", entry)
				}
			}
		})
	}
}

// TestUnreachedByShell: a server to which no connection leads is asked by the shell in its pod; where there is no pod, or no shell, the gap
// says why no connection led there.
func TestUnreachedByShell(t *testing.T) {
	f := startFake(t, oldServer())
	refusing := func(context.Context, string, string) (net.Conn, error) {
		return nil, unreachedError{bundle.Timeout, "cannot be reached: directly: no such host; by port-forward to pod im/mongo-0: no route to host"}
	}
	ask := func(exec collect.Exec) collected {
		login := backends.Login{Username: "openIM", Password: rightPassword}
		return run(t, Options{Mongo: &backends.Mongo{Addresses: []string{"mongo-0:27017"}, Login: login}, Dial: refusing, Exec: exec, Users: []string{"b", "a"}, Last: 200})
	}
	c := ask((&fakeShell{server: f}).exec())
	if got := c.conversations["si_a_b"]; got.Mongo == nil || got.Mongo.Highest != 250 || c.mongo.Asked != "mongo-0:27017" || c.mongo.Members[0].Trouble != "" {
		t.Errorf("%+v, %+v", got, c.mongo)
	}
	c = ask(func(context.Context, string, func(int) []string, io.Reader, io.Writer) error {
		return unreachedError{bundle.NotFound, "no pod that was found has this address"}
	})
	c.gap(t, bundle.SeqFile, bundle.NotFound, "no route to host", "--mongo")
	if strings.Contains(c.mongo.Members[0].Trouble, "shell") {
		t.Errorf("%+v", c.mongo)
	}
	c = ask(func(_ context.Context, _ string, _ func(int) []string, _ io.Reader, stdout io.Writer) error {
		_, _ = io.WriteString(stdout, "there is neither mongo nor mongosh in this container\n")
		return errors.New("command terminated with exit code 127")
	})
	c.gap(t, bundle.SeqFile, bundle.NotFound, "no route to host", "nor by its own shell", "neither mongo nor mongosh", "--mongo")
}

// unreachedError is as the error of a dialer, or of a command for an address that is none of a pod.
type unreachedError struct{ reason, text string }

func (e unreachedError) Error() string     { return e.text }
func (e unreachedError) GapReason() string { return e.reason }

// TestRefusedWay: who may not take the way to a server is told that, rather than that its name means nothing here.
func TestRefusedWay(t *testing.T) {
	refusing := func(context.Context, string, string) (net.Conn, error) {
		return nil, fmt.Errorf("dial: %w", unreachedError{bundle.Forbidden, "cannot be reached: directly: no such host; by exec in pod im/x: a webhook denied the request; have the right granted"})
	}
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{"x:1"}}, Redis: &backends.Redis{Addresses: []string{"x:1"}}, Dial: refusing, Conversations: []string{"sg_1"}})
	for _, entry := range []string{bundle.SeqFile, bundle.MongoServer, bundle.RedisInfo} {
		c.gap(t, entry, bundle.Forbidden, "a webhook denied the request; have the right granted")
	}
}

// TestShellEndsMidway: what was read before stays, the rest is told.
func TestShellEndsMidway(t *testing.T) {
	f := oldServer()
	f.wire = tooOldWire
	s := &fakeShell{server: startFake(t, f)}
	ctx, die := context.WithCancel(t.Context())
	f.answer = func(name string, _ bson.D) bson.D {
		if name == "serverStatus" {
			die()
		}
		return nil
	}
	dying := func(runCtx context.Context, address string, command func(int) []string, stdin io.Reader, stdout io.Writer) error {
		typed, in := io.Pipe()
		context.AfterFunc(ctx, func() { in.Close() })
		context.AfterFunc(runCtx, func() { in.Close() })
		go io.Copy(in, stdin) // until either is closed
		return s.exec()(runCtx, address, command, typed, stdout)
	}
	c := run(t, Options{Mongo: &backends.Mongo{Addresses: []string{f.address}}, Exec: dying, Conversations: []string{"si_a_b"}})
	if len(c.mongo.Members) != 1 || c.mongo.Members[0].State != "standalone" {
		t.Errorf("%+v", c.mongo)
	}
	c.gap(t, bundle.SeqFile, bundle.Failed, "the shell has ended", f.address)
}

// TestAdvertisedMembers: a member that tells localhost is asked where it was reached, and no other is looked for on this machine; one
// of which nobody knows whose it is does not get the login.
func TestAdvertisedMembers(t *testing.T) {
	f := oldServer()
	f.hello = bson.D{
		{Key: "setName", Value: "rs0"},
		{Key: "isWritablePrimary", Value: true},
		{Key: "me", Value: "localhost:27017"},
		{Key: "hosts", Value: bson.A{"localhost:27017", "127.0.0.1:27018", "mongo-2.elsewhere:27017"}},
	}
	startFake(t, f)
	const named = "mongo-0.mongo.im.svc:27017"
	var mu sync.Mutex
	var dialled []string
	o := Options{Mongo: &backends.Mongo{Addresses: []string{named}}, Conversations: []string{"si_a_b"}}
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		dialled = append(dialled, address)
		mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, f.address)
	}
	o.Strange = func(string, string) error { return errors.New("nobody knows it") }
	c := run(t, o)
	if slices.ContainsFunc(dialled, collect.OwnHost) || !slices.Contains(dialled, "mongo-2.elsewhere:27017") { // there is no login to lose
		t.Errorf("dialled %q", dialled)
	}
	c.gap(t, bundle.MongoServer, bundle.Failed, "127.0.0.1:27018 is not dialled", named, "own host", "--mongo")
	if len(c.mongo.Members) != 3 {
		t.Errorf("members %+v", c.mongo.Members)
	}
	dialled, o.Mongo.Login = nil, backends.Login{Username: "openIM", Password: rightPassword}
	m := &mongoServer{of: o.Mongo, dial: o.Dial, strange: o.Strange}
	if _, _, err := m.meet(t.Context(), "mongo-2.elsewhere:27017", named); err == nil || !strings.Contains(err.Error(), "nobody knows it") || len(dialled) > 0 {
		t.Errorf("a stranger gets the login: %v, dialled %q", err, dialled)
	}
}

// TestShellOutlivesSlowAnswers: a question whose time ran out, while it was answered or while others were, costs itself only.
func TestShellOutlivesSlowAnswers(t *testing.T) {
	slow := make(chan struct{})
	exec := func(_ context.Context, _ string, _ func(int) []string, stdin io.Reader, stdout io.Writer) error {
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			if m := typedQuestion.FindStringSubmatch(lines.Text()); m != nil {
				if m[2] == "slow" {
					<-slow
				}
				fmt.Fprintf(stdout, "imbundle:%s:{\"ok\": {\"$numberLong\": \"1\"}}\n", m[1])
			}
		}
		return nil
	}
	s := startShell(t.Context(), exec, "mongo-0:27017", "openim_v3")
	defer s.close(t.Context())
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.put(short, "", "slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a slow answer: %v", err)
	}
	if _, err := s.put(short, "", "quick"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a question that comes too late: %v", err)
	}
	close(slow)
	if _, err := s.put(t.Context(), "", "quick"); err != nil {
		t.Errorf("the next question: %v", err)
	}
}

// TestShellTellsWhoseErrorItIs: what the shell itself could not do is no refusal of the server.
func TestShellTellsWhoseErrorItIs(t *testing.T) {
	var refusal mongo.CommandError
	for answer, refused := range map[string]bool{
		`{"ok": {"$numberLong": "0"}, "shell": false, "code": {"$numberLong": "13"}, "errmsg": "not authorized"}`:      true,
		`{"ok": {"$numberLong": "0"}, "shell": true, "code": {"$numberLong": "0"}, "errmsg": "x is not a function"}`:   false,
		`{"ok": {"$numberLong": "0"}, "shell": false, "code": {"$numberLong": "9001"}, "errmsg": "socket exception"}`:  false,
		`{"ok": {"$numberLong": "0"}, "code": {"$numberLong": "59"}, "errmsg": "no such command: 'replSetGetStatus'"}`: true,
	} {
		if _, err := decoded(answer); err == nil || errors.As(err, &refusal) != refused {
			t.Errorf("%s gives %v", answer, err)
		}
	}
}
