package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// Failure is why a broker does not tell what it was asked, with advice.
type Failure struct {
	Reason string // of a gap
	Text   string // what went wrong, one line
	Hint   string // what to do about it, one line; may be empty
	Err    error
}

func (f *Failure) Error() string {
	text := f.Text
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	if f.Hint != "" {
		text += "; " + f.Hint
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }

// GapReason classifies the failure for a gap.
func (f *Failure) GapReason() string { return f.Reason }

// spoken tells whether the broker was reached and understood: what it refuses then, no other way would get.
func (f *Failure) spoken() bool {
	var answer *kerr.Error
	var dial *dialError
	var withheld *collect.AdvertisedError
	return f.Reason == bundle.Forbidden && !errors.As(f.Err, &dial) && !errors.As(f.Err, &withheld) || errors.As(f.Err, &answer)
}

// explain says what an error of a request to address means. advertised is empty for an address of the configuration, and
// names the broker for one that the cluster itself told.
func explain(err error, k *backends.Kafka, address, advertised string) *Failure {
	var known *Failure
	var answer *kerr.Error
	var dial *dialError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &answer):
		return refused(answer, err, address)
	case errors.As(err, &dial):
		return unreached(err, address, advertised)
	}
	if f := byTLS(err, address); f != nil {
		return f
	}
	return unspoken(err, k, address)
}

// refused is an error that the broker itself told.
func refused(answer *kerr.Error, err error, address string) *Failure {
	f := &Failure{Reason: bundle.Failed, Text: address + " refuses", Err: err}
	switch answer {
	case kerr.SaslAuthenticationFailed:
		f.Reason, f.Text = bundle.Forbidden, address+" does not accept user name and password"
		f.Hint = "compare username and password of kafka.yml with the broker's account, or give others for this run"
	case kerr.UnsupportedSaslMechanism:
		f.Reason, f.Text = bundle.Forbidden, address+" does not authenticate in this way"
		f.Hint = "name the mechanism that its listener offers: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
	case kerr.IllegalSaslState:
		f.Text, f.Hint = address+" has no authentication on this listener", "leave out user name and password, or take the port of the listener with SASL"
	case kerr.ClusterAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed:
		f.Reason, f.Hint = bundle.Forbidden, "the account needs Describe on the cluster, its topics and its groups, and DescribeConfigs"
	}
	return f
}

// unreached is an address to which there is no connection.
func unreached(err error, address, advertised string) *Failure {
	f := &Failure{Reason: bundle.Failed, Text: address + " cannot be reached", Err: err}
	var dns *net.DNSError
	var slow interface{ Timeout() bool }
	switch {
	case collect.ReasonOf(err) == bundle.Forbidden:
		f.Reason = bundle.Forbidden
	case errors.As(err, &dns):
		f.Text = "the name of " + address + " cannot be resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		f.Reason, f.Text = bundle.Timeout, address+" does not answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Text = "nothing listens on " + address
	}
	switch {
	case advertised != "":
		f.Text = fmt.Sprintf("%s: the cluster advertises it as the address of broker %s", f.Text, advertised)
		f.Hint = "bring that broker up; if it is up, advertised.listeners must name an address that clients reach, or let imbundle reach the brokers by port-forward"
	case f.Reason != bundle.Forbidden: // which says itself what to try
		f.Hint = "check address in kafka.yml, and that the broker runs"
	}
	return f
}

// byTLS is a handshake that failed; nil for anything else.
func byTLS(err error, address string) *Failure {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	f := &Failure{Reason: bundle.Failed, Err: err}
	switch {
	case errors.As(err, &name):
		f.Text = "the certificate of " + address + " is made out to another name"
		f.Hint = "connect by a name that the certificate lists, or add this one to its SANs"
	case errors.As(err, &authority):
		f.Text, f.Hint = "the certificate of "+address+" is signed by an authority that is not trusted", "give the authority's certificate (tls.caCrt of kafka.yml)"
	case errors.As(err, &invalid):
		f.Text, f.Hint = "the certificate of "+address+" is not valid", "renew it, and check this machine's clock"
	case errors.As(err, &record):
		f.Text, f.Hint = address+" does not speak TLS", "switch TLS off (tls.enableTLS of kafka.yml), or take the port of the listener with TLS"
	case errors.As(err, &alert), strings.Contains(err.Error(), "tls: "):
		f.Text, f.Hint = "the TLS handshake with "+address+" fails", "the listener may ask for a client certificate"
	default:
		return nil
	}
	return f
}

// unspoken is a connection that was made and over which no answer came.
func unspoken(err error, k *backends.Kafka, address string) *Failure {
	f := &Failure{Reason: bundle.Failed, Text: address + " does not answer as Kafka does", Hint: "make sure that this is a port of Kafka", Err: err}
	hangsUp := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
	var at stagedError
	if staged := (*stagedError)(nil); errors.As(err, &staged) {
		at = *staged
	}
	switch slow := errors.Is(err, context.DeadlineExceeded); {
	case at.shaking && (slow || hangsUp):
		f.Text, f.Hint = address+" does not answer the TLS handshake", "its listener may have no TLS: switch it off (tls.enableTLS of kafka.yml), or take the port of the listener with TLS"
	case slow:
		f.Text, f.Hint = address+" took the connection and does not answer", "the broker hangs or is overloaded, or this is not a port of Kafka"
	case hangsUp && at.answered && k.Login.Username != "":
		f.Reason, f.Text = bundle.Forbidden, address+" hangs up on user name and password"
		f.Hint = "compare them and their mechanism with the broker's account, or give others for this run"
	case hangsUp && at.answered:
		f.Reason, f.Text, f.Hint = bundle.Forbidden, address+" hangs up on a client without a name", "its listener wants a user name and password"
	case hangsUp:
		f.Text, f.Hint = address+" hangs up at the first request", "its listener may want TLS; brokers before 0.10 cannot be asked"
	}
	if hangsUp { // the client adds guesses of its own
		f.Err = io.EOF
	}
	if errors.Is(err, context.DeadlineExceeded) {
		f.Reason = bundle.Timeout
	}
	return f
}
