package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// mostConnections are open at a time.
const mostConnections = 5

// links are the connections to brokers, by address: one to each, and at most mostConnections. It is safe for concurrent use.
type links struct {
	backend *backends.Kafka
	dial    collect.Dialer
	limit   time.Duration // of one request

	slots chan struct{}
	mu    sync.Mutex
	open  map[string]*link
	keep  map[string]bool // addresses whose connection is kept between requests
}

// link is a connection to one broker.
type link struct {
	client *kgo.Client
	stage  *stage
	limit  time.Duration
	knows  *kversion.Versions // what the broker understands; nil until it was asked
}

func newLinks(o Options, limit time.Duration) *links {
	return &links{backend: o.Backend, dial: o.Dial, limit: limit, slots: make(chan struct{}, mostConnections), open: map[string]*link{}, keep: map[string]bool{}}
}

// retain closes the connections to all other addresses, and keeps these open between requests unless they are too many.
func (l *links) retain(addresses []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep = map[string]bool{}
	for _, address := range addresses {
		l.keep[address] = len(addresses) <= mostConnections
	}
	for address, one := range l.open {
		if !l.keep[address] {
			one.client.Close()
			delete(l.open, address)
		}
	}
}

// close ends every connection.
func (l *links) close() { l.retain(nil) }

// with runs ask over the connection to address. No two calls for the same address may run at a time.
func (l *links) with(ctx context.Context, address string, ask func(*link) error) error {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-l.slots }()
	l.mu.Lock()
	one := l.open[address]
	l.mu.Unlock()
	if one == nil {
		at := &stage{}
		client, err := kgo.NewClient(l.options(address, at)...)
		if err != nil {
			return fmt.Errorf("preparing a connection to %q: %w", address, err)
		}
		one = &link{client: client, stage: at, limit: l.limit}
	}
	err := ask(one)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || !l.keep[address] {
		one.client.Close()
		delete(l.open, address)
		return err
	}
	l.open[address] = one
	return nil
}

// options bind a client to one address: it never asks by itself for others, nor for anything but what it is told to.
func (l *links) options(address string, at *stage) []kgo.Opt {
	// The next version of OffsetFetch names topics by numbers only.
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.OffsetFetch), 9)
	opts := []kgo.Opt{
		kgo.SeedBrokers(address), kgo.WithHooks(at), kgo.ClientID("imbundle"), kgo.SoftwareNameAndVersion("imbundle", "1"), kgo.MaxVersions(versions),
		kgo.DisableClientMetrics(), kgo.RequestRetries(0), kgo.RequestTimeoutOverhead(l.limit), kgo.DialTimeout(l.limit), kgo.MetadataMaxAge(time.Hour),
	}
	opts = append(opts, kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		return l.connect(ctx, network, address, at)
	}))
	if l.backend.Login.Username != "" {
		opts = append(opts, kgo.SASL(mechanism(l.backend)))
	}
	return opts
}

func mechanism(k *backends.Kafka) sasl.Mechanism {
	user, password := k.Login.Username, k.Login.Password.Reveal()
	switch k.Mechanism {
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
	}
	return plain.Auth{User: user, Pass: password}.AsMechanism()
}

// connect dials and, where the configuration says so, shakes hands by TLS under the name of the address.
func (l *links) connect(ctx context.Context, network, address string, at *stage) (net.Conn, error) {
	conn, err := l.dial(ctx, network, address)
	if err != nil {
		return nil, &dialError{err}
	}
	if l.backend.TLS == nil {
		return conn, nil
	}
	config := l.backend.TLS.Clone()
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		config.ServerName = host
	}
	at.shaking.Store(true)
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	at.shaking.Store(false)
	return secure, nil
}

// stage is how far a connection has come: what a broker that hangs up may want shows from what it answered before.
type stage struct {
	shaking  atomic.Bool // hands by TLS
	answered atomic.Bool // a request
}

// OnBrokerRead is called with every answer.
func (s *stage) OnBrokerRead(_ kgo.BrokerMetadata, _ int16, _ int, _, _ time.Duration, err error) {
	if err == nil {
		s.answered.Store(true)
	}
}

// stagedError is an error of a connection with the stage that it had come to.
type stagedError struct {
	error
	shaking, answered bool
}

func (e *stagedError) Unwrap() error { return e.error }

// dialError is a connection that did not come about.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// ask sends one request and waits for its answer.
func ask[R kmsg.Response](ctx context.Context, l *link, req kmsg.Request) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	got, err := l.client.SeedBrokers()[0].Request(ctx, req)
	r, ok := got.(R)
	if err == nil && !ok {
		err = fmt.Errorf("an answer of kind %T", got)
	}
	if err != nil {
		return r, &stagedError{fmt.Errorf("asking %s: %w", kmsg.NameForKey(req.Key()), err), l.stage.shaking.Load(), l.stage.answered.Load()}
	}
	return r, nil
}

// versions tells what the broker understands; it is asked once.
func (l *link) versions(ctx context.Context) (*kversion.Versions, error) {
	if l.knows != nil {
		return l.knows, nil
	}
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "imbundle", "1"
	r, err := ask[*kmsg.ApiVersionsResponse](ctx, l, req)
	if err != nil {
		return nil, err
	}
	l.knows = kversion.FromApiVersionsResponse(r)
	return l.knows, nil
}

// understands tells whether the broker knows a request in a version.
func (l *link) understands(ctx context.Context, key kmsg.Key, version int16) (bool, error) {
	v, err := l.versions(ctx)
	if err != nil {
		return false, err
	}
	most, ok := v.LookupMaxKeyVersion(int16(key))
	return ok && most >= version, nil
}
