package bundle_test

import (
	"io"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// TestCutFileKnowsItsEntries reads a file whose writer never came to the manifest: every whole entry still tells its source,
// attributes, truncation and what was hidden in it.
func TestCutFileKnowsItsEntries(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 1, 2, 0, time.UTC)
	want := map[string]bundle.Meta{
		bundle.PodLog("openim", "api-1", "api", false): {
			Source: "kube-logs", Time: at, Attrs: map[string]string{"containerID": "containerd://0123456789abcdef", "node": "n 1"},
			Truncated: &bundle.Truncation{Reason: bundle.TooLong, Head: 3, Tail: 4, Dropped: 5},
		},
		bundle.PodLog("openim", "api-1", "api", true): {Source: "kube-logs", Time: at, Truncated: &bundle.Truncation{Reason: bundle.CutShort, Note: "reset"}},
		bundle.TopPods:                    {Source: "top", Time: at},
		bundle.Resource("pods", "openim"): {Time: at, Redacted: map[string]int64{"earlier": 7}},
	}
	path := filepath.Join(t.TempDir(), "cut.tgz")
	w, err := bundle.Create(path, options(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Finish(bundle.Final{}) }) // gives the spool back
	for name, m := range want {
		e, err := w.Create(name, m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, "SwordfishSwordfish of "+name); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	met := readLabels(t, path)
	for name, m := range want {
		got, ok := met[name]
		if !ok || got.Info == nil {
			t.Errorf("%q: not met, or nothing is known of it", name)
			continue
		}
		i := got.Info
		if i.Source != m.Source || !i.Time.Equal(m.Time) || !reflect.DeepEqual(i.Attrs, m.Attrs) || !reflect.DeepEqual(i.Truncated, m.Truncated) || i.Size != got.Size {
			t.Errorf("%q: %+v, want %+v", name, i, m)
		}
		if got.Redacted["test-word"] != 1 || got.Redacted["earlier"] != m.Redacted["earlier"] {
			t.Errorf("%q: redactions %v", name, got.Redacted)
		}
	}
	if i := met[bundle.PodLog("openim", "api-1", "api", true)].Info; i.Truncated.Meant() || !met[bundle.PodLog("openim", "api-1", "api", false)].Info.Truncated.Meant() {
		t.Error("a log that was cut short was not meant so, one that was too long was")
	}
}

func readLabels(t *testing.T, path string) map[string]bundle.File {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	met := map[string]bundle.File{}
	if err := r.Each(t.Context(), 1, func(_ int, f *bundle.File) error {
		met[f.Name] = *f
		_, err := io.Copy(io.Discard, f)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return met
}

// TestLabelsAreShort bounds what the labels add to a bundle of many small logs.
func TestLabelsAreShort(t *testing.T) {
	size := func(m bundle.Meta) int64 {
		c := content{}
		for i := range 60 {
			c[bundle.PodLog("openim", "openim-rpc-"+string(rune('a'+i%26))+string(rune('a'+i/26))+"-7d9f8c6b5d-abcde", "app", false)] = logText(uint64(i), 100<<10)
		}
		path := filepath.Join(t.TempDir(), "l.tgz")
		w, err := bundle.Create(path, options(t))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range c {
			e, err := w.Create(name, m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Write(text); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		n := w.Size()
		if err := w.Finish(bundle.Final{}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	plain := size(bundle.Meta{})
	full := size(bundle.Meta{Source: "kube-logs", Attrs: map[string]string{
		"container": "container", "restarts": "3", "node": "node-17.example.internal", "image": "docker.io/openim/openim-rpc-msg:v3.8.3", "role": "rpc-msg",
		"containerID": "containerd://8f1c0a0e5d3a4a86f4c3c5f2f0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3", "exitCode": "137", "reason": "OOMKilled",
	}})
	share := float64(full-plain) / float64(plain) * 100
	t.Logf("%d bytes for each entry, %.2f %% of the file", (full-plain)/60, share)
	if share > 1 {
		t.Errorf("labels take %.2f %% of a bundle of small logs", share)
	}
}
