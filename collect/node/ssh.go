package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/imbundle/imbundle/bundle"
)

// SSH is a way onto hosts. Addresses is required; what is empty is as the ssh command has it, but for the user.
type SSH struct {
	Addresses  map[string][]string // of each node, the best first
	User       string              // empty: root
	Port       string              // empty: 22
	Key        string              // file of a private key; empty: those of the agent, then the usual ones of ~/.ssh
	KnownHosts string              // file; empty: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
	Jump       string              // [user@]host[:port] through which the nodes are reached; empty: directly
	Agent      string              // socket of an agent ($SSH_AUTH_SOCK); empty: none
}

const dialTimeout = 10 * time.Second

// AuthError is a host that accepts none of the keys that there are.
type AuthError struct {
	Host, User string
	Err        error
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("%s does not accept the keys of %q (give --ssh-user, --ssh-key or an agent): %v", e.Host, e.User, e.Err)
}

func (e *AuthError) Unwrap() error     { return e.Err }
func (e *AuthError) GapReason() string { return bundle.Forbidden }

// Way is how the hosts are reached, for people.
func (s *SSH) Way() string {
	way := "ssh as " + s.user()
	if s.Jump != "" {
		way += " through " + s.Jump
	}
	return way
}

func (s *SSH) user() string {
	if s.User == "" {
		return "root"
	}
	return s.User
}

// Shell runs a script on a node, over a connection of its own that ends with it.
func (s *SSH) Shell(ctx context.Context, node, script string, stdout io.Writer) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	defer keys.close()
	hosts, err := s.knownHosts()
	if err != nil {
		return err
	}
	route := &route{keys: keys, hosts: hosts}
	defer route.close()
	client, err := s.reach(ctx, route, node)
	if err != nil {
		return fmt.Errorf("node %q: %w", node, err)
	}
	return runScript(ctx, client, script, stdout)
}

// route is a connection with those through which it goes, and what opens them.
type route struct {
	keys  keys
	hosts *knownHosts
	open  []io.Closer
}

func (r *route) close() {
	for i := len(r.open) - 1; i >= 0; i-- {
		r.open[i].Close() // the script has ended: what closing says changes nothing
	}
}

// reach tries the addresses of a node in order. A host whose key is not as it should be ends the search.
func (s *SSH) reach(ctx context.Context, r *route, node string) (*ssh.Client, error) {
	dial := (&net.Dialer{Timeout: dialTimeout}).DialContext
	if s.Jump != "" {
		account, address := s.jump()
		conn, err := dial(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("jump host: %w", err)
		}
		jump, err := r.shake(ctx, conn, account, address)
		if err != nil {
			return nil, fmt.Errorf("jump host: %w", err)
		}
		dial = jump.DialContext
	}
	if len(s.Addresses[node]) == 0 {
		return nil, fmt.Errorf("no address of it is known")
	}
	var errs []error
	for _, host := range s.Addresses[node] {
		address := net.JoinHostPort(host, portOr(s.Port))
		near, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, err := dial(near, "tcp", address)
		cancel()
		if err == nil {
			return r.shake(ctx, conn, s.user(), address, net.JoinHostPort(node, portOr(s.Port)))
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func portOr(port string) string {
	if port == "" {
		return "22"
	}
	return port
}

// jump takes [user@]host[:port] apart.
func (s *SSH) jump() (account, address string) {
	account, host := s.user(), s.Jump
	if name, rest, found := strings.Cut(s.Jump, "@"); found {
		account, host = name, rest
	}
	if name, port, err := net.SplitHostPort(host); err == nil {
		return account, net.JoinHostPort(name, port)
	}
	return account, net.JoinHostPort(host, "22")
}

// shake makes a connection one of ssh, if the key of the host is the known one of any of its names and it takes ours. Names are
// host:port, the dialled one first.
func (r *route) shake(ctx context.Context, conn net.Conn, account string, names ...string) (*ssh.Client, error) {
	r.open = append(r.open, conn)
	algorithms, err := r.hosts.algorithms(names)
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{
		User: account, Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(r.keys.signers)}, ClientVersion: "SSH-2.0-imbundle",
		HostKeyAlgorithms: algorithms,
		HostKeyCallback:   func(_ string, remote net.Addr, key ssh.PublicKey) error { return r.hosts.check(names, remote, key) },
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	late := time.AfterFunc(dialTimeout, func() { conn.Close() })
	secure, channels, requests, err := ssh.NewClientConn(conn, names[0], config)
	stop()
	late.Stop()
	if err == nil {
		client := ssh.NewClient(secure, channels, requests)
		r.open = append(r.open, client)
		return client, nil
	}
	var wrong *HostKeyError
	switch {
	case errors.As(err, &wrong):
		return nil, wrong
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case strings.Contains(err.Error(), "unable to authenticate"):
		return nil, &AuthError{names[0], account, err}
	}
	return nil, fmt.Errorf("greeting %s: %w", names[0], err)
}

// runScript hands a script to the shell of the account and waits for its end, or for that of the context.
func runScript(ctx context.Context, client *ssh.Client, script string, stdout io.Writer) error {
	session, err := client.NewSession()
	if err != nil {
		return fmt.Errorf("opening a session: %w", err)
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	var said bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(script), stdout, &said
	if err := session.Run("exec sh -s"); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("running sh: %w %s", err, line)
	}
	return nil
}

// keys are those that may open a host.
type keys struct {
	files []ssh.Signer
	agent net.Conn // nil: none
}

func (k keys) signers() ([]ssh.Signer, error) {
	if k.agent == nil {
		return k.files, nil
	}
	held, err := agent.NewClient(k.agent).Signers()
	if err != nil {
		return nil, fmt.Errorf("asking the ssh agent: %w", err)
	}
	return append(k.files[:len(k.files):len(k.files)], held...), nil
}

func (k keys) close() {
	if k.agent != nil {
		k.agent.Close() // nothing was left unsaid
	}
}

// usualKeys are those that ssh tries where none is named.
var usualKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// keys reads the key that is named, or finds the agent and the usual files.
func (s *SSH) keys() (k keys, err error) {
	if s.Key != "" {
		signer, err := readKey(s.Key)
		if err != nil {
			return k, err
		}
		k.files = []ssh.Signer{signer}
		return k, nil
	}
	var errs []error // told only where nothing else opens
	if s.Agent != "" {
		if k.agent, err = net.Dial("unix", s.Agent); err != nil {
			k.agent, errs = nil, append(errs, fmt.Errorf("reaching the ssh agent: %w", err))
		}
	}
	for _, name := range usualKeys {
		file := filepath.Join(home(), ".ssh", name)
		signer, err := readKey(file)
		if err == nil {
			k.files = append(k.files, signer)
		} else if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if k.agent == nil && len(k.files) == 0 {
		return k, &noKey{errors.Join(append(errs, errors.New("there is no key: give --ssh-key, or start an ssh agent that holds one"))...)}
	}
	return k, nil
}

// noKey is the lack of a key that can be used.
type noKey struct{ error }

func (e *noKey) Unwrap() error     { return e.error }
func (e *noKey) GapReason() string { return bundle.Forbidden }

func readKey(file string) (ssh.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &noKey{fmt.Errorf("reading the ssh key: %w", err)}
	}
	signer, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, &noKey{fmt.Errorf("the ssh key %q has a passphrase: add it to an agent (ssh-add) and leave --ssh-key out", file)}
	}
	if err != nil {
		return nil, &noKey{fmt.Errorf("reading the ssh key %q: %w", file, err)}
	}
	return signer, nil
}

// home is the user's folder; empty where there is none.
func home() string {
	if dir, err := os.UserHomeDir(); err == nil {
		return dir
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}
