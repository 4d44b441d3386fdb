package redact

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// small returns what the stream makes of a text when its windows are small, so that nearly every line is cut.
func small(t testing.TB, r *Redactor, text string, piece, window, overlap int) string {
	t.Helper()
	var out bytes.Buffer
	s := r.Stream(&out)
	s.window, s.overlap = window, overlap
	for b := []byte(text); len(b) > 0; {
		n := min(len(b), piece)
		if _, err := s.Write(b[:n]); err != nil {
			t.Fatalf("writing: %v", err)
		}
		b = b[n:]
	}
	if err := s.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	return out.String()
}

// TestLongLinesLeakNothing puts secrets at every place of a long line, so that windows end before, in and after them.
func TestLongLinesLeakNothing(t *testing.T) {
	r := compiled(t)
	secrets := []string{
		`"password":"CANARY1"`, `\"token\":\"CANARY \\\"2\\\" x\"`, `{"name":"DB_PASSWORD","value":"CANARY3"}`, `content:"CANARY4 {x"`,
		`"textElem":{"content":"CANARY5","x":["CANARY6"]}`, `mongodb://u:CANARY7@h/db`, `secret=CANARY8`,
		`"-----BEGIN PRIVATE KEY-----\nCANARY9\n-----END PRIVATE KEY-----"`, `password: CANARY10`, `LTAI5tFakeFakeFakeFake01`,
		`eyJhbGciOiJub25lIn0.eyJVc2VySUQiOiJmYWtlIn0.ZmFrZS1zaWduYXR1cmU`,
	}
	filler := strings.Repeat(`{"seq":1,"sendID":"u1001"} , `, 60)
	for i := range 400 {
		var line strings.Builder
		for _, s := range secrets {
			line.WriteString(filler[:(i*4)%len(filler)] + " " + s + ", ")
		}
		text := line.String() + "\n"
		out := small(t, r, text, 1+i%700, 1024, 256)
		if m := leaked.FindString(out); m != "" || strings.Contains(out, "LTAI") {
			t.Fatalf("filler of %d bytes: %q is left in\n%s", (i*4)%len(filler), m, out)
		}
	}
}

// TestValuesLongerThanWindows checks that a value stays hidden to its end and that what follows is seen again.
func TestValuesLongerThanWindows(t *testing.T) {
	r := compiled(t)
	long := strings.Repeat(`CANARY \\\" { } , `, 500)
	for _, c := range []struct{ in, want string }{
		{`{"content":"` + long + `","seq":7}`, `{"content":"<redacted:message-content>","seq":7}`},
		{`{"content":{"a":"` + strings.ReplaceAll(long, `\\\"`, `\"`) + `"},"seq":7}`, `{"content":"<redacted:message-content>","seq":7}`},
		{`a token=` + strings.Repeat("CANARY", 2000) + ` seq=7`, `a token=<redacted:token> seq=7`},
		{`x eyJ` + strings.Repeat("a", 100) + `.` + strings.Repeat("CANARY", 2000) + ` seq=7`, `x <redacted:jwt> seq=7`},
		{`conf={` + strings.Repeat("{CANARY}", 2000) + `} seq=7`, `conf=<redacted:config-dump> seq=7`},
		{`password: ` + strings.Repeat("CANARY ", 2000) + "\nseq: 7", "password: <redacted:password>\nseq: 7"},
		{`key "-----BEGIN PRIVATE KEY-----\n` + strings.Repeat(`CANARYa\n`, 2000) + `-----END PRIVATE KEY-----\n" seq=7`, `key "<redacted:private-key>\n" seq=7`},
	} {
		for _, piece := range []int{1 << 20, 1000, 61} {
			out := small(t, r, c.in, piece, 1024, 256)
			if out != c.want {
				t.Errorf("%.60s…: got %.300q, want %q", c.in, out, c.want)
			}
		}
	}
}

// TestSplitsDoNotMatter writes random texts in random pieces, with windows that cut most lines.
func TestSplitsDoNotMatter(t *testing.T) {
	r := compiled(t)
	texts := examples(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		var b strings.Builder
		for range 6 {
			text := texts[random.IntN(len(texts))]
			from := random.IntN(len(text))
			b.WriteString(strings.ReplaceAll(text[from:min(len(text), from+3000)], "\n", []string{"\n", " ", "\r\n"}[random.IntN(3)]))
		}
		want := small(t, r, b.String(), b.Len(), 2048, 512)
		for _, piece := range []int{1, 1 + random.IntN(100), 2048, 2049} {
			compare(t, "another split gives other bytes", small(t, r, b.String(), piece, 2048, 512), want)
		}
	}
}

func TestGigabyteLineStaysBounded(t *testing.T) {
	r := compiled(t)
	s := r.Stream(io.Discard)
	chunk := []byte(strings.Repeat(`{"seq":1,"sendID":"u1001","content":"hello 1"},`, 1000))
	for range 64 << 20 / len(chunk) {
		if _, err := s.Write(chunk); err != nil {
			t.Fatal(err)
		}
		if n := cap(s.held) + cap(s.out); n > 4*Window {
			t.Fatalf("the stream holds %d bytes", n)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.Counts()["message-content"]; n != int64(64<<20/len(chunk))*1000 {
		t.Fatalf("%d replacements", n)
	}
}
