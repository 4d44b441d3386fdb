package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	pauseImage = "localhost/pause:rig"
	toolsImage = "localhost/tools:rig"
	release    = "v3.8.3"
)

// roles of OpenIM; each is an image, a Deployment and, where there is one, a log to play.
var roles = []string{
	"openim-api", "openim-msggateway", "openim-msgtransfer", "openim-push", "openim-rpc-auth", "openim-rpc-conversation",
	"openim-rpc-friend", "openim-rpc-group", "openim-rpc-msg", "openim-rpc-third", "openim-rpc-user",
}

// backends whose real logs are played.
var backends = map[string]string{"redis": "redis:7.0.15", "etcd": "quay.io/coreos/etcd:v3.6.5"}

// images names everything that the node is given: one layer, but a configuration of its own for each, because the kubelet
// reports any of the names that one configuration has.
func images() []string {
	names := []string{pauseImage, toolsImage, backends["redis"], backends["etcd"], "openim/openim-crontask:" + release}
	for _, role := range roles {
		names = append(names, "openim/"+role+":"+release)
	}
	return names
}

// applets of busybox that the containers get.
const applets = "sh ls cat sleep echo date df du ps top env id head tail grep find wget nc tar mkdir rm stat hostname uname seq true false kill"

// importImages builds the images and hands them to containerd.
func (r *rig) importImages() error {
	layer, err := r.layer()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(layer)
	mark := hex.EncodeToString(sum[:])
	if b, err := os.ReadFile(r.path("node", "imported")); err == nil && string(b) == mark {
		return nil
	}
	archive, err := archive(layer, images())
	if err != nil {
		return err
	}
	if err := r.write("node/images.tar", string(archive)); err != nil {
		return err
	}
	if _, err := r.ctr("images", "import", r.path("node", "images.tar")); err != nil {
		return err
	}
	return r.write("node/imported", mark)
}

// layer is the file system of every container: busybox, the actor and the logs that it plays.
func (r *rig) layer() ([]byte, error) {
	actor := r.path("node", "actor")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", actor, "./actor")
	cmd.Dir, cmd.Env = r.home, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the actor: %w: %s", err, out)
	}
	files := map[string]string{"bin/busybox": "/bin/busybox", "bin/actor": actor}
	logs := os.DirFS(filepath.Join(r.home, "logs"))
	names, err := fs.Glob(logs, "*/*.log")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		files["logs/"+name] = filepath.Join(r.home, "logs", name)
	}
	return layerOf(files)
}

// layerOf puts the files, by their name in the image, into a tar together with what every root file system has.
func layerOf(files map[string]string) ([]byte, error) {
	var buf bytes.Buffer
	t := tar.NewWriter(&buf)
	for _, dir := range []string{"bin", "etc", "logs", "proc", "sys", "dev", "tmp", "root", "var"} {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}); err != nil {
			return nil, err
		}
	}
	for _, a := range strings.Fields(applets) {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + a, Linkname: "busybox", Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	add := func(name string, content []byte) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err := t.Write(content)
		return err
	}
	if err := add("etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\n")); err != nil {
		return nil, err
	}
	for _, name := range sorted(files) {
		b, err := os.ReadFile(files[name])
		if err != nil {
			return nil, err
		}
		if err := add(name, b); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), t.Close()
}

// archive is what `docker save` would write of these images.
func archive(layer []byte, names []string) ([]byte, error) {
	var buf bytes.Buffer
	t := tar.NewWriter(&buf)
	add := func(name string, content []byte) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err := t.Write(content)
		return err
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(layer))
	if err := add(digest+"/layer.tar", layer); err != nil {
		return nil, err
	}
	type entry struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	var manifest []entry
	for _, name := range names {
		config, err := json.Marshal(map[string]any{
			"architecture": runtime.GOARCH, "os": "linux",
			"config":  map[string]any{"Env": []string{"PATH=/bin"}, "Entrypoint": []string{"/bin/actor"}, "Labels": map[string]string{"name": name}},
			"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest}},
			"history": []map[string]string{{"created": "2026-01-01T00:00:00Z", "created_by": "rig"}},
		})
		if err != nil {
			return nil, err
		}
		file := fmt.Sprintf("%x.json", sha256.Sum256(config))
		if err := add(file, config); err != nil {
			return nil, err
		}
		manifest = append(manifest, entry{file, []string{name}, []string{digest + "/layer.tar"}})
	}
	b, err := json.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	if err := add("manifest.json", b); err != nil {
		return nil, err
	}
	return buf.Bytes(), t.Close()
}
