package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/replay"
)

// serveFlags are the circumstances of serving a bundle.
type serveFlags struct {
	port       int
	kubeconfig string
	namespace  string
}

func newServe(s streams) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve FILE [-- COMMAND [ARG...]]",
		Short: "Let kubectl and k9s look at a bundle as if it were the cluster",
		Long: `Answers as the API server did from which the bundle was collected: read-only, on a port of this machine only, with a
kubeconfig and a token of its own. kubectl get, describe, logs, top and events work on it, and so does k9s. It runs until it
is interrupted; with a command behind --, that is run with KUBECONFIG set, and its exit code is given.

The present of a bundle is the time when it was collected: columns of ages and logs --since count from there. What the bundle
does not hold is refused with the reason; it is never shown as empty. Secrets are shown without their content.`,
		Example: `  imbundle serve FILE -- k9s
  imbundle serve FILE -- kubectl get pods -A -o wide
  imbundle serve FILE --port 8443 --kubeconfig ./bundle.kubeconfig`,
		Args: func(c *cobra.Command, args []string) error {
			if at := c.ArgsLenAtDash(); at >= 0 {
				args = args[:at]
			}
			return exactly("FILE")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return runServe(c.Context(), s, f, args[0], args[1:]) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.IntVar(&f.port, "port", 0, "port of the loopback interface (default any that is free)")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "file to write the kubeconfig to; must not exist (default a temporary one)")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace that the kubeconfig looks into (default the bundle's first)")
	return c
}

func runServe(ctx context.Context, s streams, f serveFlags, file string, command []string) error {
	if f.port < 0 || f.port > 65535 {
		return usagef("leave it out for any that is free", "--port %d is no port", f.port)
	}
	if file == "-" {
		return usagef("save it to a file first", "standard input cannot be served: it is read only once")
	}
	r, err := bundle.Open(file, bundle.ReadOptions{})
	if err != nil {
		return err
	}
	defer r.Close()
	cluster, err := replay.Open(ctx, r)
	if errors.Is(err, replay.ErrNoObjects) {
		return withHint(fmt.Errorf("serving %q: %w", file, err), "`imbundle show` reads any bundle; `imbundle analyze` too")
	}
	if err != nil {
		return err
	}
	server, err := replay.Listen(cluster, f.port)
	if errors.Is(err, syscall.EADDRINUSE) {
		return withHint(fmt.Errorf("serving %q: %w", file, err), "choose another --port, or leave it out for any that is free")
	}
	if err != nil {
		return err
	}
	config, remove, err := f.writeConfig(server, cluster)
	if err != nil {
		return err
	}
	defer remove()
	return serveWith(ctx, s, server, cluster, config, command, r)
}

// writeConfig writes the kubeconfig for its owner only. A temporary one is removed at the end.
func (f *serveFlags) writeConfig(server *replay.Server, cluster *replay.Cluster) (path string, remove func(), err error) {
	if all := cluster.Namespaces(); f.namespace == "" && len(all) > 0 {
		f.namespace = all[0]
	}
	text, err := server.Kubeconfig(f.namespace)
	if err != nil {
		return "", nil, err
	}
	path, remove = f.kubeconfig, func() { _ = os.Remove(path) }
	if path == "" {
		dir, err := os.MkdirTemp("", "imbundle-serve-")
		if err != nil {
			return "", nil, err
		}
		path, remove = filepath.Join(dir, "kubeconfig"), func() { _ = os.RemoveAll(dir) }
	} else if path, err = filepath.Abs(path); err != nil {
		return "", nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", nil, withHint(fmt.Errorf("writing the kubeconfig: %w", err), "a file is never overwritten: choose another name with --kubeconfig")
	}
	if err != nil {
		return "", nil, err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		remove()
	}
	return path, remove, err
}

// serveWith answers until it is interrupted, or until the command has ended.
func serveWith(ctx context.Context, s streams, server *replay.Server, cluster *replay.Cluster, config string, command []string, r *bundle.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	if len(command) == 0 {
		introduce(s.err, server, cluster, r)
		fmt.Fprintf(s.out, "export KUBECONFIG=%s\n", quoted(config))
		return <-served
	}
	code, err := runWith(ctx, s, config, command)
	cancel()
	if err = errors.Join(err, <-served); err != nil {
		return err
	}
	return exits(code)
}

func introduce(w io.Writer, server *replay.Server, cluster *replay.Cluster, r *bundle.Reader) {
	fmt.Fprintf(w, "serving namespace %s as of %s on %s, read-only\n", strings.Join(cluster.Namespaces(), ", "), cluster.At().UTC().Format(time.RFC3339), server.URL)
	if end := r.End(); !end.Complete {
		fmt.Fprintf(w, "the bundle was cut: %s; what it promised and lacks is refused\n", end.Reason)
	}
	fmt.Fprintln(w, "in another terminal, run the line below, then kubectl or k9s; Ctrl-C ends it")
}

// quoted is a word for a POSIX shell.
func quoted(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r))
	}) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// runWith runs a command that finds the served bundle through KUBECONFIG.
func runWith(ctx context.Context, s streams, config string, command []string) (int, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = s.in, s.out, s.err
	c.Env = append(os.Environ(), "KUBECONFIG="+config)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	err := c.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.Exited() {
		return failed.ExitCode(), nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return 0, withHint(err, "is it installed? without a command, `imbundle serve` prints a KUBECONFIG for any")
	}
	return 0, err
}
