package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"imbundle": main})
}

// TestScripts runs the real command as the scripts of testdata/scripts say, each in a folder of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/scripts",
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"KUBECONFIG", "LANG", "LC_ALL", "LC_MESSAGES", "KUBERNETES_SERVICE_HOST"} {
				e.Setenv(name, "")
			}
			e.Setenv("HOME", e.WorkDir)
			for name, path := range map[string]string{"SAMPLES": "demo", "CASES": "../../testdata/cases"} {
				abs, err := filepath.Abs(path)
				if err != nil {
					return err
				}
				e.Setenv(name, abs)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tgz":    pack(writeTgz),
			"zip":    pack(writeZip),
			"bundle": pack(nil),
			"cut":    cut,
			"exit":   exitCode,
			"hex":    unhex,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// exitCode is `exit CODE imbundle ARGS…`: the command must end with exactly that code. Standard input is empty unless the
// script said `stdin FILE`.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ARGS…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			ts.Fatalf("running %q: %v", args[1], err)
		}
		got = strconv.Itoa(ended.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s (%v)", got, args[0], err)
	}
}

// unhex is `hex OUT DIGITS`: a file of those bytes.
func unhex(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: hex OUT DIGITS")
	}
	b, err := hex.DecodeString(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// cut is `cut OUT IN PERCENT`: the first part of a file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: cut OUT IN PERCENT")
	}
	percent, err := strconv.Atoi(args[2])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[1]))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b[:len(b)*percent/100], 0o644))
}

// pack is `tgz OUT FOLDER`, `zip OUT FOLDER` and `bundle OUT FOLDER`: the folder's files, named relative to it.
func pack(write func(io.Writer, string, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		if len(args) != 2 {
			ts.Fatalf("usage: tgz|zip OUT FOLDER")
		}
		root := ts.MkAbs(args[1])
		var names []string
		ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
			return err
		}))
		if write == nil {
			ts.Check(writeBundle(ts.MkAbs(args[0]), root, names))
			return
		}
		out, err := os.Create(ts.MkAbs(args[0]))
		ts.Check(err)
		ts.Check(write(out, root, names))
		ts.Check(out.Close())
	}
}

// writeBundle makes a bundle of ours, with a plan that promises exactly these files.
func writeBundle(path, root string, names []string) error {
	set, err := specs.Load()
	if err != nil {
		return err
	}
	redactor, err := newRedactor(set)
	if err != nil {
		return err
	}
	w, err := bundle.Create(path, bundle.Options{
		Redactor: redactor, Tool: bundle.Tool{Name: "imbundle", Version: "test"},
		Plan: bundle.Plan{Expect: []bundle.Expect{{Source: "test", Entries: names}}},
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		e, err := w.Create(name, bundle.Meta{Source: "test"})
		if err != nil {
			return err
		}
		if _, err := e.Write(b); err != nil {
			return err
		}
		if err := e.Close(); err != nil {
			return err
		}
	}
	return w.Finish(bundle.Final{Complete: true})
}

func writeTgz(w io.Writer, root string, names []string) error {
	zw := gzip.NewWriter(w)
	tw := tar.NewWriter(zw)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(b))}); err != nil {
			return err
		}
		if _, err := tw.Write(b); err != nil {
			return err
		}
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return zw.Close()
}

func writeZip(w io.Writer, root string, names []string) error {
	zw := zip.NewWriter(w)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		f, err := zw.Create(name)
		if err != nil {
			return err
		}
		if _, err := f.Write(b); err != nil {
			return err
		}
	}
	return zw.Close()
}
