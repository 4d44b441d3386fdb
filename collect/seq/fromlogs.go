package seq

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Bounds on reading logs back: bytes of all, of one log, and conversations that are counted.
const (
	maxScanned    = 64 << 20
	maxScannedOne = 8 << 20
	maxCounted    = 100_000
)

// troubled is what a line at WARN or above counts more than an ordinary one.
const troubled = 1000

var (
	naming    = []byte("onversation") // conversationID, conversation_id, conversationIDs, MALLOC_SEQ of a conversation, …
	seqNaming = []byte("_SEQ:")
	idPattern = regexp.MustCompile(`(?:^|["'\s:\[,=])((?:si|sg|sn|n|g)_[^\s"'\\,\]\[{}()<>:]{1,128})`)
)

// fromLogs waits for the logs and gives the conversations that they name, those of lines that report trouble first.
func (p *picture) fromLogs(ctx context.Context) ([]string, error) {
	select {
	case <-p.o.Logs:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	weights, left := map[string]int{}, int64(maxScanned)
	for _, entry := range logsOf(p.b.Written()) {
		n, err := scanLog(ctx, p.b.Written(), entry, min(left, maxScannedOne), weights)
		if left -= n; left <= 0 {
			break
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			p.b.Note("looking for conversations in %q: %v", entry, err)
		}
	}
	return byWeight(weights), nil
}

// logsOf are the logs in the bundle, those of the components that handle numbers first.
func logsOf(w collect.Written) []string {
	var logs []string
	for _, n := range w.Names() {
		if _, is := bundle.ParsePodLog(n); is {
			logs = append(logs, n)
		}
	}
	rank := func(name string) int {
		for i, role := range []string{"msgtransfer", "rpc-msg", "msg-rpc", "push", "conversation", "gateway"} {
			if bytes.Contains([]byte(name), []byte(role)) {
				return i
			}
		}
		return 99
	}
	slices.SortStableFunc(logs, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return logs
}

// scanLog counts the conversations that the beginning of a log names, and tells how much of it was read.
func scanLog(ctx context.Context, w collect.Written, entry string, most int64, weights map[string]int) (int64, error) {
	r, err := w.Open(entry)
	if err != nil {
		return 0, fmt.Errorf("opening it: %w", err)
	}
	defer r.Close()
	limited := &io.LimitedReader{R: r, N: most}
	lines := bufio.NewReaderSize(limited, 64<<10)
	for ctx.Err() == nil {
		line, err := lines.ReadSlice('\n') // a line beyond the buffer comes in pieces
		weigh(line, weights)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return most - limited.N, err
		}
	}
	return most - limited.N, nil
}

func weigh(line []byte, weights map[string]int) {
	if !bytes.Contains(line, naming) && !bytes.Contains(line, seqNaming) {
		return
	}
	weight := 1
	head := line[:min(len(line), 200)]
	if bytes.Contains(head, []byte("ERROR")) || bytes.Contains(head, []byte("WARN")) {
		weight = troubled
	}
	for _, m := range idPattern.FindAllSubmatch(line, 8) {
		if _, known := weights[string(m[1])]; known || len(weights) < maxCounted {
			weights[string(m[1])] += weight
		}
	}
}
