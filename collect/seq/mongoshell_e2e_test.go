//go:build e2e

package seq

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect/backends"
)

// realShell is the folder of the real mongosh: that of the machine, or one that npm installs once beside the other programs of tests.
func realShell(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("mongosh"); err == nil {
		return filepath.Dir(path)
	}
	npm := installed(t, "npm", "npm")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "imbundle-rig", "mongosh")
	bin := filepath.Join(dir, "node_modules", ".bin")
	if _, err := os.Stat(filepath.Join(bin, "mongosh")); err == nil {
		return bin
	}
	if out, err := exec.Command(npm, "install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", "mongosh@2").CombinedOutput(); err != nil {
		t.Fatalf("installing mongosh: %v\n%s", err, out)
	}
	return bin
}

// TestShellOfRealServer asks a real server by the real shell, as if the client had refused it: the facts are those that the client reads,
// no canary and no password is anywhere.
func TestShellOfRealServer(t *testing.T) {
	shells := realShell(t)
	i := install(t)
	o := i.options()
	o.Redis = nil
	want := runCalm(t, o)
	_, text, _ := net.SplitHostPort(i.mongo.address)
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	old := startFake(t, &fakeMongo{wire: tooOldWire})
	o.Mongo = &backends.Mongo{Addresses: []string{old.address}, Login: o.Mongo.Login, From: o.Mongo.From}
	printed := &lockedBuffer{}
	o.Exec = func(ctx context.Context, _ string, command func(int) []string, stdin io.Reader, stdout io.Writer) error {
		words := command(port)
		if strings.Contains(strings.Join(words, " "), rootPassword) {
			t.Errorf("the password is an argument: %q", words)
		}
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Env = []string{"PATH=" + shells + ":/usr/local/bin:/usr/bin:/bin"}
		cmd.Stdin, cmd.Stdout, cmd.WaitDelay = stdin, io.MultiWriter(stdout, printed), time.Second
		return cmd.Run()
	}
	got := runCalm(t, o)
	a, b := got.conversations["si_u1_u2"], want.conversations["si_u1_u2"]
	a.Time, b.Time = time.Time{}, time.Time{}
	if a.Mongo == nil || a.Mongo.Highest != 250 || !reflect.DeepEqual(a, b) {
		t.Errorf("by the shell\n%+v\nby the client\n%+v\n%s\n%s", a, b, got.entries[bundle.MongoServer], printed.String())
	}
	if !reflect.DeepEqual(got.mongo.Collections, want.mongo.Collections) || got.mongo.Status == nil || got.mongo.Status.Version != want.mongo.Status.Version {
		t.Errorf("by the shell\n%+v\nby the client\n%+v", got.mongo, want.mongo)
	}
	got.entries["what the shell printed"] = printed.String()
	for entry, body := range got.entries {
		if strings.Contains(body, canary) || strings.Contains(body, rootPassword) {
			t.Errorf("a canary or the password is in %s", entry)
		}
	}
	o.Mongo.Login.Password = "Fake-wrong-01"
	wrong := run(t, o)
	wrong.gap(t, bundle.SeqFile, bundle.Forbidden, "uthentication failed", "mongodb.yml", old.address)
	if bytes.Contains([]byte(printed.String()), []byte("Fake-wrong-01")) {
		t.Error("the shell prints the password")
	}
}
