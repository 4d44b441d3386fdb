package bundle_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

// The crash tests run this test binary again as a writer, end it at a moment of their choice, and read what it left behind.

func TestMain(m *testing.M) {
	if os.Getenv("BUNDLE_TEST_WRITER") != "" {
		if err := writeUntilDead(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var phases = []string{"plan", "open", "append", "manifest", "footer"}

const (
	crashEntries = 12
	crashMember  = 64 << 10
)

// crashEntry is the name and content of the i-th entry that the writer makes; every third is longer than a member.
func crashEntry(i int) (string, []byte) {
	return bundle.PodLog("openim", "pod-"+strconv.Itoa(i), "c", false), crashTexts()[i]
}

var crashTexts = sync.OnceValue(func() (texts [crashEntries][]byte) {
	for i := range texts {
		size := 1 + (i*7919)%30_000
		if i%3 == 1 {
			size = crashMember + i*20_000
		}
		texts[i] = logText(uint64(i), size)
	}
	return texts
})

// writeUntilDead is the other process. It notes its phase in the first byte of one file, and every closed entry in another.
func writeUntilDead() error {
	path, state, slow := os.Getenv("BUNDLE_TEST_WRITER"), os.Getenv("BUNDLE_TEST_STATE"), os.Getenv("BUNDLE_TEST_SLOW")
	marker, err := os.OpenFile(filepath.Join(state, "phase"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	closed, err := os.OpenFile(filepath.Join(state, "closed"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if limit := os.Getenv("BUNDLE_TEST_FSIZE"); limit != "" {
		n, err := strconv.ParseUint(limit, 10, 64)
		if err != nil {
			return err
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	o, err := crashOptions(func(phase string) {
		mu.Lock()
		defer mu.Unlock()
		if _, err := marker.WriteAt([]byte(phase[:1]), 0); err != nil {
			panic(err)
		}
		if phase == slow {
			time.Sleep(5 * time.Millisecond)
		}
	})
	if err != nil {
		return err
	}
	return writeEntries(path, o, closed, os.Getenv("BUNDLE_TEST_WRITERS") == "1")
}

func crashOptions(hold func(string)) (bundle.Options, error) {
	r, err := redact.Compile(nil)
	var names []string
	for i := range crashEntries {
		name, _ := crashEntry(i)
		names = append(names, name)
	}
	return bundle.Options{
		Redactor: r, Hold: hold, Now: func() time.Time { return started }, MemberSize: crashMember,
		Plan: bundle.Plan{Started: started, Expect: []bundle.Expect{{Source: "logs", Entries: names}}},
	}, err
}

// writeEntries writes three entries at a time, or one after the other.
func writeEntries(path string, o bundle.Options, closed io.Writer, inOrder bool) error {
	w, err := bundle.Create(path, o)
	if err != nil {
		return err
	}
	limit := make(chan bool, 3)
	if inOrder {
		limit = make(chan bool, 1)
	}
	var g sync.WaitGroup
	errs := make([]error, crashEntries+1)
	for i := range crashEntries {
		limit <- true
		g.Go(func() {
			defer func() { <-limit }()
			if errs[i] = writeEntry(w, i); errs[i] == nil {
				_, errs[i] = fmt.Fprintln(closed, i)
			}
		})
	}
	g.Wait()
	errs[crashEntries] = w.Finish(bundle.Final{Complete: true})
	return errors.Join(errs...)
}

func writeEntry(w *bundle.Writer, i int) error {
	name, text := crashEntry(i)
	e, err := w.Create(name, bundle.Meta{Source: "logs"})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(text, 20_000) {
		if _, err := e.Write(part); err != nil {
			return err
		}
	}
	return e.Close()
}

// helper starts the other process.
func helper(t *testing.T, path, state string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "BUNDLE_TEST_WRITER="+path, "BUNDLE_TEST_STATE="+state), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &said
}

func rounds(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}
