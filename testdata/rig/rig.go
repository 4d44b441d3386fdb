package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// nodeIP and kwokIP are addresses of the loopback interface: the API server refuses to proxy to 127.0.0.0/8.
const (
	nodeIP   = "10.99.0.1"
	kwokIP   = "10.99.0.2"
	nodeName = "rig-node"
	bridge   = "imbundle-rig0"
	podNet   = "10.98.0.0/24"
)

// defaultRig is the name of the rig that has the real node; those of other names run beside it.
const defaultRig = "node"

// rig knows where things lie. All its state is on disk, so that one call can stop what another started.
type rig struct {
	name     string
	home     string            // testdata/rig
	cache    string            // programs of all rigs, built once
	folders  map[string]string // of the programs, by recipe
	programs map[string]string // path by name
	dir      string            // state of the running rig
	ports    map[string]int
}

// ports that are chosen free at the first `up` and kept until `down`, so that a server can be started again.
var portNames = map[string]string{
	"etcd": "127.0.0.1", "etcd-peer": "127.0.0.1", "apiserver": "127.0.0.1", "controller-manager": "127.0.0.1",
	"scheduler": "127.0.0.1", "metrics-server": "127.0.0.1", "kubelet": "127.0.0.1", "kwok": "127.0.0.1",
}

func open(name string) (*rig, error) {
	r := &rig{name: name, home: os.Getenv("IMBUNDLE_RIG_HOME"), cache: os.Getenv("IMBUNDLE_RIG_CACHE")}
	if r.home == "" || r.cache == "" {
		return nil, fmt.Errorf("start it as testdata/rig/rig, which sets IMBUNDLE_RIG_HOME and IMBUNDLE_RIG_CACHE")
	}
	if err := r.findPrograms(); err != nil {
		return nil, err
	}
	r.dir = filepath.Join(r.cache, "run-"+name)
	return r, r.readJSON("ports.json", &r.ports)
}

func (r *rig) path(elem ...string) string { return filepath.Join(append([]string{r.dir}, elem...)...) }

func (r *rig) exe(name string) string { return r.programs[name] }

func (r *rig) kubeconfig() string { return r.path("pki", "admin.kubeconfig") }

func (r *rig) server() string { return fmt.Sprintf("https://127.0.0.1:%d", r.ports["apiserver"]) }

func (r *rig) port(name string) string { return fmt.Sprint(r.ports[name]) }

// choosePorts takes free ports for what has none yet, all held at once so that no two are the same.
func (r *rig) choosePorts() error {
	if r.ports == nil {
		r.ports = map[string]int{}
	}
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for name, host := range portNames {
		if r.ports[name] != 0 {
			continue
		}
		l, err := net.Listen("tcp", host+":0")
		if err != nil {
			return fmt.Errorf("choosing a port for %s: %w", name, err)
		}
		held = append(held, l)
		r.ports[name] = l.Addr().(*net.TCPAddr).Port
	}
	return r.writeJSON("ports.json", r.ports)
}

// readJSON leaves v alone when the file is not there.
func (r *rig) readJSON(name string, v any) error {
	b, err := os.ReadFile(r.path(name))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("reading %q: %w", r.path(name), err)
	}
	return nil
}

func (r *rig) writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return r.write(name, string(b))
}

// write makes a file of the running rig, and its folder; only the owner may read it.
func (r *rig) write(name, content string) error {
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(r.path(name), []byte(content), 0o600)
}
