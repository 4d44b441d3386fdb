package kube

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// kubelet serves a log as one does: tailLines counts pieces of lines, limitBytes keeps the oldest. It counts what it sends.
type kubelet struct {
	lines  []string
	piece  int // longest part of a line in the file; 0: no line has several
	sent   int
	asked  []string
	break1 bool // the first answer drops in its middle
}

func (k *kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	k.asked = append(k.asked, r.URL.RawQuery)
	from := 0
	if n, err := strconv.Atoi(q.Get("tailLines")); err == nil {
		for from = len(k.lines); from > 0 && n >= k.pieces(from-1); from-- {
			n -= k.pieces(from - 1)
		}
	}
	text := strings.Join(k.lines[from:], "")
	if n, err := strconv.Atoi(q.Get("limitBytes")); err == nil {
		text = text[:min(n, len(text))]
	}
	if k.break1 {
		k.break1 = false
		fmt.Fprint(w, text[:len(text)/2+3])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	k.sent += len(text)
	fmt.Fprint(w, text)
}

func (k *kubelet) pieces(i int) int {
	if k.piece == 0 {
		return 1
	}
	return (len(k.lines[i]) + k.piece - 1) / k.piece
}

// readFrom collects a log of at most limit bytes from the kubelet.
func readFrom(t *testing.T, k *kubelet, limit int64) (string, *collect.Result) {
	t.Helper()
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	f.handle("/api/v1/namespaces/openim/pods/a/log", k.ServeHTTP)
	c := connect(t, f)
	s := running("a", "n1")
	res, r := run(t, collect.Options{MaxLogSize: limit}, &logs{c, survey(c, s)})
	return read(t, r, s.entry()), res
}

// TestTailIsMeasured has a long log: no more of it is streamed than is kept, but for a sample and the head.
func TestTailIsMeasured(t *testing.T) {
	const limit = 1 << 20
	for _, width := range []int{10, 250, 3000} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			k := &kubelet{lines: wide(30<<20/(width+50), width)}
			text, _ := readFrom(t, k, limit)
			if k.sent > limit*13/10+fewestLines*(width+50) {
				t.Errorf("%d bytes were streamed for a limit of %d: %q", k.sent, limit, k.asked)
			}
			if len(text) < limit*8/10 || len(text) > limit*12/10 {
				t.Errorf("%d bytes were kept of a limit of %d", len(text), limit)
			}
			if !strings.HasPrefix(text, k.lines[0]) || !strings.HasSuffix(text, k.lines[len(k.lines)-1]) {
				t.Error("the first or the last line is missing")
			}
		})
	}
}

// TestLongLines has lines that are several in the kubelet's file: fewer come than were asked for, and there are older ones.
func TestLongLines(t *testing.T) {
	k := &kubelet{lines: wide(300, 40<<10), piece: 16 << 10}
	text, res := readFrom(t, k, 64<<20)
	if text != strings.Join(k.lines, "") || !res.Complete {
		t.Errorf("%d of %d lines, complete %v: %q", strings.Count(text, "\n"), len(k.lines), res.Complete, k.asked)
	}
}

func TestLogIsReadAgain(t *testing.T) {
	k := &kubelet{lines: wide(100, 100), break1: true}
	text, res := readFrom(t, k, 1<<20)
	if text != strings.Join(k.lines, "") || !res.Complete || len(k.asked) != 2 {
		t.Errorf("%d of %d lines, complete %v: %q", strings.Count(text, "\n"), len(k.lines), res.Complete, k.asked)
	}
}

// TestLongRun reads a log minutes after the run began: the window that ended then still takes its newest lines only.
func TestLongRun(t *testing.T) {
	k := &kubelet{lines: wide(100, 100)}
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	f.handle("/api/v1/namespaces/openim/pods/a/log", k.ServeHTTP)
	c := connect(t, f)
	c.began = time.Now().Add(-5 * time.Minute)
	run(t, collect.Options{Window: bundle.Window{From: c.began.Add(-2 * time.Hour), To: c.began}}, &logs{c, survey(c, running("a", "n1"))})
	if len(k.asked) != 1 || !strings.Contains(k.asked[0], "tailLines") {
		t.Errorf("asked %q", k.asked)
	}
}

// wide are numbered lines of a length.
func wide(n, width int) []string {
	begin := time.Now().Add(-time.Hour)
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("%s line %d %s\n", begin.Add(time.Duration(i)*time.Millisecond).UTC().Format("2006-01-02T15:04:05.000000000Z"), i, strings.Repeat("x", width))
	}
	return lines
}
