//go:build e2e

package node

import (
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
)

// shifted is a host whose clock is off. A slow one lets the caller wait first.
type shifted struct {
	name, address string
	shift, slow   time.Duration
	blamed        bool
}

// Three clocks are right, with the server's and the collector's. The slow answer of one that is 6 seconds behind leaves open
// whether it is.
var shiftedHosts = []shifted{
	{name: "right", address: "127.0.0.1"},
	{name: "seven-seconds", address: "127.0.0.2", shift: 7 * time.Second, blamed: true},
	{name: "ten-minutes", address: "127.0.0.3", shift: 10 * time.Minute, blamed: true},
	{name: "behind", address: "127.0.0.4", shift: -10 * time.Minute, blamed: true},
	{name: "a-second", address: "127.0.0.5", shift: time.Second},
	{name: "slow", address: "127.0.0.6", shift: -6 * time.Second, slow: 12 * time.Second},
}

// TestShiftedClocks asks hosts by a real sshd, under whose commands libfaketime shifts the clock: what is measured is the shift,
// within the uncertainty, and the analysis blames those that are off beyond it.
func TestShiftedClocks(t *testing.T) {
	few(t, commands[0])
	way := startSSHD(t, shiftedHosts)
	s := &Source{Shell: way.Shell, Way: way.Way(), Hosts: len(shiftedHosts)}
	for _, h := range shiftedHosts {
		s.Nodes = append(s.Nodes, h.name)
	}
	redactor, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	o := collect.Options{
		Output: filepath.Join(t.TempDir(), "b.tgz"), Redactor: redactor, Window: bundle.Window{From: now.Add(-time.Hour), To: now},
		Clock: []bundle.ClockOffset{{Subject: "apiserver", Uncertainty: time.Second / 2}},
	}
	if res, err := collect.Run(t.Context(), o, []collect.Source{s}); err != nil || len(res.Gaps) > 0 {
		t.Fatalf("%v, %+v", err, res)
	}
	r, err := bundle.Open(o.Output, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, h := range shiftedHosts {
		text := strings.TrimSpace(read(t, r, bundle.NodeText(h.name, "clock")))
		c, ok := record.ParseHostClock(text[strings.LastIndexByte(text, '\n')+1:])
		if !ok || math.Abs(float64(c.Offset-h.shift)) > float64(c.Uncertainty) || c.Uncertainty > time.Second+h.slow/2+time.Second {
			t.Errorf("%s is shifted by %s: %s", h.name, h.shift, text)
		}
	}
	blamed := blames(t, o.Output)
	for _, h := range shiftedHosts {
		if blamed[h.name] != h.blamed {
			t.Errorf("%s is shifted by %s, blamed: %v", h.name, h.shift, blamed[h.name])
		}
	}
}

// blames analyzes the bundle: whose clocks are named for the cause that leads, or none.
func blames(t *testing.T, path string) map[string]bool {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(t.Context(), r, set, analyze.Options{Checks: checks.All()})
	if err != nil {
		t.Fatal(err)
	}
	found := report.Verdict.Causes
	if len(found) == 0 || found[0].Cause != "node-clock-skew" || found[0].Confidence != analyze.Likely {
		t.Fatalf("causes: %+v", found)
	}
	blamed := map[string]bool{}
	for _, c := range found {
		for _, e := range c.Evidence {
			if node, _, is := bundle.ParseNode(e.Entry); is && c.Cause == "node-clock-skew" {
				blamed[node] = true
			}
		}
	}
	return blamed
}

// startSSHD runs one sshd that is every host, each at an address of its own.
func startSSHD(t *testing.T, hosts []shifted) *SSH {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	sshd := installed(t, "/usr/sbin/sshd", "openssh-server")
	preload := strings.TrimSpace(output(t, installed(t, "faketime", "faketime"), "-f", "+0s", "sh", "-c", "echo $LD_PRELOAD"))
	host, user := filepath.Join(dir, "host"), filepath.Join(dir, "user")
	for _, key := range []string{host, user} {
		output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	}
	public, err := os.ReadFile(host + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("Port %s\nHostKey %s\nAuthorizedKeysFile %s.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"+
		"PermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\nPidFile none\nMaxStartups 100\n", port, host, user)
	known, way := "", &SSH{Port: port, Key: user, KnownHosts: filepath.Join(dir, "known"), Addresses: map[string][]string{}}
	for _, h := range hosts {
		config += "ListenAddress " + h.address + "\n"
		known += fmt.Sprintf("[%s]:%s %s", h.address, port, public)
		way.Addresses[h.name] = []string{h.address}
	}
	for _, h := range hosts {
		config += fmt.Sprintf("Match LocalAddress %s\nForceCommand sleep %d; exec sh -s\n", h.address, int(h.slow.Seconds()))
		if h.shift != 0 {
			config += fmt.Sprintf("SetEnv LD_PRELOAD=%s FAKETIME=%+ds\n", preload, int(h.shift.Seconds()))
		}
	}
	for file, text := range map[string]string{"sshd_config": config, "known": known} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sshd, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", hosts[len(hosts)-1].address+":"+port); err == nil {
			c.Close()
			return way
		}
		if time.Now().After(end) {
			t.Fatal("sshd does not listen")
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// installed is the path of a program; on a machine of Debian's family it is installed if it is missing.
func installed(t *testing.T, program, pkg string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		t.Skipf("%s is missing, and this machine does not let us install %s", program, pkg)
	}
	output(t, "sh", "-c", "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "+pkg)
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
