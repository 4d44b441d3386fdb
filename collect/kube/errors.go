package kube

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/imbundle/imbundle/bundle"
)

// Error is a reason why a cluster cannot be collected from, with advice.
type Error struct {
	Kind Kind
	Text string // what went wrong, one line
	Hint string // what to do about it, one line
	Err  error  // may be nil
}

// Kind tells the errors of this package apart.
type Kind string

// The kinds of errors.
const (
	NoKubeconfig  Kind = "no-kubeconfig"
	BadKubeconfig Kind = "bad-kubeconfig"
	Unreachable   Kind = "unreachable"
	CertExpired   Kind = "certificate-expired"
	CertUntrusted Kind = "certificate-untrusted"
	Unauthorized  Kind = "unauthorized"
	NotAllowed    Kind = "forbidden"
	NoNamespace   Kind = "no-namespace"
	NoOpenIM      Kind = "no-openim"
)

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// status is an answer of the server that is an error. It is the server's own Status where it sent one.
type status struct {
	apierrors.StatusError
	retryAfter time.Duration
	text       string // the answer's body where it is no Status, at most 64 KiB
}

// busy reports whether the server asks to come again later.
func (s *status) busy() bool {
	return s.ErrStatus.Code == http.StatusTooManyRequests || s.ErrStatus.Code == http.StatusServiceUnavailable && s.retryAfter > 0
}

// GapReason classifies the answer for a gap. A server that stayed too busy did not answer in time.
func (s *status) GapReason() string {
	switch s.ErrStatus.Code {
	case http.StatusForbidden, http.StatusUnauthorized:
		return bundle.Forbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return bundle.NotFound
	case http.StatusGatewayTimeout, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return bundle.Timeout
	}
	return bundle.Failed
}

func code(err error) int {
	var s *status
	if errors.As(err, &s) {
		return int(s.ErrStatus.Code)
	}
	return 0
}

// unreachable explains an error of the first request to the server at host.
func unreachable(err error, cfg *rest.Config, now time.Time) error {
	host := cfg.Host
	err = trimURL(err)
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var dns *net.DNSError
	switch {
	case code(err) == http.StatusUnauthorized:
		return unauthorized(err, cfg, now)
	case code(err) == http.StatusForbidden:
		return &Error{NotAllowed, fmt.Sprintf("the server %s refuses the user", host), "ask for rights to get and list, or choose another --context", err}
	case tooBusy(err):
		return &Error{Unreachable, fmt.Sprintf("the server %s is too busy to answer", host), "try again in a while; its priority levels may leave this user too small a share", err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Error{
			CertExpired, fmt.Sprintf("the certificate of the server %s is expired or not yet valid", host),
			"renew it (`kubeadm certs check-expiration` on a control plane node), and check this machine's clock", err,
		}
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &name):
		return &Error{
			CertUntrusted, fmt.Sprintf("the certificate of the server %s is not trusted", host),
			"check --certificate-authority and the cluster's entry in the kubeconfig; --insecure-skip-tls-verify only if you know the network", err,
		}
	case strings.Contains(err.Error(), "tls: expired certificate"), strings.Contains(err.Error(), "tls: certificate expired"):
		return expired(cfg, now, err)
	case strings.Contains(err.Error(), "getting credentials"):
		return &Error{Unauthorized, "the kubeconfig's credential helper gave no credentials", "run `kubectl get ns` once: the helper may want a login", err}
	case errors.As(err, &dns):
		return &Error{Unreachable, fmt.Sprintf("the name of the server %s cannot be resolved", host), "check the server's address in the kubeconfig, VPN and DNS", err}
	case errors.Is(err, context.Canceled):
		return err
	}
	return &Error{
		Unreachable, fmt.Sprintf("the server %s cannot be reached", host),
		"check that `kubectl version` answers from here: address, VPN, firewall, --context", err,
	}
}

func unauthorized(err error, cfg *rest.Config, now time.Time) error {
	if end, ok := certificateEnd(cfg); ok && now.After(end) {
		return expired(cfg, now, err)
	}
	return &Error{
		Unauthorized, fmt.Sprintf("the server %s does not accept the credentials", cfg.Host),
		"the token or certificate may have expired: log in again, or choose another --context", err,
	}
}

func expired(cfg *rest.Config, now time.Time, err error) error {
	text := "the client certificate of the kubeconfig has expired"
	if end, ok := certificateEnd(cfg); ok {
		text = fmt.Sprintf("%s on %s (this machine's clock says %s)", text, end.Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return &Error{CertExpired, text, "renew it (`kubeadm certs renew admin.conf`, or download a new kubeconfig from the console)", err}
}

// certificateEnd is the end of validity of the configured client certificate, if there is one.
func certificateEnd(cfg *rest.Config) (time.Time, bool) {
	data := cfg.CertData
	if len(data) == 0 && cfg.CertFile != "" {
		var err error
		if data, err = os.ReadFile(cfg.CertFile); err != nil {
			return time.Time{}, false // the transport has reported it already
		}
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return time.Time{}, false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, false
	}
	return cert.NotAfter, true
}

// trimURL drops net/http's `Get "https://…":` in front of what happened.
func trimURL(err error) error {
	var get *url.Error
	if errors.As(err, &get) {
		return get.Err
	}
	return err
}

// forbidden is the error of a right that is known to be lacking.
func forbidden(text string) apierrors.StatusError {
	return apierrors.StatusError{ErrStatus: metav1.Status{Code: http.StatusForbidden, Message: text}}
}

// newStatus makes an error of an answer's code and body.
func newStatus(httpCode int, st metav1.Status, retryAfter time.Duration, text string) *status {
	st.Code = int32(httpCode)
	return &status{StatusError: apierrors.StatusError{ErrStatus: st}, retryAfter: retryAfter, text: text}
}
