package bundle

import (
	"errors"
	"time"

	"github.com/imbundle/imbundle/bundle/redact"
)

// Options set up a Writer.
type Options struct {
	Redactor   *redact.Redactor // required: nothing enters a bundle unredacted
	Tool       Tool
	Plan       Plan
	Level      int              // of gzip; zero means 5
	MemberSize int              // plain bytes of a gzip member; zero means 1 MiB
	Workers    int              // members compressed at a time; zero means one for each CPU, 2 at least, 8 at most
	TempDir    string           // where the private spool directory is made; empty means beside the output
	MaxSize    int64            // of the file, bytes; zero means no limit
	Now        func() time.Time // nil means time.Now
	Hold       func(phase string)
	// Hold is called at the changes of phase (plan, open, append, manifest, footer), by tests that end the process there.
}

func (o Options) withDefaults() (Options, error) {
	if o.Redactor == nil {
		return o, errors.New("creating a bundle: no redactor given")
	}
	if o.Level == 0 {
		o.Level = 5
	}
	if o.MemberSize == 0 {
		o.MemberSize = 1 << 20
	}
	if o.MemberSize < chunkSize || o.MemberSize > maxMemberSize || o.MemberSize%chunkSize != 0 {
		return o, errors.New("creating a bundle: the member size must be a multiple of 64 KiB and at most 16 MiB")
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hold == nil {
		o.Hold = func(string) {}
	}
	if o.Plan.Tool == (Tool{}) {
		o.Plan.Tool = o.Tool
	}
	if o.Plan.Started.IsZero() {
		o.Plan.Started = o.Now().UTC()
	}
	o.Plan.Format = Format
	return o, nil
}
