package main

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestServePortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	var said bytes.Buffer
	s := streams{in: strings.NewReader(""), out: io.Discard, err: &said, getenv: func(string) string { return "" }}
	code := run(t.Context(), s, []string{"serve", filepath.Join("demo", demoScenarios[0]+".tgz"), "--port", port})
	if code != exitError || !strings.Contains(said.String(), "address already in use") || !strings.Contains(said.String(), "hint: choose another --port") {
		t.Errorf("%d\n%s", code, said.String())
	}
}
