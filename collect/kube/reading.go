package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const (
	bytesPerLine  = 250  // of OpenIM's, about
	fewestLines   = 500  // that are asked for at first
	newestLines   = 2000 // asked for when a stream was too slow to reach its end
	newestTimeout = 10 * time.Second
	largestHead   = 512 << 10 // what limitBytes asks for at most
	interrupted   = 1 << 20   // what is kept of the tail when the run ends in the middle
	breaks        = 3         // how often a log is read whose connection drops
)

// reading is one log on its way from the kubelet. A few of its newest lines are asked for first (tailLines): that is the
// whole of most logs, and tells of the others how many lines fit into the limit, so that no more than that is streamed. Only
// if those do not reach back to the beginning of the window is its head asked for by itself (limitBytes, which keeps
// the oldest). A window that ends before now is read from its beginning.
type reading struct {
	c      *Cluster
	s      *stream
	limit  int64
	window bundle.Window
	// How long the stream may take, and after it the one for its newest lines.
	timeout, newestTimeout time.Duration

	piece               // what came, oldest first
	head   bytes.Buffer // the beginning of the window, when kept does not have it; whole lines
	grown  bool         // kept takes no more
	joined bool         // nothing is missing between head and kept
	newest *keeper      // the end, when kept does not have it
	err    error        // why it is not whole
	fault  string       // why the node is to blame
}

// piece is what one request for a log brought.
type piece struct {
	kept        *keeper
	first, last time.Time // of its lines
	notLog      string    // the kubelet's excuse in the place of a log
}

// errIdle ends a stream that has fallen silent.
type errIdle struct{ after time.Duration }

func (e errIdle) Error() string { return fmt.Sprintf("the stream sent nothing for %s", e.after) }
func (e errIdle) Timeout() bool { return true }

// errNoAnswer ends a request that is not answered.
type errNoAnswer struct{ after time.Duration }

func (e errNoAnswer) Error() string { return fmt.Sprintf("no answer came for %s", e.after) }
func (e errNoAnswer) Timeout() bool { return true }

// errSlow ends the reading of an answer that takes too long altogether.
type errSlow struct{ after time.Duration }

func (e errSlow) Error() string { return fmt.Sprintf("the answer had not ended after %s", e.after) }
func (e errSlow) Timeout() bool { return true }

func (r *reading) run(ctx context.Context) {
	lines := int64(0)
	if r.window.To.IsZero() {
		lines = max(fewestLines, r.limit/10/bytesPerLine)
	}
	answered := r.read(ctx, lines)
	if fit := r.fitting(); r.err == nil && r.mayLack(lines) && fit > lines {
		r.kept.free()
		lines = fit
		answered = r.read(ctx, lines)
	}
	memory.grown(r)
	if !answered {
		r.fault = nodeFault(r.err)
		return
	}
	var slow errSlow
	switch {
	case r.notLog != "":
		r.err = notFound(r.notLog)
		r.kept.free()
		r.kept = newKeeper(r.limit)
	case errors.As(r.err, &slow) && ctx.Err() == nil:
		r.readNewest(ctx)
	case r.err == nil && r.mayLack(lines):
		r.readHead(ctx)
	}
}

// mayLack reports whether a log that was asked for so many lines may have older ones. A kubelet counts the parts of long
// lines, of 16 KiB at most, and sends them as one. One that sends more than it was asked for sends all.
func (r *reading) mayLack(lines int64) bool {
	return lines > 0 && lines >= r.kept.lines && r.kept.lines+r.kept.total/(16<<10) >= lines
}

// fitting is how many lines of the length of those that came fit into the limit, beside the head.
func (r *reading) fitting() int64 {
	return (r.limit - r.headSize()) * r.kept.lines / max(1, r.kept.total)
}

func (r *reading) headSize() int64 { return min(r.limit/10, largestHead) }

// read asks for the newest lines, for all of the window when lines is 0. When the connection drops it is asked again; the
// longest of what came is kept.
func (r *reading) read(ctx context.Context, lines int64) (answered bool) {
	q := r.query()
	if lines > 0 {
		q.Set("tailLines", strconv.FormatInt(lines, 10))
	}
	r.piece = piece{kept: newKeeper(r.limit)}
	for try := 1; ; try++ {
		before := r.piece
		r.piece = piece{kept: newKeeper(r.limit)}
		said, err := r.stream(ctx, q, &r.piece, r.timeout)
		answered, r.err = answered || said, err
		if err != nil && before.kept.total > r.kept.total {
			r.piece, before = before, r.piece
		}
		before.kept.free()
		if err == nil || !dropped(err) || try == breaks || ctx.Err() != nil {
			return answered
		}
	}
}

func (r *reading) query() url.Values {
	q := url.Values{"container": {r.s.container}, "timestamps": {"true"}}
	if r.s.previous {
		q.Set("previous", "true")
	}
	if !r.window.From.IsZero() {
		q.Set("sinceTime", r.window.From.UTC().Format(time.RFC3339))
	}
	return q
}

// readHead reads the beginning of the window up to what is there already.
func (r *reading) readHead(ctx context.Context) {
	q := r.query()
	size := r.headSize()
	q.Set("limitBytes", strconv.FormatInt(size, 10))
	r.head.Grow(int(size))
	c := &cutter{to: &r.head, end: r.first, strict: true}
	_, err := r.streamInto(ctx, q, c, r.c.o.RequestTimeout)
	r.joined = c.past
	if err != nil {
		r.err = fmt.Errorf("reading the beginning of the window: %w", err)
	}
	r.head.Truncate(bytes.LastIndexByte(r.head.Bytes(), '\n') + 1)
}

// readNewest reads the last lines after those that a slow stream has brought.
func (r *reading) readNewest(ctx context.Context) {
	q := r.query()
	q.Set("tailLines", strconv.Itoa(newestLines))
	r.newest = newKeeper(r.limit / 10)
	if _, err := r.streamInto(ctx, q, &cutter{to: r.newest, begin: r.last, end: r.window.To}, r.newestTimeout); err != nil {
		r.err = fmt.Errorf("%w; reading the newest lines: %w", r.err, err)
	}
}

// stream reads into a piece.
func (r *reading) stream(ctx context.Context, q url.Values, p *piece, timeout time.Duration) (answered bool, err error) {
	c := &cutter{to: p.kept, end: r.window.To}
	answered, err = r.streamInto(ctx, q, c, timeout)
	p.first, p.last = c.first, c.last()
	if c.untimed && p.kept.lines <= 1 {
		p.notLog = firstLine(string(p.kept.peek(512)))
	}
	return answered, err
}

// streamInto makes one request and reads its answer until it ends, falls silent, takes too long, or has left the window.
func (r *reading) streamInto(ctx context.Context, q url.Values, to *cutter, timeout time.Duration) (answered bool, err error) {
	res, err := r.c.request(ctx, http.MethodGet, r.s.path(), q, "*/*", nil)
	if err != nil {
		return answeredAnyway(err), err
	}
	defer res.Close()
	waiting := time.AfterFunc(r.c.o.IdleTimeout, func() { res.end(errIdle{r.c.o.IdleTimeout}) })
	defer waiting.Stop()
	end := time.Now().Add(timeout)
	late := time.AfterFunc(timeout, func() { res.end(errSlow{timeout}) })
	defer late.Stop()
	buf := make([]byte, 32<<10)
	for {
		waiting.Stop()
		if began := time.Now(); memory.wait(res.ctx, r) && late.Stop() {
			end = end.Add(time.Since(began)) // the server is not to blame
			late.Reset(time.Until(end))
		}
		waiting.Reset(r.c.o.IdleTimeout)
		n, err := res.Read(buf)
		if n > 0 && to.write(buf[:n]) {
			return true, nil // past the end of the window
		}
		if err != nil {
			to.close()
			if err == io.EOF {
				err = nil
			}
			return true, err
		}
	}
}

// orCause says why a context was ended rather than that it was.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// answeredAnyway reports whether a node is behind an error: 4xx comes from the API server or the kubelet itself.
func answeredAnyway(err error) bool {
	c := code(err)
	return c >= 400 && c < 500
}

// nodeFault says in a few words why a node gave no answer; empty when it is not to blame.
func nodeFault(err error) string {
	var late interface{ Timeout() bool }
	switch {
	case err == nil, errors.Is(err, context.Canceled), tooBusy(err):
		return ""
	case code(err) >= 500, errors.As(err, &late) && late.Timeout():
		return firstLine(err.Error())
	}
	return ""
}

// notFound is an answer that says that there is no log.
type notFound string

func (e notFound) Error() string     { return string(e) }
func (e notFound) GapReason() string { return bundle.NotFound }

// reason classifies why a log is missing. The kubelet says with 400 that there is nothing to show.
func (r *reading) reason() string {
	text := r.err.Error()
	if code(r.err) == http.StatusBadRequest &&
		(strings.Contains(text, "not found") || strings.Contains(text, "waiting to start") || strings.Contains(text, "is not available") || strings.HasSuffix(text, "is terminated")) {
		return bundle.NotFound
	}
	if r.fault != "" {
		return bundle.Timeout
	}
	return collect.ReasonOf(r.err)
}
