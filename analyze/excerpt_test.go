package analyze

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imbundle/imbundle/specs"
)

func TestExcerptHoldsWhatWasFound(t *testing.T) {
	for name, c := range map[string]struct {
		rule specs.Rule
		line string
	}{
		"short":             {specs.Rule{Any: []string{"refused"}}, "2026 ERROR connect: refused"},
		"at the beginning":  {specs.Rule{Match: "ref.sed"}, "2026 ERROR refused " + strings.Repeat("x", 900)},
		"far behind":        {specs.Rule{Match: `send failed.*refused`}, "2026 ERROR send failed " + strings.Repeat("x", 900) + "refused" + strings.Repeat("y", 900)},
		"at the end":        {specs.Rule{Any: []string{"none", "refused"}}, "2026 ERROR " + strings.Repeat("长", 400) + "refused"},
		"around, in runes":  {specs.Rule{Any: []string{"refused"}}, "2026 ERROR " + strings.Repeat("连接", 300) + "refused" + strings.Repeat("长", 300)},
		"just over":         {specs.Rule{Any: []string{"refused"}}, "2026 ERROR " + strings.Repeat("x", 282) + "refused"},
		"broken characters": {specs.Rule{Any: []string{"refused"}}, "2026 ERROR " + strings.Repeat("\x80", 400) + "refused"},
	} {
		got := excerpt([]byte(c.line), telling(&c.rule)([]byte(c.line)))
		if len(got) > maxText || !strings.Contains(got, "refused") || !strings.HasPrefix(got, "2026 ERROR") {
			t.Errorf("%s: %d bytes: %q", name, len(got), got)
		}
		if utf8.ValidString(c.line) && !utf8.ValidString(got) {
			t.Errorf("%s: a character is cut: %q", name, got)
		}
	}
}

// The error of a long record is shown, however long what stands before it.
func TestExcerptShowsTheError(t *testing.T) {
	line := []byte("2026-11-23 08:03:28.345\tERROR\tbatch data insert to mongo err\t{\"msg\": \"" + strings.Repeat("消息 ", 200) + "\", \"error\": \"Error: context deadline exceeded | -> mgo.x()\"}")
	got := excerpt(line, strings.Index(string(line), "mongo err")+len("mongo err"))
	if !strings.Contains(got, "batch data insert to mongo err") || !strings.Contains(got, "context deadline exceeded") || len(got) > maxText || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
