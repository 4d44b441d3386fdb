//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// installed finds a program, and installs the package that has it where the machine can: a test is left out only where it cannot.
func installed(t *testing.T, program, pkg string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		t.Skipf("%s is missing, and this machine does not let us install %s", program, pkg)
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

// result is what a run of the program gave.
type result struct {
	out, err  string
	code      int
	took, cpu time.Duration
	memory    int64 // at most, in bytes; 0 for a run that was over too soon to be seen
}

// imbundle runs the program to its end, which has to come within three minutes.
func imbundle(t *testing.T, args ...string) result {
	t.Helper()
	r := begin(t, args...)
	return r.wait()
}

// running is a program under way.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	began time.Time
	out   bytes.Buffer
	err   watched
	peak  atomic.Int64
	over  chan struct{}
}

func begin(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	r := &running{t: t, cmd: exec.CommandContext(ctx, program, args...), began: time.Now(), over: make(chan struct{})}
	r.cmd.Env = append(os.Environ(), "KUBECONFIG=/nonexistent", "LC_ALL=C.UTF-8")
	r.cmd.Dir = t.TempDir()
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go r.watchMemory()
	return r
}

// watchMemory asks the kernel for the peak; what a process tells at its end counts its parent in.
func (r *running) watchMemory() {
	for {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
		if _, line, found := strings.Cut(string(b), "VmHWM:"); err == nil && found {
			var kb int64
			if _, err := fmt.Sscan(line, &kb); err == nil {
				r.peak.Store(kb << 10)
			}
		}
		select {
		case <-r.over:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (r *running) wait() result {
	r.t.Helper()
	err := r.cmd.Wait()
	close(r.over)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatalf("%s: %v", r.cmd, err)
	}
	state := r.cmd.ProcessState
	res := result{r.out.String(), r.err.String(), state.ExitCode(), time.Since(r.began), state.UserTime() + state.SystemTime(), r.peak.Load()}
	r.t.Logf("%s\nexit code %d after %s", r.cmd, res.code, res.took.Round(time.Millisecond))
	return res
}

// says waits until the program has printed text on standard error.
func (r *running) says(text string) {
	r.t.Helper()
	for range 300 {
		if strings.Contains(r.err.String(), text) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Fatalf("%s did not say %q but\n%s", r.cmd, text, r.err.String())
}

// watched is a buffer that may be read while it is written.
type watched struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// kubectl is the witness: a client that shares no code of ours. It has to succeed.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectlMay(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func kubectlMay(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return run(t, kubectlExe, append([]string{"--kubeconfig", kubeconfig}, args...)...)
}

// rig runs one of its commands.
func rig(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, filepath.Join(root, "testdata", "rig", "rig"), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute) // clean-up runs commands too
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), errors.New(cmd.String() + ": " + err.Error() + ": " + said.String())
	}
	return out.String(), nil
}

// collect collects a namespace as the administrator and unpacks what came.
func collect(t *testing.T, namespace string, args ...string) (*archive, result) {
	t.Helper()
	return collectAs(t, kubeconfig, append([]string{"-n", namespace}, args...)...)
}

func collectAs(t *testing.T, config string, args ...string) (*archive, result) {
	t.Helper()
	file, args := collectArgs(t, config, args...)
	res := imbundle(t, args...)
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("no bundle: %v\n%s", err, res.err)
	}
	return unpack(t, file), res
}

func collectArgs(t *testing.T, config string, args ...string) (file string, all []string) {
	file = filepath.Join(t.TempDir(), "bundle.tgz")
	return file, append([]string{"collect", "--kubeconfig", config, "-f", file}, args...)
}

// report is the part of imbundle/report/1 that the tests look at.
type report struct {
	Verdict struct {
		Status string
		Hop    string
		Causes []cause
	}
}

type cause struct {
	Cause, Severity, Confidence, Hop, Subject string
	Evidence                                  []struct {
		Entry string
		Line  int64
		Text  string
	}
}

func (r *report) leading() string {
	if len(r.Verdict.Causes) == 0 {
		return ""
	}
	return r.Verdict.Causes[0].Cause
}

func analyze(t *testing.T, a *archive) *report {
	t.Helper()
	res := imbundle(t, "analyze", a.path, "-o", "json", "--fail-on", "never")
	if res.code != 0 && res.code != 3 {
		t.Fatalf("analyze: exit code %d\n%s", res.code, res.err)
	}
	var r report
	if err := json.Unmarshal([]byte(res.out), &r); err != nil {
		t.Fatalf("reading the report: %v\n%s", err, res.out)
	}
	return &r
}
