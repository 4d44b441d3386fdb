package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// Shell runs a script of sh on a node and passes on what it prints. It returns when the script has ended, or soon after its
// context.
type Shell func(ctx context.Context, node, script string, stdout io.Writer) error

// Source asks hosts. Nodes and Shell are required.
type Source struct {
	Nodes []string
	Shell Shell
	Root  string // where the host's root lies for the script; empty: the script runs on the host itself
	Way   string // how the shell gets there, for people: "ssh as root", "a pod"
	Hosts int    // asked at a time; zero means 4
}

// Bounds of a host's whole script.
const (
	hostTimeout = 200 * time.Second
	priority    = 45
)

// Name is that of the source.
func (*Source) Name() string { return "node" }

// Promise is every answer of every host, if the hosts can be reached.
func (s *Source) Promise() collect.Promise {
	p := collect.Promise{Priority: priority, Bytes: int64(len(s.Nodes)) << 17}
	for _, node := range s.Nodes {
		p.Entries = append(p.Entries, bundle.AllOfNode(node))
	}
	return p
}

// Asks are the scripts.
func (s *Source) Asks() []collect.Ask {
	if len(s.Nodes) == 0 {
		return nil
	}
	var names []string
	for _, c := range commands {
		names = append(names, c.entry)
	}
	return []collect.Ask{{
		Of: "node", At: strings.Join(s.Nodes, ", "), Times: len(s.Nodes),
		What: fmt.Sprintf("sh by %s: %s", s.Way, strings.Join(names, ", ")),
	}}
}

// Collect asks the hosts, a few at a time. One that cannot be reached costs its own entries.
func (s *Source) Collect(ctx context.Context, b *collect.Batch) error {
	atOnce := s.Hosts
	if atOnce <= 0 {
		atOnce = 4
	}
	slots := make(chan struct{}, atOnce)
	var work sync.WaitGroup
	defer work.Wait()
	for _, node := range s.Nodes {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		work.Go(func() {
			defer func() { <-slots }()
			s.ask(ctx, b, node)
		})
	}
	return nil
}

// ask runs the script of one host, with the commands that no earlier run has brought.
func (s *Source) ask(ctx context.Context, b *collect.Batch, node string) {
	var due []command
	for _, c := range commands {
		if !b.Has(bundle.NodeText(node, c.entry)) {
			due = append(due, c)
		}
	}
	if len(due) == 0 {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, hostTimeout, errHost{hostTimeout})
	defer cancel()
	v := &visit{batch: b, node: node, due: due, mark: newMark(), sent: time.Now()}
	err := s.run(ctx, v)
	if err == nil {
		return
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
		err = cause
	}
	g := bundle.Gap{Entry: bundle.AllOfNode(node), Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "the state of the machine: disks, memory, processes, kernel messages"}
	if v.answered == 0 {
		b.Gap(g)
		return
	}
	for _, c := range v.due[v.answered:] {
		g.Entry, g.Costs = bundle.NodeText(node, c.entry), c.costs
		b.Gap(g)
	}
}

type errHost struct{ after time.Duration }

func (e errHost) Error() string { return fmt.Sprintf("the host took longer than %s", e.after) }
func (e errHost) Timeout() bool { return true }

// run passes what the shell prints to the visit.
func (s *Source) run(ctx context.Context, v *visit) error {
	out, in := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := split(out, v.mark, v.hello, v.take)
		if err == nil {
			_, err = io.Copy(io.Discard, out)
		}
		out.CloseWithError(err)
		read <- err
	}()
	text := entering(s.Root, script(v.mark, v.batch.Window(), v.due))
	err := s.Shell(ctx, v.node, text, in)
	in.Close()
	readErr := <-read
	if v.answered == len(v.due) { // all answers are there, whatever else was wrong
		if err != nil {
			v.batch.Note("node %q: %v", v.node, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return readErr
}

// newMark is a word that no command prints.
func newMark() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails
	return "imbundle-" + hex.EncodeToString(b)
}

// visit is the conversation with one host.
type visit struct {
	batch    *collect.Batch
	node     string
	due      []command
	mark     string
	sent     time.Time
	host     host
	answered int
}

// hello takes note of the host's clock: it was read between now and when the script was sent, in whole seconds.
func (v *visit) hello(fields []string) (err error) {
	received := time.Now()
	if v.host, err = readHello(fields); err != nil {
		return err
	}
	half := received.Sub(v.sent) / 2
	v.host.window = v.batch.Window()
	v.host.offset = record.HostClock{
		Offset: v.host.now.Add(time.Second / 2).Sub(v.sent.Add(half)), Uncertainty: half + time.Second/2,
	}.String()
	return nil
}

// take writes the answer of a command, or says why there is none.
func (v *visit) take(a answer) {
	if v.answered >= len(v.due) || v.due[v.answered].entry != a.entry {
		return
	}
	c := v.due[v.answered]
	v.answered++
	name := bundle.NodeText(v.node, c.entry)
	if c.shape != nil {
		a.body = c.shape(v.host, a.body)
	}
	if len(bytes.TrimSpace(a.body)) == 0 || a.code == absent {
		v.batch.Gap(a.gap(name, v.node, c))
		return
	}
	m := bundle.Meta{Attrs: map[string]string{"node": v.node}}
	switch {
	case a.cut > 0:
		m.Truncated = &bundle.Truncation{Reason: bundle.TooLong, Head: maxAnswer, Dropped: a.cut}
	case a.code >= killed:
		m.Truncated = &bundle.Truncation{Reason: bundle.CutShort, Note: "the command reached its limit"}
	}
	if err := v.batch.Put(name, m, append(bytes.TrimRight(a.body, "\n"), '\n')); err != nil {
		v.batch.Note("%v", err) // the batch has recorded the gap
	}
}
