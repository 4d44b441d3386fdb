//go:build unix

package bundle_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

// BenchmarkWriter writes 8 logs at a time, with the given redaction rules.
func BenchmarkWriter(b *testing.B) {
	for name, rules := range map[string][]redact.Rule{
		"no-rules": nil,
		"rules": {
			{ID: "password", Keys: []string{"password", "passwd", "secret", "token", "accessKey"}},
			{ID: "phone", Literal: []string{"phone"}, Pattern: `phone\W+(?P<secret>1[3-9][0-9]{9})`},
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkWriter(b, rules) })
	}
}

// perCPU adds MB per CPU-second, which a busy machine changes less than MB per second.
func perCPU(b *testing.B, size int64) func() {
	b.SetBytes(size)
	before := cpuTime(b)
	return func() { b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpuTime(b)-before), "MB/cpu-s") }
}

func cpuTime(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func benchmarkWriter(b *testing.B, rules []redact.Rule) {
	r, err := redact.Compile(rules)
	if err != nil {
		b.Fatal(err)
	}
	text := logText(1, 8<<20)
	defer perCPU(b, 8*int64(len(text)))()
	for b.Loop() {
		o := options(b)
		o.Redactor = r
		w := create(b, o)
		var g sync.WaitGroup
		for i := range 8 {
			g.Go(func() {
				if err := put(w, "logs/"+strconv.Itoa(i), text); err != nil {
					b.Error(err)
				}
			})
		}
		g.Wait()
		if err := w.Finish(bundle.Final{}); err != nil {
			b.Error(err)
		}
	}
}

// benchBundle is a bundle of n logs of 8 MiB each; its way in is up to the caller.
func benchBundle(b *testing.B, n int) (path string, size int64) {
	b.Helper()
	w := create(b, options(b))
	for i := range n {
		if err := put(w, "logs/"+strconv.Itoa(i), logText(uint64(i%4), 8<<20)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Finish(bundle.Final{Complete: true}); err != nil {
		b.Fatal(err)
	}
	return w.Path(), int64(n) * 8 << 20
}

func benchmarkReader(b *testing.B, path string, size int64) {
	defer perCPU(b, size)()
	for b.Loop() {
		r := open(b, path, bundle.ReadOptions{})
		err := r.Each(context.Background(), 2, func(_ int, f *bundle.File) error {
			buf := make([]byte, 256<<10)
			for {
				n, err := f.Read(buf)
				_ = bytes.Count(buf[:n], []byte{'\n'})
				if err != nil {
					return nil
				}
			}
		})
		if err != nil || !r.End().Complete {
			b.Fatal(err, r.End())
		}
	}
}

// BenchmarkReaderIndexed counts lines with two workers.
func BenchmarkReaderIndexed(b *testing.B) {
	path, size := benchBundle(b, 16)
	b.Run("16-entries", func(b *testing.B) { benchmarkReader(b, path, size) })
	one, err := bundle.Create(filepath.Join(b.TempDir(), "one.tgz"), options(b))
	if err != nil {
		b.Fatal(err)
	}
	if err := put(one, "logs/one", logText(1, 64<<20)); err != nil {
		b.Fatal(err)
	}
	if err := one.Finish(bundle.Final{Complete: true}); err != nil {
		b.Fatal(err)
	}
	b.Run("1-entry", func(b *testing.B) { benchmarkReader(b, one.Path(), 64<<20) })
}

// BenchmarkReaderStream counts lines in the same bundle without its footer.
func BenchmarkReaderStream(b *testing.B) {
	path, size := benchBundle(b, 16)
	cut := writeFile(b, filepath.Join(b.TempDir(), "cut.tgz"), readFile(b, path))
	fi, err := os.Stat(cut)
	if err != nil {
		b.Fatal(err)
	}
	const footer = 51
	if err := os.Truncate(cut, fi.Size()-footer); err != nil {
		b.Fatal(err)
	}
	benchmarkReader(b, cut, size)
}

// BenchmarkOpenEntry reads one small entry out of a bundle.
func BenchmarkOpenEntry(b *testing.B) {
	path, _ := benchBundle(b, 16)
	for b.Loop() {
		r := open(b, path, bundle.ReadOptions{})
		rc, err := r.Open(bundle.PlanFile)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, rc); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMemberCost compares members of 1 MiB, whole and made of parts, with one member for everything.
func TestMemberCost(t *testing.T) {
	text := logText(1, 12<<20)
	size := func(member int) int64 {
		o := options(t)
		o.MemberSize = member
		w := create(t, o)
		if err := put(w, "log", text); err != nil {
			t.Fatal(err)
		}
		m := finish(t, w).Manifest()
		var n int64
		for _, k := range m.Entries[1].Members {
			n += k
		}
		return n
	}
	one, many := size(16<<20), size(1<<20)
	cost := float64(many-one) / float64(one) * 100
	t.Logf("members of 1 MiB cost %.2f %% of the size", cost)
	if cost > 1.5 {
		t.Errorf("members of 1 MiB cost %.2f %%", cost)
	}
}
