package specs

import (
	"path"
	"regexp"
	"strings"
)

// Role returns the role that a name stands for, nil when none is known. The name may be the module column of a log line,
// an image reference, a Deployment, Service, pod or container name, or a file name with or without ".log".
func (s *Set) Role(name string) *Role {
	name = strings.ToLower(strings.TrimSpace(name))
	if r := s.roles[name]; r != nil {
		return r
	}
	stem := stemOf(name)
	if r := s.roles[stem]; r != nil {
		return r
	}
	return s.longest(stem)
}

// indexRoles maps every known name to its role; the first role that claims a name keeps it.
func (s *Set) indexRoles() {
	s.roles = map[string]*Role{}
	for _, r := range s.Roles {
		for _, names := range [][]string{{r.ID}, r.Names, r.Images, r.Modules} {
			for _, name := range names {
				if name = strings.ToLower(name); s.roles[name] == nil {
					s.roles[name] = r
				}
			}
		}
	}
}

var podSuffix = regexp.MustCompile(`(?:-[0-9a-z]{6,10}-[0-9a-z]{5}|-[0-9]{1,3})$`)

// stemOf strips what surrounds a component's own name: folders, registry, tag, file suffixes and a pod's generated endings.
func stemOf(name string) string {
	name = path.Base(strings.TrimSuffix(name, "/"))
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	for _, suffix := range []string{".gz", ".zst", ".txt", ".log", "-previous", ".previous", "_previous", "-container"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return podSuffix.ReplaceAllString(name, "")
}

// longest looks for the longest known name among the runs of dash-separated words of a stem, so that a release prefix
// ("openimserver-openim-push") or an unknown ending ("openim-rpc-msg-2") does not hide the role.
func (s *Set) longest(stem string) *Role {
	words := strings.FieldsFunc(stem, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for n := len(words) - 1; n > 0; n-- {
		for i := 0; i+n <= len(words); i++ {
			if r := s.roles[strings.Join(words[i:i+n], "-")]; r != nil {
				return r
			}
		}
	}
	return nil
}
