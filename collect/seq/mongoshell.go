package seq

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// shellScript runs the shell that is beside the server: the old one first, which in an image is that of its server. It reads no
// file of its own, leaves no history and reports to nobody.
const shellScript = `export HOME=/dev/null MONGOSH_FORCE_DISABLE_TELEMETRY_FOR_TESTING=1 PATH="$PATH:/opt/bitnami/mongodb/bin"
for shell in mongo mongosh; do
	command -v $shell >/dev/null 2>&1 && exec $shell --quiet --norc "$0" 2>&1
done
echo "there is neither mongo nor mongosh in this container"
exit 127`

// shellPrelude defines, for every version of either shell, how an answer is printed: on one line, as extended JSON, whatever else the
// shell prints. Of its types of values only those that are read have a form.
const shellPrelude = `var imbundle = {text: ""};
imbundle.say = function (n, v) { print("imbundle" + ":" + n + ":" + JSON.stringify(v)); };
imbundle.number = function (v) { return v % 1 === 0 ? {"$numberLong": v.toFixed(0)} : {"$numberDouble": String(v)}; };
imbundle.fields = function (v) { var d = {}; Object.keys(v).forEach(function (k) { d[k] = imbundle.plain(v[k]); }); return d; };
imbundle.plain = function (v) {` +
	` if (typeof v === "string" || typeof v === "boolean") { return v; }` +
	` if (typeof v === "number") { return imbundle.number(v); }` +
	` if (typeof v !== "object" || v === null) { return null; }` +
	` if (v instanceof Date) { return {"$date": {"$numberLong": String(v.getTime())}}; }` +
	` if (v instanceof NumberLong || v._bsontype === "Long") { return {"$numberLong": String(v).replace(/[^0-9-]/g, "")}; }` +
	` if (Array.isArray(v)) { return v.map(imbundle.plain); }` +
	` return v._bsontype ? null : imbundle.fields(v); };
imbundle.wrong = function (e) { return imbundle.plain({ok: 0, shell: e.ok !== 0 && typeof e.errmsg === "undefined" && typeof e.code !== "number", code: e.code || 0, errmsg: e.errmsg || e.message || String(e)}); };
try { db.getMongo().setSlaveOk(); } catch (e) { }
`

const (
	shellMark  = "imbundle:"
	shellLine  = 1000             // characters: old shells take lines of 4096 bytes
	shellStart = 30 * time.Second // for the shell to be there
	mostAnswer = 16 << 20
)

// shell is a session of the shell beside a server. It takes one question at a time; credentials are typed in, never arguments.
type shell struct {
	turn    chan struct{} // of who asks
	in      *io.PipeWriter
	answers chan shellAnswer // closed when the shell has ended
	n       int              // of the last question
	end     context.CancelFunc
	work    sync.WaitGroup
	said    string // the last that it said before the first answer: why there is none
	err     error  // with which it ended
}

type shellAnswer struct {
	n    int
	text string
}

// shellError is why a server that the client refuses or does not reach does not tell by its shell either.
type shellError struct{ old, err error }

func (e *shellError) Error() string {
	return e.old.Error() + "; nor by its own shell: " + e.err.Error()
}

func (e *shellError) Unwrap() []error { return []error{e.old, e.err} }

// byShell asks by the shell beside a server that the client refuses or does not reach, for which old is the reason.
func (m *mongoServer) byShell(ctx context.Context, address string, old error) (asker, greeting, error) {
	var said greeting
	if m.tls != nil {
		return nil, said, &shellError{old, errors.New("it is not asked where TLS is configured")}
	}
	s := startShell(ctx, m.exec, address, m.told.Database)
	err := s.login(ctx, m.source, m.of.Login)
	if err == nil {
		err = runOn(ctx, s, "admin", bson.D{{Key: "isMaster", Value: 1}}, &said)
	}
	if err == nil {
		err = m.authenticated(ctx, s)
	}
	if err != nil {
		s.close(ctx)
		return nil, said, &shellError{old, err}
	}
	return s, said, nil
}

func startShell(ctx context.Context, run collect.Exec, address, database string) *shell {
	ctx, end := context.WithCancel(ctx)
	in, typed := io.Pipe()
	printed, out := io.Pipe()
	s := &shell{turn: make(chan struct{}, 1), in: typed, answers: make(chan shellAnswer), end: end}
	s.work.Go(func() {
		s.err = run(ctx, address, func(port int) []string {
			return []string{"sh", "-c", shellScript, fmt.Sprintf("127.0.0.1:%d/%s", port, database)}
		}, in, out)
		in.Close()
		out.Close()
	})
	s.work.Go(func() {
		defer close(s.answers)
		s.listen(ctx, printed)
		printed.Close()
	})
	return s
}

// listen finds the answers in what the shell prints, prompts and echoes included.
func (s *shell) listen(ctx context.Context, printed io.Reader) {
	lines := bufio.NewScanner(printed)
	lines.Buffer(nil, mostAnswer)
	answered := false
	for lines.Scan() {
		_, marked, is := strings.Cut(lines.Text(), shellMark)
		number, text, whole := strings.Cut(marked, ":")
		n, err := strconv.Atoi(number)
		if !is || !whole || err != nil {
			if !answered { // afterwards it might repeat what it was told
				s.said = cmp.Or(strings.TrimSpace(lines.Text()), s.said)
			}
			continue
		}
		answered, s.said = true, ""
		select {
		case s.answers <- shellAnswer{n, text}:
		case <-ctx.Done():
			return
		}
	}
}

// login waits for the shell, then tells it who asks.
func (s *shell) login(ctx context.Context, source string, l backends.Login) error {
	ctx, cancel := context.WithTimeout(ctx, shellStart)
	defer cancel()
	if _, err := s.put(ctx, shellPrelude, `{ok: {"$numberLong": "1"}}`); err != nil || l.Username == "" {
		return err
	}
	who, err := json.Marshal(map[string]string{"user": l.Username, "pwd": l.Password.Reveal()})
	if err != nil {
		return fmt.Errorf("encoding the login: %w", err)
	}
	// On the line of auth( neither shell keeps what it is told.
	_, err = s.put(ctx, "", fmt.Sprintf(`db.getSiblingDB(%s).auth(JSON.parse(%s)) ? {ok: {"$numberLong": "1"}} : imbundle.wrong({code: 18, errmsg: "Authentication failed"})`, quoted(source), quoted(string(who))))
	return err
}

func (s *shell) ask(ctx context.Context, database string, command bson.D) (bson.Raw, error) {
	text, err := bson.MarshalExtJSON(command, false, false)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", command[0].Key, err)
	}
	var lines strings.Builder
	lines.WriteString("void (imbundle.text = \"\");\n")
	for rest := []rune(string(text)); len(rest) > 0; {
		n := min(len(rest), shellLine/4)
		fmt.Fprintf(&lines, "void (imbundle.text += %s);\n", quoted(string(rest[:n])))
		rest = rest[n:]
	}
	return s.put(ctx, lines.String(), fmt.Sprintf("imbundle.plain(db.getSiblingDB(%s).runCommand(JSON.parse(imbundle.text)))", quoted(database)))
}

// put types lines, then a line that says the value of an expression, and waits for it.
func (s *shell) put(ctx context.Context, lines, expression string) (bson.Raw, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.turn }()
	if err := ctx.Err(); err != nil {
		return nil, err // others were slow: the session is sound
	}
	s.n++
	stuck := context.AfterFunc(ctx, s.end)
	_, err := fmt.Fprintf(s.in, "%stry { imbundle.say(%d, %s); } catch (e) { imbundle.say(%[2]d, imbundle.wrong(e)); }\n", lines, s.n, expression)
	stuck()
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for {
		select {
		case a, open := <-s.answers:
			if !open {
				return nil, s.ended()
			}
			if a.n == s.n { // none that came too late for its question
				return decoded(a.text)
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ended says why the shell is not there any more.
func (s *shell) ended() error {
	s.end() // where only its answers ended
	s.work.Wait()
	err := errors.New("the shell has ended")
	if s.err != nil {
		err = fmt.Errorf("%w: %w", err, s.err)
	}
	if s.said != "" {
		err = fmt.Errorf("%w: %s", err, s.said)
	}
	return err
}

func (s *shell) close(context.Context) {
	s.in.Close()
	s.end()
	s.work.Wait()
}

// decoded is an answer as the server gave it.
func decoded(text string) (bson.Raw, error) {
	var state struct {
		OK      float64 `bson:"ok"`
		Code    int32   `bson:"code"`
		Message string  `bson:"errmsg"`
		Shell   bool    `bson:"shell"` // the error is not the server's
	}
	var d bson.D
	if err := bson.UnmarshalExtJSON([]byte(text), true, &d); err != nil {
		return nil, fmt.Errorf("reading what the shell answers: %w", err)
	}
	raw, err := bson.Marshal(d)
	if err == nil {
		err = bson.Unmarshal(raw, &state)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what the shell answers: %w", err)
	}
	switch {
	case state.Shell || slices.Contains(lostConnection, state.Code):
		return nil, fmt.Errorf("the shell: %s", state.Message)
	case state.OK != 1:
		return nil, mongo.CommandError{Code: state.Code, Message: state.Message}
	}
	return raw, nil
}

// lostConnection are codes of the shell itself: HostUnreachable, HostNotFound, NetworkTimeout, SocketException, shutdown.
var lostConnection = []int32{6, 7, 89, 91, 9001, 11600}

// quoted is a string as a literal of JavaScript.
func quoted(s string) string {
	b, _ := json.Marshal(s) // of a string that is always possible
	return string(b)
}
