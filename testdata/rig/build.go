package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// recipe is one `go build` of several programs out of one module, one `go install` of a pinned version, or the jars of a pom.
type recipe struct {
	name    string
	module  bool     // there is a folder of that name below modules, with a go.mod or a pom; otherwise it is installed
	args    []string // ${VERSION} is that of the module's first requirement
	outputs []string
	copied  map[string]string // files that the module lacks: it is built from a copy that has them, with its own go.mod
}

var buildEnv = []string{"CGO_ENABLED=0", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off"}

var recipes = []recipe{
	{
		name: "etcd", module: true,
		args:    []string{"-ldflags", "-s -w", "go.etcd.io/etcd/server/v3"},
		outputs: []string{"etcd"},
	},
	{
		name: "k8s", module: true,
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
		name: "containerd", module: true,
		args: []string{
			"-tags", "no_btrfs,no_zfs,no_devmapper",
			"-ldflags", "-s -w -X github.com/containerd/containerd/v2/version.Version=${VERSION}",
			"github.com/containerd/containerd/v2/cmd/containerd", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
		outputs: []string{"containerd", "containerd-shim-runc-v2", "ctr"},
	},
	{
		name:    "metrics-server",
		args:    []string{"-ldflags", "-s -w", "sigs.k8s.io/metrics-server/cmd/metrics-server@v0.9.0"},
		outputs: []string{"metrics-server"},
	},
	{
		name: "kwok", module: true,
		args:    []string{"-ldflags", "-s -w", "sigs.k8s.io/kwok/cmd/kwok"},
		outputs: []string{"kwok"},
	},
	{name: "kafka", module: true},
	{
		name: "ferretdb", module: true, copied: map[string]string{"build/version/version.txt": "v${VERSION}", "build/version/package.txt": "package"},
		args:    []string{"-tags", "ferretdb_no_postgresql", "-ldflags", "-s -w", "./cmd/ferretdb"},
		outputs: []string{"ferretdb"},
	},
}

// hash names what a recipe's programs are built from: its module files, itself, Go and platform.
func (r *rig) hash(rec recipe) (string, error) {
	h := sha256.New()
	of := struct {
		name          string
		module        bool
		args, outputs []string
	}{rec.name, rec.module, rec.args, rec.outputs}
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, of, buildEnv)
	if len(rec.copied) > 0 {
		fmt.Fprintln(h, rec.copied)
	}
	if rec.module {
		files, err := filepath.Glob(filepath.Join(r.home, "modules", rec.name, "*"))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, filepath.Base(file), len(b))
			h.Write(b)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// findPrograms names the folder of every recipe's programs, built or not.
func (r *rig) findPrograms() error {
	r.folders, r.programs = map[string]string{}, map[string]string{}
	if java, err := exec.LookPath("java"); err == nil {
		r.programs["java"] = java
	}
	for _, rec := range recipes {
		hash, err := r.hash(rec)
		if err != nil {
			return err
		}
		r.folders[rec.name] = filepath.Join(r.cache, "bin", rec.name+"-"+hash)
		for _, program := range rec.outputs {
			r.programs[program] = filepath.Join(r.folders[rec.name], program)
		}
	}
	return nil
}

// build makes what is not there of the named recipes, of all without a name. Each is built in a folder beside its own,
// which is renamed at the end: a cached folder is always whole.
func (r *rig) build(names ...string) error {
	for _, rec := range recipes {
		folder := r.folders[rec.name]
		if _, err := os.Stat(folder); err == nil || len(names) > 0 && !slices.Contains(names, rec.name) {
			continue
		}
		fmt.Printf("building %s\n", rec.name)
		if err := os.MkdirAll(folder+".part", 0o755); err != nil {
			return err
		}
		if err := r.make(rec, folder+".part"); err != nil {
			return fmt.Errorf("building %s: %w", rec.name, err)
		}
		if err := os.Rename(folder+".part", folder); err != nil {
			return err
		}
	}
	return nil
}

// program builds what a server is built of, and prints its path on the last line.
func (r *rig) program(name string) error {
	for _, rec := range recipes {
		if slices.Contains(rec.outputs, name) {
			if err := r.build(rec.name); err != nil {
				return err
			}
			fmt.Println(r.exe(name))
			return nil
		}
	}
	return fmt.Errorf("no server is called %q", name)
}

func (r *rig) make(rec recipe, out string) error {
	if pom := filepath.Join(r.home, "modules", rec.name, "pom.xml"); exists(pom) {
		return resolve(pom, out)
	}
	cmd := exec.Command("go", "install", "-trimpath")
	cmd.Env = append(os.Environ(), append(buildEnv, "GOBIN="+out)...)
	args := rec.args
	if rec.module {
		cmd = exec.Command("go", "build", "-trimpath", "-o", out+string(filepath.Separator))
		cmd.Env = append(os.Environ(), buildEnv...)
		cmd.Dir = filepath.Join(r.home, "modules", rec.name)
		version, err := required(filepath.Join(cmd.Dir, "go.mod"))
		if err != nil {
			return err
		}
		minor := strings.Split(version+"..", ".")[1]
		args = slices.Clone(args)
		for i := range args {
			args[i] = strings.NewReplacer("${VERSION}", version, "${MINOR}", minor).Replace(args[i])
		}
		if rec.copied != nil {
			if cmd.Dir, err = copyModule(cmd.Dir, version, rec.copied); err != nil {
				return err
			}
			defer os.RemoveAll(cmd.Dir)
		}
	}
	cmd.Args = append(cmd.Args, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	if rec.name == "etcd" { // go build names it after the module's last element
		return os.Rename(filepath.Join(out, "server"), filepath.Join(out, "etcd"))
	}
	return nil
}

var requirement = regexp.MustCompile(`(?m)^(?:require)?\s+(?:k8s\.io/kubernetes|github\.com/containerd/containerd/v2|go\.etcd\.io/etcd/server/v3|sigs\.k8s\.io/kwok|github\.com/FerretDB/FerretDB) v(\S+)`)

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

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// copyModule downloads the module that the go.mod in dir requires, whose sum stands beside it, and copies it with further files.
func copyModule(dir, version string, files map[string]string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	get := exec.Command("go", "mod", "download", "-json", strings.Fields(string(requirement.Find(b)))[1])
	get.Dir, get.Env, get.Stderr = dir, append(os.Environ(), buildEnv...), os.Stderr
	text, err := get.Output()
	if err != nil {
		return "", fmt.Errorf("downloading the module: %w", err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(text, &found); err != nil {
		return "", err
	}
	copied, err := os.MkdirTemp("", "rig-module")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(copied, os.DirFS(found.Dir)); err != nil {
		return "", err
	}
	for name, content := range files {
		content = strings.ReplaceAll(content, "${VERSION}", version)
		if err := os.WriteFile(filepath.Join(copied, name), []byte(content+"\n"), 0o600); err != nil {
			return "", err
		}
	}
	return copied, nil
}
