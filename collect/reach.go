package collect

import (
	"context"
	"io"
	"net"
)

// Dialer opens a connection to host:port as OpenIM's configuration, or a backend's own advertisement, names it. What it
// cannot reach directly it may reach in another way: a port of a pod forwarded by the API server, or a relay in the pod. It is
// safe for concurrent use.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Exec runs a command in the container that stands behind host:port, with what stdin gives unless that is nil, and passes on what
// it prints. The command gets the port on which the container listens there. No secret may stand in it: it shows in the pod's
// list of processes and in the API server's audit log. Nil where the user did not allow it. It is safe for concurrent use.
type Exec func(ctx context.Context, address string, command func(port int) []string, stdin io.Reader, stdout io.Writer) error

// Asker is a Source that can tell before it begins what it will ask of whom, apart from requests to the API server.
type Asker interface {
	Asks() []Ask
}

// Ask is one line of a plan: requests of one kind to a server other than the API server.
type Ask struct {
	Of    string `json:"of"`    // kafka, redis, mongo, prometheus, kubelet of a node, …
	At    string `json:"at"`    // addresses
	What  string `json:"what"`  // the request by its own name: "DescribeGroups", "HMGET MALLOC_SEQ:<conversation> CURR LAST TIME LOCK"
	Times int    `json:"times"` // requests
	Most  bool   `json:"most,omitempty"`
}
