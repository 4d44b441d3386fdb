package kube

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const (
	direct     = 2 * time.Second // for a connection that may not come about
	mostTried  = 3               // pods behind one address
	forwarding = "pods/portforward"
)

// Reach opens connections to servers as OpenIM's configuration, or a server's own advertisement, names them: directly; where
// that fails through a port of the pod behind the address, forwarded by the API server; and where that fails too, with
// Options.Exec, through a program in the pod that passes bytes on. From outside of the cluster, an address in numbers of its
// network is tried directly last. What worked for an address is tried first the next time. It is safe for concurrent use.
type Reach struct {
	c    *Cluster
	s    *Survey
	mu   sync.Mutex
	ways map[string]way     // by address, those that worked
	pods map[string]*tunnel // by namespace/name
	mute map[*podSpot]bool  // whose node forwarded ports in appearance only
	all  []*tunnel          // those too that are not used any more
	// shared are addresses in a network that we share with servers outside of the cluster: these lead there.
	shared map[string]bool
	inner  map[string]bool // addresses of the cluster's own network that servers advertise: they are not dialled directly
	work   sync.WaitGroup  // of connections
	done   context.Context
	end    context.CancelFunc
}

// The ways to a server.
const (
	directly  = "directly"
	byForward = "by port-forward to pod "
	byExec    = "by exec in pod "
)

// way is how an address was reached, and through which pod unless that was directly.
type way struct {
	by      string
	through *podSpot
}

// Reach makes use of what the survey knows of services and pods. The caller closes it.
func (c *Cluster) Reach(s *Survey) *Reach {
	r := &Reach{c: c, s: s, ways: map[string]way{}, pods: map[string]*tunnel{}, mute: map[*podSpot]bool{}, shared: map[string]bool{}, inner: map[string]bool{}}
	r.done, r.end = context.WithCancel(context.Background())
	return r
}

// Close ends every connection through pods and waits for it.
func (r *Reach) Close() {
	r.end()
	r.mu.Lock()
	for _, t := range r.all {
		t.close()
	}
	r.mu.Unlock()
	r.work.Wait()
}

// start runs a part of a connection, for which Close waits; once that has been called, nothing is begun.
func (r *Reach) start(part func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done.Err() != nil {
		return fmt.Errorf("connecting: %w", r.done.Err())
	}
	r.work.Go(part)
	return nil
}

// ReachError is an address that could not be reached.
type ReachError struct {
	Address string
	Tried   []string // how, and what came of it
	Hint    string   // what to try
	reason  string
	errs    []error
}

func (e *ReachError) Error() string {
	return fmt.Sprintf("%s cannot be reached: %s; %s", e.Address, strings.Join(e.Tried, "; "), e.Hint)
}

// Unwrap are the errors of what was tried.
func (e *ReachError) Unwrap() []error { return e.errs }

// GapReason classifies the error for a gap.
func (e *ReachError) GapReason() string { return e.reason }

func (e *ReachError) add(how string, err error) {
	e.Tried = append(e.Tried, how+": "+firstLine(err.Error()))
	e.errs = append(e.errs, err)
	if collect.ReasonOf(err) == bundle.Forbidden {
		e.reason = bundle.Forbidden
	}
}

// Dial is a collect.Dialer. Its error is a *ReachError, which names every way that there is and what came of it.
func (r *Reach) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	spots, ips := r.s.net.find(address)
	r.mu.Lock()
	known, tried := r.ways[address]
	if known.by == byForward && r.mute[known.through] {
		known.by = byExec
	}
	inner := r.inner[address]
	r.mu.Unlock()
	ways := []string{directly, byForward, byExec}
	switch {
	case inner:
		ways = []string{byForward, byExec}
	case r.foreignNumber(address, spots):
		ways = []string{byForward, byExec, directly}
	}
	if tried {
		slices.SortStableFunc(ways, func(a, b string) int { return before(a == known.by) - before(b == known.by) })
		slices.SortStableFunc(spots, func(a, b spot) int { return before(a.pod == known.through) - before(b.pod == known.through) })
	}
	failed := &ReachError{Address: address, reason: bundle.Timeout}
	for i, by := range ways {
		var conn net.Conn
		switch by {
		case directly:
			conn = r.dialDirect(ctx, network, address, spots, ips, failed)
		case byForward:
			conn = r.dialThrough(ctx, address, spots, failed, slices.Contains(ways[i:], byExec))
		case byExec:
			conn = r.dialExec(ctx, address, spots, failed)
		}
		if conn != nil {
			return conn, nil
		}
	}
	if ctx.Err() != nil {
		failed.errs = append(failed.errs, ctx.Err())
	}
	return nil, failed
}

// foreignNumber reports whether an address is a number of the cluster's network, seen from outside of it: in another network it
// may be somebody else's.
func (r *Reach) foreignNumber(address string, spots []spot) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && len(spots) > 0 && net.ParseIP(host) != nil && !r.c.inside
}

func before(first bool) int {
	if first {
		return 0
	}
	return 1
}

// mistrust notes that a pod's node only seemed to forward ports, so that the next connection is tried by exec first.
func (r *Reach) mistrust(t *tunnel, p *podSpot) {
	if t.proven.Load() {
		return
	}
	r.mu.Lock()
	r.mute[p] = true
	r.mu.Unlock()
}

func (r *Reach) worked(address string, w way) {
	r.mu.Lock()
	r.ways[address] = w
	r.mu.Unlock()
}

// dialDirect connects from here; nil: it has noted why that fails.
func (r *Reach) dialDirect(ctx context.Context, network, address string, spots []spot, ips []string, failed *ReachError) net.Conn {
	conn, err := r.straight(ctx, network, address, spots, ips)
	if err != nil {
		failed.add(directly, err)
		return nil
	}
	r.worked(address, way{by: directly})
	return conn
}

// straight connects from here. A name that is one of the cluster, and here that of somebody else, is not taken for it:
// credentials would go to a stranger.
func (r *Reach) straight(ctx context.Context, network, address string, spots []spot, ips []string) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, tooLate(ctx, "it was not tried")
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience(spots))
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	named := net.ParseIP(host) == nil
	if named && len(spots)+len(ips) == 0 && host != "localhost" && r.mayBeOther(address) {
		if d := r.s.doubt(host); d.why != "" {
			return nil, d.error(fmt.Sprintf("the name %s may be one of the cluster, and what is called so here somebody else: %s", host, d.why))
		}
		if slices.Contains(strings.Split(host, "."), "svc") {
			return nil, fmt.Errorf("the name %s is one of the cluster, where no running pod or service has it, and what is called so here is somebody else", host)
		}
	}
	if named && len(spots)+len(ips) > 0 { // a service without pods has its name, too
		found, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(found, func(ip string) bool { return slices.Contains(ips, ip) })
		if i < 0 {
			return nil, fmt.Errorf("the name %s is known here too, as %s, which is not that of the cluster", host, strings.Join(found, ", "))
		}
		address = net.JoinHostPort(found[i], port)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// mayBeOther reports whether here somebody else may have an address: seen from outside of the cluster, unless the user has named it.
func (r *Reach) mayBeOther(address string) bool {
	return !r.c.inside && !slices.Contains(r.c.o.Reach, address)
}

// patience is longer for an address to which there is no other way.
func (r *Reach) patience(spots []spot) time.Duration {
	if len(spots) > 0 && !r.c.inside {
		return direct
	}
	return max(direct, r.c.o.RequestTimeout/2)
}

// dialThrough tries the pods behind an address; nil: it has noted why none of them leads there. Half of the time is left for exec, if
// that is still to come.
func (r *Reach) dialThrough(ctx context.Context, address string, spots []spot, failed *ReachError, execNext bool) net.Conn {
	switch {
	case len(spots) == 0:
		failed.Hint = "it is not the address of a pod or service that was found; check it in OpenIM's configuration, and the network from here to it"
		host, _, _ := net.SplitHostPort(address)
		switch right := r.s.doubt(host).right; {
		case right == "" || r.c.inside:
		case number(host) != "":
			failed.Hint += "; if it is of another namespace, name that with -n, or have the right to " + right + " granted"
		case r.mayBeOther(address):
			failed.Hint = "have the right to " + right + " granted (`imbundle collect --plan=rbac` prints it), run imbundle inside the cluster, or name the address for this run (--kafka, --redis, --mongo)"
		}
		return nil
	case r.c.inside:
		failed.Hint = "check that the pods behind it run, and the network policies"
		return nil
	}
	if end, has := ctx.Deadline(); has && execNext && r.c.o.Exec {
		half, cancel := context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
		ctx = half
	}
	failed.Hint = "check that the pod runs and listens there, or run imbundle inside the cluster" + r.orExec()
	for _, s := range r.allowedFirst(forwarding, spots) {
		how := fmt.Sprintf("%s%s, port %d", byForward, object(s.pod.ns, s.pod.name), s.port)
		if !r.s.Access.May("create", "", forwarding, s.pod.ns) {
			failed.add(how, &status{StatusError: forbidden("the user may not create pods/portforward in namespace " + s.pod.ns)})
			failed.Hint = "have the right granted (`imbundle collect --plan=rbac` prints it), or run imbundle inside the cluster" + r.orExec()
			continue
		}
		conn, err := r.through(ctx, s)
		if err == nil {
			r.worked(address, way{byForward, s.pod})
			return conn
		}
		failed.add(how, err)
	}
	return nil
}

// allowedFirst are the pods to be tried: those first in whose namespaces the user may create a resource.
func (r *Reach) allowedFirst(resource string, spots []spot) []spot {
	rank := func(s spot) int { return before(r.s.Access.May("create", "", resource, s.pod.ns)) }
	spots = slices.SortedStableFunc(slices.Values(spots), func(a, b spot) int { return rank(a) - rank(b) })
	return spots[:min(len(spots), mostTried)]
}

// How says how an address was reached the last time; empty: it was not.
func (r *Reach) How(address string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.ways[address]
	if w.through == nil {
		return w.by
	}
	return w.by + object(w.through.ns, w.through.name)
}
