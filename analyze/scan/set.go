package scan

import (
	"fmt"
	"regexp"
)

// Pattern describes lines: those that contain one of Any (when there are any), match Match and do not match Unless (when they
// are not empty), and whose level is in Level. Expressions are RE2, unanchored.
type Pattern struct {
	Any    []string
	Match  string
	Unless string
	Level  Levels
}

// Set is a compiled list of patterns. It is immutable, apart from Tune, and safe for concurrent use.
type Set struct {
	patterns []pattern
	banner   int // index of the pattern of start banners, which follows those of Compile
}

// pattern is a compiled Pattern.
type pattern struct {
	any           [][]byte
	match, unless *regexp.Regexp
	level         Levels
}

// Compile compiles patterns; hits name them by their index. A pattern with neither Any nor Match is an error.
func Compile(ps []Pattern) (*Set, error) {
	s := &Set{}
	for i, p := range ps {
		c, err := compile(p)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		s.patterns = append(s.patterns, c)
	}
	s.banner = len(ps)
	c, err := compile(Pattern{Any: banners})
	if err != nil {
		return nil, fmt.Errorf("banners: %w", err)
	}
	s.patterns = append(s.patterns, c)
	return s, nil
}

func compile(p Pattern) (pattern, error) {
	c := pattern{level: p.Level}
	if len(p.Any) == 0 && p.Match == "" {
		return c, fmt.Errorf("neither a literal nor an expression is given")
	}
	for _, text := range p.Any {
		if text == "" {
			return c, fmt.Errorf("an empty literal would match every line")
		}
		c.any = append(c.any, []byte(text))
	}
	var err error
	if c.match, err = expression(p.Match); err != nil {
		return c, err
	}
	c.unless, err = expression(p.Unless)
	return c, err
}

func expression(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("compiling %q: %w", text, err)
	}
	return re, nil
}
