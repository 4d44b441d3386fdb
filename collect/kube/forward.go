package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// explaining is how long the end of a connection is held back for its reason.
const explaining = 500 * time.Millisecond

// tunnel is the connection to one pod over which any number of its ports are forwarded.
type tunnel struct {
	ready  chan struct{} // closed when stream or err are there
	stream httpstream.Connection
	err    error
	number atomic.Int64 // of the last pair of streams
	proven atomic.Bool  // a connection has lasted: what forwards ports on the node is there
	stale  atomic.Bool  // the pod has gone, or is another one by now: nothing new is opened
}

func (t *tunnel) close() {
	select {
	case <-t.ready:
		if t.stream != nil {
			t.stream.Close()
		}
	default:
	}
}

// alive reports whether a tunnel may be used: one that is being made may.
func (t *tunnel) alive() bool {
	select {
	case <-t.ready:
	default:
		return true
	}
	if t.err != nil || t.stale.Load() {
		return false
	}
	select {
	case <-t.stream.CloseChan():
		return false
	default:
		return true
	}
}

// forwardPath is where ports of a pod are forwarded.
func forwardPath(ns, pod string) string {
	return kindFor("pods").path(ns) + "/" + url.PathEscape(pod) + "/portforward"
}

// tunnelTo is the tunnel to a pod; one that has broken is made anew.
func (r *Reach) tunnelTo(p *podSpot) *tunnel {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := object(p.ns, p.name)
	if t := r.pods[at]; t != nil && t.alive() {
		return t
	}
	t := &tunnel{ready: make(chan struct{})}
	r.pods[at] = t
	r.all = append(r.all, t)
	r.work.Go(func() {
		t.stream, t.err = r.c.forward(r.done, upgradeMethod(r.s.Access, forwarding, p.ns), p)
		close(t.ready)
		if t.err == nil && r.done.Err() != nil {
			t.stream.Close()
		}
	})
	return t
}

// forward asks the server to forward ports of a pod: through a web socket, and by SPDY where the server, a proxy or the user's
// rights have no other way. client-go dials without a context; the server's own timeouts end it.
func (c *Cluster) forward(ctx context.Context, method string, p *podSpot) (httpstream.Connection, error) {
	if err := c.pace.wait(ctx); err != nil {
		return nil, err
	}
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + forwardPath(p.ns, p.name)
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	dialer := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, &u)
	if method == http.MethodGet {
		socket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(&u, c.config)
		if err != nil {
			return nil, err
		}
		dialer = portforward.NewFallbackDialerForStreaming(socket, dialer, func(err error) bool {
			return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
		})
	}
	stream, protocol, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	if protocol != portforward.PortForwardProtocolV1Name {
		stream.Close()
		return nil, fmt.Errorf("the server speaks %q rather than %q", protocol, portforward.PortForwardProtocolV1Name)
	}
	return stream, nil
}

// through opens a connection to a port of a pod.
func (r *Reach) through(ctx context.Context, s spot) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, r.c.o.RequestTimeout)
	defer cancel()
	t := r.tunnelTo(s.pod)
	select {
	case <-t.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if t.err != nil {
		return nil, t.err
	}
	conn, err := r.open(t, s)
	if err != nil || !r.c.o.Exec || t.proven.Load() {
		return conn, err
	}
	select { // a node that cannot forward says so only now, while there is another way left
	case <-conn.told:
		conn.Close()
		return nil, conn.explain(io.EOF)
	case <-time.After(explaining):
		t.proven.Store(true)
		return conn, nil
	}
}

// open makes the pair of streams that carries one connection: one for what goes wrong at the pod, one for data.
func (r *Reach) open(t *tunnel, s spot) (*podConn, error) {
	header := http.Header{}
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	header.Set(corev1.PortHeader, strconv.Itoa(int(s.port)))
	header.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.number.Add(1), 10))
	faults, err := t.stream.CreateStream(header)
	if err != nil {
		return nil, err
	}
	faults.Close() // nothing is written to it
	header.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := t.stream.CreateStream(header)
	if err != nil {
		t.stream.RemoveStreams(faults)
		return nil, err
	}
	return r.carry(t, s, faults, data), nil
}

// carry passes on what goes to and fro, until either side or the tunnel ends.
func (r *Reach) carry(t *tunnel, s spot, faults, data httpstream.Stream) *podConn {
	near, far := net.Pipe()
	conn := &podConn{Conn: near, to: s.String(), how: "forwarding to", told: make(chan struct{})}
	var streams sync.WaitGroup
	streams.Go(func() {
		defer close(conn.told)
		text, err := io.ReadAll(io.LimitReader(faults, 4<<10))
		if err == nil && len(text) > 0 {
			conn.fault.Store(&fault{string(text)})
			if !strings.Contains(string(text), "refused") {
				t.stale.Store(true)
			}
			far.Close()
		}
	})
	streams.Go(func() {
		_, err := io.Copy(far, data)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			conn.fault.CompareAndSwap(nil, &fault{err.Error()})
		}
		select { // why data has ended comes by the other stream
		case <-conn.told:
		case <-time.After(explaining):
		}
		far.Close()
	})
	streams.Go(func() {
		if _, err := io.Copy(data, far); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			conn.fault.CompareAndSwap(nil, &fault{err.Error()})
		}
		far.Close()
		data.Reset()
		faults.Reset()
	})
	r.work.Go(func() {
		streams.Wait()
		t.stream.RemoveStreams(faults, data)
	})
	return conn
}

// fault is what the other end says went wrong.
type fault struct{ text string }

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
	return fmt.Errorf("%s %s: %s", f.how, f.to, lastWords(why.text))
}

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
