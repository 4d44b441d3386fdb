package node

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// maxAnswer bounds what is kept of one command.
const maxAnswer = 1 << 20

// answer is what one command printed.
type answer struct {
	entry string
	body  []byte
	code  int
	cut   int64 // bytes beyond maxAnswer
}

// killed is the least exit code that tells of a signal, or that timeout gives for one.
const killed = 124

// gap is why an answer says nothing.
func (a answer) gap(name, node string, c command) bundle.Gap {
	g := bundle.Gap{Entry: name, Costs: c.costs, Reason: bundle.Failed, Detail: fmt.Sprintf("node %q answered nothing (exit code %d)", node, a.code)}
	switch {
	case a.code == absent:
		g.Reason, g.Detail = bundle.NotFound, fmt.Sprintf("node %q does not have, or does not show, what tells it", node)
	case a.code >= killed:
		g.Reason, g.Detail = bundle.Timeout, fmt.Sprintf("node %q did not answer within the limit of the command", node)
	}
	return g
}

// errUnfinished is a script that ended before its last command.
var errUnfinished = errors.New("the script ended before its last command")

// split reads what a script prints. hello is called first, then each for every command that has ended.
func split(r io.Reader, mark string, hello func(fields []string) error, each func(answer)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var now *answer
	for {
		line, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !long && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading what the script prints: %w", err)
		}
		word, is := strings.CutPrefix(string(line[:min(len(line), 200)]), mark+" ")
		fields := strings.Fields(word)
		switch {
		case !is || len(fields) == 0:
			now.add(line)
		case fields[0] == "hello":
			if err := hello(fields[1:]); err != nil {
				return err
			}
		case fields[0] == "begin" && len(fields) == 2:
			now = &answer{entry: fields[1]}
		case fields[0] == "end" && len(fields) == 3 && now != nil:
			now.body = bytes.TrimSuffix(now.body, []byte("\n")) // the one before the mark
			now.code, _ = strconv.Atoi(fields[2])
			each(*now)
			now = nil
		case fields[0] == "done":
			return nil
		}
		if err != nil && !long {
			return errUnfinished
		}
	}
}

func (a *answer) add(line []byte) {
	if a == nil {
		return
	}
	n := min(len(line), maxAnswer-len(a.body))
	a.body = append(a.body, line[:n]...)
	a.cut += int64(len(line) - n)
}
