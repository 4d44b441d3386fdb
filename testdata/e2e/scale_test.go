//go:build e2e

package e2e

import (
	"bytes"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const mb = 1 << 20

// startUp is the memory that the program takes before it does anything: it waits for a server that never answers.
func startUp(t *testing.T) int64 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return imbundle(t, "collect", "--server", "http://"+l.Addr().String(), "--request-timeout", "1s").memory
}

// TestScaleCollect collects 2,000 pods of 200 nodes. Everything is there, the server is asked within its limits, and it is
// the server that takes the time.
func TestScaleCollect(t *testing.T) {
	c := standing(t)
	p := newProxy(t, c.kubeconfig, nil)
	p.nodes = c.nodes(t)
	before := c.cpu(t)
	file, args := collectArgs(t, p.kubeconfig, "-n", crowdLarge, "-n", crowdMiddle, "-n", crowdSmall)
	res := imbundle(t, args...)
	servers := c.cpu(t) - before
	if res.code != 0 {
		t.Errorf("exit code %d\n%s", res.code, res.err)
	}
	a := unpack(t, file)
	served := c.served(t, "quiet.log")
	for ns, want := range map[string]int{crowdLarge: inLarge, crowdMiddle: inMiddle, crowdSmall: inSmall} {
		if got := a.logs(t, ns, served); got != want {
			t.Errorf("%d logs of %s are what was served, want %d", got, ns, want)
		}
		if got, want := a.sameObjects(t, c, ns); got != want {
			t.Errorf("%d objects of %s, kubectl lists %d", got, ns, want)
		}
	}
	if got := a.objects(t, "cluster-resources/nodes.json"); got != 200 {
		t.Errorf("%d nodes", got)
	}
	grown := res.memory - startUp(t)
	if grown > 128*mb {
		t.Errorf("%d MB above the start, at most 128 are allowed", grown/mb)
	}
	if res.cpu > servers {
		t.Errorf("the program took %s of CPU, the servers %s: it is the limit", res.cpu, servers)
	}
	p.keepsLimits(t)
	t.Logf("2,000 pods in %s; CPU %s, of the servers %s; %d MB above the start", res.took.Round(time.Millisecond),
		res.cpu.Round(time.Millisecond), servers.Round(time.Millisecond), grown/mb)
}

// keepsLimits checks pages and streams: lists by 500, never more than 5 streams of a node, 16 of all.
func (p *proxy) keepsLimits(t *testing.T) {
	t.Helper()
	lists := p.passed(asked.isList)
	for _, l := range lists {
		if l.query.Get("limit") != "500" {
			t.Errorf("%s is asked for with limit %q", l.path, l.query.Get("limit"))
		}
	}
	most := 0
	for _, n := range p.most {
		most = max(most, n)
	}
	if most > 5 || p.streams > 16 || len(p.most) < 150 {
		t.Errorf("%d streams at a time, %d of one node; %d nodes were asked", p.streams, most, len(p.most))
	}
	paged := len(p.passed(func(a asked) bool { return a.query.Get("continue") != "" }))
	if paged < 4 {
		t.Errorf("%d further pages", paged)
	}
	all := p.passed(func(asked) bool { return true })
	t.Logf("%d requests, %d lists, %d further pages; %d streams at a time, %d of one node", len(all), len(lists), paged, p.streams, most)
}

// TestScaleBudget has 10 GB of logs to offer and takes 500 MB: no more than about that is streamed, the head and the newest
// lines of every log are there.
func TestScaleBudget(t *testing.T) {
	c := standing(t)
	served := c.served(t, "loud.log")
	offered := int64(len(served)) * inLoud
	firstLine := served[:bytes.IndexByte(served, '\n')+1]
	lastLine := served[bytes.LastIndexByte(served[:len(served)-1], '\n')+1:]
	served = nil
	for name, limit := range map[string]struct {
		flags []string
		code  int
		least int64 // kept, of all logs, before compression
		most  int64 // streamed
		file  int64
	}{
		"log size":  {[]string{"--max-log-size", "10MB"}, 0, 400 * mb, 625 * mb, 1 << 40},
		"file size": {[]string{"--max-size", "30MB"}, 0, 100 * mb, 1000 * mb, 30 * mb},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, c.kubeconfig, nil)
			p.nodes = c.nodes(t)
			file, args := collectArgs(t, p.kubeconfig, append([]string{"-n", crowdLoud}, limit.flags...)...)
			res := imbundle(t, args...)
			if res.code != limit.code {
				t.Errorf("exit code %d, want %d\n%s", res.code, limit.code, res.err)
			}
			a := unpack(t, file)
			var kept, streamed int64
			whole := 0
			for entry, content := range a.files {
				if !strings.HasPrefix(entry, "cluster-resources/pods/logs/") {
					continue
				}
				kept += int64(len(content))
				if bytes.HasPrefix(content, firstLine) && bytes.HasSuffix(content, lastLine) && bytes.Count(content, []byte("---- imbundle: ")) == 1 {
					whole++
				}
			}
			tails := 0
			for _, l := range p.passed(asked.isLog) {
				streamed += l.bytes
				if l.query.Get("tailLines") != "" {
					tails++
				}
			}
			if p.most["crowd-001"] != 5 || p.streams > 16 {
				t.Errorf("%d streams at a time of a node that has more logs than that, %d of all", p.most["crowd-001"], p.streams)
			}
			if whole != inLoud || tails < inLoud {
				t.Errorf("%d logs of %d have their head, their newest line and a mark between; tailLines was asked for %d times", whole, inLoud, tails)
			}
			if kept < limit.least || streamed > limit.most || streamed > kept*13/10 {
				t.Errorf("%d MB are kept and %d MB were streamed", kept/mb, streamed/mb)
			}
			if info, err := os.Stat(file); err != nil || info.Size() > limit.file {
				t.Errorf("the file: %v, %v", info.Size(), err)
			}
			grown := res.memory - startUp(t)
			if grown > 128*mb {
				t.Errorf("%d MB above the start, at most 128 are allowed", grown/mb)
			}
			t.Logf("%d MB offered, %d MB streamed, %d MB kept, in %s; %d MB above the start", offered/mb, streamed/mb, kept/mb, res.took.Round(time.Millisecond), grown/mb)
		})
	}
}

// TestScaleLoadGuard makes every answer slow after a while: the pace falls, the user is told, and it rises again.
func TestScaleLoadGuard(t *testing.T) {
	c := standing(t)
	began := time.Now()
	from, to := 4*time.Second, 16*time.Second
	p := newProxy(t, c.kubeconfig, slow(func() time.Duration {
		if at := time.Since(began); at > from && at < to {
			return time.Second
		}
		return 0
	}))
	p.nodes = c.nodes(t)
	began = time.Now()
	file, args := collectArgs(t, p.kubeconfig, "-n", crowdLarge)
	res := imbundle(t, args...)
	if res.code != 0 {
		t.Errorf("exit code %d\n%s", res.code, res.err)
	}
	rate := func(a, b time.Duration) float64 {
		n := len(p.passed(func(x asked) bool { at := x.at.Sub(began); return at >= a && at < b }))
		return float64(n) / (b - a).Seconds()
	}
	before, during, after := rate(2*time.Second, from), rate(from+4*time.Second, to), rate(to+2*time.Second, to+5*time.Second)
	t.Logf("%.1f requests a second before, %.1f while an answer takes a second, %.1f afterwards; all in %s", before, during, after, res.took.Round(time.Millisecond))
	if during > 5 || during > before/4 || after < 2*during {
		t.Error("the pace does not follow the server")
	}
	a := unpack(t, file)
	if got := a.logs(t, crowdLarge, c.served(t, "quiet.log")); got != inLarge {
		t.Errorf("%d logs of %d", got, inLarge)
	}
	log := string(a.files["imbundle/collect.log"])
	for _, said := range []string{"the API server answers in 1", "asking at most 4 times a second", "s again", " requests, 0 refused"} {
		if !strings.Contains(log, said) || strings.Contains(said, "asking") && !strings.Contains(res.err, said) {
			t.Errorf("nobody says %q:\n%s", said, log)
		}
	}
}
