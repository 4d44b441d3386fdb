package specs

import (
	"regexp"
	"strings"
	"testing"
)

// codeSource is a name, a tag or commit, and files with their lines; what stands in brackets is a remark.
var codeSource = regexp.MustCompile(`^[A-Za-z][\w./ -]*? (?:v?\d[\w.+-]*|RELEASE\.\S+|[0-9a-f]{9,40}) ` +
	codeFile + `(?:, ` + codeFile + `)*(?: \([^()]*\))?$`)

const codeFile = `[\w@./-]+\.\w+(?::\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)?`

// TestSourcesCanBeLookedUp holds the built-in rules to one form of citation, so that whoever doubts a text finds it.
func TestSourcesCanBeLookedUp(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		for part := range strings.SplitSeq(r.Source, "; ") {
			if !codeSource.MatchString(part) && !strings.HasPrefix(part, "document: ") && !strings.HasPrefix(part, "printed: ") {
				t.Errorf("%s: rule %q: %q is neither name, tag or commit and file:lines, nor \"document: …\", nor \"printed: …\"", r.At, r.ID, part)
			}
		}
	}
}
