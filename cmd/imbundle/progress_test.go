package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// events is a run with one source that works and one that does not.
func events() []collect.Event {
	began := time.Date(2026, 7, 2, 10, 0, 0, 0, time.UTC)
	at := func(seconds int, e collect.Event) collect.Event {
		e.Time = began.Add(time.Duration(seconds) * time.Second)
		return e
	}
	return []collect.Event{
		at(0, collect.Event{Kind: collect.SourceStarted, Source: "kube-logs"}),
		at(0, collect.Event{Kind: collect.SourceStarted, Source: "kube-top"}),
		at(1, collect.Event{Kind: collect.EntryClosed, Source: "kube-logs", Entry: "a.log", Bytes: 2048, Done: 1, Expected: 2}),
		at(1, collect.Event{Kind: collect.GapRecorded, Source: "kube-logs", Gap: bundle.Gap{Entry: "b.log", Reason: "timeout", Detail: "no answer"}}),
		at(2, collect.Event{Kind: collect.Note, Source: "kube-logs", Text: "2 pods vanished"}),
		at(2, collect.Event{Kind: collect.SourceFinished, Source: "kube-logs", Bytes: 2048, Done: 1, Expected: 2}),
		at(3, collect.Event{Kind: collect.SourceFinished, Source: "kube-top", Err: errors.New("no metrics\x1b[31m")}),
		at(3, collect.Event{Kind: collect.Finishing}),
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	l := &lines{w: &out}
	for _, e := range events() {
		l.Report(e)
	}
	l.close()
	want := `10:00:00 kube-logs: started
10:00:00 kube-top: started
10:00:01 kube-logs: missing b.log (timeout): no answer
10:00:02 kube-logs: 2 pods vanished
10:00:02 kube-logs: done, 1 of 2 entries, 2.0 KiB
10:00:03 kube-top: ended early after 0 entries, 0 B: no metrics\x1b[31m
10:00:03 writing the manifest
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The live view ends with one row for each source, within the terminal's width, without foreign escape sequences.
func TestLive(t *testing.T) {
	var out bytes.Buffer
	l := newLive(&out, func() int { return 80 })
	for _, e := range events() {
		l.Report(e)
	}
	l.close()
	l.close() // a second time is harmless
	text := out.String()
	last := text[strings.LastIndex(text, "✓"):]
	if !strings.HasPrefix(last, "✓ kube-logs") || !strings.Contains(last, "1 of 2") || !strings.Contains(last, "1 missing") || !strings.Contains(last, "✗ kube-top") {
		t.Errorf("the last drawing is %q", last)
	}
	if !strings.Contains(text, "2 pods vanished") || strings.Contains(text, "\x1b[31m") {
		t.Errorf("the view is %q", text)
	}
	for line := range strings.Lines(last) {
		if n := len([]rune(strings.TrimPrefix(strings.TrimRight(line, "\n"), "\x1b[2K"))); n > 80 {
			t.Errorf("a row of %d columns: %q", n, line)
		}
	}
}
