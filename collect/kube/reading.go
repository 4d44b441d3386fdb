package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const (
	bytesPerLine  = 100  // fewer are rare: so many lines are asked for that the size limit is met
	newestLines   = 2000 // asked for when a stream was too slow to reach its end
	newestTimeout = 10 * time.Second
	largestHead   = 512 << 10 // what limitBytes asks for at most
	interrupted   = 1 << 20   // what is kept of the tail when the run ends in the middle
)

// reading is one log on its way from the kubelet. The newest lines are asked for first (tailLines); only if those do not
// reach back to the beginning of the window is its head asked for by itself (limitBytes, which keeps the oldest).
type reading struct {
	c      *Cluster
	s      *stream
	limit  int64
	window bundle.Window
	// How long the stream may take, and after it the one for its newest lines.
	timeout, newestTimeout time.Duration

	kept   *keeper      // what came, oldest first
	head   bytes.Buffer // the beginning of the window, when kept does not have it; whole lines
	grown  bool         // kept takes no more
	joined bool         // nothing is missing between head and kept
	newest *keeper      // the end, when kept does not have it
	first  time.Time
	last   time.Time // of the lines in kept
	err    error     // why it is not whole
	fault  string    // why the node is to blame
	notLog string
}

// errIdle ends a stream that has fallen silent.
type errIdle struct{ after time.Duration }

func (e errIdle) Error() string { return fmt.Sprintf("the stream sent nothing for %s", e.after) }
func (e errIdle) Timeout() bool { return true }

// errNoAnswer ends a request for a log that the node does not answer.
type errNoAnswer struct{ after time.Duration }

func (e errNoAnswer) Error() string { return fmt.Sprintf("the kubelet gave no answer for %s", e.after) }
func (e errNoAnswer) Timeout() bool { return true }

// errSlow ends a stream that takes too long altogether.
type errSlow struct{ after time.Duration }

func (e errSlow) Error() string { return fmt.Sprintf("the stream had not ended after %s", e.after) }
func (e errSlow) Timeout() bool { return true }

func (r *reading) run(ctx context.Context) {
	r.kept = newKeeper(r.limit)
	q := r.query()
	lines := max(1000, r.limit/bytesPerLine)
	if r.window.To.IsZero() {
		q.Set("tailLines", strconv.FormatInt(lines, 10))
	}
	answered, err := r.stream(ctx, q, r.kept, r.timeout)
	r.err = err
	memory.grown(r)
	if !answered {
		r.fault = nodeFault(err)
		return
	}
	var slow errSlow
	switch {
	case r.notLog != "":
		r.err = notFound(r.notLog)
		r.kept.free()
		r.kept = newKeeper(r.limit)
	case errors.As(err, &slow) && ctx.Err() == nil:
		r.readNewest(ctx)
	case err == nil && r.window.To.IsZero() && r.kept.lines >= lines:
		r.readHead(ctx)
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
	size := min(r.limit/10, largestHead)
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

// stream reads into the keeper and notes the times of its lines.
func (r *reading) stream(ctx context.Context, q url.Values, to *keeper, timeout time.Duration) (answered bool, err error) {
	c := &cutter{to: to, end: r.window.To}
	answered, err = r.streamInto(ctx, q, c, timeout)
	r.first, r.last = c.first, c.last()
	if c.untimed && to.lines <= 1 {
		r.notLog = firstLine(string(to.peek(512)))
	}
	return answered, err
}

// streamInto makes one request and reads its answer until it ends, falls silent, takes too long, or has left the window.
func (r *reading) streamInto(ctx context.Context, q url.Values, to *cutter, timeout time.Duration) (answered bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unanswered := time.AfterFunc(r.c.o.RequestTimeout, func() { cancel(errNoAnswer{r.c.o.RequestTimeout}) })
	defer unanswered.Stop()
	res, err := r.c.request(ctx, http.MethodGet, r.s.path(), q, "*/*", nil)
	if err != nil {
		return answeredAnyway(err), orCause(ctx, err)
	}
	unanswered.Stop()
	defer res.Body.Close()
	waiting := time.AfterFunc(r.c.o.IdleTimeout, func() { cancel(errIdle{r.c.o.IdleTimeout}) })
	defer waiting.Stop()
	end := time.Now().Add(timeout)
	late := time.AfterFunc(timeout, func() { cancel(errSlow{timeout}) })
	defer late.Stop()
	buf := make([]byte, 32<<10)
	for {
		waiting.Stop()
		if began := time.Now(); memory.wait(ctx, r) && late.Stop() {
			end = end.Add(time.Since(began)) // the server is not to blame
			late.Reset(time.Until(end))
		}
		waiting.Reset(r.c.o.IdleTimeout)
		n, err := res.Body.Read(buf)
		if n > 0 && to.write(buf[:n]) {
			return true, nil // past the end of the window
		}
		if err == io.EOF {
			to.close()
			return true, nil
		}
		if err != nil {
			to.close()
			return true, orCause(ctx, err)
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
	var timeout net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return ""
	case code(err) >= 500, errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return firstLine(err.Error())
	}
	var none errNoAnswer
	if errors.As(err, &none) {
		return none.Error()
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
