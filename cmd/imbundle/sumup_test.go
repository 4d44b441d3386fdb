package main

import (
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// TestTellGaps gathers what is missing by reason, and says once what many entries of a source cost.
func TestTellGaps(t *testing.T) {
	var b strings.Builder
	tellGaps(&b, []bundle.Gap{
		{Source: "kafka", Entry: "kafka/topics.json", Reason: bundle.Timeout, Costs: "lag"},
		{Source: "node", Entry: "nodes/a/df.txt", Reason: bundle.NotFound, Costs: "how full disks are"},
		{Source: "kafka", Entry: "kafka/groups.json", Reason: bundle.Timeout, Costs: "lag"},
		{Source: "seq", Entry: "seq/conversations.jsonl", Reason: bundle.Timeout, Costs: "numbers"},
		{Source: "seq", Reason: bundle.Timeout},
	})
	want := `missing: 4 × timeout
  kafka kafka/topics.json and 1 more: lag
  seq seq/conversations.jsonl: numbers
missing: 1 × not-found
  node nodes/a/df.txt: how full disks are
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
