package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
)

const executing = "pods/exec"

// execPath is where a command is run in a container.
func execPath(ns, pod string) string {
	return kindFor("pods").path(ns) + "/" + url.PathEscape(pod) + "/exec"
}

// upgradeMethod is how pods/exec and pods/portforward are asked for. The server asks for the right to create where it is posted
// (SPDY), and for that to get as well where a web socket is opened, which more proxies let through.
func upgradeMethod(a *Access, resource, ns string) string {
	if a.May("get", "", resource, ns) {
		return http.MethodGet
	}
	return http.MethodPost
}

// Exec runs a command in a container, with what stdin gives unless that is nil, and passes on what it prints. An error of the
// command itself ends with the first line of what it said on stderr. With GET it uses a web socket, and SPDY where the server or
// a proxy knows no other; with POST SPDY alone. When it has returned nothing is written any more, nor sent of what stdin gives.
func (c *Cluster) Exec(ctx context.Context, method, ns, pod, container string, command []string, stdin io.Reader, stdout io.Writer) error {
	if err := c.pace.wait(ctx); err != nil {
		return err
	}
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + execPath(ns, pod)
	query := url.Values{"container": {container}, "command": command, "stdout": {"true"}, "stderr": {"true"}}
	if stdin != nil {
		query.Set("stdin", "true")
	}
	u.RawQuery = query.Encode()
	stream, err := c.executor(method, &u)
	if err != nil {
		return fmt.Errorf("preparing exec in %s/%s: %w", ns, pod, err)
	}
	ctx = klog.NewContext(ctx, klog.Logger{}) // client-go would print how streams end; the error says it
	said := &capped{left: 4 << 10}
	g := &gate{in: stdin, out: stdout}
	defer g.close()
	options := remotecommand.StreamOptions{Stdout: g, Stderr: said}
	if stdin != nil {
		options.Stdin = g
	}
	ended := make(chan error, 1)
	go func() { // client-go does not look at ctx before the server has answered
		ended <- stream.StreamWithContext(ctx, options)
	}()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("running %s in %s/%s/%s: %w", command[0], ns, pod, container, refusal(err)), saidError(said.String()))
	}
	return nil
}

// refusedUpgrade is how client-go passes on that a request for a stream was refused: by the server's authorizer, a policy or webhook of
// admission, or the kubelet. By SPDY its status is lost, and that of a webhook may be any.
var refusedUpgrade = regexp.MustCompile(`(?s)unable to upgrade .*(?i:\bforbidden\b|unauthorized|denied the request)`)

// refusal makes the error of a refused stream a status that says so.
func refusal(err error) error {
	if refusedUpgrade.MatchString(err.Error()) {
		return &status{StatusError: forbidden(err.Error())}
	}
	return err
}

func (c *Cluster) executor(method string, u *url.URL) (remotecommand.Executor, error) {
	spdy, err := remotecommand.NewSPDYExecutor(c.config, http.MethodPost, u)
	if err != nil || method == http.MethodPost {
		return spdy, err
	}
	socket, err := remotecommand.NewWebSocketExecutor(c.config, http.MethodGet, u.String())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(socket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

func saidError(text string) error {
	if line := firstLine(text); line != "" {
		return errors.New(line)
	}
	return nil
}

// gate stands between an exec and the streams of its caller, who may use them again when it is closed: client-go goes on by itself.
type gate struct {
	mu     sync.Mutex
	closed bool
	in     io.Reader
	out    io.Writer
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return 0, io.ErrClosedPipe
	}
	return g.out.Write(p)
}

// Read does not keep the gate from being closed: what it waits for may come only after that.
func (g *gate) Read(p []byte) (int, error) {
	if g.isClosed() {
		return 0, io.EOF
	}
	n, err := g.in.Read(p)
	if g.isClosed() {
		return 0, io.EOF
	}
	return n, err
}

func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// capped takes everything and keeps the beginning. What writes to it may go on after an exec that was cut short has returned.
type capped struct {
	mu   sync.Mutex
	kept bytes.Buffer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(p), c.left)
	c.left -= n
	c.kept.Write(p[:n])
	return len(p), nil
}

func (c *capped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.String()
}
