package scan

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"sync"
)

// expression is a regular expression that is compiled when a line asks for it: most inputs ask for few.
type expression struct {
	text string         // empty: what tree says
	tree *syntax.Regexp // of a text only until derive has read it
	once sync.Once
	re   *regexp.Regexp
}

// newExpression checks a text, nil for an empty one.
func newExpression(text string) (*expression, error) {
	if text == "" {
		return nil, nil
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("compiling %q: %w", text, err)
	}
	return &expression{text: text, tree: tree.Simplify()}, nil
}

// parsed hands the tree over, which takes more memory than all that is derived from it.
func (e *expression) parsed() *syntax.Regexp {
	tree := e.tree
	if e.tree = nil; tree == nil {
		tree, _ = syntax.Parse(e.text, syntax.Perl) // as newExpression did: no error
		tree = tree.Simplify()
	}
	return tree
}

// regexp is the expression ready for use. It is safe for concurrent use.
func (e *expression) regexp() *regexp.Regexp {
	e.once.Do(func() {
		text := e.text
		if text == "" {
			text = e.tree.String()
		}
		e.re = regexp.MustCompile(text) // it parses, and nothing else can fail
	})
	return e.re
}
