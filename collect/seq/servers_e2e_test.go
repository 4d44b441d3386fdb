//go:build e2e

package seq

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/imbundle/imbundle/collect"
)

// The real servers: Debian's Redis, alone, as a cluster and behind sentinels, and FerretDB in the place of Mongo. The tests
// start them on free ports and stop them by process id.

const (
	rootPassword   = "Fake-root-01"
	readerPassword = "Fake-reader-01"
)

// reader is the least that the collector needs.
const reader = "reader on >" + readerPassword + " ~* -@all +@read +ping +select +info +slowlog|get +latency|latest +config|get +cluster|nodes +cluster|info"

// installed finds a program of the distribution, installing its package where that is possible.
func installed(t testing.TB, program, pkg string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		t.Skipf("%s is missing, and this machine does not let us install it", program)
	}
	out, err := exec.Command("sh", "-c", "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "+pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("installing %s: %v\n%s", pkg, err, out)
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// process is a server that runs until the test ends.
type process struct {
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan struct{}
}

func start(t testing.TB, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), log: &bytes.Buffer{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // it is stopped by a signal
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s: %s", program, p.log.String()[max(0, p.log.Len()-1000):])
		}
	})
	return p
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	_ = p.cmd.Process.Kill() // nothing of it is kept
	<-p.done
}

// soon waits for something to become true.
func soon(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}

type redisServer struct {
	*process
	address string
	admin   *redis.Client
}

// startRedis starts one server with a password and a user that only reads.
func startRedis(t testing.TB, args ...string) *redisServer {
	t.Helper()
	port := freePort(t)
	base := []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no", "--requirepass", rootPassword,
		"--masterauth", rootPassword, "--latency-monitor-threshold", "100", "--user",
	}
	base = append(append(base, strings.Fields(reader)...), args...)
	s := &redisServer{process: start(t, installed(t, "redis-server", "redis-server"), base...), address: "127.0.0.1:" + port}
	s.admin = client(s.address, rootPassword)
	t.Cleanup(func() { s.admin.Close() })
	soon(t, "redis", func() bool { return s.admin.Ping(t.Context()).Err() == nil })
	return s
}

func client(address, password string) *redis.Client {
	quiet()
	return redis.NewClient(&redis.Options{Addr: address, Password: password, DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
}

func (s *redisServer) do(t testing.TB, args ...any) {
	t.Helper()
	if err := s.admin.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

// monitored are the commands that redis-cli MONITOR saw while do ran.
func (s *redisServer) monitored(t testing.TB, do func()) []string {
	t.Helper()
	host, port, _ := net.SplitHostPort(s.address)
	cmd := exec.Command(installed(t, "redis-cli", "redis-tools"), "-h", host, "-p", port, "-a", rootPassword, "--no-auth-warning", "monitor")
	out := &lockedBuffer{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	soon(t, "MONITOR", func() bool {
		s.do(t, "echo", "begin-of-test")
		return strings.Contains(out.String(), "begin-of-test")
	})
	do()
	s.do(t, "echo", "end-of-test")
	soon(t, "MONITOR", func() bool { return strings.Contains(out.String(), "end-of-test") })
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed
	var seen []string
	for line := range strings.Lines(out.String()) {
		if _, command, is := strings.Cut(line, "] "); is && !strings.Contains(line, "-of-test") {
			seen = append(seen, strings.TrimSpace(command))
		}
	}
	return seen
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var ferretProgram = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../../testdata/rig/rig", "program", "ferretdb")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	lines := strings.Fields(string(out))
	if err != nil || len(lines) == 0 {
		return "", fmt.Errorf("building ferretdb: %v: %s", err, out)
	}
	return lines[len(lines)-1], nil
})

type mongoFake struct {
	*process
	address string
	client  *mongo.Client
}

// startFerret starts FerretDB, which speaks Mongo's protocol, with the user openIM of the database openim_v3.
func startFerret(t testing.TB) *mongoFake {
	t.Helper()
	program, err := ferretProgram()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, sub := range []string{"data", "state"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	m := &mongoFake{address: "127.0.0.1:" + freePort(t)}
	m.process = start(t, program, "--handler=sqlite", "--sqlite-url=file:"+dir+"/data/", "--state-dir="+dir+"/state", "--listen-addr="+m.address, "--debug-addr=-",
		"--telemetry=disable", "--test-enable-new-auth", "--setup-database=openim_v3", "--setup-username=openIM", "--setup-password="+rootPassword)
	o := options.Client().SetHosts([]string{m.address}).SetDirect(true).SetServerSelectionTimeout(2 * time.Second).
		SetAuth(options.Credential{Username: "openIM", Password: rootPassword, AuthSource: "openim_v3", PasswordSet: true})
	if m.client, err = mongo.Connect(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driven{m.client}.close(context.Background()) })
	soon(t, "ferretdb", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := m.client.Database("openim_v3").Collection("seq").EstimatedDocumentCount(ctx)
		return err == nil
	})
	return m
}

// tap is a dialer that keeps a copy of every byte, and counts connections.
type tap struct {
	mu         sync.Mutex
	sent, came bytes.Buffer
	open, most map[string]int
}

func newTap() *tap { return &tap{open: map[string]int{}, most: map[string]int{}} }

func (p *tap) dial() collect.Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open[address]++
		p.most[address] = max(p.most[address], p.open[address])
		return &tapped{Conn: conn, tap: p, address: address}, nil
	}
}

type tapped struct {
	net.Conn
	tap     *tap
	address string
	once    sync.Once
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.tap.came.Write(b[:n])
	return n, err
}

func (c *tapped) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.sent.Write(b)
	c.tap.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *tapped) Close() error {
	c.once.Do(func() {
		c.tap.mu.Lock()
		defer c.tap.mu.Unlock()
		c.tap.open[c.address]--
	})
	return c.Conn.Close()
}
