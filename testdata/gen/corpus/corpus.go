// Package corpus makes the logs and rules of the benchmarks: lines as OpenIM, Kafka, Redis, mongod and etcd write them, three
// to the kilobyte, 1.8 % of them at WARN or ERROR, with harmless lines that look like trouble. Everything follows from the seed.
package corpus

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options says how much to write.
type Options struct {
	Bytes int64 // of logs
	Files int   // logs; four of them are about 4 % each, the others share the rest
	Seed  uint64
}

// Log is one log of the corpus.
type Log struct {
	Name  string // below the top folder
	Bytes int64  // at least so many
	seed  uint64
	kind  kind
}

// Plan lists the logs of a corpus.
func Plan(o Options) []Log {
	large := min(4, o.Files/10)
	share := (o.Bytes - int64(large)*o.Bytes/25) / int64(max(1, o.Files-large))
	var logs []Log
	for i := 0; i < o.Files; i++ {
		k := kinds[i%len(kinds)]
		l := Log{Bytes: share, seed: o.Seed<<32 + uint64(i), kind: k}
		if i < large {
			l.Bytes = o.Bytes / 25
		}
		pod := fmt.Sprintf("%s-%08x-%05x", k.component, 0x5c6d7f80+i/len(kinds)*7919, 0x4a000+i)
		suffix := ".log"
		if i%29 == 28 {
			suffix = "-previous.log"
		}
		l.Name = fmt.Sprintf("cluster-resources/pods/logs/openim/%s/%s%s", pod, k.component, suffix)
		logs = append(logs, l)
	}
	return logs
}

// File is one file of a corpus.
type File struct {
	Name string // below the top folder
	io.WriterTo
}

// Files lists everything that a corpus holds: its logs, the version file of the layout, and the Kubernetes objects of a
// namespace with these pods.
func Files(o Options) []File {
	logs := Plan(o)
	files := []File{
		{"version.yaml", document("apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: generated\n")},
		{"cluster-resources/pods/openim.json", podList(logs)},
	}
	for _, kind := range []string{"deployments", "services", "events", "configmaps", "pvcs"} {
		files = append(files, File{"cluster-resources/" + kind + "/openim.json", document("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}\n")})
	}
	for _, l := range logs {
		files = append(files, File{l.Name, l})
	}
	return files
}

// Write writes the corpus below dir, which must not exist.
func Write(dir string, o Options) error {
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%q exists", dir)
	}
	for _, f := range Files(o) {
		if err := f.write(filepath.Join(dir, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (f File) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := f.WriteTo(out); err != nil {
		out.Close()
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return out.Close()
}

// WriteTo writes the log.
func (l Log) WriteTo(w io.Writer) (int64, error) {
	out := bufio.NewWriterSize(w, 32<<10)
	g := &source{
		Rand: rand.New(rand.NewPCG(l.seed, 0x9e3779b97f4a7c15)), kind: l.kind,
		now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).Add(time.Duration(l.seed%86400) * time.Second),
	}
	g.pid = 1 + g.IntN(40000)
	g.step = time.Duration(g.IntN(60)+20) * time.Millisecond
	var total int64
	for total < l.Bytes {
		n, err := out.Write(g.line())
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, out.Flush()
}

// document is a file whose bytes are known.
type document string

func (d document) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(d))
	return int64(n), err
}

func podList(logs []Log) document {
	var out strings.Builder
	out.WriteString(`{"apiVersion":"v1","kind":"PodList","items":[`)
	for i, l := range logs {
		if i > 0 {
			out.WriteString(",")
		}
		name := filepath.Base(filepath.Dir(l.Name))
		fmt.Fprintf(&out, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":"openim","creationTimestamp":"2026-11-20T00:00:00Z"},"spec":{"nodeName":"node-%d","containers":[{"name":%q,"image":"openim/%s:v3.8.3"}]},"status":{"phase":"Running","startTime":"2026-11-20T00:00:00Z","containerStatuses":[{"name":%q,"ready":true,"restartCount":0,"state":{"running":{"startedAt":"2026-11-20T00:00:05Z"}}}]}}`,
			name, i%5, l.kind.component, l.kind.component, l.kind.component)
	}
	out.WriteString("]}\n")
	return document(out.String())
}
