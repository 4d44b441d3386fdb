package seq

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// Conversations waits for the source and gives the ids that it asked about; of one that could not ask, those that the
// incident names.
func (s *Source) Conversations(ctx context.Context) []string {
	select {
	case <-s.asked:
		return s.ids
	case <-ctx.Done():
		return nil
	}
}

// tell ends the waiting. Conversations that an earlier run has asked about are as good.
func (s *Source) tell(p *picture) {
	if p.b.Has(bundle.SeqFile) {
		ids, err := carried(p.b)
		if err != nil {
			p.b.Note("%v", err)
		}
		s.ids = ids
	}
	for _, w := range p.all {
		if !w.guess || w.known() {
			s.ids = append(s.ids, w.ID)
		}
	}
	for _, id := range s.o.Conversations {
		if len(p.all) == 0 && !slices.Contains(s.ids, id) {
			s.ids = append(s.ids, id)
		}
	}
	close(s.asked)
}

// carried are the conversations that an earlier run has asked about.
func carried(b *collect.Batch) (ids []string, err error) {
	text, err := b.ReadCarried(bundle.SeqFile)
	for line := range bytes.Lines(text) {
		var c record.Conversation
		if err := json.Unmarshal(line, &c); err != nil {
			return ids, fmt.Errorf("reading the conversations of the earlier run: %w", err)
		}
		ids = append(ids, c.ID)
	}
	return ids, err
}
