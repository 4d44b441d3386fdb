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
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// attempts is how often a request that can be repeated is sent.
const attempts = 4

// request sends one request, paced, and repeats it while the server says that it is too busy or drops the connection.
// An answer of 400 and above is a *status. The caller closes the body; ctx bounds that too.
func (c *Cluster) request(ctx context.Context, method, path string, query url.Values, accept string, body any) (*http.Response, error) {
	payload, err := encode(body)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	c.surveyed.note(method, path)
	for try := 1; ; try++ {
		if err := c.pace.wait(ctx); err != nil {
			return nil, fmt.Errorf("asking %s: %w", path, err)
		}
		res, err := c.send(ctx, method, path, query, accept, payload)
		if err == nil {
			return res, nil
		}
		delay, again := repeat(ctx, err, try)
		if !again || try == attempts {
			return nil, err
		}
		if err := sleep(ctx, delay); err != nil {
			return nil, fmt.Errorf("asking %s: %w", path, err)
		}
	}
}

func encode(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	return json.Marshal(body)
}

// repeat decides whether a failed request may be sent again, and after how long. Everything sent here only reads.
func repeat(ctx context.Context, err error, try int) (time.Duration, bool) {
	var s *status
	if errors.As(err, &s) {
		busy := s.ErrStatus.Code == http.StatusTooManyRequests || s.ErrStatus.Code == http.StatusServiceUnavailable && s.retryAfter > 0
		return 0, busy // the pacer holds back as long as the server asked for
	}
	if ctx.Err() != nil {
		return 0, false
	}
	dropped := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "connection reset") ||
		strings.Contains(err.Error(), "http2: client connection lost") || strings.Contains(err.Error(), "GOAWAY")
	return time.Duration(try) * 200 * time.Millisecond, dropped
}

func (c *Cluster) send(ctx context.Context, method, path string, query url.Values, accept string, payload []byte) (*http.Response, error) {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	req.Header.Set("Accept", accept)
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	sent := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	if res.StatusCode < 400 {
		if !strings.HasSuffix(path, "/log") { // a slow log is the node's doing
			c.pace.answered(time.Since(sent))
		}
		return res, nil
	}
	s := readStatus(res)
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable && s.retryAfter > 0 {
		c.pace.refused(s.retryAfter)
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

// getJSON reads one object, within the request timeout.
func (c *Cluster) getJSON(ctx context.Context, path string, query url.Values, into any) error {
	return c.askJSON(ctx, http.MethodGet, path, query, nil, into)
}

func (c *Cluster) askJSON(ctx context.Context, method, path string, query url.Values, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.RequestTimeout)
	defer cancel()
	res, err := c.request(ctx, method, path, query, "application/json", body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	return nil
}
