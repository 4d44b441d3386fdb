package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// attempts is how often a request is sent whose connection drops.
const attempts = 4

// reply is what came to a request, while it is being read. Reading it ends with the cause for which it was ended.
type reply struct {
	*http.Response
	ctx context.Context
	end context.CancelCauseFunc
}

func (r *reply) Read(p []byte) (int, error) {
	n, err := r.Body.Read(p)
	if err != nil && err != io.EOF {
		err = orCause(r.ctx, err)
	}
	return n, err
}

// Close ends the reading; it is not known whether everything came.
func (r *reply) Close() {
	r.Body.Close()
	r.end(nil)
}

// within ends the reading when it takes longer than d.
func (r *reply) within(d time.Duration) {
	late := time.AfterFunc(d, func() { r.end(errSlow{d}) })
	context.AfterFunc(r.ctx, func() { late.Stop() })
}

// request sends one request, paced, and repeats it while the server says that it is too busy, drops the connection or is
// being restarted. Each try has the request timeout for the beginning of its answer; so has the server, for becoming
// able to answer at all. An answer of 400 and above is a *status. The caller closes the answer.
func (c *Cluster) request(ctx context.Context, method, path string, query url.Values, accept string, body any) (*reply, error) {
	payload, err := encode(body)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	c.surveyed.note(method, path)
	tries := tries{began: time.Now()}
	for {
		if waitErr := c.pace.wait(ctx); waitErr != nil {
			if err == nil {
				err = fmt.Errorf("asking %s: %w", path, waitErr)
			}
			return nil, err
		}
		var res *reply
		if res, err = c.send(ctx, method, path, query, accept, payload); err == nil {
			return res, nil
		}
		delay, again := c.again(ctx, err, &tries)
		if !again || sleep(ctx, delay) != nil {
			return nil, err
		}
	}
}

func encode(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	return json.Marshal(body)
}

// tries are those of one request.
type tries struct {
	n      int
	began  time.Time
	outage time.Time // the one that the first failed try fell into
}

// again decides whether a failed request may be sent again, and after how long. Everything sent here only reads.
func (c *Cluster) again(ctx context.Context, err error, t *tries) (time.Duration, bool) {
	t.n++
	if ctx.Err() != nil {
		return 0, false
	}
	if tooBusy(err) {
		return 0, time.Since(t.began) < c.o.RequestTimeout // the pacer holds back as long as the server asked for
	}
	gone := errors.Is(err, syscall.ECONNREFUSED)
	if !gone && !dropped(err) {
		return 0, false
	}
	since, known := c.pace.unreached()
	if t.n == 1 {
		t.outage = since
	}
	if known && time.Since(since) > c.o.RequestTimeout {
		return 0, false // it has been waited for
	}
	nothing := known && since.Equal(t.outage) // was answered since the first try: it is not this request
	return restartCheck, nothing || !gone && t.n < attempts
}

// restartCheck is how often a server that was there is looked for.
const restartCheck = 300 * time.Millisecond

// tooBusy reports whether the server asks to come again later.
func tooBusy(err error) bool {
	var s *status
	return errors.As(err, &s) && s.busy()
}

// dropped reports whether a connection ended before the answer did.
func dropped(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	for _, text := range []string{"http2: client connection lost", "GOAWAY", "received from peer", "http2: client conn not usable"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func (c *Cluster) send(ctx context.Context, method, path string, query url.Values, accept string, payload []byte) (*reply, error) {
	ctx, end := context.WithCancelCause(ctx)
	late := time.AfterFunc(c.o.RequestTimeout, func() { end(errNoAnswer{c.o.RequestTimeout}) })
	defer late.Stop()
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(payload))
	if err != nil {
		end(nil)
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	req.Header.Set("Accept", accept)
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	sent := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		err = orCause(ctx, err)
		end(nil)
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	if res.StatusCode < 400 {
		c.pace.answered(time.Since(sent))
		return &reply{res, ctx, end}, nil
	}
	s := readStatus(res)
	end(nil)
	if s.busy() {
		c.pace.refused(sent, s.retryAfter)
	}
	return nil, s
}

// readStatus consumes an answer that is an error.
func readStatus(res *http.Response) *status {
	defer res.Body.Close()
	var retryAfter time.Duration
	if sec, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && sec > 0 {
		retryAfter = time.Duration(sec) * time.Second
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	var st metav1.Status
	if err != nil || json.Unmarshal(body, &st) != nil || st.Message == "" {
		st = metav1.Status{Message: strings.TrimSpace(firstLine(string(body)))}
		if st.Message == "" {
			st.Message = res.Status
		}
	}
	return newStatus(res.StatusCode, st, retryAfter, string(body))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if len(line) > 300 {
		line = line[:300] + "…"
	}
	return line
}

// getJSON reads one object; its answer and its body have the request timeout each.
func (c *Cluster) getJSON(ctx context.Context, path string, query url.Values, into any) error {
	return c.askJSON(ctx, http.MethodGet, path, query, nil, into)
}

func (c *Cluster) askJSON(ctx context.Context, method, path string, query url.Values, body, into any) error {
	res, err := c.request(ctx, method, path, query, "application/json", body)
	if err != nil {
		return err
	}
	defer res.Close()
	res.within(c.o.RequestTimeout)
	if err := json.NewDecoder(res).Decode(into); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	return nil
}
