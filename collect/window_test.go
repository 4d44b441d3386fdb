package collect

import (
	"strings"
	"testing"
	"time"
)

var (
	shanghai = time.FixedZone("CST", 8*3600)
	noon     = time.Date(2026, 11, 25, 12, 0, 0, 0, shanghai)
)

func TestWindow(t *testing.T) {
	at := func(h, m int) time.Time { return time.Date(2026, 11, 25, h, m, 0, 0, shanghai) }
	for _, tt := range []struct {
		name     string
		flags    WindowFlags
		from, to time.Time
	}{
		{"default", WindowFlags{}, at(10, 0), noon},
		{"since", WindowFlags{Since: 30 * time.Minute}, at(11, 30), noon},
		{"from only", WindowFlags{From: "11:15"}, at(11, 15), noon},
		{"to only", WindowFlags{To: "11:00"}, at(9, 0), at(11, 0)},
		{"both", WindowFlags{From: "2026-11-25 09:00", To: "2026-11-25T10:30:00+08:00"}, at(9, 0), at(10, 30)},
		{"utc", WindowFlags{From: "2026-11-25T01:00:00Z"}, at(9, 0), noon},
		{"around", WindowFlags{Around: "10:00±20m"}, at(9, 40), at(10, 20)},
		{"around ascii", WindowFlags{Around: "10:00+-5m"}, at(9, 55), at(10, 5)},
		{"around default", WindowFlags{Around: "10:00"}, at(9, 45), at(10, 15)},
		{"around now ends now", WindowFlags{Around: "11:55±20m"}, at(11, 35), noon},
		{"later today is yesterday", WindowFlags{Around: "14:00"}, at(13, 45).AddDate(0, 0, -1), at(14, 15).AddDate(0, 0, -1)},
		{"relative", WindowFlags{From: "-90m", To: "-30m"}, at(10, 30), at(11, 30)},
		{"unix", WindowFlags{From: "1795572000"}, time.Unix(1795572000, 0), noon},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, err := tt.flags.Window(noon)
			if err != nil {
				t.Fatal(err)
			}
			if !w.From.Equal(tt.from) || !w.To.Equal(tt.to) {
				t.Errorf("got %s to %s, want %s to %s", w.From, w.To, tt.from, tt.to)
			}
		})
	}
}

func TestWindowRefuses(t *testing.T) {
	for _, tt := range []struct {
		flags WindowFlags
		says  string
	}{
		{WindowFlags{Since: time.Hour, Around: "10:00"}, "exclude each other"},
		{WindowFlags{From: "10:00", To: "09:00"}, "before it begins"},
		{WindowFlags{From: "2026-11-26 10:00", To: "2026-11-26 11:00"}, "in the future"},
		{WindowFlags{From: "half past nine"}, `"half past nine" is no time`},
		{WindowFlags{Around: "10:00±soon"}, `"soon" is no duration`},
		{WindowFlags{Since: -time.Hour}, "negative"},
	} {
		if _, err := tt.flags.Window(noon); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: got %v, want it to say %q", tt.flags, err, tt.says)
		}
	}
}
