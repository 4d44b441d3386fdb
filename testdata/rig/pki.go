package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// identity is a certificate and its key; the authority signs with it.
type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// client is a user of the API server: the subject's name and group are its rights.
type client struct{ file, name, group string }

var clients = []client{
	{"admin", "admin", "system:masters"},
	{"apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"},
	{"controller-manager", "system:kube-controller-manager", ""},
	{"scheduler", "system:kube-scheduler", ""},
	{"kubelet", "system:node:" + nodeName, "system:nodes"},
	{"metrics-server", "metrics-server", "system:masters"},
	{"kwok", "kwok", "system:masters"},
}

// makeKeys makes the throw-away authorities, certificates and kubeconfigs of this run, once.
func (r *rig) makeKeys() error {
	if _, err := os.Stat(r.kubeconfig()); err == nil {
		return nil
	}
	if err := os.MkdirAll(r.path("pki"), 0o700); err != nil {
		return err
	}
	ca, err := r.sign("ca", nil, pkix.Name{CommonName: "rig-ca"}, false)
	if err != nil {
		return err
	}
	if _, err := r.sign("apiserver", ca, pkix.Name{CommonName: "kube-apiserver"}, true); err != nil {
		return err
	}
	front, err := r.sign("front-proxy-ca", nil, pkix.Name{CommonName: "rig-front-proxy-ca"}, false)
	if err != nil {
		return err
	}
	if _, err := r.sign("front-proxy-client", front, pkix.Name{CommonName: "front-proxy-client"}, false); err != nil {
		return err
	}
	if err := r.serviceAccountKey(); err != nil {
		return err
	}
	for _, c := range clients {
		subject := pkix.Name{CommonName: c.name}
		if c.group != "" {
			subject.Organization = []string{c.group}
		}
		if _, err := r.sign(c.file, ca, subject, true); err != nil {
			return err
		}
		if err := r.writeKubeconfig(c.file); err != nil {
			return err
		}
	}
	return nil
}

// sign makes file.crt and file.key; without an issuer it is an authority of its own.
func (r *rig) sign(file string, issuer *identity, subject pkix.Name, server bool) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	if server {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(nodeIP), net.ParseIP(kwokIP), net.IPv4(10, 96, 0, 1)}
		t.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default.svc", nodeName}
	}
	if issuer == nil {
		t.IsCA, t.KeyUsage, t.ExtKeyUsage = true, t.KeyUsage|x509.KeyUsageCertSign, nil
		issuer = &identity{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, issuer.cert, &key.PublicKey, issuer.key)
	if err != nil {
		return nil, fmt.Errorf("signing %s: %w", file, err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := r.writePEM(file+".crt", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return &identity{t, key}, r.writePEM(file+".key", "EC PRIVATE KEY", private)
}

func (r *rig) serviceAccountKey() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := r.writePEM("sa.pub", "PUBLIC KEY", public); err != nil {
		return err
	}
	return r.writePEM("sa.key", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func (r *rig) writePEM(file, kind string, der []byte) error {
	return r.write(filepath.Join("pki", file), string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func (r *rig) writeKubeconfig(file string) error {
	part := map[string]string{}
	for _, name := range []string{"ca.crt", file + ".crt", file + ".key"} {
		b, err := os.ReadFile(r.path("pki", name))
		if err != nil {
			return err
		}
		part[name] = base64.StdEncoding.EncodeToString(b)
	}
	user := fmt.Sprintf("{client-certificate-data: %s, client-key-data: %s}", part[file+".crt"], part[file+".key"])
	return r.write(filepath.Join("pki", file+".kubeconfig"), kubeconfig(r.server(), part["ca.crt"], "default", user))
}

// kubeconfig is the text of one; ca is base64, user a YAML mapping.
func kubeconfig(server, ca, namespace, user string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: rig, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: rig, user: %s}]
contexts: [{name: rig, context: {cluster: rig, user: rig, namespace: %s}}]
current-context: rig
`, server, ca, user, namespace)
}
