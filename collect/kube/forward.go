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
	proven atomic.Bool  // something has come back: what forwards ports on the node is there
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
	go func() { // Close does not wait for it: the server may never answer
		t.stream, t.err = r.c.forward(r.done, upgradeMethod(r.s.Access, forwarding, p.ns), p)
		close(t.ready)
		if t.err == nil && r.done.Err() != nil {
			t.stream.Close()
		}
	}()
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
		return nil, refusal(err)
	}
	if protocol != portforward.PortForwardProtocolV1Name {
		stream.Close()
		return nil, fmt.Errorf("the server speaks %q rather than %q", protocol, portforward.PortForwardProtocolV1Name)
	}
	return stream, nil
}

// through opens a connection to a port of a pod.
func (r *Reach) through(ctx context.Context, s spot) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, tooLate(ctx, "it was not tried")
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.o.RequestTimeout)
	defer cancel()
	defer context.AfterFunc(r.done, cancel)()
	t := r.tunnelTo(s.pod)
	select {
	case <-t.ready:
	case <-ctx.Done():
		return nil, tooLate(ctx, "the server has not answered")
	}
	if t.err != nil {
		return nil, t.err
	}
	conn, err := r.opened(ctx, t, s)
	if err != nil || !r.c.o.Exec || t.proven.Load() {
		return conn, err
	}
	select { // a node that cannot forward says so only now, while there is another way left
	case <-conn.told:
		conn.Close()
		return nil, conn.explain(io.EOF)
	case <-time.After(explaining):
		return conn, nil
	}
}

// tooLate is the error of what the end of a context came before.
func tooLate(ctx context.Context, what string) error {
	return fmt.Errorf("%s before the time was up: %w", what, ctx.Err())
}

// opening is what came of opening a connection.
type opening struct {
	conn *podConn
	err  error
}

// opened is what open makes, if that is before the context ends: a connection whose node has gone takes streams half a minute long.
func (r *Reach) opened(ctx context.Context, t *tunnel, s spot) (*podConn, error) {
	made := make(chan opening, 1)
	go func() { // Close does not wait for it either
		conn, err := r.open(t, s)
		made <- opening{conn, err}
	}()
	select {
	case o := <-made:
		return o.conn, o.err
	case <-ctx.Done():
		go func() {
			if o := <-made; o.conn != nil {
				o.conn.Close()
			}
		}()
		return nil, tooLate(ctx, "the node has not taken it")
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
	return r.carry(t, s, faults, data)
}

// carry passes on what goes to and fro, until either side or the tunnel ends.
func (r *Reach) carry(t *tunnel, s spot, faults, data httpstream.Stream) (*podConn, error) {
	near, far := net.Pipe()
	conn := &podConn{Conn: near, to: s.String(), how: "forwarding to", told: make(chan struct{})}
	var streams sync.WaitGroup
	streams.Go(func() {
		defer close(conn.told)
		text, err := io.ReadAll(io.LimitReader(faults, 4<<10))
		if err == nil && len(text) > 0 {
			conn.fault.Store(&fault{text: string(text)})
			if !strings.Contains(string(text), "refused") {
				t.stale.Store(true)
				r.mistrust(t, s.pod)
			}
			far.Close()
		}
	})
	streams.Go(func() {
		_, err := io.Copy(far, heard{data, &t.proven})
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			conn.fault.CompareAndSwap(nil, &fault{text: err.Error()})
		}
		select { // why data has ended comes by the other stream
		case <-conn.told:
		case <-time.After(explaining):
		}
		far.Close()
	})
	streams.Go(func() {
		if _, err := io.Copy(data, far); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			conn.fault.CompareAndSwap(nil, &fault{text: err.Error()})
		}
		far.Close()
		data.Reset()
		faults.Reset()
	})
	err := r.start(func() {
		streams.Wait()
		t.stream.RemoveStreams(faults, data)
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
