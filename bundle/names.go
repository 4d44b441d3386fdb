package bundle

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxComponent is the longest encoded path component; file systems stop at 255 bytes.
const maxComponent = 200

// Archive names differ from true names where Windows, an artifact store or tar would not take them. The encoding is reversible:
//
//	%XX      a byte: % : * ? " < > | \, control bytes, invalid UTF-8, a trailing dot or space, the first letter of CON, NUL, …
//	…%+/…    a component of more than 200 bytes goes on in the next one
//	a%~2.log the second of two names that differ in case only, or a file where another entry needs a folder
var marks = regexp.MustCompile(`%~[0-9]+`)

// devices are the names that Windows reserves in every folder, with any extension.
var devices = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$`)

// checkName refuses what no encoding can save: names that are empty, absolute, or have an empty, "." or ".." component.
func checkName(name string) error {
	for _, c := range strings.Split(name, "/") {
		if c == "" || c == "." || c == ".." {
			return fmt.Errorf("entry %q: %w", name, ErrName)
		}
	}
	return nil
}

// encodeName gives the archive name of a true name.
func encodeName(name string) string {
	parts := strings.Split(name, "/")
	for i, c := range parts {
		parts[i] = encodeComponent(c)
	}
	return strings.Join(parts, "/")
}

func encodeComponent(c string) string {
	var b strings.Builder
	last := len(c) - 1
	reserved := devices.MatchString(c)
	for i := 0; i < len(c); {
		r, n := utf8.DecodeRuneInString(c[i:])
		switch {
		case r == utf8.RuneError && n == 1,
			r < 0x20 || r == 0x7f || strings.ContainsRune(`%:*?"<>|\`, r),
			i == last && (r == '.' || r == ' '),
			i == 0 && reserved:
			fmt.Fprintf(&b, "%%%02X", c[i])
			n = 1
		default:
			b.WriteString(c[i : i+n])
		}
		i += n
	}
	return splitLong(b.String())
}

// splitLong breaks a long component into several; never inside an escape or a rune, and never behind a dot or space.
func splitLong(c string) string {
	var b strings.Builder
	for len(c) > maxComponent {
		cut := maxComponent - 2
		for cut > 1 && (!utf8.RuneStart(c[cut]) || c[cut-1] == '%' || c[cut-2] == '%' || c[cut-1] == '.' || c[cut-1] == ' ') {
			cut--
		}
		b.WriteString(c[:cut] + "%+/")
		c = c[cut:]
	}
	return b.String() + c
}

// decodeName gives the true name of an archive name. A name that encodeName could not have made is its own true name.
func decodeName(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	plain := marks.ReplaceAllString(strings.ReplaceAll(path, "%+/", ""), "")
	name, ok := unescape(plain)
	if !ok || checkName(name) != nil || encodeName(name) != marks.ReplaceAllString(path, "") {
		return path
	}
	return name
}

func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(v))
		i += 2
	}
	return b.String(), true
}

// paths hands out archive names that stay apart on file systems which fold case.
type paths struct {
	files map[string]bool // folded names given
	dirs  map[string]bool // folded folders of those
}

func newPaths() *paths { return &paths{files: map[string]bool{}, dirs: map[string]bool{}} }

// assign gives the archive name for a true name and reserves it.
func (p *paths) assign(name string) string {
	parts := strings.Split(encodeName(name), "/")
	for i := range parts[:len(parts)-1] {
		plain := parts[i]
		for n := 2; p.files[fold(parts[:i+1])]; n++ {
			parts[i] = numbered(plain, n)
		}
		p.dirs[fold(parts[:i+1])] = true
	}
	end := len(parts) - 1
	plain := parts[end]
	for n := 2; p.files[fold(parts)] || p.dirs[fold(parts)]; n++ {
		parts[end] = numbered(plain, n)
	}
	p.files[fold(parts)] = true
	return strings.Join(parts, "/")
}

func fold(parts []string) string { return strings.ToLower(strings.Join(parts, "/")) }

// numbered puts the mark before the extension, which tools go by.
func numbered(component string, n int) string {
	dot := strings.LastIndexByte(component, '.')
	if dot <= 0 {
		dot = len(component)
	}
	return fmt.Sprintf("%s%%~%d%s", component[:dot], n, component[dot:])
}
