package analyze

import (
	"fmt"
	"strings"
	"testing"
)

// TestNotebookReadsWhatWasWritten fills many pages, with excerpts of any length and bytes.
func TestNotebookReadsWhatWasWritten(t *testing.T) {
	var n notebook
	var quotes []quote
	text := func(i int) string { return strings.Repeat(fmt.Sprintf("行 %d \xff", i*i*7919), i%maxText/8) }
	for i := range 4000 {
		quotes = append(quotes, n.write(text(i)))
	}
	first, last := quotes[1].page, quotes[len(quotes)-1].page
	if first.plain != nil || len(first.packed) > pageSize/2 || last.plain == nil {
		t.Errorf("the first page is packed into %d bytes, the last holds %d", len(first.packed), len(last.plain))
	}
	n.close()
	for i := 0; i < len(quotes); i += 7 {
		if got := quotes[i].String(); got != text(i) {
			t.Fatalf("quote %d is %q, want %q", i, got, text(i))
		}
	}
	if got := (quote{}).String(); got != "" {
		t.Errorf("no quote is %q", got)
	}
}
