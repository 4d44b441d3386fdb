package node

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// TestOfHost keeps the host's rows of a df that looks into its folder, broken lines put together.
func TestOfHost(t *testing.T) {
	df := "Filesystem                Size      Used Available Use% Mounted on\noverlay                  9.0G      1.0G      8.0G  11% /\n" +
		"/dev/vda1                9.0G      1.0G      8.0G  11% /host\na-long-name.example.com:/export\n                         1.0G      1.0G         0 100% /host/data\n/dev/vda1 9.0G 1.0G 8.0G 11% /hostile\n"
	want := "Filesystem                Size      Used Available Use% Mounted on\n/dev/vda1                9.0G      1.0G      8.0G  11% /\n" +
		"a-long-name.example.com:/export                         1.0G      1.0G         0 100% /data\n"
	if got := string(ofHost(host{root: "/host"}, []byte(df))); got != want {
		t.Errorf("%s", got)
	}
	if got := string(ofHost(host{}, []byte(df))); strings.Count(got, "\n") != 5 {
		t.Errorf("on the host itself:\n%s", got)
	}
}

// TestOfWindow gives lines of dmesg their time and drops those of other days; the journal's stay as they are.
func TestOfWindow(t *testing.T) {
	now := time.Date(2026, 11, 27, 16, 0, 0, 0, time.FixedZone("+0800", 8*3600))
	h := host{now: now, uptime: 10 * time.Hour, window: bundle.Window{From: now.Add(-2 * time.Hour), To: now}}
	got := string(ofWindow(h, []byte("# head\n[  100.000001] Out of memory: Killed process 1 (old)\n[35900.123456] Out of memory: Killed process 2 (new)\n2026-11-27T15:00:00+0800 n1 kernel: x\n")))
	want := "# head\n[Fri Nov 27 15:58:20 2026] Out of memory: Killed process 2 (new)\n2026-11-27T15:00:00+0800 n1 kernel: x\n"
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestLastTop(t *testing.T) {
	got := string(lastTop(host{}, []byte("top - 1\n a\n\ntop - 2\n  PID COMMAND\n    1 sh --secret x\n")))
	if got != "top - 2\n  PID COMMAND\n    1 sh\n" {
		t.Errorf("%q", got)
	}
}

// TestSplit: only whole lines that begin with the mark are the script's own; an answer that does not end is none.
func TestSplit(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	in := "motd\nM hello 1 +0000 2 /\n\nM begin a\nsays M begin b\n" + long + "\n\nM end a 0\n\nM begin b\n\nM end b 3\n\nM begin c\nhalf"
	var got []answer
	err := split(strings.NewReader(in), "M", func(f []string) error {
		if len(f) != 4 {
			t.Errorf("hello %q", f)
		}
		return nil
	}, func(a answer) { got = append(got, a) })
	if !errors.Is(err, errUnfinished) || len(got) != 2 || string(got[0].body) != "says M begin b\n"+long+"\n" || got[1].code != 3 || len(got[1].body) != 0 {
		t.Errorf("%v, %d answers", err, len(got))
	}
	a := &answer{}
	for range 3 {
		a.add(make([]byte, maxAnswer/2))
	}
	if len(a.body) != maxAnswer || a.cut != maxAnswer/2 {
		t.Errorf("kept %d, cut %d", len(a.body), a.cut)
	}
}

func newKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestHostKeys(t *testing.T) {
	right, other := newKey(t), newKey(t)
	file := filepath.Join(t.TempDir(), "known_hosts")
	text := knownhosts.Line([]string{"10.0.0.1"}, right) + "\n" + knownhosts.Line([]string{"[n2]:2222"}, right) + "\n@revoked * " + strings.SplitN(knownhosts.Line([]string{"x"}, other), " ", 2)[1] + "\n"
	third := newKey(t)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := (&SSH{KnownHosts: file}).knownHosts()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		names  []string
		key    ssh.PublicKey
		says   string
		reason string
	}{
		{"known by address", []string{"10.0.0.1:22", "n1:22"}, right, "", ""},
		{"known by name", []string{"10.0.0.9:2222", "n2:2222"}, right, "", ""},
		{"changed", []string{"10.0.0.1:22", "n1:22"}, third, "has changed", bundle.Failed},
		{"changed by name", []string{"10.0.0.9:2222", "n2:2222"}, third, "has changed", bundle.Failed},
		{"unknown", []string{"10.0.0.9:22", "n9:22"}, right, "is unknown", bundle.Forbidden},
		{"revoked", []string{"10.0.0.1:22"}, other, "revoked", bundle.Failed},
	} {
		err := k.check(tt.names, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 22}, tt.key)
		if tt.says == "" && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var wrong *HostKeyError
		if tt.says != "" && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.says) || collect.ReasonOf(err) != tt.reason || !strings.Contains(err.Error(), file)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got, err := k.algorithms([]string{"10.0.0.1:22"}); err != nil || len(got) != 1 || got[0] != ssh.KeyAlgoED25519 {
		t.Errorf("algorithms %q, %v", got, err)
	}
}

func TestJump(t *testing.T) {
	for in, want := range map[string][2]string{
		"bastion": {"root", "bastion:22"}, "ops@bastion:2222": {"ops", "bastion:2222"}, "ops@10.0.0.1": {"ops", "10.0.0.1:22"},
	} {
		if account, address := (&SSH{Jump: in}).jump(); account != want[0] || address != want[1] {
			t.Errorf("%s: %s at %s", in, account, address)
		}
	}
}

// TestNoKeys: what is missing is said before anything is dialled.
func TestNoKeys(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, s := range []*SSH{{}, {Key: "/nonexistent"}, {Agent: "/nonexistent"}} {
		if err := s.Shell(t.Context(), "n1", "true", &strings.Builder{}); err == nil || collect.ReasonOf(err) != bundle.Forbidden {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
