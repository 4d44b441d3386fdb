package collect

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// notAllowed is why nobody knows, for want of a right.
type notAllowed struct{ error }

func (notAllowed) GapReason() string { return bundle.Forbidden }

func TestAdvertised(t *testing.T) {
	unknown := func(string, string) error { return errors.New("nobody knows it") }
	verified, unverified := &tls.Config{}, &tls.Config{InsecureSkipVerify: true}
	const cluster, here = "kafka-service:9092", "127.0.0.1:9092"
	for _, x := range []struct {
		via, address string
		login        bool
		config       *tls.Config
		strange      Stranger
		want         string // of the error; empty: it is dialled
	}{
		{cluster, "localhost:9092", false, nil, nil, "own host"},
		{cluster, "127.0.0.2:9092", true, verified, nil, "own host"},
		{cluster, "[::1]:9092", false, nil, nil, "own host"},
		{cluster, "0.0.0.0:9092", false, nil, nil, "own host"},
		{cluster, ":9092", false, nil, nil, "own host"},
		{here, "localhost:9093", true, nil, unknown, ""},
		{"localhost:9092", "0.0.0.0:9093", true, nil, unknown, ""},
		{cluster, "kafka-0.kafka:9092", true, nil, unknown, "the login, and nobody knows it"},
		{cluster, "kafka-0.kafka:9092", true, unverified, unknown, "the login, and nobody knows it"},
		{here, "10.0.0.9:9092", true, nil, unknown, "nobody knows it"},
		{cluster, "kafka-0.kafka:9092", false, nil, unknown, ""},
		{cluster, "kafka-0.kafka:9092", true, verified, unknown, ""},
		{cluster, "kafka-0.kafka:9092", true, nil, nil, ""},
	} {
		err := Advertised(x.via, x.address, x.login, x.config, x.strange)
		if x.want == "" && err == nil {
			continue
		}
		if x.want == "" || err == nil || !strings.Contains(err.Error(), x.want) || !strings.Contains(err.Error(), x.address+" is not dialled") || !strings.Contains(err.Error(), x.via) {
			t.Errorf("%s by %s (login %v): %v, want %q", x.address, x.via, x.login, err, x.want)
		}
	}
}

// TestAdvertisedReason: for want of a right, another run would fare no better.
func TestAdvertisedReason(t *testing.T) {
	for want, why := range map[string]error{bundle.Failed: errors.New("nobody knows it"), bundle.Forbidden: notAllowed{errors.New("nobody may know it")}} {
		err := Advertised("kafka-service:9092", "kafka-0.kafka:9092", true, nil, func(string, string) error { return why })
		if got := ReasonOf(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
	if got := ReasonOf(Advertised("kafka-service:9092", "localhost:9092", true, nil, nil)); got != bundle.Failed {
		t.Error(got)
	}
}
