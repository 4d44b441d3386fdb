package analyze

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What redis-cli prints: the slow log, the counters of conversations and INFO, as people paste them.

// SlowCommand is an entry of SLOWLOG GET.
type SlowCommand struct {
	Entry   string
	Line    int64
	At      time.Time
	Took    time.Duration
	Command string // lower case
	Key     string
}

// SeqCounter is the reply to HMGET MALLOC_SEQ:<conversation> CURR LAST.
type SeqCounter struct {
	Entry        string
	Line         int64
	Conversation string
	Current      int64
	Last         int64 // end of the reserved block
	Old          int64 // the reply to GET MAX_SEQ:<conversation>, which 3.7 counted with; 0 where it was not asked for
}

var (
	slowStart = regexp.MustCompile(`^\s*\d+\) 1\) \(integer\) \d+`)
	slowField = regexp.MustCompile(`^\s*([234])\) \(integer\) (\d+)`)
	slowWords = regexp.MustCompile(`^\s*4\) 1\) "([^"]*)"`)
	slowArg   = regexp.MustCompile(`^\s*2\) "([^"]*)"`)
	seqAsked  = regexp.MustCompile(`(?i)HMGET MALLOC_SEQ:(\S+) CURR LAST`)
	oldAsked  = regexp.MustCompile(`(?i)\bGET MAX_SEQ:(\S+)`)
	oldReply  = regexp.MustCompile(`^\s*"(\d+)"`)
	quoted    = regexp.MustCompile(`^\s*[12]\) "(\d+)"`)
)

// isRedis recognises a transcript of redis-cli.
func isRedis(head []byte) bool {
	return bytes.Contains(head, []byte("1) (integer) ")) && bytes.Contains(head, []byte("4) 1) \"")) || seqAsked.Match(head) || infoSure.Match(head)
}

// redisReader reads a transcript line by line.
type redisReader struct {
	entry   string
	line    int64
	slow    *SlowCommand
	counter *SeqCounter
	replies int
	asked   string           // conversation whose MAX_SEQ was asked for in the line before
	old     map[string]int64 // MAX_SEQ by conversation
	info    *RedisInfo
}

func (s *snapshots) readRedis(r io.Reader, entry string) error {
	t := &redisReader{entry: entry, old: map[string]int64{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		t.line++
		t.read(strings.TrimRight(lines.Text(), "\r "), s)
	}
	t.flush(s)
	for i := range s.Counters {
		if c := &s.Counters[i]; c.Entry == entry {
			c.Old = t.old[c.Conversation]
		}
	}
	t.flushInfo(s)
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading redis replies: %w", err)
	}
	return nil
}

func (t *redisReader) flush(s *snapshots) {
	if t.slow != nil && t.slow.Command != "" {
		s.Slow = append(s.Slow, *t.slow)
		s.told++
	}
	if t.counter != nil && t.replies == 2 {
		s.Counters = append(s.Counters, *t.counter)
		s.told++
	}
	t.slow, t.counter = nil, nil
}

func (t *redisReader) read(line string, s *snapshots) {
	t.readInfo(line, s)
	if slowStart.MatchString(line) {
		t.flush(s)
		t.slow = &SlowCommand{Entry: t.entry, Line: t.line}
		return
	}
	if m := seqAsked.FindStringSubmatch(line); m != nil {
		t.flush(s)
		t.counter, t.replies = &SeqCounter{Entry: t.entry, Line: t.line, Conversation: m[1]}, 0
		return
	}
	if t.slow != nil {
		t.slow.read(line)
	}
	if m := oldReply.FindStringSubmatch(line); m != nil && t.asked != "" {
		t.old[t.asked], _ = strconv.ParseInt(m[1], 10, 64)
	}
	t.asked = ""
	if m := oldAsked.FindStringSubmatch(line); m != nil {
		t.asked = m[1]
	}
	if m := quoted.FindStringSubmatch(line); m != nil && t.counter != nil && t.replies < 2 {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return
		}
		if t.replies == 0 {
			t.counter.Current = n
		} else {
			t.counter.Last = n
		}
		t.replies++
	}
}

func (c *SlowCommand) read(line string) {
	if m := slowField.FindStringSubmatch(line); m != nil {
		n, err := strconv.ParseInt(m[2], 10, 64)
		switch {
		case err != nil:
		case m[1] == "2":
			c.At = time.Unix(n, 0).UTC()
		case m[1] == "3":
			c.Took = time.Duration(n) * time.Microsecond
		}
		return
	}
	if m := slowWords.FindStringSubmatch(line); m != nil {
		c.Command = strings.ToLower(m[1])
	} else if m := slowArg.FindStringSubmatch(line); m != nil && c.Command != "" && c.Key == "" {
		c.Key = m[1]
	}
}
