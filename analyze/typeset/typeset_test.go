package typeset

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"abcdefghij", 4, "abcd|efgh|ij"},
		{"无法连接 Kafka，请检查", 8, "无法连接|Kafka，|请检查"},
		{"无法连接。", 8, "无法连|接。"},
		{"a 1234567890", 5, "a|12345|67890"},
	} {
		if got := strings.Join(Wrap(c.text, c.width), "|"); got != c.want {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\t b\r\n":     "a b",
		"\x1b[31mred":   `\u001b[31mred`,
		"bad \xff byte": `bad \xff byte`,
		"\u202eexe":     `\u202eexe`,
		"消息":            "消息",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"a\tb  c\nd":            "a\tb  c\nd",
		"\x1b[31mred\x1b[0m":    `\u001b[31mred\u001b[0m`,
		"over\rwritten":         `over\u000dwritten`,
		"bad \xff byte":         `bad \xff byte`,
		"\u202eexe 消息":          `\u202eexe 消息`,
		"\u009b31m of a C1 set": `\u009b31m of a C1 set`,
		"\uFFFD stays":          "\uFFFD stays",
	} {
		if got := string(Visible([]byte(in))); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}
