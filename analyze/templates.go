package analyze

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/scan"
)

// Template is what one log says again and again at WARN or above, apart from numbers and ids in it.
type Template struct {
	Entry       string
	Subject     Subject
	Level       string // by scan.Level: warn, error, panic, fatal
	Caller      string
	Text        string // the message, each run with a digit in it as #
	Count       int
	First, Last time.Time
	Peak        time.Time // the minute that saw most of them
	PeakCount   int
}

// warnings are the levels of templates.
const warnings = scan.Levels(1<<scan.LevelFatal | 1<<scan.LevelPanic | 1<<scan.LevelError | 1<<scan.LevelWarn)

// Bounds of one entry's templates.
const (
	maxTemplates    = 200
	maxTemplateText = 120
	maxExample      = 2000
)

type templateKey struct {
	level        scan.Level
	caller, text string
}

// templates counts the templates of one entry; past the bound only those that are known are counted on.
type templates map[templateKey]*templateCell

type templateCell struct {
	count       int
	first, last int64 // unix nanoseconds
	minute      int64
	inMinute    int
	peak        int64
	peakCount   int
	line        int64  // of the first
	example     string // the first, where examples are kept
	shown       string // the text without secrets
}

// hit files a line under a text; shown is what is shown of it. Lines without a time, and first halves of split records, are passed over.
func (t *templates) hit(h scan.Hit, text string, keep bool, shown func() string) {
	at := h.At
	if at == 0 || text == "" {
		return
	}
	key := templateKey{h.Level, h.Rec().Caller, text}
	c := (*t)[key]
	if c == nil {
		if len(*t) >= maxTemplates {
			return
		}
		if *t == nil {
			*t = templates{}
		}
		key.caller, c = strings.Clone(key.caller), &templateCell{first: at, line: h.Line, shown: shown()}
		if keep {
			c.example = string(h.Text()[:min(len(h.Text()), maxExample)])
		}
		(*t)[key] = c
	}
	c.add(at)
}

func (c *templateCell) add(at int64) {
	c.count++
	c.first, c.last = min(c.first, at), max(c.last, at)
	if m := at / minuteNanos; m != c.minute {
		c.minute, c.inMinute = m, 0
	}
	if c.inMinute++; c.inMinute > c.peakCount {
		c.peak, c.peakCount = c.minute, c.inMinute
	}
}

// redisHead is what Redis prints before its text: process, role, date, mark.
var redisHead = regexp.MustCompile(`^\d+:[A-Z] \d+ [A-Z][a-z]{2} \d+ [\d:.]+ [#*.-] `)

// templateText puts # for every run of letters and digits that holds a digit.
func templateText(message string) string {
	message = message[:min(len(message), 4*maxTemplateText)]
	message = message[len(redisHead.FindString(message)):]
	var b strings.Builder
	for i := 0; i < len(message) && b.Len() < maxTemplateText; {
		end, digit := i, false
		for end < len(message) && wordByte(message[end]) {
			digit = digit || message[end] >= '0' && message[end] <= '9'
			end++
		}
		switch {
		case end == i:
			end++
			b.WriteByte(message[i])
		case digit:
			b.WriteByte('#')
		default:
			b.WriteString(message[i:end])
		}
		i = end
	}
	return strings.ToValidUTF8(b.String(), "")
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// templatesOf lists the templates of all entries by their first line.
func templatesOf(texts []*textHits) []Template {
	var out []Template
	for _, t := range texts {
		for key, c := range t.templates {
			out = append(out, Template{
				Entry: t.Entry, Subject: Subject{Role: t.Role, Namespace: t.Pod.Namespace, Pod: t.Pod.Pod}, Level: key.level.String(),
				Caller: key.caller, Text: c.shown, Count: c.count, First: stamp(c.first), Last: stamp(c.last),
				Peak: time.Unix(c.peak*60, 0).UTC(), PeakCount: c.peakCount,
			})
		}
	}
	slices.SortFunc(out, func(a, b Template) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Text, b.Text))
	})
	return out
}
