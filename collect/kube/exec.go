package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
)

// Exec runs a command in a container, without input, and passes on what it prints. An error of the command itself ends
// with the first line of what it said on stderr. It uses a web socket, and SPDY where the server or a proxy knows no other.
func (c *Cluster) Exec(ctx context.Context, ns, pod, container string, command []string, stdout io.Writer) error {
	if err := c.pace.wait(ctx); err != nil {
		return err
	}
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/api/v1" + inNamespace(ns) + "/pods/" + url.PathEscape(pod) + "/exec"
	u.RawQuery = url.Values{"container": {container}, "command": command, "stdout": {"true"}, "stderr": {"true"}}.Encode()
	socket, err := remotecommand.NewWebSocketExecutor(c.config, "GET", u.String())
	if err != nil {
		return fmt.Errorf("preparing exec in %s/%s: %w", ns, pod, err)
	}
	spdy, err := remotecommand.NewSPDYExecutor(c.config, "POST", &u)
	if err != nil {
		return fmt.Errorf("preparing exec in %s/%s: %w", ns, pod, err)
	}
	either, err := remotecommand.NewFallbackExecutor(socket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return fmt.Errorf("preparing exec in %s/%s: %w", ns, pod, err)
	}
	var said bytes.Buffer
	err = either.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: stdout, Stderr: &capped{&said, 4 << 10}})
	if err != nil {
		return errors.Join(fmt.Errorf("running %s in %s/%s/%s: %w", command[0], ns, pod, container, err), saidError(said.String()))
	}
	return nil
}

func saidError(text string) error {
	if line := firstLine(text); line != "" {
		return errors.New(line)
	}
	return nil
}

// capped takes everything and keeps the beginning.
type capped struct {
	to   *bytes.Buffer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	c.to.Write(p[:n])
	return len(p), nil
}
