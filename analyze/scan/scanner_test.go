package scan

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestStatsOfALog(t *testing.T) {
	_, s := read(t, strings.Join([]string{
		"2026-11-23T00:50:43.892951580Z " + firstHalf,
		"2026-11-23T00:50:43.892981575Z " + otherHalf,
		"2026-11-23T00:50:44.000000000Z plain text",
		"2026-11-23T01:20:44.100000000Z " + strings.Replace(console384, "08:03:28", "09:20:44", 1),
		"no time at all",
		"2026-11-23T01:21:00.500000000Z " + strings.ReplaceAll(firstHalf, "08:50:43.892", "09:21:00.400"),
	}, "\n"), Options{})
	at := func(text string) time.Time {
		v, err := time.Parse("15:04:05.999999999", text)
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 10, 22)
	}
	if s.Lines != 6 || s.Untimed != 1 || s.LongLines != 0 {
		t.Errorf("%d lines, %d untimed, %d long", s.Lines, s.Untimed, s.LongLines)
	}
	if !s.First.Equal(at("00:50:43.892")) || !s.Last.Equal(at("01:21:00.400")) {
		t.Errorf("from %v to %v", s.First, s.Last)
	}
	if s.LongestFrom != at("00:50:44") || s.Longest != at("01:20:44.345").Sub(at("00:50:44")) {
		t.Errorf("silent for %v from %v", s.Longest, s.LongestFrom)
	}
	if want := [levelCount]int64{LevelUnknown: 2, LevelInfo: 3, LevelWarn: 1}; s.Levels != want {
		t.Errorf("levels %v, want %v", s.Levels, want)
	}
	minute := func(text string) int64 { return at(text).Unix() / 60 }
	if want := map[int64]Counts{
		minute("00:50:00"): {LevelUnknown: 1, LevelInfo: 2}, minute("01:20:00"): {LevelUnknown: 1, LevelWarn: 1}, minute("01:21:00"): {LevelInfo: 1},
	}; !reflect.DeepEqual(s.Minutes, want) {
		t.Errorf("minutes %v, want %v", s.Minutes, want)
	}
	if want := map[string]int64{"openim-msgtransfer": 3}; !reflect.DeepEqual(s.Modules, want) {
		t.Errorf("modules %v, want %v", s.Modules, want)
	}
	if want := map[string]int64{"v3.8.3": 2, "v3.8.3-patch.16": 1}; !reflect.DeepEqual(s.Versions, want) {
		t.Errorf("versions %v, want %v", s.Versions, want)
	}
	if d := s.OffsetPrefix - 8*time.Hour; d < -time.Second || d > time.Second {
		t.Errorf("the records are %v ahead, want 8 hours", s.OffsetPrefix)
	}
}

func TestStartsOfProcesses(t *testing.T) {
	line := func(clock, pid, module, message string) string {
		return "2026-11-23 " + clock + ".000\tINFO\t[PID:" + pid + "]\t" + module + "\t[main]\t[a/b.go:1]\t" + message + "\t{}"
	}
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"banner": {[]string{line("10:00:00", "1", "openim-api", "API server is initializing"), line("10:00:01", "1", "openim-api", "x")}, []string{"10:00:00"}},
		"banner and a new id are one start": {[]string{
			line("10:00:00", "7", "openim-api", "x"), line("11:00:00", "9", "openim-api", "y"), line("11:00:02", "9", "openim-api", "API server is initializing"),
		}, []string{"11:00:00"}},
		"ids of different programs": {[]string{line("10:00:00", "7", "openim-api", "x"), line("10:00:01", "8", "openim-push", "x"), line("10:00:02", "7", "openim-api", "x")}, nil},
		"two of one program side by side": {[]string{
			line("10:00:00", "7", "openim-push", "x"), line("10:00:01", "8", "openim-push", "x"), line("10:00:02", "7", "openim-push", "x"), line("10:00:03", "8", "openim-push", "x"),
		}, nil},
		"Redis": {[]string{"1:C 23 Nov 2026 10:00:00.123 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"}, []string{"10:00:00"}},
		"Kafka": {[]string{
			"[2026-11-23 10:00:00,123] INFO Registered kafka:type=kafka.Log4jController MBean (kafka.utils.Log4jControllerRegistration$)",
			"[2026-11-23 10:00:04,000] INFO [KafkaServer id=0] started (kafka.server.KafkaServer)",
			"[2026-11-23 11:00:00,000] INFO [BrokerServer id=0] Transition from SHUTDOWN to STARTING (kafka.server.BrokerServer)",
		}, []string{"10:00:00", "11:00:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := read(t, strings.Join(c.lines, "\n"), Options{})
			var got []string
			for _, at := range s.Starts {
				got = append(got, at.Format("15:04:05"))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("starts %v, want %v", got, c.want)
			}
		})
	}
}

func TestGroupsOfAHit(t *testing.T) {
	set, err := Compile([]Pattern{
		{Match: `topic (?P<topic>\w+)|subject (?P<topic>\w+)(?P<rest>!)?`},
		{Any: []string{"subject"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if _, err := set.NewScanner().Scan(strings.NewReader("topic one\nsubject \x1b[31mtwo"), Options{}, func(h Hit) {
		got = append(got, h.Group("topic")+","+h.Group("rest")+","+h.Group("unknown"))
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"one,,", "two,,", ",,"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMistakesOfPatterns(t *testing.T) {
	for _, p := range []Pattern{{}, {Any: []string{""}}, {Match: "("}, {Any: []string{"x"}, Unless: "["}} {
		if _, err := Compile([]Pattern{p}); err == nil {
			t.Errorf("%v compiled", p)
		}
	}
	if _, err := ParseLevels([]string{"error", "warm"}); err == nil || !strings.Contains(err.Error(), `"warm"`) {
		t.Errorf("unknown level: %v", err)
	}
}

func TestScanInAnySizeOfReads(t *testing.T) {
	text := generated(t, 300_000)
	set, err := Compile(append(benchPatterns(50), oddPatterns...))
	if err != nil {
		t.Fatal(err)
	}
	scan := func(r io.Reader) (hits int, lines int64) {
		s, err := set.NewScanner().Scan(r, Options{}, func(Hit) { hits++ })
		if err != nil {
			t.Fatal(err)
		}
		return hits, s.Lines
	}
	wantHits, wantLines := scan(bytes.NewReader(text))
	hits, lines := scan(iotest.OneByteReader(bytes.NewReader(text)))
	if hits != wantHits || lines != wantLines || hits == 0 {
		t.Errorf("byte by byte %d hits in %d lines, want %d in %d", hits, lines, wantHits, wantLines)
	}
}

func TestErrorOfTheReader(t *testing.T) {
	set, err := Compile([]Pattern{{Any: []string{"needle in it"}}})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the archive ends early")
	hits := 0
	s, err := set.NewScanner().Scan(io.MultiReader(strings.NewReader("a needle in it\nhalf a needle in it"), iotest.ErrReader(broken)), Options{}, func(Hit) { hits++ })
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if hits != 2 || s.Lines != 2 {
		t.Errorf("%d hits in %d lines before the error, want 2 in 2", hits, s.Lines)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	set, err := Compile([]Pattern{{Any: []string{"the end of it"}}, {Any: []string{"begins here"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{990, 1000, 300_000, 2_000_000} {
		long := "begins here" + strings.Repeat("x", size) + "the end of it"
		var got []int
		s, err := set.NewScanner().Scan(strings.NewReader("one\n"+long+"\nbegins here, the end of it"), Options{MaxLine: 1000}, func(h Hit) {
			got = append(got, int(h.Line)*10+h.Pattern)
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{21, 30, 31}; !reflect.DeepEqual(got, want) || s.LongLines != 1 || s.Lines != 3 {
			t.Errorf("size %d: hits %v, want %v; %d long of %d lines", size, got, want, s.LongLines, s.Lines)
		}
	}
}

// endless is a line of so many bytes, made as it is read.
type endless int64

func (e *endless) Read(p []byte) (int, error) {
	if *e <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), int64(*e))
	for i := range p[:n] {
		p[i] = 'a'
	}
	*e -= endless(n)
	return int(n), nil
}

func TestMemoryOfALineOfTwoGigabytes(t *testing.T) {
	set, err := Compile(benchPatterns(200))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	size := endless(2 << 30)
	s, err := set.NewScanner().Scan(&size, Options{}, func(Hit) {})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 6<<20 {
		t.Errorf("%d KiB were allocated", used>>10)
	}
	if s.Lines != 1 || s.LongLines != 1 || s.Bytes != 2<<30 {
		t.Errorf("%d lines, %d long, %d bytes", s.Lines, s.LongLines, s.Bytes)
	}
}

func TestMemoryOfAScanner(t *testing.T) {
	set, err := Compile(benchPatterns(200))
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string][]byte{
		"logs":        generated(t, 3_000_000),
		"empty lines": bytes.Repeat([]byte("\n"), 3_000_000),
		"many hits":   bytes.Repeat([]byte("readMessage: consume err, GinPanicErr panic, dummy push\n"), 50_000),
	}
	for name, text := range inputs {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		sc := set.NewScanner()
		if _, err := sc.Scan(bytes.NewReader(text), Options{}, func(Hit) {}); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 4<<20 {
			t.Errorf("%s: the scanner holds %d KiB", name, held>>10)
		}
		runtime.KeepAlive(sc)
	}
}
