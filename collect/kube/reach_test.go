package kube

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// forwardLike is a kubelet, by SPDY, that makes of each connection what carry does with its streams. A nil carry takes no streams.
func forwardLike(t *testing.T, carry func(data, faults httpstream.Stream)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
			t.Error(err)
			return
		}
		made := make(chan httpstream.Stream)
		conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
			select {
			case made <- s:
			case <-r.Context().Done():
			case <-t.Context().Done():
			}
			return nil
		})
		if conn == nil {
			t.Error("no upgrade")
			return
		}
		defer conn.Close()
		if carry == nil {
			<-conn.CloseChan()
			return
		}
		faults := map[string]httpstream.Stream{} // by request
		for {
			select {
			case s := <-made:
				id := s.Headers().Get(corev1.PortForwardRequestIDHeader)
				if s.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
					faults[id] = s
					continue
				}
				go func(f httpstream.Stream) {
					carry(s, f)
					f.Close()
					s.Close()
				}(faults[id])
			case <-conn.CloseChan():
				return
			}
		}
	}
}

func dialEcho(t *testing.T, r *Reach, port int32) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := r.Dial(ctx, "tcp", echoAt(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func echoes(conn net.Conn) error {
	got := make([]byte, 4)
	go conn.Write([]byte("word")) // what it lacks shows below
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if string(got) != "word" {
		return errors.New("changed: " + string(got))
	}
	return nil
}

// TestForwardHangs leaves exec its time, whatever it is that does not answer: the request, or the streams of the connection.
func TestForwardHangs(t *testing.T) {
	port := echoing(t)
	for name, forward := range map[string]http.HandlerFunc{"request": hang, "streams": forwardLike(t, nil)} {
		t.Run(name, func(t *testing.T) {
			r := reachingEcho(t, port, forward, runHere(t, programs(t, "sh", "bash", "cat"), new(sync.WaitGroup)), true)
			r.c.o.RequestTimeout = time.Minute
			if err := echoes(dialEcho(t, r, port)); err != nil || r.How(echoAt(port)) != "by exec in pod im/echo-0" {
				t.Errorf("%v, reached %q", err, r.How(echoAt(port)))
			}
		})
	}
}

// TestOpenedLate closes a connection that the node has taken only after nobody waited for it any more.
func TestOpenedLate(t *testing.T) {
	ended := make(chan struct{}, 10)
	r := reachingEcho(t, 4711, forwardLike(t, func(data, _ httpstream.Stream) {
		io.Copy(io.Discard, data)
		ended <- struct{}{}
	}), nil, false)
	spots, _ := r.s.net.find(echoAt(4711))
	tunnel := r.tunnelTo(spots[0].pod)
	<-tunnel.ready
	if tunnel.err != nil {
		t.Fatal(tunnel.err)
	}
	for range cap(ended) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if conn, err := r.opened(ctx, tunnel, spots[0]); err == nil {
			conn.Close()
		}
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Fatal("a connection was lost and never closed")
		}
	}
	r.Close()
	if _, err := r.through(t.Context(), spots[0]); err == nil {
		t.Error("a connection was begun after Close")
	}
}

// TestEverythingHangs names every way on one line, also one for which no time was left.
func TestEverythingHangs(t *testing.T) {
	r := reachingEcho(t, 4711, hang, hang, true)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := r.Dial(ctx, "tcp", echoAt(4711))
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || collect.ReasonOf(err) != bundle.Timeout || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v (%s)", err, collect.ReasonOf(err))
	}
	for _, want := range []string{"directly: ", "by port-forward to pod im/echo-0, port 4711: the server has not answered", "by exec in pod im/echo-0, port 4711: the relay has not begun"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if _, err = r.Dial(ctx, "tcp", echoAt(4711)); err == nil || strings.Count(err.Error(), "it was not tried") != 3 {
		t.Errorf("%v", err)
	}
}

// TestLateFault: a node that says late that it forwards nothing is not asked first again; one of which a connection came to grief is.
func TestLateFault(t *testing.T) {
	port := echoing(t)
	late := func(_, faults httpstream.Stream) {
		time.Sleep(explaining + 300*time.Millisecond)
		io.WriteString(faults, "error forwarding port: unable to do port forwarding: socat not found")
	}
	breaks := func(data, faults httpstream.Stream) {
		io.CopyN(data, data, 4)
		time.Sleep(300 * time.Millisecond)
		io.WriteString(faults, "error forwarding port: write: broken pipe")
	}
	for name, x := range map[string]struct {
		carry     func(data, faults httpstream.Stream)
		err, then string
	}{
		"nothing came":     {late, "socat not found", "by exec in pod im/echo-0"},
		"something did so": {breaks, "", "by port-forward to pod im/echo-0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := reachingEcho(t, port, forwardLike(t, x.carry), runHere(t, programs(t, "sh", "bash", "cat"), new(sync.WaitGroup)), true)
			conn := dialEcho(t, r, port)
			if how := r.How(echoAt(port)); how != "by port-forward to pod im/echo-0" {
				t.Fatalf("reached %q at first", how)
			}
			if err := echoes(conn); (err == nil) != (x.err == "") || err != nil && !strings.Contains(err.Error(), x.err) {
				t.Errorf("%v", err)
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("it has not ended")
			}
			if err := echoes(dialEcho(t, r, port)); err != nil || r.How(echoAt(port)) != x.then {
				t.Errorf("%v, then reached %q", err, r.How(echoAt(port)))
			}
		})
	}
}
