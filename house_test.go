// Package imbundle_test holds the repository to the rules of the house: imports go down the floors only, every outside
// dependency has one owner, archiver is used for its stream types only, and some words stay out of the tree.
package imbundle_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/imbundle/imbundle/"

// floors, lowest last; see CONTRIBUTING.md.
var floors = map[string]int{
	"cmd/imbundle": 3,
	"collect/kube": 2, "collect/kafka": 2, "collect/seq": 2, "collect/node": 2, "collect/prom": 2, "collect/etcd": 2,
	"analyze/checks": 2, "analyze/report": 2, "analyze/view": 2, "analyze/ticket": 2,
	"collect": 1, "collect/backends": 1, "bundle/replay": 1, "analyze": 1, "analyze/scan": 1, "analyze/plain": 1, "analyze/typeset": 1,
	"bundle": 0, "bundle/inflate": 0, "bundle/record": 0, "bundle/redact": 0, "specs": 0, "specs/settings": 0,
}

// owners says which packages may import an outside module, by the beginning of its import path.
var owners = map[string][]string{
	"k8s.io/":                                       {"collect/kube", "bundle/replay"},
	"k8s.io/kubectl":                                {"bundle/replay"},
	"github.com/mholt/archiver/v3":                  {"bundle"},
	"github.com/klauspost/compress":                 {"bundle"},
	"github.com/ulikunitz/xz":                       {"bundle"},
	"github.com/twmb/franz-go":                      {"collect/kafka"},
	"github.com/redis/go-redis/v9":                  {"collect/seq"},
	"go.mongodb.org/mongo-driver/v2":                {"collect/seq"},
	"golang.org/x/crypto":                           {"collect/node"},
	"golang.org/x/text":                             {"analyze/plain"},
	"github.com/olekukonko/tablewriter":             {"analyze/report"},
	"github.com/olekukonko/tablewriter/pkg/twwidth": {"analyze/typeset"},
	"github.com/spf13/cobra":                        {"cmd/imbundle"},
	"github.com/spf13/pflag":                        {"cmd/imbundle"},
	"golang.org/x/term":                             {"cmd/imbundle"},
	"gopkg.in/yaml.v3":                              {"specs", "specs/settings"},
	"github.com/rogpeppe/go-internal":               {}, // tests only
}

// pkg is what `go list -json` tells of a package of ours.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatalf("reading the list of packages: %v", err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		t.Fatal("no package was listed")
	}
	return all
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range packages(t) {
		from, known := floors[p.name()]
		if !known {
			t.Errorf("package %q has no floor: add it to floors", p.name())
			continue
		}
		for _, path := range p.Imports {
			name, ours := strings.CutPrefix(path, module)
			if !ours {
				continue
			}
			if to, known := floors[name]; !known || to > from || to == from && !strings.HasPrefix(name, p.name()+"/") {
				t.Errorf("%q (floor %d) imports %q (floor %d): imports go down, or from a parent to its child", p.name(), from, name, to)
			}
			if a, b := wing(p.name()), wing(name); a != "" && b != "" && a != b {
				t.Errorf("%q imports %q: the wings know each other through the archive only", p.name(), name)
			}
		}
	}
}

// wing is collect or analyze for what belongs to one of them.
func wing(name string) string {
	for _, w := range []string{"collect", "analyze"} {
		if name == w || strings.HasPrefix(name, w+"/") {
			return w
		}
	}
	return ""
}

func TestDependenciesHaveOwners(t *testing.T) {
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			first, _, _ := strings.Cut(path, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(path, module) {
				continue
			}
			if !slices.Contains(ownersOf(path), p.name()) {
				t.Errorf("%q imports %q, which belongs to %q", p.name(), path, ownersOf(path))
			}
		}
	}
}

func ownersOf(path string) []string {
	best := ""
	for prefix := range owners {
		if len(prefix) > len(best) && (path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")) {
			best = prefix
		}
	}
	return owners[best]
}

// Names of archiver that may be used: the stream types and what they hand over. Everything that writes to the disk by
// itself is banned, because it follows links and names of the archive out of the target folder (CVE-2024-0406). A test may
// also use what only reads, as a second reader of our files.
var (
	archiverNames  = []string{"Tar", "NewTar", "Zip", "NewZip", "File", "FileInfo", "ErrFormatNotRecognized"}
	archiverTests  = []string{"TarGz", "NewTarGz", "Walk"}
	archiverBanned = []string{"Archive", "Unarchive", "Extract", "Walk", "CompressFile", "DecompressFile"}
)

func TestArchiverIsUsedForStreamsOnly(t *testing.T) {
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			archiverUse(t, file)
		}
	}
}

func archiverUse(t *testing.T, path string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	local := archiverImport(file)
	if local == "" {
		return
	}
	if local == "." || local == "_" {
		t.Errorf("%s: archiver must be imported by name", path)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if strings.HasSuffix(path, "_test.go") && slices.Contains(archiverTests, sel.Sel.Name) {
			return true
		}
		id, qualified := sel.X.(*ast.Ident)
		switch {
		case qualified && id.Name == local && !slices.Contains(archiverNames, sel.Sel.Name):
			t.Errorf("%s: archiver.%s is not one of the stream types", fset.Position(sel.Pos()), sel.Sel.Name)
		case slices.Contains(archiverBanned, sel.Sel.Name):
			t.Errorf("%s: %s works on files by itself and is banned", fset.Position(sel.Pos()), sel.Sel.Name)
		}
		return true
	})
}

// archiverImport is the local name of archiver in file, or "" when it is not imported.
func archiverImport(file *ast.File) string {
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !strings.HasPrefix(path, "github.com/mholt/archiver") {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return "archiver"
	}
	return ""
}

// Builds take their modules from wherever the machine is told to; no file may name a package registry.
func TestNoRegistryIsNamed(t *testing.T) {
	hosts := []string{"proxy" + ".golang.org", "sum" + ".golang.org", "registry" + ".npmjs.org", "pypi" + ".org", "files.python" + "hosted.org", "crates" + ".io", "repo1" + ".maven.org", "repo.maven" + ".apache.org", "deb" + ".debian.org"}
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("listing the files of the repository: %v", err)
	}
	names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	if len(names) < 10 {
		t.Fatalf("only %d files in the repository", len(names))
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		for _, host := range hosts {
			if strings.Contains(string(b), host) {
				t.Errorf("%s names the package registry %s", name, host)
			}
		}
	}
}

// Both READMEs carry the same commands, tables and headings, and the exit codes that every help prints.
func TestReadmesAgree(t *testing.T) {
	en, zh := readme(t, "README.md"), readme(t, "README.zh-CN.md")
	if len(en.commands) == 0 || !slices.Equal(en.commands, zh.commands) {
		t.Errorf("the commands differ:\n%q\n%q", en.commands, zh.commands)
	}
	if en.headings != zh.headings || en.rows != zh.rows {
		t.Errorf("%d headings and %d rows of tables in English, %d and %d in Chinese", en.headings, en.rows, zh.headings, zh.rows)
	}
}

type readmeFacts struct {
	commands       []string // first two words of each line of code
	headings, rows int
}

func readme(t *testing.T, name string) (f readmeFacts) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	code := false
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code && words[0] == "```sh"
		case code && len(words) > 1:
			f.commands = append(f.commands, strings.Join(words[:2], " "))
		case strings.HasPrefix(line, "#"):
			f.headings++
		case strings.HasPrefix(line, "|"):
			f.rows++
		}
	}
	return f
}
