package view

import (
	"io"
	"regexp"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/scan"
)

// Filter chooses records. The zero value chooses all.
type Filter struct {
	From, To   time.Time      // zero is an open end; a record at To is in
	Grep       *regexp.Regexp // in any line of the record, colours stripped
	Level      scan.Level     // the least severe that is shown; LevelUnknown shows all
	Components []string       // roles, pods or their beginnings, containers, entries
	Previous   bool           // only logs of containers that ended
	Tail       int            // the last so many of each log; zero means all
}

// within tells whether a time is in the window. Nothing without a time is in a bounded one.
func (f *Filter) within(at time.Time) bool {
	if at.IsZero() {
		return f.From.IsZero() && f.To.IsZero()
	}
	return (f.From.IsZero() || !at.Before(f.From)) && (f.To.IsZero() || !at.After(f.To))
}

// wants judges a record apart from its component.
func (f *Filter) wants(b *scan.Block) bool {
	if f.Level != scan.LevelUnknown && (b.Level == scan.LevelUnknown || b.Level > f.Level) {
		return false
	}
	return f.within(b.Time) && (f.Grep == nil || f.Grep.Match(b.Text))
}

// tap reads one log and gives the records that the filter chooses.
type tap struct {
	log   analyze.LogName
	parts []component // one of which every record must be of; nil: any
	recs  *scan.Records
	f     *Filter
	cast  *cast
	block *scan.Block
	at    int64 // order among the records of all logs, unix nanoseconds
}

// read begins to read the log.
func (t *tap) read(r io.Reader, year int) {
	t.recs, t.at = scan.NewRecords(r, scan.Options{Year: year}), 0
}

// disorder is how far the times of a log may go back without their lines being moved.
const disorder = int64(time.Minute)

// next moves to the next record; io.EOF after the last.
func (t *tap) next() error {
	for {
		b, err := t.recs.Next()
		if err != nil {
			return err
		}
		if at := nanos(b.Time); at >= t.at || t.at-at > disorder && at != 0 {
			t.at = at
		}
		if t.f.wants(b) && (t.parts == nil || t.cast.speaks(t.recs.Record(), t.parts)) {
			t.block = b
			return nil
		}
	}
}

// nanos is the time in unix nanoseconds, 0 when unknown.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
