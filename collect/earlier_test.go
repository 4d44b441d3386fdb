package collect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// TestResumeDamaged flips bytes of one entry: that one is asked for again, the others are carried.
func TestResumeDamaged(t *testing.T) {
	names := []string{"config/a", "config/b", "config/c"}
	path := first(t, options(t), &asker{name: "all", promises: names})
	if e := earlier(t, path); !e.Complete() {
		t.Error("a complete bundle is not called so")
	}
	b := entry(t, manifest(t, path), "config/b")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Members[0] / 2 {
		body[b.Offset+b.Header+b.Members[0]/4+i] ^= 0x5a
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := earlier(t, path); e.Complete() {
		t.Error("a damaged bundle is called complete")
	}
	again := &asker{name: "all", promises: names}
	res, m := resume(t, path, again)
	if !slices.Equal(again.asked, []string{"config/b"}) || !res.Complete || !slices.Equal(entryNames(m), names) {
		t.Errorf("asked for %q, %+v", again.asked, res)
	}
}

// TestResumeCutAnywhere continues a bundle that ends at any byte.
func TestResumeCutAnywhere(t *testing.T) {
	names := []string{"config/a", "config/b", "config/c", "config/d"}
	path := first(t, options(t), &asker{name: "all", promises: names})
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	carried := 0
	for n := 0; n < len(body); n += 41 {
		cut := filepath.Join(t.TempDir(), "cut.tgz")
		if err := os.WriteFile(cut, body[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := OpenEarlier(t.Context(), cut)
		if err != nil {
			if carried > 0 {
				t.Fatalf("cut at byte %d: %v", n, err)
			}
			continue
		}
		o := options(t)
		o.Tool, o.Resume = imbundleTool, e
		again := &asker{name: "all", promises: names}
		res, err := Run(t.Context(), o, []Source{again})
		if err != nil || !res.Complete || res.Carried+len(again.asked) != len(names) {
			t.Fatalf("cut at byte %d: %v, %+v, asked %q", n, err, res, again.asked)
		}
		if report, err := bundle.Verify(t.Context(), o.Output, bundle.ReadOptions{}); err != nil || !report.OK {
			t.Fatalf("cut at byte %d: %v, %+v", n, err, report)
		}
		if res.Carried < carried {
			t.Fatalf("cut at byte %d: %d carried, %d before that", n, res.Carried, carried)
		}
		carried = res.Carried
	}
	if carried != len(names) {
		t.Errorf("at most %d entries were carried", carried)
	}
}

// TestResumeSize counts what is carried towards the size limit.
func TestResumeSize(t *testing.T) {
	names := []string{"config/a", "config/b"}
	path := first(t, options(t), &asker{name: "all", promises: names}, source{"big", Promise{}, func(_ context.Context, b *Batch) error {
		b.Gap(bundle.Gap{Entry: "config/big", Reason: bundle.Timeout})
		return nil
	}})
	o := options(t)
	o.Tool, o.Resume, o.MaxSize = imbundleTool, earlier(t, path), 64<<10
	var left int64
	res, err := Run(t.Context(), o, []Source{&asker{name: "all", promises: names}, source{"big", Promise{}, func(_ context.Context, b *Batch) error {
		left = b.Budget().Left(0)
		return nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if carried := int64(len(textOf(names[0])) + len(textOf(names[1]))); left > 4*o.MaxSize-carried+100 {
		t.Errorf("%d bytes are left of %d, though %d were carried", left, 4*o.MaxSize, carried)
	}
	if res.Size > o.MaxSize {
		t.Errorf("the file has %d bytes, of %d", res.Size, o.MaxSize)
	}
}

// TestResumeInterrupted ends the continuing run before anything is carried: the earlier file stays the one to go on from.
func TestResumeInterrupted(t *testing.T) {
	path := first(t, options(t), &asker{name: "all", promises: []string{"config/a", "config/b"}, fails: map[string]bundle.Gap{"config/b": {Reason: bundle.Timeout}}})
	o := options(t)
	o.Tool, o.Resume = imbundleTool, earlier(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := Run(ctx, o, []Source{&asker{name: "all", promises: []string{"config/a", "config/b"}}})
	if err != nil || res.Complete || res.Best != path {
		t.Errorf("%v, %+v", err, res)
	}
}

func TestSameCluster(t *testing.T) {
	was := &bundle.Cluster{Server: "https://a:6443", Workloads: map[string]string{"im/Deployment/api": "1", "im/Deployment/push": "2"}}
	for name, c := range map[string]struct {
		was  *bundle.Cluster
		now  bundle.Cluster
		same bool
	}{
		"unknown":                   {nil, bundle.Cluster{Server: "https://b"}, true},
		"same":                      {was, *was, true},
		"another way in":            {was, bundle.Cluster{Server: "https://127.0.0.1:40001", Workloads: map[string]string{"im/Deployment/api": "1"}}, true},
		"one was installed again":   {was, bundle.Cluster{Server: "https://a:6443", Workloads: map[string]string{"im/Deployment/api": "9", "im/Deployment/push": "2"}}, true},
		"same address, other":       {was, bundle.Cluster{Server: "https://a:6443", Workloads: map[string]string{"im/Deployment/api": "9"}}, false},
		"other":                     {was, bundle.Cluster{Server: "https://b:6443", Workloads: map[string]string{"im/Deployment/api": "9"}}, false},
		"other address, none known": {was, bundle.Cluster{Server: "https://b:6443"}, false},
		"same address, none known":  {was, bundle.Cluster{Server: "https://a:6443"}, true},
	} {
		err := (&Earlier{Path: "x.tgz", Plan: &bundle.Plan{Cluster: c.was}}).SameCluster(c.now)
		var in *bundle.InputError
		if (err == nil) != c.same || err != nil && (!errors.As(err, &in) || in.Hint == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestResumeSiblings carries what came with one answer together or not at all.
func TestResumeSiblings(t *testing.T) {
	o := options(t)
	path := first(t, o, &asker{name: "all", promises: []string{"config/a", "config/b", "config/c"}, fails: map[string]bundle.Gap{"config/b": {Reason: bundle.Timeout}}})
	again := &asker{name: "all", promises: []string{"config/a", "config/b", "config/c"}, shares: []string{"config/a", "config/b"}}
	res, _ := resume(t, path, again)
	if !slices.Equal(again.asked, []string{"config/a", "config/b"}) || res.Carried != 1 {
		t.Errorf("asked for %q, %d carried", again.asked, res.Carried)
	}
}
