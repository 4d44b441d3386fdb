package scan

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// blocks reads a log record by record and says of each its lines, its level and, taken apart, its message.
func blocks(t *testing.T, r io.Reader) []string {
	t.Helper()
	recs := NewRecords(r, Options{})
	var out []string
	for {
		b, err := recs.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d+%d %s %s|%s", b.Line, b.Lines, b.Time.Format("15:04:05"), b.Level, recs.Record().Message))
	}
}

func TestRecordsKeepTheirLines(t *testing.T) {
	kubelet := func(second, rest string) string { return "2026-11-23T08:50:" + second + ".892951580Z " + rest }
	for name, c := range map[string]struct{ text, want string }{
		"one line each":  {console384 + "\n" + console384, "1+1 08:03:28 warn|consume err; 2+1 08:03:28 warn|consume err"},
		"split":          {firstHalf + "\n" + otherHalf + "\n" + console384, "1+2 08:50:43 info|MSG-TRANSFER server is initializing; 3+1 08:03:28 warn|consume err"},
		"split, kubelet": {kubelet("43", firstHalf) + "\n" + kubelet("43", otherHalf), "1+2 08:50:43 info|MSG-TRANSFER server is initializing"},
		"split, compose": {"a  | " + firstHalf + "\na  | " + otherHalf, "1+2 08:50:43 info|MSG-TRANSFER server is initializing"},
		"halves of two services": {
			"a  | " + firstHalf + "\nb  | " + otherHalf,
			"1+1 08:50:43 info|; 2+1 08:50:43 unknown|MSG-TRANSFER server is initializing",
		},
		"split, with a trace": {firstHalf + "\n" + otherHalf + "\nmain.f()\n\tx.go:1 +0x1", "1+4 08:50:43 info|MSG-TRANSFER server is initializing"},
		"a trace under its panic": {
			console384 + "\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\tx.go:1\n" + console384,
			"1+1 08:03:28 warn|consume err; 2+5 08:03:28 panic|panic: boom; 7+1 08:03:28 warn|consume err",
		},
		"what a process says when it ends": {
			kubelet("43", firstHalf) + "\n" + kubelet("43", otherHalf) + "\n" + kubelet("43", "Error: kafka: no brokers") + "\n" + kubelet("43", "usage"),
			"1+2 08:50:43 info|MSG-TRANSFER server is initializing; 3+2 08:50:43 error|Error: kafka: no brokers",
		},
		"lines with nothing but the kubelet's time": {
			kubelet("01", "shipped") + "\n" + kubelet("01", "shipped") + "\n" + kubelet("01", "  more") + "\n" + kubelet("06", "shipped"),
			"1+1 08:50:01 unknown|shipped; 2+2 08:50:01 unknown|shipped; 4+1 08:50:06 unknown|shipped",
		},
		"a bare line long after a record": {kubelet("01", console384) + "\n" + kubelet("40", "shipped"), "1+1 08:48:28 warn|consume err; 2+1 08:50:40 unknown|shipped"},
		"no times at all":                 {"one\ntwo\n\tthree\r\n", "1+1 00:00:00 unknown|one; 2+2 00:00:00 unknown|two"},
		"nothing":                         {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(blocks(t, strings.NewReader(c.text)), "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := strings.Join(blocks(t, iotest.OneByteReader(strings.NewReader(c.text))), "; "); got != c.want {
				t.Errorf("byte by byte: got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Every line of a log is in exactly one block, in order and unchanged apart from colours; times are those of the Scanner.
func TestRecordsLoseNothing(t *testing.T) {
	logs, err := filepath.Glob("../../testdata/cases/*/*.log")
	if err != nil || len(logs) < 20 {
		t.Fatalf("%d logs, %v", len(logs), err)
	}
	for _, path := range logs {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		recs := NewRecords(strings.NewReader(string(b)), Options{})
		scanned, _ := read(t, string(b), Options{})
		var got []string
		for {
			block, err := recs.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if block.Line != int64(len(got)+1) || block.Lines != strings.Count(string(block.Text), "\n")+1 {
				t.Fatalf("%s: block at line %d of %d lines after %d", path, block.Line, block.Lines, len(got))
			}
			if want := scanned[block.Line-1]; !want.Time.Equal(block.Time) {
				t.Fatalf("%s:%d: time %s, the scanner's is %s", path, block.Line, block.Time, want.Time)
			}
			got = append(got, strings.Split(string(block.Text), "\n")...)
		}
		var want []string
		for line := range strings.Lines(string(b)) {
			plain, _ := strip([]byte(strings.TrimRight(line, "\r\n")), nil)
			want = append(want, string(plain))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d lines of %d came back, or others", path, len(got), len(want))
		}
	}
}

func TestRecordsAreBounded(t *testing.T) {
	recs := NewRecords(io.MultiReader(strings.NewReader(console384+"\n"), strings.NewReader(strings.Repeat("\tat frame\n", 10*maxBlockLines))), Options{})
	lines := 0
	for {
		b, err := recs.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if lines += b.Lines; b.Lines > maxBlockLines || len(b.Text) > maxBlock {
			t.Fatalf("a block of %d lines, %d bytes", b.Lines, len(b.Text))
		}
	}
	if lines != 10*maxBlockLines+1 {
		t.Errorf("%d lines", lines)
	}
	long := NewRecords(strings.NewReader(strings.Repeat("x", 5000)+"\nnext\n"), Options{MaxLine: 100})
	first, err := long.Next()
	if err != nil || len(first.Text) != 100 {
		t.Fatalf("%v, %v", first, err)
	}
	if next, err := long.Next(); err != nil || string(next.Text) != "next" || next.Line != 2 {
		t.Errorf("after a long line: %v, %v", next, err)
	}
}

func TestRecordsEndWithTheReadersError(t *testing.T) {
	recs := NewRecords(io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), Options{})
	for _, want := range []string{"one", "two"} {
		if b, err := recs.Next(); err != nil || string(b.Text) != want {
			t.Fatalf("%v, %v", b, err)
		}
	}
	if _, err := recs.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end is %v", err)
	}
}
