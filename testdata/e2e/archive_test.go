//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// archive is a bundle as any tar and gzip see it.
type archive struct {
	path     string
	files    map[string][]byte // by name below the top folder
	manifest struct {
		Complete bool
		Reason   string
		Gaps     []gap
	}
}

type gap struct{ Entry, Source, Reason, Detail, Costs string }

// unpack reads the bundle with the standard library. A name may stand for one entry only.
func unpack(t *testing.T, path string) *archive {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	a := &archive{path: path, files: map[string][]byte{}}
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if _, twice := a.files[name]; twice {
			t.Errorf("%s: two entries %q", path, name)
		}
		if a.files[name], err = io.ReadAll(tr); err != nil {
			t.Fatalf("%s: %s: %v", path, h.Name, err)
		}
	}
	if err := json.Unmarshal(a.files["imbundle/manifest.json"], &a.manifest); err != nil {
		t.Fatalf("%s: reading the manifest: %v", path, err)
	}
	a.isSound(t)
	a.holdsNoSecrets(t)
	a.holdsNoExcuses(t)
	return a
}

// isSound lets the program verify the file: 0 when nothing is missing, 3 when the manifest says what is.
func (a *archive) isSound(t *testing.T) {
	t.Helper()
	want := 0
	if !a.manifest.Complete {
		want = 3
	}
	if res := imbundle(t, "verify", a.path); res.code != want || !strings.Contains(res.out, "sound") {
		t.Errorf("verify: exit code %d, want %d\n%s%s", res.code, want, res.out, res.err)
	}
}

// logName is the entry of a container's log.
func logName(namespace, pod, container string) string {
	return "cluster-resources/pods/logs/" + namespace + "/" + pod + "/" + container + ".log"
}

func (a *archive) has(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if len(a.files[name]) == 0 {
			t.Errorf("%s lacks %s", a.path, name)
		}
	}
}

var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)

// holdsNoSecrets looks for everything secret that the rig planted, plain and in base64, and for tokens.
func (a *archive) holdsNoSecrets(t *testing.T) {
	t.Helper()
	planted := canaries(t)
	for name, content := range a.files {
		for _, secret := range planted {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))} {
				if i := bytes.Index(content, []byte(form)); i >= 0 {
					t.Errorf("%s holds the secret %q: …%q", name, secret, content[max(0, i-60):min(len(content), i+len(form)+20)])
				}
			}
		}
		if token := jwt.Find(content); token != nil {
			t.Errorf("%s holds the token %q", name, token)
		}
	}
}

var canary = regexp.MustCompile(`canary-[a-z0-9-]+`)

// canaries are the values that the rig's manifests plant, and the passwords of the real configuration beside them.
func canaries(t *testing.T) []string {
	t.Helper()
	found := []string{"openIM123", "YOURAUTHPASSWORD"}
	files, err := filepath.Glob(filepath.Join(root, "testdata", "rig", "manifests", "base", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, canary.FindAllString(string(b), -1)...)
	}
	if len(found) < 8 {
		t.Fatalf("only %q are planted", found)
	}
	return found
}

// holdsNoExcuses makes sure that no answer of the kubelet about a log was taken for the log.
func (a *archive) holdsNoExcuses(t *testing.T) {
	t.Helper()
	for name, content := range a.files {
		if strings.HasSuffix(name, ".log") && name != "imbundle/collect.log" && bytes.Contains(content, []byte("unable to retrieve container logs")) {
			t.Errorf("%s holds an excuse, not a log", name)
		}
	}
}
