package seq

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"github.com/imbundle/imbundle/collect"
)

// atMost lets so many connections be open at a time; further ones wait for one to be closed. All are closed when run ends:
// the clients wait for an answer as long as it may take, whatever became of the one who asked.
func atMost(run context.Context, n int, dial collect.Dialer) collect.Dialer {
	slots := make(chan struct{}, n)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case slots <- struct{}{}:
		case <-run.Done():
			return nil, run.Err()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			<-slots
			return nil, err
		}
		stop := context.AfterFunc(run, func() { conn.Close() })
		return &slotConn{Conn: conn, free: sync.OnceFunc(func() { stop(); <-slots })}, nil
	}
}

// slotConn gives its slot back when it is closed.
type slotConn struct {
	net.Conn
	free func()
}

func (c *slotConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}

// secured speaks TLS on the connections of a dialer; a nil configuration leaves them as they are.
func secured(dial collect.Dialer, config *tls.Config) collect.Dialer {
	if config == nil {
		return dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := config.Clone()
		if host, _, err := net.SplitHostPort(address); err == nil && c.ServerName == "" {
			c.ServerName = host
		}
		secure := tls.Client(conn, c)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("TLS handshake: %w", err)
		}
		return secure, nil
	}
}
