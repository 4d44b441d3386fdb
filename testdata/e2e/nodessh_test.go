//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sshServer is an sshd of the distribution on the address of the rig's node, with keys of its own.
type sshServer struct {
	dir, port string
}

// key makes a key pair and returns the file of the private one.
func (s sshServer) key(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(s.dir, name)
	if _, err := run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file); err != nil {
		t.Fatal(err)
	}
	return file
}

// known writes a file of host keys in which the node's addresses have the key.
func (s sshServer) known(t *testing.T, name, key string) string {
	t.Helper()
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, name)
	text := fmt.Sprintf("[10.99.0.1]:%s,[127.0.0.1]:%s %s", s.port, s.port, public)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func startSSH(t *testing.T) sshServer {
	t.Helper()
	exe := installed(t, "/usr/sbin/sshd", "openssh-server")
	s := sshServer{dir: t.TempDir(), port: "22399"}
	host, user := s.key(t, "host"), s.key(t, "user")
	config := fmt.Sprintf("Port %s\nListenAddress 10.99.0.1\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s.pub\nPasswordAuthentication no\n"+
		"KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\nPidFile none\n", s.port, host, user)
	file := filepath.Join(s.dir, "sshd_config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-D", "-e", "-f", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", "10.99.0.1:"+s.port); err == nil {
			c.Close()
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("sshd does not listen")
	return s
}

// agent starts an ssh agent that holds a key.
func agent(t *testing.T, key string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Setenv("SSH_AUTH_SOCK", socket)
	for range 100 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := run(t, "ssh-add", "-q", key); err != nil {
		t.Fatal(err)
	}
}

// TestNodeSSH asks the node over ssh: with the right keys, through a jump host, and with every key that is not right.
func TestNodeSSH(t *testing.T) {
	ns := nodeNamespace(t)
	s := startSSH(t)
	user, other := filepath.Join(s.dir, "user"), s.key(t, "other")
	known, changed := s.known(t, "known", filepath.Join(s.dir, "host")), s.known(t, "changed", other)
	empty := filepath.Join(s.dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, key, known string
		more             []string
		reason, says     string // empty: it works
	}{
		{"right", user, known, nil, "", ""},
		{"agent", "", known, nil, "", ""},
		{"jump", user, known, []string{"--ssh-jump", "root@127.0.0.1:" + s.port}, "", ""},
		{"changed key", user, changed, nil, "error", "has changed"},
		{"unknown host", user, empty, nil, "forbidden", "is unknown"},
		{"wrong key", other, known, nil, "forbidden", "does not accept the keys"},
		{"jump host changed", user, changed, []string{"--ssh-jump", "127.0.0.1:" + s.port}, "error", "jump host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := []string{"--ssh-key", tt.key}
			if tt.key == "" {
				key = nil
				agent(t, user)
			}
			args := append([]string{"--node-mode", "ssh", "--ssh-port", s.port, "--known-hosts", tt.known, "--since", "1s", "--profile", "quick"}, slices.Concat(key, tt.more)...)
			a, res := collect(t, ns, args...)
			df := string(a.files["nodes/"+rigNode+"/df.txt"])
			if (tt.reason == "") != strings.Contains(df, "Mounted on") {
				t.Errorf("df: %q\n%s", df, res.err)
			}
			if tt.reason == "" {
				want, err := run(t, "uname", "-r")
				if got := string(a.files["nodes/"+rigNode+"/versions.txt"]); err != nil || !strings.Contains(got, strings.TrimSpace(want)) {
					t.Errorf("versions lack %s: %s", want, got)
				}
				return
			}
			if !slices.ContainsFunc(a.manifest.Gaps, func(g gap) bool {
				return g.Source == "node" && g.Reason == tt.reason && strings.Contains(g.Detail, tt.says)
			}) {
				t.Errorf("no gap of reason %s says %q: %+v", tt.reason, tt.says, a.manifest.Gaps)
			}
		})
	}
}
