//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRefusals asks for what cannot be done: exit code 1, one line that says what, one that says what to do, no file.
func TestRefusals(t *testing.T) {
	stage(t, healthy)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"wrong namespace":     {[]string{"-n", "opemim"}, "openim"},
		"no OpenIM":           {[]string{"--kubeconfig", elsewhere(t)}, "-n"},
		"server unreachable":  {[]string{"--server", "https://" + closedPort(t), "-n", healthy.namespace}, "connection refused"},
		"certificate expired": {append(expired(t), "-n", healthy.namespace), "expired"},
		"token wrong":         {[]string{"--kubeconfig", viewerWith(t, "nobody"), "-n", healthy.namespace}, "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			file, args := collectArgs(t, kubeconfig, c.args...)
			res := imbundle(t, args...)
			if res.code != 1 || !strings.Contains(res.err, c.says) {
				t.Errorf("exit code %d, want 1 and %q\n%s", res.code, c.says, res.err)
			}
			if lines := strings.Count(strings.TrimSpace(res.err), "\n") + 1; lines > 2 {
				t.Errorf("%d lines, want two at most\n%s", lines, res.err)
			}
			if _, err := os.Stat(file); err == nil {
				t.Errorf("%s is there", file)
			}
			t.Log(res.err)
		})
	}
}

// elsewhere is a user who may view a namespace without OpenIM.
func elsewhere(t *testing.T) string {
	t.Helper()
	const namespace = "empty"
	if _, err := kubectlMay(t, "get", "namespace", namespace); err != nil {
		kubectl(t, "create", "namespace", namespace)
		kubectl(t, "create", "serviceaccount", "support", "-n", namespace)
		kubectl(t, "create", "rolebinding", "support-views", "-n", namespace, "--clusterrole=view", "--serviceaccount="+namespace+":support")
	}
	return viewer(t, namespace)
}

// viewerWith is a kubeconfig whose token the API server does not know.
func viewerWith(t *testing.T, token string) string {
	t.Helper()
	b, err := os.ReadFile(viewer(t, healthy.namespace))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(b), "token: ")
	_, after, _ := strings.Cut(rest, "}")
	file := filepath.Join(t.TempDir(), "unknown.kubeconfig")
	if err := os.WriteFile(file, []byte(before+"token: "+token+"}"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// closedPort is an address on which nobody listens any more.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// expired makes a client certificate that the cluster's authority signed and whose time is over.
func expired(t *testing.T) []string {
	t.Helper()
	ca, err := x509.ParseCertificate(der(t, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	caKey, err := x509.ParseECPrivateKey(der(t, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "late", Organization: []string{"system:masters"}},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return []string{"--client-certificate", write("late.crt", "CERTIFICATE", cert), "--client-key", write("late.key", "EC PRIVATE KEY", private)}
}

// der is the content of a PEM file among the rig's keys.
func der(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(rigDir, "pki", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatalf("%s holds no PEM", name)
	}
	return block.Bytes
}
