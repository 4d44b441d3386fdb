package kube

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestKeeper feeds logs of many sizes in random pieces: head and newest bytes are kept as whole lines, the sums are right.
func TestKeeper(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, lines := range []int{0, 1, 10, 1000, 5000, 40000} {
		var all bytes.Buffer
		for i := range lines {
			fmt.Fprintf(&all, "%06d %s\n", i, strings.Repeat("x", rng.IntN(120)))
		}
		const limit = 200 << 10
		k := newKeeper(limit)
		for rest := all.Bytes(); len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(70000))
			_, _ = k.Write(rest[:n])
			rest = rest[n:]
		}
		var head, tail bytes.Buffer
		nh, err1 := k.writeHead(&head)
		nt, err2 := k.writeTail(&tail)
		if err1 != nil || err2 != nil || nh != int64(head.Len()) || nt != int64(tail.Len()) {
			t.Fatal(err1, err2, nh, nt)
		}
		if k.total != int64(all.Len()) || k.lines != int64(lines) {
			t.Errorf("%d lines: counted %d bytes, %d lines", lines, k.total, k.lines)
		}
		if all.Len() <= limit/2 {
			if head.String()+tail.String() != all.String() || k.dropped != 0 {
				t.Errorf("%d lines: what is within the limit is kept as it was", lines)
			}
		} else if !bytes.HasPrefix(all.Bytes(), head.Bytes()) || !bytes.HasSuffix(all.Bytes(), tail.Bytes()) {
			t.Errorf("%d lines: head or tail is not that of the log", lines)
		}
		if all.Len() > 2*limit {
			if head.Len() == 0 || tail.Len() < limit/2 || head.Len()+tail.Len() > limit+10<<10 {
				t.Errorf("%d lines: kept %d and %d of %d bytes", lines, head.Len(), tail.Len(), limit)
			}
			for _, part := range []string{head.String(), tail.String()} {
				first, _, _ := strings.Cut(part, " ")
				if len(first) != 6 || !strings.HasSuffix(part, "\n") {
					t.Errorf("%d lines: a part begins with %q or ends in the middle of a line", lines, first)
				}
			}
			if k.dropped == 0 || k.dropped > k.total-int64(tail.Len()) {
				t.Errorf("%d lines: dropped %d of %d", lines, k.dropped, k.total)
			}
		}
		k.free()
	}
	if memory.plain != 0 || memory.held != 0 {
		t.Errorf("%d bytes are still counted as held, %d of them as they came", memory.held, memory.plain)
	}
}

// TestKeeperPacks fills more than may be held as it is.
func TestKeeperPacks(t *testing.T) {
	line := []byte(strings.Repeat("2026-11-25 INFO the same again ", 8) + "\n")
	k := newKeeper(3 * plainLimit)
	var want int
	for want < 2*plainLimit {
		_, _ = k.Write(line)
		want += len(line)
	}
	if memory.plain > plainLimit || memory.plain < plainLimit/2 || memory.held-memory.plain > plainLimit/4 {
		t.Errorf("%d bytes are held, %d of them uncompressed", memory.held, memory.plain)
	}
	var got bytes.Buffer
	if _, err := k.writeHead(&got); err != nil {
		t.Fatal(err)
	}
	if _, err := k.writeTail(&got); err != nil {
		t.Fatal(err)
	}
	if got.Len() != want || !bytes.HasPrefix(got.Bytes(), line) || bytes.Count(got.Bytes(), line) != want/len(line) {
		t.Errorf("%d bytes came back of %d", got.Len(), want)
	}
	k.free()
	if memory.plain != 0 || memory.held != 0 {
		t.Errorf("%d bytes are still counted as held, %d of them as they came", memory.held, memory.plain)
	}
}

// TestCutter splits a log at every byte: the lines of the window are the same.
func TestCutter(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 11, 25, 3, 0, s, 0, time.UTC) }
	log := "2026-11-25T03:00:00Z a\n2026-11-25T03:00:01.5Z b\n  continued\n\n2026-11-25T11:00:02.123456789+08:00 c\n2026-11-25T03:00:09Z d\n  continued d\n"
	for _, tt := range []struct {
		begin, end time.Time
		strict     bool
		want       string
	}{
		{time.Time{}, time.Time{}, false, log},
		{time.Time{}, at(5), false, strings.Split(log, "2026-11-25T03:00:09Z")[0]},
		{at(0), at(5), false, strings.Split(strings.SplitN(log, "\n", 2)[1], "2026-11-25T03:00:09Z")[0]},
		{time.Time{}, at(0), true, ""},
		{at(2), time.Time{}, false, "2026-11-25T11:00:02.123456789+08:00 c\n2026-11-25T03:00:09Z d\n  continued d\n"},
	} {
		bytewise := &cutter{to: &bytes.Buffer{}, begin: tt.begin, end: tt.end, strict: tt.strict}
		for i := 0; i < len(log) && !bytewise.write([]byte{log[i]}); i++ {
		}
		for split := range len(log) + 1 {
			var got bytes.Buffer
			c := &cutter{to: &got, begin: tt.begin, end: tt.end, strict: tt.strict}
			if !c.write([]byte(log[:split])) && !c.write([]byte(log[split:])) {
				c.close()
			}
			if got.String() != tt.want {
				t.Fatalf("%s to %s, split at %d: %q, want %q", tt.begin, tt.end, split, got.String(), tt.want)
			}
			if c.first != bytewise.first || c.last() != bytewise.last() || c.past != bytewise.past {
				t.Fatalf("%s to %s, split at %d: from %s to %s, past %v", tt.begin, tt.end, split, c.first, c.last(), c.past)
			}
		}
	}
	c := &cutter{to: &bytes.Buffer{}}
	c.write([]byte("unable to retrieve container logs for containerd://0f3c"))
	c.close()
	if !c.untimed {
		t.Error("a first line without a timestamp goes unnoticed")
	}
}
