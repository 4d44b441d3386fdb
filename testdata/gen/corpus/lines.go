package corpus

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// kind is a component and the way it logs.
type kind struct {
	component string
	format    format
	version   string // as in the version column, brackets included
	coloured  bool
	kubelet   bool // lines carry the kubelet's time
	info      []text
	trouble   []text
}

type format int

const (
	console format = iota
	split          // console of v3.8.3…patch.5
	zapJSON
	kafka
	redis
	mongod
	etcd
)

// text is a message with its caller and fields; see source.expand for the letters after %.
type text struct{ level, caller, message, fields string }

// source writes the lines of one log.
type source struct {
	*rand.Rand
	kind
	now  time.Time
	step time.Duration
	pid  int
	buf  []byte
	body []byte
}

// troubled is the share of lines at WARN and ERROR, in thousandths.
const troubled = 18

// line makes the next line, or both lines of a split record. It is valid until the next call.
func (g *source) line() []byte {
	g.now = g.now.Add(time.Duration(g.Int64N(int64(2*g.step)) + 1))
	t := g.info[g.IntN(len(g.info))]
	if g.IntN(1000) < troubled {
		t = g.trouble[g.IntN(len(g.trouble))]
	}
	g.buf = g.buf[:0]
	g.stamp()
	switch g.format {
	case zapJSON:
		g.zap(t)
	case kafka:
		g.printf("[%s] %s %s", g.now.Format("2006-01-02 15:04:05,000"), t.level, g.expand(t.message+t.fields))
	case redis:
		g.printf("%d:M %s %s %s", g.pid, g.now.Format("02 Jan 2006 15:04:05.000"), redisMark[t.level], g.expand(t.message+t.fields))
	case mongod:
		g.printf(`{"t":{"$date":"%s"},"s":"%s",  "c":"%s",  "id":%d,"ctx":"conn%d","msg":"%s","attr":%s}`,
			g.now.Format("2006-01-02T15:04:05.000+00:00"), t.level[:1], t.caller, 20000+g.IntN(9000), g.IntN(3000), t.message, g.expand(t.fields))
	case etcd:
		g.printf(`{"level":"%s","ts":"%s","caller":"%s","msg":"%s",%s}`,
			etcdLevel[t.level], g.now.Format("2006-01-02T15:04:05.000000Z"), t.caller, t.message, g.expand(t.fields))
	default:
		g.console(t)
	}
	g.buf = append(g.buf, '\n')
	return g.buf
}

var (
	redisMark = map[string]string{"INFO": "*", "WARN": "#", "ERROR": "#", "DEBUG": "-"}
	etcdLevel = map[string]string{"INFO": "info", "WARN": "warn", "ERROR": "error", "DEBUG": "debug"}
	colours   = map[string]string{"INFO": "\x1b[34m", "WARN": "\x1b[33m", "ERROR": "\x1b[31m", "DEBUG": "\x1b[37m"}
)

func (g *source) printf(form string, args ...any) { g.buf = fmt.Appendf(g.buf, form, args...) }

// stamp writes the kubelet's time.
func (g *source) stamp() {
	if g.kubelet {
		g.buf = g.now.Add(time.Duration(20000+g.IntN(900000))).AppendFormat(g.buf, "2006-01-02T15:04:05.000000000Z ")
	}
}

// console writes zap's columns with their padding.
func (g *source) console(t text) {
	on, off := colours[t.level], "\x1b[0m"
	if !g.coloured {
		on, off = "", ""
	}
	g.buf = g.now.AppendFormat(g.buf, "2006-01-02 15:04:05.000")
	g.column(on, t.level, off, 0)
	g.column(on, "[PID:"+strconv.Itoa(g.pid)+"]", off, 15)
	g.column(on, g.component, off, 25)
	if g.format == split {
		g.buf = append(append(g.buf, '\t'), g.version...)
		g.buf = append(g.buf, '\n')
		g.stamp()
		g.pad("]", 22)
	} else {
		g.column("", g.version, "", 30)
	}
	g.column("", "["+t.caller+"]", "", 50)
	g.column("", t.message, "", 50)
	g.buf = append(append(g.buf, "\t{"...), g.expand(t.fields)...)
	g.buf = append(g.buf, '}')
}

func (g *source) column(on, s, off string, width int) {
	g.buf = append(append(g.buf, '\t'), on...)
	g.pad(s, width)
	g.buf = append(g.buf, off...)
}

func (g *source) pad(s string, width int) {
	g.buf = append(g.buf, s...)
	for n := len(s); n < width; n++ {
		g.buf = append(g.buf, ' ')
	}
}

func (g *source) zap(t text) {
	g.printf(`{"level":"%s","time":"%s","logger":"%s","caller":"%s","msg":"%-50s","PID":%d,"version":"%s",%s}`,
		t.level, g.now.Format("2006-01-02 15:04:05.000"), g.component, t.caller, t.message, g.pid, g.version[1:len(g.version)-1], g.expand(t.fields))
}

// expand replaces %o operation id, %u user, %c conversation, %i address, %n number, %h 32 hex digits, %m text of a message.
func (g *source) expand(s string) []byte {
	b := g.body[:0]
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'o':
			b = strconv.AppendInt(b, g.now.UnixNano(), 10)
		case 'u':
			b = strconv.AppendInt(append(b, "user"...), int64(10000+g.IntN(50000)), 10)
		case 'c':
			b = fmt.Appendf(b, "si_user%d_user%d", 10000+g.IntN(50000), 10000+g.IntN(50000))
		case 'i':
			b = fmt.Appendf(b, "10.42.%d.%d:%d", g.IntN(8), g.IntN(250), 10000+g.IntN(400))
		case 'n':
			b = strconv.AppendInt(b, int64(g.IntN(100000)), 10)
		case 'h':
			b = fmt.Appendf(b, "%016x%016x", g.Uint64(), g.Uint64())
		case 'm':
			b = append(b, chatter[g.IntN(len(chatter))]...)
		default:
			b = append(b, '%', s[i])
		}
	}
	g.body = b
	return b
}
