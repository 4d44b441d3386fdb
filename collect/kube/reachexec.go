package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// relay is run in a pod to pass bytes between its standard streams and one of its ports: by bash itself, or by nc. It says first that
// it is there, and ends with either side, so that nothing stays behind in the pod: bash can wait for either since 4.3, and OpenBSD's nc
// ends with its input by -N only.
const relay = `bash -c '[ "$((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]))" -ge 403 ]' >/dev/null 2>&1 && exec bash -c '
exec 3<>/dev/tcp/127.0.0.1/$0 4<&0 || exit 1
echo ` + relaying + `
cat <&3 & from=$!
cat <&4 >&3 & to=$!
wait -n
kill $from $to 2>/dev/null' "$0"
end=
case "$(nc -h 2>&1 </dev/null)" in *"-N"*) end=-N ;; esac
command -v nc >/dev/null 2>&1 && echo ` + relaying + ` && exec nc $end 127.0.0.1 "$0"
echo "the container has neither bash nor nc" >&2
exit 127`

const relaying = "imbundle-relay"

// mostRelays is how many connections a run makes to one pod, none of which is used for long after another.
const mostRelays = 20

// dialExec runs a relay in the pods behind an address, where the user allows it; nil: it has noted why none of them leads there.
func (r *Reach) dialExec(ctx context.Context, address string, spots []spot, failed *ReachError) net.Conn {
	if !r.c.o.Exec {
		return nil
	}
	for _, s := range r.allowedFirst(executing, spots) {
		how := fmt.Sprintf("%s%s, port %d", byExec, object(s.pod.ns, s.pod.name), s.port)
		err := r.mayExec(s)
		if err == nil {
			var conn net.Conn
			if conn, err = r.relayed(ctx, s); err == nil {
				r.worked(address, way{byExec, s.pod})
				return conn
			}
		}
		failed.add(how, err)
		if collect.ReasonOf(err) == bundle.Forbidden {
			failed.Hint = "have the right to exec granted (`imbundle collect --exec --plan=rbac` prints it; a policy of admission may forbid it besides), or run imbundle inside the cluster"
		}
	}
	return nil
}

// orExec advises to allow exec where that was not done.
func (r *Reach) orExec() string {
	if r.c.o.Exec {
		return ""
	}
	return ", or allow it to run a relay in the pod (--exec)"
}

// mayExec is the refusal to run anything in a pod; nil: it may be tried.
func (r *Reach) mayExec(s spot) error {
	if r.s.Access.May("create", "", executing, s.pod.ns) {
		return nil
	}
	return &status{StatusError: forbidden("the user may not create " + executing + " in namespace " + s.pod.ns)}
}

// relayed opens a connection to a port of a pod by a relay.
func (r *Reach) relayed(ctx context.Context, s spot) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, tooLate(ctx, "it was not tried")
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.o.RequestTimeout)
	defer cancel()
	near, far := net.Pipe()
	run, end := context.WithCancel(r.done)
	conn := &relayConn{podConn{Conn: near, to: s.String(), how: "exec in"}, end}
	command := []string{"sh", "-c", relay, strconv.Itoa(int(s.port))}
	context.AfterFunc(run, func() { far.Close() }) // what is being written there would not end otherwise
	err := r.start(func() {
		defer end()
		if err := r.c.Exec(run, upgradeMethod(r.s.Access, executing, s.pod.ns), s.pod.ns, s.pod.name, s.container, command, far, far); err != nil && run.Err() == nil {
			conn.fault.Store(&fault{strings.ReplaceAll(err.Error(), "\n", ": "), err})
		}
		far.Close()
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	late := context.AfterFunc(ctx, func() { conn.Close() })
	err = conn.greeted()
	if !late() && conn.fault.Load() == nil {
		err = tooLate(ctx, "the relay has not begun")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// relayConn is a connection by a relay, which ends with it.
type relayConn struct {
	podConn
	end context.CancelFunc
}

func (c *relayConn) Close() error {
	defer c.end()
	return c.podConn.Close()
}

// greeted takes in the first line, by which the relay says that it is there.
func (c *relayConn) greeted() error {
	line, one := "", make([]byte, 1)
	for len(line) < 2*len(relaying) {
		if _, err := io.ReadFull(c, one); err != nil {
			return err
		}
		if line += string(one); line == relaying+"\n" {
			return nil
		}
	}
	return fmt.Errorf("%s: a relay begins otherwise than with %q", c.to, line)
}

// Exec is a collect.Exec: it runs a command in the container behind an address.
func (r *Reach) Exec(ctx context.Context, address string, command func(port int) []string, stdin io.Reader, stdout io.Writer) error {
	spots, _ := r.s.net.find(address)
	failed := &ReachError{Address: address, Hint: "it may stand outside of the cluster", reason: bundle.NotFound}
	if len(spots) == 0 {
		failed.add("exec", errors.New("no pod that was found has this address"))
		return failed
	}
	r.mu.Lock()
	known := r.ways[address].through
	r.mu.Unlock()
	slices.SortStableFunc(spots, func(a, b spot) int { return before(a.pod == known) - before(b.pod == known) })
	s := r.allowedFirst(executing, spots)[0] // beside the server that was reached, if one was
	if err := r.mayExec(s); err != nil {
		failed.Hint = "have the right granted (`imbundle collect --exec --plan=rbac` prints it)"
		failed.add(byExec+object(s.pod.ns, s.pod.name), err)
		return failed
	}
	return r.c.Exec(ctx, upgradeMethod(r.s.Access, executing, s.pod.ns), s.pod.ns, s.pod.name, s.container, command(int(s.port)), stdin, stdout)
}
