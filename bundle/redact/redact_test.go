package redact

import (
	"errors"
	"io"
	"testing"
)

func TestGateStopsALeak(t *testing.T) {
	r, err := Compile([]Rule{{ID: "word", Keys: []string{"password"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.String(`{"password":"hunter22"}`); got != `{"password":"<redacted:word>"}` {
		t.Fatalf("got %s", got)
	}
	s := r.Stream(io.Discard)
	_, _ = io.WriteString(s, "mongodb://a:b@c/d\n")
	if err := s.Close(); !errors.Is(err, ErrLeak) {
		t.Fatalf("close gave %v", err)
	}
}
