package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// language is zh or en: what flag says, else the first of LC_ALL, LC_MESSAGES and LANG that is set.
func (s streams) language(flag string) (string, error) {
	switch flag {
	case "zh", "en":
		return flag, nil
	case "":
	default:
		return "", usagef("use zh or en", "--lang %q is not a language of this program", flag)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := s.getenv(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "zh") {
				return "zh", nil
			}
			return "en", nil
		}
	}
	return "en", nil
}

// terminal returns the file behind a stream when that is a terminal, else nil.
func terminal(stream any) *os.File {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// width is the number of columns of w, or 0 when it is no terminal.
func width(w io.Writer) int {
	f := terminal(w)
	if f == nil {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// colors says whether w is to be coloured.
func (s streams) colors(w io.Writer) bool {
	return terminal(w) != nil && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
}
