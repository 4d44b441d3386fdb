package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// start runs a server in a session of its own, its output in logs/NAME.log, unless it runs already.
func (r *rig) start(name, program string, args ...string) error {
	if _, ok := r.alive(name); ok {
		return nil
	}
	if err := os.MkdirAll(r.path("logs"), 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(r.logFile(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(r.exe(program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.dir, log, log
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(slices.Collect(maps.Values(r.folders)), ":")+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	born, _, err := stat(cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return r.write(filepath.Join("pids", name), fmt.Sprintf("%d %s\n", cmd.Process.Pid, born))
}

func (r *rig) logFile(name string) string { return r.path("logs", name+".log") }

// stat tells when a process was born (clock ticks since boot) and its state letter.
func stat(pid int) (born, state string, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", err
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // the name may hold anything
	if len(fields) < 20 {
		return "", "", fmt.Errorf("reading the state of process %d: %d fields", pid, len(fields))
	}
	return fields[19], fields[0], nil
}

// alive is the process that start started, if it still runs: same id and same time of birth.
func (r *rig) alive(name string) (pid int, ok bool) {
	b, err := os.ReadFile(r.path("pids", name))
	if err != nil {
		return 0, false
	}
	var born string
	if _, err := fmt.Sscan(string(b), &pid, &born); err != nil {
		return 0, false
	}
	now, state, err := stat(pid)
	return pid, err == nil && now == born && state != "Z"
}

// stop ends a server that start started, also a suspended one: TERM, after ten seconds KILL.
func (r *rig) stop(name string) error {
	pid, ok := r.alive(name)
	if ok {
		if err := end(pid, func() bool { _, ok := r.alive(name); return ok }); err != nil {
			return fmt.Errorf("stopping %s: %w", name, err)
		}
	}
	if err := os.Remove(r.path("pids", name)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func end(pid int, alive func() bool) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, sig); errors.Is(err, syscall.ESRCH) {
			return nil
		} else if err != nil {
			return err
		}
		for range 100 {
			if !alive() {
				return nil
			}
			if sig == syscall.SIGTERM { // a suspended process takes it when continued
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// await asks until the answer is nil, the server has died or the time is over; then the end of its log is told.
func (r *rig) await(name, what string, limit time.Duration, ask func() error) error {
	began := time.Now()
	for {
		err := ask()
		if err == nil {
			fmt.Printf("%-20s %s after %.1f s\n", name, what, time.Since(began).Seconds())
			return nil
		}
		_, ok := r.alive(name)
		if ok && time.Since(began) < limit {
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if !ok {
			err = fmt.Errorf("it died: %w", err)
		}
		return fmt.Errorf("%s: not %s after %.1f s: %w\n%s", name, what, time.Since(began).Seconds(), err, r.logTail(name))
	}
}

func (r *rig) logTail(name string) string {
	b, err := os.ReadFile(r.logFile(name))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// output runs a program to its end within the limit and returns what it printed; its errors are part of the error.
func output(limit time.Duration, stdin string, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}

func (r *rig) kubectl(limit time.Duration, stdin string, args ...string) (string, error) {
	return output(limit, stdin, r.exe("kubectl"), append([]string{"--kubeconfig", r.kubeconfig()}, args...)...)
}

func (r *rig) ctr(args ...string) (string, error) {
	return output(time.Minute, "", r.exe("ctr"), append([]string{"-a", r.path("node", "containerd.sock"), "-n", "k8s.io"}, args...)...)
}

// processesWith lists the ids of processes whose program is called name and one of whose arguments is arg.
func processesWith(name, arg string) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended meanwhile
		}
		args := strings.Split(string(b), "\x00")
		if filepath.Base(args[0]) != name {
			continue
		}
		for _, a := range args[1:] {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil && a == arg {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}
