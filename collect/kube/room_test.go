package kube

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// noise are log lines that hardly compress.
func noise(seed uint64, size int) string {
	rng := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	var b strings.Builder
	raw := make([]byte, 120)
	for i := 0; b.Len() < size; i++ {
		_, _ = rng.Read(raw)
		at := time.Date(2026, 11, 25, 3, 0, 0, i, time.UTC)
		fmt.Fprintf(&b, "%s line %d %s\n", at.Format(time.RFC3339Nano), i, base64.StdEncoding.EncodeToString(raw))
	}
	return b.String()
}

func heldNow() int64 {
	memory.mu.Lock()
	defer memory.mu.Unlock()
	return memory.held
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// talk are log lines as services write them.
func talk(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		at := time.Date(2026, 11, 25, 3, 0, 0, i, time.UTC)
		fmt.Fprintf(&b, "%s INFO [PID:1] msg transferred {\"operationID\": \"%x\", \"seq\": %d}\n", at.Format(time.RFC3339Nano), i*i, i)
	}
	return b.String()
}

// TestSlowStreamsMemory looks at the heap when 200 streams are open at once, each in the middle of its log: small ones that
// hardly compress, and larger ones.
func TestSlowStreamsMemory(t *testing.T) {
	slowStreams(t, noise(1, 400<<10), 300<<10)
	slowStreams(t, talk(1200<<10), 1000<<10)
}

func slowStreams(t *testing.T, text string, middle int) {
	const all, limit = 200, 128 << 20
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	half := strings.Index(text[middle:], "\n") + middle
	var open sync.WaitGroup
	open.Add(all)
	var streams []*stream
	for i := range all {
		name := fmt.Sprintf("slow-%03d", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, text[:half])
			w.(http.Flusher).Flush()
			open.Done()
			open.Wait()
			time.Sleep(500 * time.Millisecond)
			fmt.Fprint(w, text[half:])
		})
		streams = append(streams, running(name, "n1"))
	}
	c := connect(t, f)
	c.o.Streams, c.o.StreamsPerNode = all, all
	c.o.RequestTimeout, c.o.IdleTimeout, c.o.StreamTimeout = time.Minute, time.Minute, time.Minute
	before := heap()
	var peak atomic.Int64
	go func() {
		open.Wait()
		time.Sleep(200 * time.Millisecond)
		peak.Store(heap())
	}()
	_, r := run(t, collect.Options{}, &logs{c, survey(c, streams...)})
	took := peak.Load() - before
	t.Logf("%d open streams with %d KB each take %d MB", all, middle>>10, took>>20)
	if took > limit || peak.Load() == 0 {
		t.Errorf("%d MB are more than %d MB", took>>20, limit>>20)
	}
	if got := read(t, r, streams[all-1].entry()); got != text {
		t.Errorf("%d bytes of %d came through", len(got), len(text))
	}
}

// TestLargeLogsWait has more large logs than there is room for: they are kept whole all the same, one after another.
func TestLargeLogsWait(t *testing.T) {
	const all, size, limit = 16, 3 << 20, 4 << 20
	defer func(was int64) { memory.limit = was }(memory.limit)
	memory.limit = limit
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	text := noise(2, size)
	var peak atomic.Int64
	var open sync.WaitGroup
	open.Add(all)
	var streams []*stream
	for i := range all {
		name := fmt.Sprintf("large-%02d", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			open.Done()
			open.Wait()
			fmt.Fprint(w, text)
		})
		streams = append(streams, running(name, "n1"))
	}
	c := connect(t, f)
	c.o.StreamsPerNode = all
	c.o.IdleTimeout, c.o.StreamTimeout = 5*time.Second, 20*time.Second
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				peak.Store(max(peak.Load(), heldNow()))
			}
		}
	})
	res, r := run(t, collect.Options{}, &logs{c, survey(c, streams...)})
	close(done)
	watch.Wait()
	t.Logf("%d KB were held at most", peak.Load()>>10)
	if bound := int64(limit + all*(smallLog+chunkSize) + size); peak.Load() > bound {
		t.Errorf("%d KB were held at once, more than %d KB", peak.Load()>>10, bound>>10)
	}
	for _, s := range streams {
		if got := read(t, r, s.entry()); got != text {
			t.Errorf("%s: %d bytes of %d came through", s.pod, len(got), len(text))
		}
	}
	if !res.Complete || heldNow() != 0 {
		t.Errorf("complete %v: %s; %d bytes are still counted as held", res.Complete, res.Reason, heldNow())
	}
}

// TestSmallBudget has far more logs than the file may hold: objects and the newest lines of what matters most are in it.
func TestSmallBudget(t *testing.T) {
	const limit = 300 << 10
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList(pod("own-00", "n1"))))
	var own, others []*stream
	for i := range 300 {
		s := running(fmt.Sprintf("other-%03d", i), fmt.Sprint(i%8))
		if s.own = i%15 == 0; s.own {
			s.pod = fmt.Sprintf("own-%02d", i/15)
			own = append(own, s)
		} else {
			s.role = ""
			others = append(others, s)
		}
		text := noise(uint64(i), 20<<10) + "2026-11-25T04:00:00Z the newest line\n"
		f.handle("/api/v1/namespaces/openim/pods/"+s.pod+"/log", func(w http.ResponseWriter, r *http.Request) {
			var n int
			if _, err := fmt.Sscan(r.URL.Query().Get("limitBytes"), &n); err == nil {
				fmt.Fprint(w, text[:n])
				return
			}
			fmt.Fprint(w, text)
		})
	}
	c := connect(t, f)
	streams := slices.Concat(own, others)
	byRank(streams)
	s := survey(c, streams...)
	res, r := run(t, collect.Options{MaxSize: limit}, &objects{c, s}, &logs{c, s})
	if res.Size > limit {
		t.Errorf("the file has %d bytes, allowed are %d", res.Size, limit)
	}
	if text := read(t, r, bundle.Resource("pods", "openim")); !strings.Contains(text, "own-00") {
		t.Errorf("the pods are missing: %q", text)
	}
	for _, s := range slices.Concat(own, others[:5]) {
		if text := read(t, r, s.entry()); !strings.HasSuffix(text, "the newest line\n") {
			t.Errorf("%s: the newest line is missing", s.pod)
		}
	}
	lost := 0
	for _, g := range res.Gaps {
		if strings.Contains(g.Entry, "/logs/") {
			lost++
			if g.Reason != bundle.Budget {
				t.Errorf("%+v", g)
			}
		}
	}
	if got := 300 - lost; got <= len(own) || res.Complete {
		t.Errorf("%d of 300 logs are in the bundle, complete %v", got, res.Complete)
	}
}

// TestTimeIsShared has logs without end on a node, and not time enough for a full timeout of each.
func TestTimeIsShared(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	var streams []*stream
	for i := range 40 {
		name := fmt.Sprintf("endless-%02d", i)
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("tailLines") == fmt.Sprint(newestLines) {
				fmt.Fprint(w, time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)+" the newest line\n")
				return
			}
			for fmt.Fprint(w, logLines(time.Now(), 1)); pause(r.Context(), 20*time.Millisecond); {
				fmt.Fprint(w, logLines(time.Now(), 1))
				w.(http.Flusher).Flush()
			}
		})
		streams = append(streams, running(name, "n1"))
	}
	c := connect(t, f)
	c.o.StreamsPerNode, c.o.StreamTimeout, c.o.RequestTimeout = 4, time.Minute, time.Minute
	_, r := run(t, collect.Options{Deadline: 6 * time.Second}, &logs{c, survey(c, streams...)})
	for _, s := range streams {
		if text := read(t, r, s.entry()); !strings.HasSuffix(text, "the newest line\n") {
			t.Errorf("%s got no share of the time: %q", s.pod, text)
		}
	}
}

// TestRoom has four large logs in memory that is short: two go on, the others wait for what is being written, and go on too
// when nothing is.
func TestRoom(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	m := &room{plainLimit: plainRoom + 1<<20, limit: 10 << 20, freed: make(chan struct{})}
	logs := map[int]*reading{}
	for i := range 4 {
		logs[i] = &reading{piece: piece{kept: &keeper{held: smallLog + 1}}}
	}
	may := func(want string) {
		t.Helper()
		var got []string
		for i := range 4 {
			if logs[i] == nil {
				continue
			}
			if _, _, ok := m.mayGrow(logs[i]); ok {
				got = append(got, fmt.Sprint(i))
			}
		}
		if strings.Join(got, "") != want {
			t.Errorf("%q may grow, want %q", got, want)
		}
	}
	may("0123")
	m.takePlain(1 << 20)
	m.writes()
	may("01")
	if began := time.Now(); !m.wait(ctx, logs[2]) || time.Since(began) < patience/2 {
		t.Error("a log does not wait for what is being written")
	}
	may("0123")
	m.take(9 << 20)
	may("0")
	m.left(logs[0])
	delete(logs, 0)
	may("1")
	time.AfterFunc(20*time.Millisecond, func() { m.give(9<<20, false) })
	m.writes()
	if began := time.Now(); !m.wait(ctx, logs[2]) || time.Since(began) > patience/2 {
		t.Error("a log that may go on is not woken")
	}
	m.writes()
	may("12")
	m.give(1<<20, true)
	may("123")
}
