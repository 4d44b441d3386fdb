package scan

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/imbundle/imbundle/testdata/gen/corpus"
)

// The reference: every line stripped by an expression, every pattern tried on every line by the regexp package.

var colourExpression = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// plainLines splits a text as Scan says.
func plainLines(text []byte, maxLine int) (lines [][]byte) {
	if len(text) == 0 {
		return nil
	}
	for _, l := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if len(l) > maxLine {
			l = l[:maxLine]
		} else {
			l = bytes.TrimSuffix(l, []byte("\r"))
		}
		lines = append(lines, colourExpression.ReplaceAll(l, nil))
	}
	return lines
}

// plainPattern is a Pattern as the regexp package sees it.
type plainPattern struct {
	Pattern
	match, unless *regexp.Regexp
}

func plainPatterns(ps []Pattern) (out []plainPattern) {
	for _, p := range ps {
		out = append(out, plainPattern{p, regexp.MustCompile(p.Match), regexp.MustCompile(p.Unless)})
	}
	return out
}

func (p *plainPattern) describes(line []byte, level Level) bool {
	some := len(p.Any) == 0
	for _, text := range p.Any {
		some = some || bytes.Contains(line, []byte(text))
	}
	return some && p.match.Match(line) && (p.Unless == "" || !p.unless.Match(line)) && p.Level.Has(level)
}

// plainHits lists the hits of the reference. Levels are read from the stripped lines, with a scan that knows no colours.
func plainHits(ps []plainPattern, text []byte, maxLine int) (hits []string) {
	lines := plainLines(text, maxLine)
	if lines == nil {
		return nil
	}
	everything, err := Compile([]Pattern{{Match: "(?s)^.*$"}})
	if err != nil {
		panic(err)
	}
	said := make([]string, len(lines))
	levels := make([]Level, len(lines))
	joined := append(bytes.Join(lines, []byte("\n")), '\n')
	if _, err := everything.NewScanner().Scan(bytes.NewReader(joined), Options{Year: 2026, MaxLine: len(text) + 1}, func(h Hit) {
		levels[h.Line-1] = h.Level
		r := *h.Rec()
		said[h.Line-1] = fmt.Sprint(r.Time, r.TimeFrom, r.Prefix, r.Level, r.Service, r.Module, r.Version)
	}); err != nil {
		panic(err)
	}
	for i, line := range lines {
		for p := range ps {
			if ps[p].describes(line, levels[i]) {
				hits = append(hits, fmt.Sprintf("%d:%d %q %s", i+1, p, line, said[i]))
			}
		}
	}
	return hits
}

// scanHits lists the hits of Scan in the same form.
func scanHits(t testing.TB, set *Set, text []byte, maxLine int) (hits []string) {
	t.Helper()
	stats, err := set.NewScanner().Scan(bytes.NewReader(text), Options{Year: 2026, MaxLine: maxLine}, func(h Hit) {
		hits = append(hits, hitOf(t, h))
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(plainLines(text, maxLine)); int(stats.Lines) != want {
		t.Fatalf("%d lines, want %d", stats.Lines, want)
	}
	if int(stats.Bytes) != len(text) {
		t.Fatalf("%d bytes, want %d", stats.Bytes, len(text))
	}
	return hits
}

// hitOf says all of a hit, and that its parts agree.
func hitOf(t testing.TB, h Hit) string {
	t.Helper()
	module, service := h.Speaker()
	r := *h.Rec()
	if module != r.Module || service != r.Service || h.Level != r.Level || timeOf(h.At) != r.Time {
		t.Fatalf("line %d is said to be of %q %q at %d %s, its record says %+v", h.Line, module, service, h.At, h.Level, r)
	}
	said := fmt.Sprint(r.Time, r.TimeFrom, r.Prefix, r.Level, r.Service, r.Module, r.Version)
	return fmt.Sprintf("%d:%d %q %s", h.Line, h.Pattern, h.Text(), said)
}

// compare fails at the first difference between Scan and the reference.
func compare(t testing.TB, ps []Pattern, text []byte, maxLine int) int {
	t.Helper()
	set, err := Compile(ps)
	if err != nil {
		t.Fatal(err)
	}
	got, want := scanHits(t, set, text, maxLine), plainHits(plainPatterns(ps), text, maxLine)
	for i := 0; i < max(len(got), len(want)); i++ {
		switch {
		case i >= len(got):
			t.Fatalf("missed %s", want[i])
		case i >= len(want):
			t.Fatalf("too many: %s", got[i])
		case got[i] != want[i]:
			t.Fatalf("hit %d\n got %s\nwant %s", i, got[i], want[i])
		}
	}
	return len(want)
}

// benchPatterns are the first n rules of the benchmark.
func benchPatterns(n int) (ps []Pattern) {
	for _, r := range corpus.Rules()[:n] {
		p := Pattern{Match: r.Match}
		if r.Literal != "" {
			p.Any = []string{r.Literal}
		}
		ps = append(ps, p)
	}
	return ps
}

// oddPatterns are what an engine that guesses would get wrong: short literals, tabs, colours, anchors, folding beyond ASCII.
var oddPatterns = []Pattern{
	{Match: `^2026`},
	{Match: `\}$`},
	{Match: "INFO\t\\[PID"},
	{Match: "WARN\\s+\\[PID:\\d+\\]\\s+openim-push"},
	{Any: []string{"\tconsume err"}},
	{Match: `(?i)kafka`, Level: 1 << LevelWarn},
	{Match: `(?i)Access`},
	{Match: `(?i)straße`},
	{Match: `k\x{212a}|ſ`},
	{Match: `\bRPC\b`},
	{Any: []string{"no"}},
	{Any: []string{"err"}, Match: `topic|error`, Unless: `connection`},
	{Match: `[cC]onsumer err|consume err`},
	{Match: `\x{fffd}error`},
	{Match: `(?:abc|abcdefgh|é+)xyz?`},
	{Match: `33mWARN|\[34mINFO`},
	{Match: `a.*b.*c.*d.*timeout`},
	{Match: `err(?:or)?.*err`},
	{Match: `(?i)push.*(?:timeout|FAILED)\b`},
	{Match: `(?:push|push err).*\bconn.*\d+$`},
	{Match: `topic.*(?P<addr>[^ ]+?):\d+`},
	{Match: `x{3,5}y*`},
	{Match: ``, Any: []string{"\x1b["}},
	{Match: `"errCode": ?15(?:01|02|05)\b`},
	{Match: `(?s).`},
	{Match: `^$`},
	{Match: `\A\s*\z`},
	{Match: `dial tcp (?P<addr>[^ ]+): connect`, Level: 1<<LevelWarn | 1<<LevelError},
	{Match: `(?i)SUCCESS(?:FULLY)?`},
	{Match: `m\[PID`},
	{Match: `PID:\d+\] +\topenim`},
	{Any: []string{"v3.8.3", "\xff\xfe"}},
	{Match: `(?m)^msg$|end$`},
}

func TestScanEqualsRegexpOnRealLogs(t *testing.T) {
	ps := append(benchPatterns(200), oddPatterns...)
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			n := compare(t, ps, text, defaultMaxLine)
			t.Logf("%d hits equal", n)
			compare(t, oddPatterns, text, 120)
		})
	}
}

func TestScanEqualsRegexpOnOddTexts(t *testing.T) {
	ps := append([]Pattern{
		{Any: []string{"push failed"}, Unless: "dummy"},
		{Match: "push failed", Unless: "dummy"},
		{Match: "push failed"},
		{Match: `(?i)kafka is down`},
		{Match: `(?i)access denied`},
		{Match: `(?i)ask|skip`},
		{Match: `pushes? failed$`},
		{Match: `(?:push.*|fail.+)?ed\b`},
		{Match: `\bfailed|\Bled\b`},
		{Match: `(?:push|fail)(?:es)? ?(?:failed|x).*`},
		{Match: `(?:sh|es) failed`, Unless: `^push|dummy$`},
		{Match: `(?:[a-z]+es|push) fail(?:ed)+`, Unless: `(?i)KAFKA.*down|pushes`},
		{Match: `((?:push|pull) )(?P<what>f\w+)`},
		{Match: `x+push|x{2}push failed`},
		{Any: []string{"push\tfailed"}},
		{Match: `pu(?:sh|ll) failed`},
	}, oddPatterns...)
	for _, text := range []string{
		"kafka is down\nKAFKA IS DOWN\n\u212aafka i\u017f down\nka\u212aka",
		"acce\u017f\u017f denied, ACCESS DENIED, acces\u017f DENIED\nAS\u212a, \u017f\u212aIP, \u017fkip\nSTRASSE STRA\u1e9eE stra\u00dfe",
		"pu\x1b[31msh fai\x1b[0mled\n\x1b[1;31mpush failed\x1b[0m\r\npush\x1b failed\npush \x1b[3failed\x1b[\npush\x1b[0m\x1b[1m failed",
		"2026-11-23 08:03:28.345\t\x1b[33mWARN\x1b[0m\t\x1b[33m[PID:1]\x1b[0m\t\x1b[33mopenim-push\x1b[0m\t[main]\t[a/b.go:1]\tonline \x1b[31mpush\x1b[0m failed\t{}",
		"2026-11-23 08:03:28.345\t\x1b[33mWARN\x1b[0m \t\x1b[33m[PID:1] push\x1b[0m failed",
		"openim \x1b[0m | 2026-11-23 08:03:28.345\tWARN\tpush failed",
		"\xfferror \xef\xbf\xbderror\n\xc3error \xe2\x84error\x00error\n\x00\x00",
		"pushes failed\r\npush failed dummy\r\n\r\n\r\r\n\n\npush\tfailed",
		console384 + "\n" + firstHalf + "\nno half\n" + otherHalf,
	} {
		compare(t, ps, []byte(text), defaultMaxLine)
		compare(t, ps, []byte(text+"\n"), 20)
		for i := 0; i < 9; i++ {
			compare(t, ps, []byte(strings.Repeat("x", i)+"push failed"), defaultMaxLine)
			compare(t, ps, []byte(strings.Repeat("x", i)+"\n"+text), defaultMaxLine)
		}
	}
}

// TestBlocksOfAnySize: where blocks end changes nothing, whether a reader lends them or not.
func TestBlocksOfAnySize(t *testing.T) {
	set, err := Compile(append(benchPatterns(20), oddPatterns...))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(firstHalf + "\n" + otherHalf + "\r\n\n" + console384 + "\n" + strings.Repeat("x", 700) + " push failed\n" + console384)
	sc := set.NewScanner()
	for _, maxLine := range []int{30, 300, defaultMaxLine} {
		want := scanHits(t, set, text, maxLine)
		for size := 1; size <= len(text); size++ {
			for _, r := range []io.Reader{lent{text, size}, iotest.DataErrReader(&stepped{text, size})} {
				var hits []string
				stats, err := sc.Scan(r, Options{Year: 2026, MaxLine: maxLine}, func(h Hit) {
					hits = append(hits, hitOf(t, h))
				})
				if err != nil || !slices.Equal(hits, want) || int(stats.Bytes) != len(text) {
					t.Fatalf("blocks of %d, lines of %d: %v, %d bytes, got\n%s\nwant\n%s", size, maxLine, err, stats.Bytes, strings.Join(hits, "\n"), strings.Join(want, "\n"))
				}
			}
		}
	}
}

// lent lends a text in blocks of a size.
type lent struct {
	text []byte
	size int
}

func (l lent) Read([]byte) (int, error) { panic("read, not lent") }

func (l lent) WriteTo(w io.Writer) (n int64, err error) {
	for block := range slices.Chunk(l.text, l.size) {
		if _, err := w.Write(block); err != nil {
			return n, err
		}
		n += int64(len(block))
	}
	return n, nil
}

// stepped gives so many bytes of a text at once.
type stepped struct {
	text []byte
	size int
}

func (s *stepped) Read(b []byte) (int, error) {
	if len(s.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), s.size)], s.text)
	s.text = s.text[n:]
	return n, nil
}

func TestPlanChangesNoResult(t *testing.T) {
	ps := append(benchPatterns(60), oddPatterns...)
	set, err := Compile(ps)
	if err != nil {
		t.Fatal(err)
	}
	text := generated(t, 200_000)
	before := scanHits(t, set, text, defaultMaxLine)
	set.first = set.plan(rarityOf(text))
	if after := scanHits(t, set, text, defaultMaxLine); !slices.Equal(before, after) || len(after) == 0 {
		t.Errorf("%d hits before, %d after", len(before), len(after))
	}
}

// generated is some of every kind of log of the benchmark's corpus.
func generated(t testing.TB, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, l := range corpus.Plan(corpus.Options{Bytes: size, Files: 30, Seed: 7}) {
		if _, err := l.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// FuzzDifferential compares Scan with the reference for patterns (one a line; a leading '=' makes a literal, '!' an Unless of
// the one before, '<' its level) and texts of any kind.
func FuzzDifferential(f *testing.F) {
	for _, p := range oddPatterns {
		f.Add(p.Match+"\n="+strings.Join(p.Any, "\n="), []byte(console384+"\n"+firstHalf+"\n"+otherHalf+"\r\n"), 80)
	}
	f.Add("(?i)kafka\n!broker\n<4\n=err", []byte("openim  | 2026-11-23 08:03:28.345\t\x1b[33mWARN\x1b[0m KAFKA\nK\u212afk\u017f\n\xff\x00err"), 1000)
	f.Add("consume\\s+err\n=\terr", []byte("2026-11-23T00:50:43.892951580Z "+console384), 1000)
	f.Fuzz(func(t *testing.T, patterns string, text []byte, maxLine int) {
		ps := fuzzPatterns(patterns)
		if len(ps) == 0 || maxLine < 1 {
			return
		}
		compare(t, ps, text, maxLine)
	})
}

// fuzzPatterns reads patterns; what does not compile is left out.
func fuzzPatterns(text string) (ps []Pattern) {
	for _, l := range strings.Split(text, "\n") {
		switch {
		case l == "" || l == "=" || len(ps) > 20:
		case l[0] == '=':
			ps = append(ps, Pattern{Any: []string{l[1:]}})
		case l[0] == '!' && len(ps) > 0:
			if _, err := regexp.Compile(l[1:]); err == nil {
				ps[len(ps)-1].Unless = l[1:]
			}
		case l[0] == '<' && len(ps) > 0 && len(l) > 1:
			ps[len(ps)-1].Level = Levels(1 << (l[1] % byte(levelCount)))
		default:
			if _, err := regexp.Compile(l); err == nil {
				ps = append(ps, Pattern{Match: l})
			}
		}
	}
	return ps
}
