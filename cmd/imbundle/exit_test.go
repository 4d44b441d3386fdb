package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
)

func TestTell(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		text string
	}{
		"nothing":       {nil, 0, ""},
		"plain":         {errors.New("reading x: oops"), 1, "error: reading x: oops\n"},
		"usage":         {usagef("do that", "wrong %q", "x"), 2, "error: wrong \"x\"\nhint: do that\n"},
		"wrapped usage": {fmt.Errorf("collecting: %w", usagef("", "wrong")), 2, "error: collecting: wrong\n"},
		"code alone":    {exits(exitCause), 4, ""},
		"two lines":     {errors.New("one\ntwo"), 1, "error: one two\n"},
		"file exists":   {fmt.Errorf("creating: %w", &fs.PathError{Op: "open", Path: "a", Err: fs.ErrExist}), 1, "error: creating: open a: file already exists\nhint: a bundle is never overwritten: choose another name with -f, or move the file away\n"},
		"interrupted":   {context.Canceled, 1, "error: context canceled\n"},
	} {
		var out bytes.Buffer
		if code := tell(&out, c.err); code != c.code || out.String() != c.text {
			t.Errorf("%s: code %d, text %q; want %d, %q", name, code, out.String(), c.code, c.text)
		}
	}
}

func TestExitCodeOfAReport(t *testing.T) {
	report := func(status string, severities ...string) *analyze.Report {
		r := &analyze.Report{Verdict: analyze.Verdict{Status: status}}
		for _, s := range severities {
			r.Verdict.Causes = append(r.Verdict.Causes, analyze.CauseResult{Severity: s})
		}
		return r
	}
	for _, c := range []struct {
		r      *analyze.Report
		failOn string
		want   int
	}{
		{report("healthy"), "critical", exitFine},
		{report("unknown"), "critical", exitIncomplete},
		{report("unknown", "critical"), "critical", exitCause},
		{report("unknown", "critical"), "never", exitIncomplete},
		{report("broken", "critical"), "never", exitFine},
		{report("degraded", "error"), "critical", exitFine},
		{report("degraded", "warning", "error"), "error", exitCause},
		{report("degraded", "info"), "warning", exitFine},
		{report("degraded", "info"), "info", exitCause},
	} {
		f := analyzeFlags{failOn: c.failOn}
		if got := f.exitCode(c.r); got != c.want {
			t.Errorf("status %s, causes %+v, --fail-on %s: exit code %d, want %d", c.r.Verdict.Status, c.r.Verdict.Causes, c.failOn, got, c.want)
		}
	}
}

// The READMEs carry the exit codes that every help prints.
func TestReadmeHasTheExitCodes(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.ReplaceAll(string(b), "`", "")
	for line := range strings.Lines(exitHelp) {
		code, meaning, found := strings.Cut(strings.TrimSpace(line), "  ")
		if found && !strings.Contains(rows, "| "+code+" | "+meaning+" |") {
			t.Errorf("README.md lacks exit code %s: %s", code, meaning)
		}
	}
	last := exitHelp[strings.LastIndex(strings.TrimSpace(exitHelp), "\n")+3:]
	if !strings.Contains(rows, strings.TrimSpace(last)) {
		t.Errorf("README.md lacks the precedence: %s", last)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		flag string
		env  map[string]string
		want string
	}{
		{"", nil, "en"},
		{"", map[string]string{"LANG": "zh_CN.UTF-8"}, "zh"},
		{"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"},
		{"", map[string]string{"LANG": "en_US", "LC_MESSAGES": "zh_TW"}, "zh"},
		{"en", map[string]string{"LANG": "zh_CN.UTF-8"}, "en"},
	} {
		s := streams{getenv: func(name string) string { return c.env[name] }}
		if got, err := s.language(c.flag); err != nil || got != c.want {
			t.Errorf("--lang %q with %v is %q (%v), want %q", c.flag, c.env, got, err, c.want)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "512": 512, "500K": 500_000, "20MB": 20_000_000, "1GiB": 1 << 30, "1.5 Mi": 3 << 19, "7b": 7} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("size %q is %d (%v), want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "10quux", "1e30G"} {
		if err := new(size).Set(text); err == nil {
			t.Errorf("size %q was accepted", text)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"analyze", "collect", "completion", "demo", "specs", "verify", "version"}
	for typed, want := range map[string]string{"analize": "analyze", "colect": "collect", "spec": "specs", "vresion": "version", "zzzzzz": "", "x": ""} {
		if got := nearest(typed, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", typed, got, want)
		}
	}
}
