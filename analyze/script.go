package analyze

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// The record that the script of specs keeps of its commands: those that failed are what is missing, and why.

var (
	scriptBegins = regexp.MustCompile(`^\S+Z namespace \S+, since \S+\r?\n`)
	scriptFailed = regexp.MustCompile(`^\S+Z failed(?: \(\d+\))?: (.*)$`)
)

// isScript recognises it by its first line; the collector's own record has another.
func isScript(name string, head []byte) bool {
	return (name == bundle.CollectLog || strings.HasSuffix(name, "/"+bundle.CollectLog)) && scriptBegins.Match(head)
}

func (s *snapshots) readScript(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		m := scriptFailed.FindStringSubmatch(strings.TrimRight(lines.Text(), "\r "))
		if m == nil {
			continue
		}
		what, said, _ := strings.Cut(m[1], ": ")
		s.gaps = append(s.gaps, Missing{What: what, Reason: refusal(said), Detail: said, Costs: costs(nil, what, "")})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the script's record: %w", err)
	}
	return nil
}

// refusal is the kind of what a command said when it failed.
func refusal(said string) string {
	switch {
	case strings.Contains(said, "(Forbidden)"), strings.Contains(said, "ermission denied"):
		return bundle.Forbidden
	case strings.Contains(said, "(NotFound)"), strings.Contains(said, "not found"), strings.Contains(said, "No such file"):
		return bundle.NotFound
	case strings.Contains(said, "imed out"), strings.Contains(said, "imeout"):
		return bundle.Timeout
	}
	return bundle.Failed
}
