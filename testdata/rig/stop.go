package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// servers in the order in which they are stopped: nothing may make a container again while the others are ended.
var servers = []string{"metrics-server", "kwok", "kubelet", "containerd", "scheduler", "controller-manager", "apiserver", "etcd"}

// down stops every server that up started, ends containers, and removes mounts, bridge, address and state. Logs stay until
// the next up. It does all it can and tells everything that it could not.
func (r *rig) down() error {
	var errs []error
	keep := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for _, name := range servers {
		keep(r.stop(name))
	}
	if _, err := os.Stat(r.path("node", "containerd.toml")); err == nil { // the node was ours
		keep(r.endShims())
		keep(endContainers())
		keep(r.unmount())
		keep(r.removeNetwork())
		keep(removeCgroups())
	}
	keep(r.removeAddress("kwok/address"))
	if len(errs) == 0 {
		keep(r.removeState())
	}
	return errors.Join(errs...)
}

// endShims ends the shims that belong to our containerd, by its address among their arguments.
func (r *rig) endShims() error {
	for range 3 {
		pids, err := processesWith("containerd-shim-runc-v2", r.path("node", "containerd.sock"))
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("ending shim %d: %w", pid, err)
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	return errors.New("shims are still there")
}

// unmount removes every mount below our folder, the deepest first.
func (r *rig) unmount() error {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	var points []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], r.path("node")+"/") {
			points = append(points, f[1])
		}
	}
	slices.Sort(points)
	for _, p := range slices.Backward(points) {
		if err := syscall.Unmount(p, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("unmounting %q: %w", p, err)
		}
	}
	return nil
}

func (r *rig) removeNetwork() error {
	if _, err := os.Stat("/sys/class/net/" + bridge); err == nil {
		if _, err := output(5*time.Second, "", "ip", "link", "delete", bridge); err != nil {
			return err
		}
	}
	return r.removeAddress("node/address")
}

func (r *rig) removeState() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if e.Name() == "logs" || e.Name() == "images" {
			continue
		}
		if err := os.RemoveAll(r.path(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) status() error {
	for _, name := range slices.Backward(servers) {
		if pid, ok := r.alive(name); ok {
			fmt.Printf("%-20s runs, process %d, log %s\n", name, pid, r.logFile(name))
		} else {
			fmt.Printf("%-20s does not run\n", name)
		}
	}
	if b, err := os.ReadFile(r.path("skipped")); err == nil {
		fmt.Printf("skipped: %s\n", b)
	}
	return nil
}

// env prints lines for the shell: eval "$(testdata/rig/rig env)".
func (r *rig) env() error {
	skipped, err := os.ReadFile(r.path("skipped"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, v := range append([][2]string{
		{"KUBECONFIG", r.kubeconfig()},
		{"IMBUNDLE_RIG_KUBECTL", r.exe("kubectl")},
		{"IMBUNDLE_RIG_DIR", r.dir},
		{"IMBUNDLE_RIG_SKIPPED", string(skipped)},
	}, r.kafkaEnv()...) {
		fmt.Printf("export %s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`))
	}
	return nil
}
