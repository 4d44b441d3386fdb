package bundle

import (
	"strings"
	"testing"
)

func TestNameRoundTrip(t *testing.T) {
	for _, name := range []string{
		"a", "a/b.log", "问题/图片.txt", `a:b*c?"<>|\d`, "100%", "%41", "a%~2", "x%+/y", "con", "Con.log", "aux.tar.gz", "COM1", "lpt9.txt",
		"console", "trailing.", "trailing ", "...x", "a /b./c", "new\nline", "tab\t", "bad\xffutf8", "\x7f",
		strings.Repeat("x", 199), strings.Repeat("x", 201), strings.Repeat("é:", 300), strings.Repeat(".", 3) + strings.Repeat("% ", 400) + "x",
	} {
		enc := encodeName(name)
		if got := decodeName(enc); got != name {
			t.Errorf("%q → %q → %q", name, enc, got)
		}
		for _, c := range strings.Split(enc, "/") {
			if len(c) > maxComponent || strings.ContainsAny(c, `:*?"<>|\`+"\n\t\x7f") || strings.HasSuffix(c, ".") ||
				strings.HasSuffix(c, " ") || devices.MatchString(c) {
				t.Errorf("%q has the component %q", name, c)
			}
		}
	}
	for _, foreign := range []string{"50%/a", "%zz", "%4", "%61", "a%2Fb", "%2E%2E/x"} {
		if got := decodeName(foreign); got != foreign {
			t.Errorf("the foreign name %q became %q", foreign, got)
		}
	}
}

func TestNameCollisions(t *testing.T) {
	p := newPaths()
	names := []string{"a/Case.log", "a/case.log", "A/CASE.log", "a/x", "a/x/y", "b/dir/f", "b/dir", "B/Dir", "noext", "NOEXT"}
	seen := map[string]bool{}
	for _, n := range names {
		path := p.assign(n)
		if folded := strings.ToLower(path); seen[folded] {
			t.Errorf("%q got %q again", n, path)
		} else {
			seen[folded] = true
		}
		if got := decodeName(path); got != n {
			t.Errorf("%q → %q → %q", n, path, got)
		}
	}
	for path := range seen {
		for other := range seen {
			if strings.HasPrefix(other, path+"/") {
				t.Errorf("%q is a file and a folder (%q)", path, other)
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("a/b.log")
	f.Add(`x:%/NUL.txt`)
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(name) != nil || len(name) > 4000 {
			return
		}
		if got := decodeName(newPaths().assign(name)); got != name {
			t.Errorf("%q became %q", name, got)
		}
	})
}

func TestFooter(t *testing.T) {
	for _, at := range []int64{0, 1, 1 << 40} {
		if got, ok := parseFooter(footer(at)); !ok || got != at {
			t.Errorf("%d became %d, %v", at, got, ok)
		}
	}
	bad := footer(7)
	bad[30] = 'x'
	if _, ok := parseFooter(bad); ok {
		t.Error("a damaged footer was taken")
	}
}

func TestLayout(t *testing.T) {
	for _, previous := range []bool{false, true} {
		want := PodLogName{"openim", "api-0", "api", previous}
		if got, ok := ParsePodLog(PodLog("openim", "api-0", "api", previous)); !ok || got != want {
			t.Errorf("pod log: %+v", got)
		}
	}
	for _, ns := range []string{"", "openim"} {
		if k, n, ok := ParseResource(Resource("deployments.apps", ns)); !ok || k != "deployments.apps" || n != ns {
			t.Errorf("resource: %q %q", k, n)
		}
		if k, n, ok := ParseTable(Table("pods", ns)); !ok || k != "pods" || n != ns {
			t.Errorf("table: %q %q", k, n)
		}
	}
	if _, _, ok := ParseResource(PodLog("a", "b", "c", false)); ok {
		t.Error("a pod log was taken for a resource")
	}
	if node, file, ok := ParseNode(NodeText("n1", "df-i")); !ok || node != "n1" || file != "df-i.txt" {
		t.Errorf("node: %q %q", node, file)
	}
	if of, path, ok := ParseContainerFile(ContainerFile("ns", "p", "c", "/var/log/a.log")); !ok || path != "/var/log/a.log" || of.Container != "c" {
		t.Errorf("container file: %+v %q", of, path)
	}
	if of, ok := ParseSample(Sample(TopPods, 12)); !ok || of != TopPods {
		t.Errorf("sample: %q", of)
	}
}
