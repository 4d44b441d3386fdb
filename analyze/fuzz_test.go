package analyze

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzSnapshots feeds anything to every reader of snapshots: whatever comes, they end, and what they report is in bounds.
func FuzzSnapshots(f *testing.F) {
	samples, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range samples {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"kind":"PodList","items":[` + podJSON + `]}`))
	f.Add([]byte(`[{"kind":"Event","count":"x"},null,7]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var s snapshots
		src := classify("x.txt", body[:min(len(body), sniffSize)])
		// an error is an answer here: the entry is malformed
		_ = s.readTable(bytes.NewReader(body), &src)
		_ = s.readDescribe(bytes.NewReader(body), &src)
		_ = s.readRedis(bytes.NewReader(body), "x")
		_ = readYAML(bytes.NewReader(body), "pods.yaml", func(o *object) error {
			s.addObject("x", o)
			return nil
		})
		_, _ = readObjects(bytes.NewReader(body), "pods.json", func(o *object) error {
			s.addObject("x", o)
			return nil
		})
		pods := mergePods(s.Pods, noon, testSpecs())
		mergeEvents(s.Events, noon)
		if len(pods) > len(s.Pods) {
			t.Errorf("%d pods became %d", len(s.Pods), len(pods))
		}
		for _, u := range s.Usage {
			if u.CPU < -1 && u.Memory < -1 {
				t.Errorf("usage %+v", u)
			}
		}
	})
}
