package kube

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// programs is a folder with some of this machine's programs, as a container has them. Busybox stands in for what is not here.
func programs(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			if path, err = exec.LookPath("busybox"); err != nil {
				t.Skipf("this machine has neither %s nor busybox", name)
			}
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runHere is a kubelet, by SPDY, whose containers are this machine with the programs of one folder. ended counts commands that have.
func runHere(t *testing.T, path string, ended *sync.WaitGroup) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := httpstream.Handshake(r, w, []string{remotecommand.StreamProtocolV4Name}); err != nil {
			t.Error(err)
			return
		}
		made := make(chan httpstream.Stream, 4)
		conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
			made <- s
			return nil
		})
		if conn == nil {
			t.Error("no upgrade")
			return
		}
		defer conn.Close()
		streams := map[string]httpstream.Stream{}
		for len(streams) < 4 {
			s := <-made
			streams[s.Headers().Get(corev1.StreamType)] = s
		}
		command := r.URL.Query()["command"]
		cmd := exec.Command(filepath.Join(path, command[0]), command[1:]...)
		cmd.Env = []string{"PATH=" + path}
		cmd.Stdout, cmd.Stderr = streams[corev1.StreamTypeStdout], streams[corev1.StreamTypeStderr]
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Error(err)
			return
		}
		ended.Add(1)
		defer ended.Done()
		go func() {
			_, _ = io.Copy(stdin, streams[corev1.StreamTypeStdin]) // until either end closes
			stdin.Close()
		}()
		status := metav1.Status{Status: metav1.StatusSuccess}
		if err := cmd.Run(); err != nil {
			status = metav1.Status{Status: metav1.StatusFailure, Message: err.Error(), Reason: remotecommand.NonZeroExitCodeReason, Details: &metav1.StatusDetails{
				Causes: []metav1.StatusCause{{Type: remotecommand.ExitCodeCauseType, Message: "127"}},
			}}
		}
		_ = json.NewEncoder(streams[corev1.StreamTypeError]).Encode(status) // who left does not read it
	}
}

// echoing is a server that says everything back that it is told, and hangs up at the word "bye".
func echoing(t *testing.T) (port int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 32<<10)
				for {
					n, err := conn.Read(b)
					if err != nil || string(b[:n]) == "bye" {
						return
					}
					if _, err := conn.Write(b[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return int32(l.Addr().(*net.TCPAddr).Port)
}

// executingOnly is a Reach of a user who may run commands in pods and not forward ports.
func executingOnly(t *testing.T, path string, port int32, may bool) (*Reach, *sync.WaitGroup) {
	t.Helper()
	f := newFaulty(t)
	var ended sync.WaitGroup
	f.handle("/api/v1/namespaces/im/pods/echo-0/exec", runHere(t, path, &ended))
	c := connect(t, f)
	c.inside, c.o.Exec = false, true
	n := testNetwork()
	n.seePod(backend("im", "echo", "echo-0", "10.0.0.7", true, port))
	r := c.Reach(&Survey{net: *n, Access: &Access{Asked: []Answer{
		{ask: ask{Verb: "create", Resource: forwarding, Namespace: "im"}},
		{ask: ask{Verb: "create", Resource: executing, Namespace: "im"}, Allowed: may},
		{ask: ask{Verb: "get", Resource: executing, Namespace: "im"}},
	}}})
	t.Cleanup(r.Close)
	return r, &ended
}

// TestRelay reaches a server by a program in its pod, whichever there is, at several connections at a time; none is left when they
// are closed, by whatever side.
func TestRelay(t *testing.T) {
	port := echoing(t)
	for name, has := range map[string][]string{"bash": {"sh", "bash", "cat"}, "bash and nc": {"sh", "bash", "cat", "nc"}, "nc": {"sh", "nc"}} {
		t.Run(name, func(t *testing.T) {
			r, ended := executingOnly(t, programs(t, has...), port, true)
			var work sync.WaitGroup
			for n := range 4 {
				work.Go(func() { relayed(t, r, echoAt(port), n%2 == 0) })
			}
			work.Wait()
			gone := make(chan struct{})
			go func() { ended.Wait(); close(gone) }()
			select {
			case <-gone:
			case <-time.After(10 * time.Second):
				t.Error("a command outlived its connection")
			}
		})
	}
}

func echoAt(port int32) string { return net.JoinHostPort("echo-0", strconv.Itoa(int(port))) }

// relayed sends bytes to and fro, then lets the server hang up or does so itself.
func relayed(t *testing.T, r *Reach, address string, byServer bool) {
	t.Helper()
	conn, err := r.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if how := r.How(address); how != "by exec in pod im/echo-0" {
		t.Errorf("reached %q", how)
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	sent, got := bytes.Repeat([]byte("\x00\r\n\xff0123456789"), 20_000), make([]byte, 14*20_000)
	go conn.Write(sent) // what it lacks shows below
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(sent, got) {
		t.Errorf("bytes came back changed or not at all: %v", err)
	}
	if !byServer {
		return
	}
	if _, err := conn.Write([]byte("bye")); err != nil {
		t.Error(err)
	}
	if _, err := conn.Read(got); !errors.Is(err, io.EOF) {
		t.Errorf("the server has hung up: %v", err)
	}
}

// TestNoRelay says what was lacking: a program, a server, a shell, the right.
func TestNoRelay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := int32(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	for name, x := range map[string]struct {
		has    []string
		may    bool
		want   string
		reason string
	}{
		"no program": {[]string{"sh"}, true, "has neither bash nor nc", bundle.Forbidden},
		"no server":  {[]string{"sh", "bash", "cat"}, true, "Connection refused", bundle.Forbidden},
		"no right":   {[]string{"sh", "bash", "cat"}, false, "may not create pods/exec in namespace im", bundle.Forbidden},
	} {
		r, _ := executingOnly(t, programs(t, x.has...), silent, x.may)
		_, err := r.Dial(t.Context(), "tcp", echoAt(silent))
		if err == nil || !strings.Contains(err.Error(), x.want) || !strings.Contains(err.Error(), "by exec in pod im/echo-0") || collect.ReasonOf(err) != x.reason {
			t.Errorf("%s: %v (%s)", name, err, collect.ReasonOf(err))
		}
	}
}

// TestExecPassesInput gives a tool in the pod its port and its input, and brings what it says.
func TestExecPassesInput(t *testing.T) {
	r, _ := executingOnly(t, programs(t, "sh", "cat"), 4711, true)
	var out bytes.Buffer
	err := r.Exec(t.Context(), echoAt(4711), func(port int) []string {
		return []string{"sh", "-c", "echo port $0; cat", strconv.Itoa(port)}
	}, strings.NewReader("typed in\n"), &out)
	if err != nil || out.String() != "port 4711\ntyped in\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := r.Exec(t.Context(), "elsewhere.example.com:1", nil, nil, &out); collect.ReasonOf(err) != bundle.NotFound {
		t.Errorf("a command was run for an address outside: %v", err)
	}
}
