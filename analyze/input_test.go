package analyze

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// TestContinuedAsOfItsPods takes the moment of a continued bundle from its list of pods, and that of any other from its end.
func TestContinuedAsOfItsPods(t *testing.T) {
	at := time.Date(2026, 7, 2, 3, 0, 0, 0, time.UTC)
	m := &bundle.Manifest{Finished: at.Add(5 * time.Hour), Entries: []bundle.EntryInfo{
		{Name: bundle.Resource("events", "im"), Time: at.Add(-time.Minute)},
		{Name: bundle.Resource("pods", "im"), Time: at},
	}}
	if got := podsAt(m); !got.Equal(m.Finished) {
		t.Errorf("a run of its own is as of %s, want its end", got)
	}
	m.Continues = []bundle.EarlierRun{{Started: at}}
	if got := podsAt(m); !got.Equal(at) {
		t.Errorf("as of %s, want %s", got, at)
	}
}
