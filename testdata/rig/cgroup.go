package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroupRoot holds every container of the rig and nothing else: what is in it is ours to end, and another kubelet on the
// same machine does not take our pods for orphans of its own.
const cgroupRoot = "/imbundle-rig"

const mount = "/sys/fs/cgroup"

// cgroups are the folders of the root: one with version 2, one for each controller with version 1.
func cgroups() ([]string, error) {
	if _, err := os.Stat(mount + "/cgroup.controllers"); err == nil {
		return []string{mount + cgroupRoot}, nil
	}
	files, err := filepath.Glob(mount + "/*/cgroup.clone_children")
	if err != nil || len(files) == 0 {
		return nil, skip{"there are no control groups in " + mount}
	}
	for i := range files {
		files[i] = filepath.Dir(files[i]) + cgroupRoot
	}
	return files, nil
}

func makeCgroups() error {
	roots, err := cgroups()
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := os.MkdirAll(root, 0o755); err != nil {
			return skip{"this machine refuses control groups: " + err.Error()}
		}
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} { // version 1 begins without any
			parent, err := os.ReadFile(filepath.Join(filepath.Dir(root), name))
			if err != nil || filepath.Base(filepath.Dir(root)) != "cpuset" {
				continue
			}
			if err := os.WriteFile(filepath.Join(root, name), parent, 0o644); err != nil {
				return fmt.Errorf("making control group %q: %w", root, err)
			}
		}
		if len(roots) == 1 {
			if err := os.WriteFile(filepath.Join(filepath.Dir(root), "cgroup.subtree_control"), []byte("+cpu +cpuset +memory +pids"), 0o644); err != nil {
				return skip{"this machine refuses control groups: " + err.Error()}
			}
		}
	}
	return nil
}

// made lists the rig's groups that are there. Beside version 1 the runtime makes them in version 2 by itself.
func made() ([]string, error) {
	one, err := filepath.Glob(mount + cgroupRoot)
	if err != nil {
		return nil, err
	}
	more, err := filepath.Glob(mount + "/*" + cgroupRoot)
	return append(one, more...), err
}

// endContainers ends every process of the rig's control groups.
func endContainers() error {
	roots, err := made()
	if err != nil {
		return err
	}
	for range 50 {
		pids, err := members(roots)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("ending process %d of a container: %w", pid, err)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("containers are still there")
}

// members lists the processes in the folders and below.
func members(roots []string) (pids []int, err error) {
	for _, dir := range folders(roots) {
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if os.IsNotExist(err) || errors.Is(err, syscall.ENODEV) {
			continue // it has just gone
		}
		if err != nil {
			return nil, err
		}
		for _, field := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", dir, err)
			}
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// folders lists the groups and all below them, parents first.
func folders(roots []string) (all []string) {
	for _, root := range roots {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				all = append(all, path)
			}
			return nil // groups go while one looks
		})
	}
	return all
}

func removeCgroups() error {
	roots, err := made()
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(folders(roots)) {
		if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
