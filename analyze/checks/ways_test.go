package checks

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// each makes a way of sending out of what becomes of one file.
func each(change func(i int, f file) file) func([]file) []file {
	return func(files []file) []file {
		out := make([]file, len(files))
		for i, f := range files {
			out[i] = change(i, f)
		}
		return out
	}
}

var colourSequence = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// stamps are the forms in which logs, tables and descriptions tell a time.
var stamps = []struct {
	form   *regexp.Regexp
	layout string
}{
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d`), "2006-01-02T15:04:05"},
	{regexp.MustCompile(`\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d`), time.DateTime},
	{regexp.MustCompile(`\b20\d\d/\d\d/\d\d \d\d:\d\d:\d\d`), "2006/01/02 15:04:05"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d`), "Mon, 02 Jan 2006 15:04:05"},
	{regexp.MustCompile(`\b\d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d`), "02 Jan 2006 15:04:05"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC 20\d\d`), "Mon Jan _2 15:04:05 UTC 2006"},
	{regexp.MustCompile(`\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d 20\d\d`), "Mon Jan _2 15:04:05 2006"},
}

// shifted moves every time by the same span.
func shifted(b []byte, by time.Duration) []byte {
	for _, s := range stamps {
		var out []byte
		from := 0
		for _, at := range s.form.FindAllIndex(b, -1) {
			if s.layout == "02 Jan 2006 15:04:05" && at[0] > 4 && b[at[0]-2] == ',' {
				continue // the form with the day's name has it
			}
			t, err := time.Parse(s.layout, string(b[at[0]:at[1]]))
			if err != nil {
				continue
			}
			out = append(append(out, b[from:at[0]]...), t.Add(by).Format(s.layout)...)
			from = at[1]
		}
		b = append(out, b[from:]...)
	}
	return b
}

// newest is the last time in the usual form that the files hold, zero for none.
func newest(files []file) time.Time {
	var last time.Time
	for _, f := range files {
		for _, s := range stamps[:2] {
			for _, at := range s.form.FindAll(f.body, -1) {
				if t, err := time.Parse(s.layout, string(at)); err == nil && t.After(last) {
					last = t
				}
			}
		}
	}
	return last
}

func isLogFile(name string) bool { return strings.HasSuffix(name, ".log") }

// ways of sending the same evidence.
var ways = map[string]func([]file) []file{
	"in reverse order": func(files []file) []file { out := slices.Clone(files); slices.Reverse(out); return out },
	"from the middle on": func(files []file) []file {
		return slices.Concat(files[len(files)/2:], files[:len(files)/2])
	},
	"each file gzipped": each(func(_ int, f file) file { return file{f.name + ".gz", gzipped(f.body)} }),
	"with CRLF": each(func(_ int, f file) file {
		return file{f.name, bytes.ReplaceAll(bytes.ReplaceAll(f.body, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))}
	}),
	"in UTF-16":       each(func(_ int, f file) file { return file{f.name, wideOf(f.body)} }),
	"without colours": each(func(_ int, f file) file { return file{f.name, colourSequence.ReplaceAll(f.body, nil)} }),
	"weeks later": each(func(_ int, f file) file {
		return file{f.name, shifted(f.body, 17*24*time.Hour+5*time.Hour+7*time.Minute)}
	}),
	"JSON with blanks": each(func(_ int, f file) file { return file{f.name, rewritten(f.body, spaced)} }),
	"under other names": each(func(i int, f file) file {
		return file{fmt.Sprintf("%d.txt", i+1), f.body}
	}),
	"with compose's prefix": each(func(_ int, f file) file {
		if !isLogFile(f.name) {
			return f
		}
		name := strings.TrimSuffix(filepath.Base(f.name), ".log")
		return file{"compose-" + filepath.Base(f.name) + ".txt", prefixed(f.body, name+"  | ")}
	}),
	"with stern's prefix": each(func(_ int, f file) file {
		if !isLogFile(f.name) {
			return f
		}
		name := strings.TrimSuffix(filepath.Base(f.name), ".log")
		return file{"stern-" + filepath.Base(f.name) + ".txt", prefixed(f.body, "\x1b[36m"+name+"-0\x1b[0m \x1b[96m"+name+"\x1b[0m ")}
	}),
}

// rewritten is a text in which each line of JSON was written anew.
func rewritten(b []byte, write func(compact []byte) []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(b) {
		var compact bytes.Buffer
		if line[0] == '{' && json.Compact(&compact, line) == nil {
			line = append(write(compact.Bytes()), '\n')
		}
		out.Write(line)
	}
	return out.Bytes()
}

var outsideStrings = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[:,]`)

// spaced puts a blank after colons and commas.
func spaced(compact []byte) []byte {
	return outsideStrings.ReplaceAllFunc(compact, func(token []byte) []byte {
		if token[0] == '"' {
			return token
		}
		return []byte{token[0], ' '}
	})
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func wideOf(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, r := range string(b) {
		if r >= 0x10000 {
			r = 0xfffd
		}
		out = append(out, byte(r), byte(r>>8))
	}
	return out
}

func prefixed(b []byte, prefix string) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(b) {
		out.WriteString(prefix)
		out.Write(line)
	}
	return out.Bytes()
}
