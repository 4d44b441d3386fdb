package kube

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
)

// heard notes that something was read.
type heard struct {
	io.Reader
	any *atomic.Bool
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n > 0 {
		h.any.Store(true)
	}
	return n, err
}

// fault is what the other end says went wrong.
type fault struct {
	text string
	err  error // that says so; nil: it came as text alone
}

// podConn is a connection to a port of a pod. Reading it ends with what went wrong there, rather than with its end.
type podConn struct {
	net.Conn
	to, how string
	fault   atomic.Pointer[fault]
	told    chan struct{} // closed when the other end has nothing more to tell of what goes wrong
}

func (f *podConn) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	return n, f.explain(err)
}

func (f *podConn) Write(p []byte) (int, error) {
	n, err := f.Conn.Write(p)
	return n, f.explain(err)
}

func (f *podConn) explain(err error) error {
	why := f.fault.Load()
	if why == nil || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return &faultError{fmt.Sprintf("%s %s: %s", f.how, f.to, lastWords(why.text)), why.err}
}

// faultError is a fault as an error.
type faultError struct {
	text string
	err  error
}

func (e *faultError) Error() string { return e.text }
func (e *faultError) Unwrap() error { return e.err }

// lastWords are the end of what a kubelet says, which tells the reason; what stands before is where it looked.
func lastWords(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if cut := len(line) - 200; cut > 0 {
		return "…" + line[cut:]
	}
	return line
}

// RemoteAddr names the pod.
func (f *podConn) RemoteAddr() net.Addr { return podAddr(f.to) }

type podAddr string

func (podAddr) Network() string  { return "pod" }
func (a podAddr) String() string { return string(a) }
