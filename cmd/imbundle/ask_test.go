package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/collect"
)

func noon() time.Time { return time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC) }

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		lang, answers string
		given, want   intakeFlags
		shown         string
	}{
		"all answered": {
			lang: "en", answers: "all\nrealtime\nu1, u2\ng1\nsi_a_b\nios android\n10:15\nsince the update\n",
			want:  intakeFlags{scope: "all", scenario: "realtime", users: []string{"u1", "u2"}, groups: []string{"g1"}, conversations: []string{"si_a_b"}, platforms: []string{"ios", "android"}, window: collect.WindowFlags{Around: "10:15"}, note: "since the update"},
			shown: "Who is affected",
		},
		"skipped, asked again, ended early": {
			lang: "zh", answers: "\n没有\n历史\nu1，u2",
			want:  intakeFlags{scenario: "history", users: []string{"u1", "u2"}},
			shown: "受影响的是全部用户",
		},
		"what flags have said is not asked": {
			lang: "en", answers: "u1\n",
			given: intakeFlags{scope: "some", scenario: "history", groups: []string{"g"}, conversations: []string{"c"}, platforms: []string{"web"}, note: "n", window: collect.WindowFlags{Since: time.Hour}},
			want:  intakeFlags{scope: "some", scenario: "history", groups: []string{"g"}, conversations: []string{"c"}, platforms: []string{"web"}, note: "n", window: collect.WindowFlags{Since: time.Hour}, users: []string{"u1"}},
			shown: "Affected user ids",
		},
		"a wrong time is asked again": {
			lang: "en", answers: "\n\n\n\n\n\nyesterday\n11:00±5m\n",
			want:  intakeFlags{window: collect.WindowFlags{Around: "11:00±5m"}},
			shown: `"yesterday" is no time`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.given
			f.now = noon
			var out bytes.Buffer
			if err := ask(strings.NewReader(c.answers), &out, c.lang, &f); err != nil {
				t.Fatal(err)
			}
			f.now = nil
			if !reflect.DeepEqual(f, c.want) {
				t.Errorf("got %+v\nwant %+v", f, c.want)
			}
			if !strings.Contains(out.String(), c.shown) {
				t.Errorf("%q was not shown:\n%s", c.shown, out.String())
			}
		})
	}
}

func TestAskShowsBothLanguages(t *testing.T) {
	for _, q := range (&intakeFlags{}).questions() {
		if q.text.EN == "" || q.text.ZH == "" {
			t.Errorf("a question lacks a language: %+v", q.text)
		}
	}
}
