package replay

import (
	"bytes"
	"io"
	"net/http"
)

// Transport lets a client of the Kubernetes API talk to the snapshot without a port. Answers are held
// whole, so a watch is answered when its context ends.
func (c *Cluster) Transport() http.RoundTripper { return &transport{c: c} }

type transport struct {
	c     *Cluster
	moved *shift
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := &recorder{header: http.Header{}, code: http.StatusOK}
	t.c.serve(rec, r, t.moved)
	if r.Body != nil {
		_ = r.Body.Close() // a request's body is the transport's to close
	}
	return &http.Response{
		Status: http.StatusText(rec.code), StatusCode: rec.code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()), Request: r,
	}, nil
}

// recorder holds an answer.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(code int)        { r.code = code }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
