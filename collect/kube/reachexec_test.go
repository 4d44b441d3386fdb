package kube

import (
	"bytes"
	"context"
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
	var ended sync.WaitGroup
	return reachingEcho(t, port, nil, runHere(t, path, &ended), may), &ended
}

// reachingEcho is a Reach to one pod, by whose node ports are forwarded, or the user may not do that, and commands are run.
func reachingEcho(t *testing.T, port int32, forward, run http.HandlerFunc, mayExec bool) *Reach {
	t.Helper()
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/im/pods/echo-0/exec", run)
	if forward != nil {
		f.handle("/api/v1/namespaces/im/pods/echo-0/portforward", forward)
	}
	c := connect(t, f)
	c.inside, c.o.Exec = false, true
	n := testNetwork()
	n.seePod(backend("im", "echo", "echo-0", "10.0.0.7", true, port))
	r := c.Reach(&Survey{net: *n, Access: &Access{Asked: []Answer{
		{ask: ask{Verb: "create", Resource: forwarding, Namespace: "im"}, Allowed: forward != nil},
		{ask: ask{Verb: "get", Resource: forwarding, Namespace: "im"}},
		{ask: ask{Verb: "create", Resource: executing, Namespace: "im"}, Allowed: mayExec},
		{ask: ask{Verb: "get", Resource: executing, Namespace: "im"}},
	}}})
	t.Cleanup(r.Close)
	return r
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

// TestNoRelay says on one line which ways were tried and what each lacked: exec a program, a server, the right, the consent of a webhook.
func TestNoRelay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := int32(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	broken := forwardLike(t, func(_, faults httpstream.Stream) { io.WriteString(faults, "nsenter: no such program") })
	denied := refuse(http.StatusBadRequest, `admission webhook "guard" denied the request: nobody execs`)
	for name, x := range map[string]struct {
		has     []string
		run     http.HandlerFunc
		forward http.HandlerFunc
		may     bool
		want    []string
		reason  string
	}{
		"no program":        {[]string{"sh"}, nil, broken, true, []string{"has neither bash nor nc"}, bundle.Timeout},
		"no server":         {[]string{"sh", "bash", "cat"}, nil, broken, true, []string{"Connection refused"}, bundle.Timeout},
		"no right":          {[]string{"sh", "bash", "cat"}, nil, broken, false, []string{"may not create pods/exec in namespace im", "--exec --plan=rbac"}, bundle.Forbidden},
		"a webhook":         {nil, denied, broken, true, []string{`admission webhook "guard" denied the request: nobody execs`, "a policy of admission"}, bundle.Forbidden},
		"neither right":     {[]string{"sh", "bash", "cat"}, nil, nil, false, []string{"may not create pods/portforward in namespace im", "may not create pods/exec in namespace im"}, bundle.Forbidden},
		"forward refused":   {[]string{"sh"}, nil, denied, true, []string{`denied the request`, "has neither bash nor nc"}, bundle.Forbidden},
		"kubelet's refusal": {nil, refuse(http.StatusForbidden, "Forbidden (user=kube, verb=create, resource=nodes, subresource=proxy)"), broken, true, []string{"Forbidden (user=kube"}, bundle.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			run := x.run
			if run == nil {
				run = runHere(t, programs(t, x.has...), new(sync.WaitGroup))
			}
			_, err := reachingEcho(t, silent, x.forward, run, x.may).Dial(t.Context(), "tcp", echoAt(silent))
			if err == nil || collect.ReasonOf(err) != x.reason || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v (%s)", err, collect.ReasonOf(err))
			}
			if x.forward != nil && x.reason == bundle.Timeout {
				x.want = append(x.want, "nsenter: no such program")
			}
			for _, want := range append(x.want, "; by port-forward to pod im/echo-0, port", "; by exec in pod im/echo-0, port", "cannot be reached: directly: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v lacks %q", err, want)
				}
			}
		})
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

// cutting cuts an exec short at the first that it prints.
type cutting struct {
	cut     context.CancelFunc
	written int
}

func (c *cutting) Write(p []byte) (int, error) {
	c.written += len(p)
	c.cut()
	return len(p), nil
}

// TestExecCutShort gives the caller its streams back, whatever the server still sends.
func TestExecCutShort(t *testing.T) {
	r, ended := executingOnly(t, programs(t, "sh", "cat"), 4711, true)
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		out := &cutting{cut: cancel}
		err := r.Exec(ctx, echoAt(4711), func(int) []string { return []string{"sh", "-c", "while echo a line of it; do :; done"} }, strings.NewReader(""), out)
		if !errors.Is(err, context.Canceled) || out.written == 0 {
			t.Errorf("%v after %d bytes", err, out.written)
		}
		out.written = 0
		time.Sleep(20 * time.Millisecond)
		if out.written > 0 {
			t.Errorf("%d bytes came late", out.written)
		}
	}
	ended.Wait()
	g := &gate{in: strings.NewReader("a command"), out: io.Discard}
	g.close()
	if n, err := g.Read(make([]byte, 9)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes were sent late, %v", n, err)
	}
}
