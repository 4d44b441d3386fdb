package kube

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv1 "k8s.io/api/authorization/v1"
)

// kindOf is the kind of an error that has a hint.
func kindOf(t *testing.T, err error) Kind {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no error with advice", err)
	}
	if e.Hint == "" || e.Text == "" || strings.Contains(e.Error(), "\n") {
		t.Errorf("%q with the hint %q", e.Error(), e.Hint)
	}
	return e.Kind
}

func TestConnectErrors(t *testing.T) {
	f := newFaulty(t)
	t.Run("unauthorized", func(t *testing.T) {
		f.handle("/version", refuse(http.StatusUnauthorized, "Unauthorized"))
		_, err := Connect(t.Context(), testOptions(t, f.URL))
		if got := kindOf(t, err); got != Unauthorized {
			t.Error(got)
		}
	})
	t.Run("no API", func(t *testing.T) {
		f.handle("/version", answer("<html>router login</html>"))
		if _, err := Connect(t.Context(), testOptions(t, f.URL)); kindOf(t, err) != Unreachable {
			t.Error(err)
		}
	})
	t.Run("hangs", func(t *testing.T) {
		f.handle("/version", hang)
		if _, err := Connect(t.Context(), testOptions(t, f.URL)); kindOf(t, err) != Unreachable {
			t.Error(err)
		}
	})
	t.Run("refused", func(t *testing.T) {
		if _, err := Connect(t.Context(), testOptions(t, "http://127.0.0.1:1")); kindOf(t, err) != Unreachable {
			t.Error(err)
		}
	})
	t.Run("untrusted", func(t *testing.T) {
		s := httptest.NewTLSServer(http.NotFoundHandler())
		defer s.Close()
		if _, err := Connect(t.Context(), testOptions(t, s.URL)); kindOf(t, err) != CertUntrusted {
			t.Error(err)
		}
	})
	t.Run("no kubeconfig", func(t *testing.T) {
		if _, err := Connect(t.Context(), testOptions(t, "")); kindOf(t, err) != NoKubeconfig {
			t.Error(err)
		}
	})
	t.Run("unknown context", func(t *testing.T) {
		o := testOptions(t, f.URL)
		other := "nowhere"
		o.Flags.Context = &other
		if _, err := Connect(t.Context(), o); kindOf(t, err) != BadKubeconfig {
			t.Error(err)
		}
	})
}

func TestExpiredClientCertificate(t *testing.T) {
	s := httptest.NewTLSServer(refuse(http.StatusUnauthorized, "Unauthorized"))
	defer s.Close()
	o := testOptions(t, s.URL)
	cert, key := expiredCertificate(t)
	insecure := true
	o.Flags.CertFile, o.Flags.KeyFile, o.Flags.Insecure = &cert, &key, &insecure
	_, err := Connect(t.Context(), o)
	if kindOf(t, err) != CertExpired || !strings.Contains(err.Error(), "2020-01-02") {
		t.Error(err)
	}
}

func expiredCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", keyDER)
}

func TestSurveyErrors(t *testing.T) {
	empty := answer(`{"kind":"List","items":[]}`)
	t.Run("no such namespace", func(t *testing.T) {
		f := newFaulty(t)
		f.handle("/api/v1/namespaces/openim", refuse(http.StatusNotFound, `namespaces "openim" not found`))
		f.handle("/api/v1/namespaces", answer(`{"items":[{"metadata":{"name":"default"}},{"metadata":{"name":"im-prod"}}]}`))
		_, err := connect(t, f).Survey(t.Context())
		if kindOf(t, err) != NoNamespace {
			t.Error(err)
		}
		var e *Error
		if errors.As(err, &e) && !strings.Contains(e.Hint, "im-prod, default") {
			t.Errorf("hint %q", e.Hint)
		}
	})
	t.Run("no OpenIM", func(t *testing.T) {
		f := newFaulty(t)
		f.handle("/apis/apps/v1/", empty)
		f.handle("/api/v1/pods", empty)
		c := connect(t, f)
		c.o.Namespaces = nil
		if _, err := c.Survey(t.Context()); kindOf(t, err) != NoOpenIM {
			t.Error(err)
		}
	})
	t.Run("nothing may be read", func(t *testing.T) {
		f := newFaulty(t)
		no := refuse(http.StatusForbidden, "forbidden")
		f.handle("/apis/apps/v1/", no)
		f.handle("/api/v1/", no)
		if _, err := connect(t, f).Survey(t.Context()); kindOf(t, err) != NotAllowed {
			t.Error(err)
		}
	})
	t.Run("only the context's namespace", func(t *testing.T) {
		f := newFaulty(t)
		no := refuse(http.StatusForbidden, "forbidden")
		access(f, false, podRules, func(authv1.ResourceAttributes) bool { return false })
		f.handle("/apis/apps/v1/", no)
		f.handle("/api/v1/", no)
		f.handle("/api/v1/namespaces/default/pods", answer(podList(strings.ReplaceAll(pod("push-1", "n1"), `"openim"`, `"default"`))))
		c := connect(t, f)
		c.o.Namespaces = nil
		s, err := c.Survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Namespaces) != 1 || s.Namespaces[0] != "default" || s.Listed || len(s.Components) != 1 || len(s.streams) != 1 {
			t.Errorf("%+v", s)
		}
	})
}
