package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// recipe is one `go build` of several programs out of one module, or one `go install` of a pinned version.
type recipe struct {
	module  string   // folder below modules; empty: install
	args    []string // ${VERSION} is that of the module's first requirement
	outputs []string
}

var buildEnv = []string{"CGO_ENABLED=0", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off"}

var recipes = []recipe{
	{
		module:  "etcd",
		args:    []string{"-ldflags", "-s -w", "go.etcd.io/etcd/server/v3"},
		outputs: []string{"etcd"},
	},
	{
		module: "k8s",
		args: []string{
			"-ldflags", "-s -w" +
				" -X k8s.io/component-base/version.gitVersion=v${VERSION}" +
				" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${MINOR}" +
				" -X k8s.io/component-base/version.gitTreeState=clean -X k8s.io/component-base/version.gitCommit=rig" +
				" -X k8s.io/client-go/pkg/version.gitVersion=v${VERSION}",
			"k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kube-controller-manager",
			"k8s.io/kubernetes/cmd/kube-scheduler", "k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kubectl",
		},
		outputs: []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"},
	},
	{
		module: "containerd",
		args: []string{
			"-tags", "no_btrfs,no_zfs,no_devmapper",
			"-ldflags", "-s -w -X github.com/containerd/containerd/v2/version.Version=${VERSION}",
			"github.com/containerd/containerd/v2/cmd/containerd", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
		outputs: []string{"containerd", "containerd-shim-runc-v2", "ctr"},
	},
	{
		args:    []string{"-ldflags", "-s -w", "sigs.k8s.io/metrics-server/cmd/metrics-server@v0.9.0"},
		outputs: []string{"metrics-server"},
	},
}

// hash names what the binaries are built from: module files, recipes, Go and platform.
func (r *rig) hash() (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, recipes, buildEnv)
	root := filepath.Join(r.home, "modules")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		fmt.Fprintln(h, strings.TrimPrefix(path, root), len(b))
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

func (r *rig) built() bool {
	_, err := os.Stat(r.bin)
	return err == nil
}

// build makes all binaries in a folder beside and renames it at the end: a cached folder is always whole.
func (r *rig) build() error {
	if r.built() {
		fmt.Printf("built: %s\n", r.bin)
		return nil
	}
	part := r.bin + ".part"
	if err := os.MkdirAll(part, 0o755); err != nil {
		return err
	}
	for _, rec := range recipes {
		fmt.Printf("building %s\n", strings.Join(rec.outputs, ", "))
		if err := r.make(rec, part); err != nil {
			return fmt.Errorf("building %s: %w", strings.Join(rec.outputs, ", "), err)
		}
	}
	return os.Rename(part, r.bin)
}

func (r *rig) make(rec recipe, out string) error {
	cmd := exec.Command("go", "install", "-trimpath")
	cmd.Env = append(os.Environ(), append(buildEnv, "GOBIN="+out)...)
	args := rec.args
	if rec.module != "" {
		cmd = exec.Command("go", "build", "-trimpath", "-o", out+string(filepath.Separator))
		cmd.Env = append(os.Environ(), buildEnv...)
		cmd.Dir = filepath.Join(r.home, "modules", rec.module)
		version, err := required(filepath.Join(cmd.Dir, "go.mod"))
		if err != nil {
			return err
		}
		minor := strings.Split(version+"..", ".")[1]
		args = slices.Clone(args)
		for i := range args {
			args[i] = strings.NewReplacer("${VERSION}", version, "${MINOR}", minor).Replace(args[i])
		}
	}
	cmd.Args = append(cmd.Args, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	if rec.module == "etcd" { // go build names it after the module's last element
		return os.Rename(filepath.Join(out, "server"), filepath.Join(out, "etcd"))
	}
	return nil
}

var requirement = regexp.MustCompile(`(?m)^(?:require)?\s+(?:k8s\.io/kubernetes|github\.com/containerd/containerd/v2|go\.etcd\.io/etcd/server/v3) v(\S+)`)

// required is the version of the module that the rig builds, without the v.
func required(gomod string) (string, error) {
	b, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	m := requirement.FindSubmatch(b)
	if m == nil {
		return "", fmt.Errorf("%q requires none of the servers", gomod)
	}
	return string(m[1]), nil
}
