package plain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"regexp"
	"time"
)

// The prefixes of lines that are undone here. What the scanner reads itself (kubectl's, compose's) is left alone.
var (
	criLine    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP](?: |$)`)
	dockerLine = regexp.MustCompile(`^\{"log": ?".*"stream": ?"std(?:out|err)".*"time": ?"\d{4}-`)

	colour      = `(?:\x1b\[[0-9;]*m)*`
	sternLine   = regexp.MustCompile(`^` + colour + `(?:[a-z0-9][-a-z0-9]* )?` + colour + `([a-z0-9][-a-z0-9.]*-(?:[a-z0-9]{5}|[0-9]{1,3}))` + colour + ` ` + colour + `([a-z][-a-z0-9]*)` + colour + ` `)
	journalLine = regexp.MustCompile(`^(?:[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) [-\w.]+ ([-\w./@]+)(?:\[\d+\])?: (.*)$`)
	timestamped = regexp.MustCompile(`^(?:\[pod/\S+\] )?\d{4}-\d\d-\d\dT\d\d:\d\d:`)
	ownTime     = regexp.MustCompile(`^(?:\x1b\[[0-9;]*m)*[\[{]?(?:"level"|"time|"ts"|"t":|\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d)`)
)

// lineForm is one way in which lines are wrapped.
type lineForm struct {
	name string
	is   func(line []byte) bool
	undo func() func(out, line []byte) ([]byte, bool)
}

var lineForms = []lineForm{
	{"cri", criLine.Match, undoCRI},
	{"docker", dockerLine.Match, undoDocker},
	{"stern", sternLine.Match, undoStern},
	{"journal", journalLine.Match, undoJournal},
}

// wrapped is the form that most of the first lines have.
func wrapped(head []byte) *lineForm {
	lines := bytes.Split(head, []byte("\n"))
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last may be cut
	}
	lines = lines[:min(len(lines), 40)]
	for i := range lineForms {
		f, hits, all := &lineForms[i], 0, 0
		for _, line := range lines {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			all++
			if f.is(trimEnd(line)) {
				hits++
			}
		}
		if hits > 0 && 2*hits > all && (f.name != "stern" || sternTimed(lines)) && (f.name != "journal" || 3*journalTimed(lines) >= hits) {
			return f
		}
	}
	return nil
}

// sternTimed tells whether a line goes on with a time of its own after what looks like stern's prefix; prose does not.
func sternTimed(lines [][]byte) bool {
	for _, line := range lines {
		if m := sternLine.Find(line); m != nil && ownTime.Match(line[len(m):]) {
			return true
		}
	}
	return false
}

// journalTimed counts the records of containers that journald or syslog hold: they have a time of their own. One that was split
// has none in its second half.
func journalTimed(lines [][]byte) (n int) {
	for _, line := range lines {
		if m := journalLine.FindSubmatch(trimEnd(line)); m != nil && ownTime.Match(m[2]) {
			n++
		}
	}
	return n
}

// undoCRI takes "TIME stdout F text" apart; the pieces of a long line (P) are joined.
func undoCRI() func(out, line []byte) ([]byte, bool) {
	var held []byte
	return func(out, line []byte) ([]byte, bool) {
		if !criLine.Match(line) {
			return append(out, line...), true
		}
		at, rest, _ := bytes.Cut(line, []byte(" "))
		_, rest, _ = bytes.Cut(rest, []byte(" "))
		tag, text, _ := bytes.Cut(rest, []byte(" "))
		if tag[0] == 'P' {
			if len(held) < maxLine {
				held = append(held, text...)
			}
			return out, false
		}
		out = append(kubeletTime(out, string(at)), held...)
		held = held[:0]
		return append(out, text...), true
	}
}

// kubeletTime writes a time as kubectl does, with nine digits, and a blank after it.
func kubeletTime(out []byte, at string) []byte {
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return out
	}
	return stampTime(out, t)
}

func stampTime(out []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(out, "2006-01-02T15:04:05.000000000Z"), ' ')
}

// undoDocker reads docker's json-file; a record without a line end goes on in the next one.
func undoDocker() func(out, line []byte) ([]byte, bool) {
	var held []byte
	return func(out, line []byte) ([]byte, bool) {
		var rec struct{ Log, Time string }
		if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &rec) != nil || rec.Time == "" {
			return append(out, line...), true
		}
		text := trimEnd([]byte(rec.Log))
		if len(text) == len(rec.Log) && len(held) < maxLine {
			held = append(held, text...)
			return out, false
		}
		out = append(kubeletTime(out, rec.Time), held...)
		held = held[:0]
		return append(out, text...), true
	}
}

// undoStern turns "[namespace] pod container text" into kubectl's prefix.
func undoStern() func(out, line []byte) ([]byte, bool) {
	return func(out, line []byte) ([]byte, bool) {
		m := sternLine.FindSubmatchIndex(line)
		if m == nil {
			return append(out, line...), true
		}
		out = podPrefix(out, string(line[m[2]:m[3]]), string(line[m[4]:m[5]]))
		return append(out, line[m[1]:]...), true
	}
}

// podPrefix writes kubectl's prefix of a line.
func podPrefix(out []byte, pod, container string) []byte {
	out = append(append(out, "[pod/"...), pod...)
	return append(append(append(out, '/'), container...), "] "...)
}

// undoJournal takes the prefix of journald and syslog off what is not the kernel's, which has no other time.
func undoJournal() func(out, line []byte) ([]byte, bool) {
	return func(out, line []byte) ([]byte, bool) {
		m := journalLine.FindSubmatchIndex(line)
		if m == nil || string(line[m[2]:m[3]]) == "kernel" {
			return append(out, line...), true
		}
		return append(out, line[m[4]:m[5]]...), true
	}
}

// unwrap gives the lines of in without what most of them begin with.
func unwrap(in *bufio.Reader, f *lineForm) *rewriter { return &rewriter{in: in, line: f.undo()} }
