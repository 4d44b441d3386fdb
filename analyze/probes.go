package analyze

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/scan"
)

// The package's own patterns: what shows that a hop works, how requests were answered, which numbers were given out.

type hopKey struct {
	hop  int16
	role int16
}

// maxSeconds bounds the seconds of progress that are kept per hop and entry; beyond it only first, last and count go on.
const maxSeconds = 20_000

// progress is the work of a hop in one entry.
type progress struct {
	count       int64
	first, last int64 // unix nanoseconds
	ticks       []second
	dropped     bool
}

func (p *pass) hopHit(hop int, role int16, h scan.Hit) {
	roles := p.shared.hops[hop].roles
	if roles != nil && role >= 0 && !roles[role] || troubled(h.Level) {
		return
	}
	key := hopKey{int16(hop), role}
	c := p.current.hops[key]
	if c == nil {
		c = &progress{}
		p.current.hops[key] = c
	}
	c.add(h.At)
}

// troubled tells a level at which a line is no sign of progress.
func troubled(l scan.Level) bool {
	return l == scan.LevelWarn || l == scan.LevelError || l == scan.LevelPanic || l == scan.LevelFatal
}

// calm tells a level at which programs report what they do.
func calm(l scan.Level) bool { return l == scan.LevelInfo || l == scan.LevelDebug }

func (c *progress) add(at int64) {
	c.count++
	if at == 0 {
		return
	}
	if c.first == 0 || at < c.first {
		c.first = at
	}
	c.last = max(c.last, at)
	var kept bool
	c.ticks, kept = tick(c.ticks, at)
	c.dropped = c.dropped || !kept
}

// second is a Tick in eight bytes: the unix second above, below it how many lines beyond the first.
type second int64

const (
	secondShift = 20
	mostLines   = 1<<secondShift - 1
)

func (s second) tick() Tick { return Tick{int64(s >> secondShift), int(s&mostLines) + 1} }

// tick counts a line in its second; it tells false when there are too many seconds already.
func tick(ticks []second, at int64) ([]second, bool) {
	now := second(at/int64(time.Second)) << secondShift
	switch n := len(ticks); {
	case n > 0 && ticks[n-1]&^mostLines == now && ticks[n-1]&mostLines < mostLines:
		ticks[n-1]++
	case n >= maxSeconds:
		return ticks, false
	default:
		ticks = append(ticks, now)
	}
	return ticks, true
}

// answerTexts are the requests whose outcome is counted: logins, sends and pulls, as RPC and as HTTP.
var answerTexts = []string{
	"msg.msg/SendMsg", "Request - SendMsg", "Success - SendMsg", "Error - SendMsg", "/msg/send_msg",
	"/getAdminToken", "/getUserToken", "/auth/user_token", "/auth/get_user_token", "/auth/get_admin_token",
	"/PullMessageBySeqs", "/pull_msg_by_seq", "Request - Login", "Success - Login", "Error - Login", "chat.chat/login", "chat.chat/Login",
}

type answerKey struct {
	request string
	role    int16
	code    int
}

type answerCell struct {
	count       int
	first, last int64
	example     sample
	ticks       []second // of successful sends, to compare with what msgtransfer does
}

var (
	respMarks = []string{"response", "Response", "http request processed", "rpc resp"}
	okMarks   = []string{"response success", "Response Success", "rpc resp success"}
	sendMarks = [][]byte{[]byte("SendMsg"), []byte("send_msg")}
	pullMarks = [][]byte{[]byte("/PullMessageBySeqs"), []byte("pull_msg_by_seq")}

	errCodeField = regexp.MustCompile(`\\?"errCode\\?":\s*(\d+)`)
	errorCode    = regexp.MustCompile(`(?:Error: |"error": ?"|"error":")(?:Error: )?(\d{3,5})\b`)
	grpcCode     = regexp.MustCompile(`code = (\w+)`)
)

// answerHit counts the answer of a request that is watched, and follows requests that get none; other mentions are passed over.
func (p *pass) answerHit(role int16, h scan.Hit) {
	key, line := answerKey{"login", role, 0}, h.Text()
	switch {
	case anyOf(line, sendMarks):
		key.request = "send"
	case anyOf(line, pullMarks):
		key.request = "pull"
	}
	says := message(h)
	if !mentions(says, respMarks) {
		p.current.asked(waitKey{key.request, role}, h)
		return
	}
	p.current.answered(waitKey{key.request, role})
	if !mentions(says, okMarks) {
		key.code = answerCode(line)
	}
	c := p.current.answers[key]
	if c == nil {
		c = &answerCell{example: sample{h.Line, h.At, excerpt(line, 0)}}
		p.current.answers[key] = c
	}
	c.add(h.At, key.request == "send" && key.code == 0)
}

type waitKey struct {
	request string
	role    int16
}

// wait counts the requests since the last answer.
type wait struct {
	answers      int
	count        int
	since, until int64
	example      sample
}

// open tells whether there were answers before and requests without one since.
func (w *wait) open() bool { return w.answers > 0 && w.count > 0 }

var requestMarks = []string{"rpc client request", "RPC Client Request"}

func (t *textHits) asked(key waitKey, h scan.Hit) {
	if h.At == 0 || !mentions(message(h), requestMarks) {
		return
	}
	w := t.waits[key]
	if w == nil {
		w = &wait{}
		t.waits[key] = w
	}
	if w.count == 0 {
		w.since, w.example = h.At, sample{h.Line, h.At, excerpt(h.Text(), 0)}
	}
	w.count++
	w.until = h.At
}

func (t *textHits) answered(key waitKey) {
	if w := t.waits[key]; w != nil {
		w.answers++
		w.count = 0
	}
}

func (c *answerCell) add(at int64, keep bool) {
	c.count++
	if at == 0 {
		return
	}
	if c.first == 0 || at < c.first {
		c.first = at
	}
	c.last = max(c.last, at)
	if keep {
		c.ticks, _ = tick(c.ticks, at)
	}
}

func anyOf(text []byte, marks [][]byte) bool {
	for _, m := range marks {
		if bytes.Contains(text, m) {
			return true
		}
	}
	return false
}

// message is the message of a record; of a line that is none the whole.
func message(h scan.Hit) string {
	if text := h.Rec().Message; text != "" {
		return text
	}
	return string(h.Text())
}

func mentions(text string, marks []string) bool {
	return slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(text, mark) })
}

// answerCode reads the error code of an answer that is no plain success; 500 when it names none.
func answerCode(text []byte) int {
	if m := errCodeField.FindSubmatch(text); m != nil {
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	if m := errorCode.FindSubmatch(text); m != nil {
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	if m := grpcCode.FindSubmatch(text); m != nil {
		if n, ok := grpcCodes[string(m[1])]; ok {
			return n
		}
	}
	return 500
}

var grpcCodes = map[string]int{"DeadlineExceeded": 4, "ResourceExhausted": 8, "Unimplemented": 12, "Internal": 13, "Unavailable": 14}

// seqText is in every record that msgtransfer writes when it stores messages.
const seqText = "lastSeq:"

// maxConversations bounds the conversations whose numbers are followed within one entry.
const maxConversations = 5000

// The Redis counter is given out in reserved blocks (50 or 100 beyond the batch), so a lost key skips about as much.
const (
	leastJump = 40
	mostJump  = 700
)

// seqJump is a forward jump of a conversation's last number.
type seqJump struct {
	conversation string
	from, to     int64
	before       int64 // time of the number before, unix nanoseconds
	hit          sample
}

var lastSeq = regexp.MustCompile(`^lastSeq:(\d+)\s+conversationID:\\?"([^"\\]+)`)

// seqHit follows the numbers of each conversation.
func (p *pass) seqHit(h scan.Hit) {
	line := h.Text()
	m := lastSeq.FindSubmatch(line[bytes.Index(line, []byte(seqText)):])
	if m == nil {
		return
	}
	t := p.current
	seq, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return
	}
	if t.lastSeqs == nil {
		t.lastSeqs = map[string]seqMark{}
	}
	last, known := t.lastSeqs[string(m[2])]
	if known && seq-last.seq >= leastJump && seq-last.seq <= mostJump && len(t.seqs) < maxSamples*8 {
		t.seqs = append(t.seqs, seqJump{string(m[2]), last.seq, seq, last.at, sample{h.Line, h.At, excerpt(h.Text(), 0)}})
	}
	if known || len(t.lastSeqs) < maxConversations {
		t.lastSeqs[string(m[2])] = seqMark{seq, h.At}
	}
}

type seqMark struct{ seq, at int64 }
