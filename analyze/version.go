package analyze

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// versionsOf lists the versions of OpenIM's server that logs and images name, newest first, and the line they belong to: a is
// every tagged release, b is main. openim-chat counts its releases by itself and says nothing of the server's.
func versionsOf(f *Facts) (versions []string, line string) {
	seen := map[string]bool{}
	for _, t := range f.Texts {
		if t.Role != "chat" {
			seen[CleanVersion(t.Version)] = true
		}
	}
	if len(seen) == 0 || len(seen) == 1 && seen[""] {
		for _, p := range f.Pods {
			if p.Role == "chat" {
				continue
			}
			for _, c := range p.Containers {
				seen[ImageVersion(c.Image)] = true
			}
		}
	}
	if delete(seen, ""); len(seen) == 0 {
		for _, image := range f.images {
			seen[ImageVersion(image)] = true
		}
	}
	delete(seen, "")
	for v := range seen {
		versions = append(versions, v)
	}
	slices.SortFunc(versions, func(a, b string) int { return cmp.Or(compareVersions(b, a), cmp.Compare(a, b)) })
	for _, v := range versions {
		if l := lineOf(v); line == "" || line == l {
			line = l
		} else {
			return versions, ""
		}
	}
	return versions, line
}

// CleanVersion strips the decorations of the log's version column; empty for what is no version of OpenIM.
func CleanVersion(v string) string {
	v = strings.TrimSpace(strings.Trim(strings.TrimSpace(v), "[]"))
	v = strings.TrimPrefix(v, "version:")
	if v != "" && v[0] >= '0' && v[0] <= '9' {
		v = "v" + v
	}
	if !versionText.MatchString(v) {
		return ""
	}
	return v
}

var versionText = regexp.MustCompile(`^(?:v\d+\.\d+|main$|pre-release|release)`)

var openimImage = regexp.MustCompile(`(?:^|/)openim-[a-z-]+:(?:release-)?(v\d+\.\d+[^@]*)`)

// serverImage is an image of OpenIM's server wherever it is named: in a compose file, in .env, in kubectl get deployments -o wide.
var serverImage = regexp.MustCompile(`\bopenim-(?:server|api|msggateway|msgtransfer|push|crontask|rpc-[a-z]+):[\w.-]+`)

// ImageVersion is the release that the tag of an image of OpenIM names, or empty.
func ImageVersion(image string) string {
	if m := openimImage.FindStringSubmatch(image); m != nil {
		return m[1]
	}
	return ""
}

// lineOf tells the line of a version: v3.8.3-patch.16 is the last of a. Builds of the branch pre-release-v3.8.4 call themselves
// v3.9.0 and are of b; v3.8.4-alpha.1 was tagged before b began.
func lineOf(version string) string {
	switch {
	case version == "main" || strings.Contains(version, "pre-release-v3.8.4"):
		return "b"
	case !strings.HasPrefix(version, "v"):
		return ""
	case compareVersions(version, "v3.8.4") >= 0 && !strings.HasPrefix(version, "v3.8.4-"):
		return "b"
	}
	return "a"
}

// compareVersions orders v3.8.3 before v3.8.3-patch.1 before v3.8.3-patch.12 before v3.8.4 before main.
func compareVersions(a, b string) int { return slices.Compare(versionParts(a), versionParts(b)) }

func versionParts(v string) []int {
	if v == "main" {
		return []int{1 << 30}
	}
	base, patch, _ := strings.Cut(strings.TrimPrefix(v, "v"), "-patch.")
	var parts []int
	for _, field := range strings.Split(base, ".") {
		digits := strings.TrimRightFunc(field, func(r rune) bool { return r < '0' || r > '9' })
		if i := strings.IndexFunc(field, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			digits = field[:i]
		}
		n, _ := strconv.Atoi(digits)
		parts = append(parts, n)
	}
	for len(parts) < 3 {
		parts = append(parts, 0)
	}
	n, _ := strconv.Atoi(patch)
	return append(parts[:3], n)
}

// VersionFits tells whether a version is within a rule's range ("line-a", ">=3.8.0 <3.8.4"). An unknown version fits any.
func VersionFits(version, want string) bool {
	if version == "" {
		return true
	}
	for _, term := range strings.Fields(want) {
		if line, ok := strings.CutPrefix(term, "line-"); ok {
			if lineOf(version) != line {
				return false
			}
			continue
		}
		op := strings.TrimRight(term[:min(2, len(term))], "0123456789v.")
		order := compareVersions(version, term[len(op):])
		if !orderFits(op, order) {
			return false
		}
	}
	return true
}

func orderFits(op string, order int) bool {
	switch op {
	case ">=":
		return order >= 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	case "<":
		return order < 0
	}
	return order == 0
}
