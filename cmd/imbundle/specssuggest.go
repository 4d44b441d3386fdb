package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

func newSpecsSuggest(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "suggest FILE|DIR",
		Short: "Draft a rule for each error that no rule names",
		Long: `Prints a stanza for each of the errors at WARN or above that no rule names: the most frequent, those that rose sharply, the
newest. Fill in the words in capitals and the empty texts, put the stanzas into DIR/rules/mine.yaml and judge them with
imbundle specs lint --specs DIR and imbundle specs test --specs DIR.`,
		Example: "  imbundle specs suggest FILE > mine/rules/new.yaml",
		Args:    exactly("FILE|DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			facts, _, err := examined(c.Context(), args[0], set)
			if err != nil {
				return err
			}
			return suggestRules(s.out, facts.Unnamed, set)
		},
	}
}

// examined reads one input with everything that rule authors ask for.
func examined(ctx context.Context, path string, set *specs.Set) (*analyze.Facts, *analyze.Report, error) {
	redactor, err := newRedactor(set)
	if err != nil {
		return nil, nil, err
	}
	r, err := bundle.Open(path, bundle.ReadOptions{Inside: true})
	if err != nil {
		return nil, nil, err
	}
	facts, rep, err := analyze.Examine(ctx, r, set, analyze.Options{Checks: checks.All(), Tool: toolVersion(), Now: time.Now(), Redact: redactor.String, Templates: true})
	return facts, rep, errors.Join(err, r.Close())
}

func suggestRules(w io.Writer, unnamed []analyze.Unnamed, set *specs.Set) error {
	if len(unnamed) == 0 {
		_, err := fmt.Fprintln(w, "# every line at WARN or above is named by a rule")
		return err
	}
	taken := map[string]bool{}
	for _, r := range set.Rules {
		taken[r.ID] = true
	}
	for i, u := range unnamed {
		other := unnamed[(i+1)%len(unnamed)]
		if _, err := fmt.Fprint(w, draft(u, other, taken)); err != nil {
			return err
		}
	}
	return nil
}

// draft is a stanza for a text; other is one that it must not match.
func draft(u, other analyze.Unnamed, taken map[string]bool) string {
	example := colours.ReplaceAllString(u.Example, "")
	match := matchOf(u.Text, example)
	var b strings.Builder
	fmt.Fprintf(&b, "# %d lines from %s to %s, first at %s:%d\n", u.Count, u.First.Format(time.RFC3339), u.Last.Format(time.RFC3339), u.Entry, u.Line)
	fmt.Fprintf(&b, "- id: %s\n  cause: CAUSE # one of `imbundle specs list causes`\n  guide: %q\n  confidence: possible\n", idOf(u.Text, taken), guideOf(u.Role))
	fmt.Fprintf(&b, "  match: %s\n  level: [%s]\n", scalar(match), u.Level)
	if u.Role != "" {
		fmt.Fprintf(&b, "  roles: [%s]\n", u.Role)
	}
	fmt.Fprintf(&b, "  says:\n    zh: '' # 一句话：这一行说明什么\n    en: '' # one sentence: what a hit means\n")
	fmt.Fprintf(&b, "  source: %s # file and line of the code that prints it, with its release\n  hit:\n    - %s\n", scalar(cmp.Or(u.Caller, "WHERE")), scalar(example))
	fmt.Fprintf(&b, "  miss:\n    - %s # better: the nearest line that means something else\n\n", scalar(missOf(match, example, other)))
	return b.String()
}

var (
	colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
	notWord = regexp.MustCompile(`[^a-z0-9]+`)
)

// idOf makes a name of the first words of a text, one that no rule has yet.
func idOf(text string, taken map[string]bool) string {
	words := strings.Split(strings.Trim(notWord.ReplaceAllString(strings.ToLower(text), "-"), "-"), "-")
	id := strings.Join(words[:min(len(words), 5)], "-")
	if id == "" || id[0] < 'a' {
		id = strings.TrimSuffix("unnamed-"+id, "-")
	}
	for n, plain := 2, id; taken[id]; n++ {
		id = fmt.Sprintf("%s-%d", plain, n)
	}
	taken[id] = true
	return id
}

// matchOf is an expression for the text that matches the example: message and error, what varies left open; the message alone
// where the error is written in another way in the line; the longest word of it as the last resort.
func matchOf(text, example string) string {
	message, wrapped, _ := strings.Cut(text, " · ")
	if i := strings.IndexAny(wrapped, `"\`); i >= 0 {
		wrapped = wrapped[:i]
	}
	for _, try := range []string{open(message) + ".*" + open(wrapped), open(message), open(wrapped)} {
		if re, err := regexp.Compile(try); err == nil && try != "" && try != ".*" && re.MatchString(example) {
			return strings.TrimSuffix(try, ".*")
		}
	}
	words := strings.FieldsFunc(message, func(r rune) bool { return r == '#' || r == ' ' })
	if len(words) == 0 {
		return regexp.QuoteMeta(message)
	}
	return regexp.QuoteMeta(slices.MaxFunc(words, func(a, b string) int { return cmp.Compare(len(a), len(b)) }))
}

// open quotes a masked text and leaves open what was masked.
func open(text string) string {
	parts := strings.Split(strings.TrimSpace(text), "#")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return strings.Join(parts, `[0-9A-Za-z]+`)
}

// missOf is another unnamed line, or the example with its message gone.
func missOf(match, example string, other analyze.Unnamed) string {
	re, err := regexp.Compile(match)
	line := colours.ReplaceAllString(other.Example, "")
	if err != nil || line != "" && !re.MatchString(line) {
		return line
	}
	return re.ReplaceAllLiteralString(example, "something else")
}

// scalar is a single-quoted YAML scalar on one line.
func scalar(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// guideOf is the section of the guide that reads the log of a role.
func guideOf(role string) string {
	switch {
	case role == "api" || role == "chat":
		return "2.1"
	case strings.HasPrefix(role, "rpc-") || role == "etcd":
		return "2.2"
	case role == "msgtransfer" || role == "kafka":
		return "2.3"
	case role == "redis" || role == "mongo" || role == "minio":
		return "2.4"
	case role == "push" || role == "msggateway" || role == "ingress":
		return "2.5"
	case role == "sdk":
		return "2.6"
	}
	return "5"
}
