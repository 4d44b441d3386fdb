package kube

import (
	"net/url"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/specs/settings"
)

// ofSecretFile reports whether something stands in a file that a Secret is mounted as.
func ofSecretFile(where string) bool { return strings.HasPrefix(where, ofSecret+" ") }

// everyValue is what a setting is and what it stands in the place of.
func everyValue(one *settings.Setting) []settings.Value {
	return append([]settings.Value{one.Value}, one.Overridden...)
}

// hide hides the values of Secrets, but those that may be told.
func (f *configuration) hide(comp *configured) {
	for _, one := range comp.set.All() {
		hide := func(v *settings.Value) {
			if ofSecretFile(v.Origin.Where) && v.String() != "" {
				_, told := f.telling.Text(one.File, one.Key, v.Values)
				v.Hidden = !told
			}
		}
		hide(&one.Value)
		for i := range one.Overridden {
			hide(&one.Overridden[i])
		}
	}
}

// untold reports whether a setting stands in Secrets only, by a name that somebody made up: the name may be a secret itself.
func (f *configuration) untold(one *settings.Setting) bool {
	return !f.telling.Names(one.File, one.Key) &&
		!slices.ContainsFunc(everyValue(one), func(v settings.Value) bool { return !ofSecretFile(v.Origin.Where) })
}

// text is what is written of a value.
func (f *configuration) text(one *settings.Setting, v settings.Value) string {
	switch {
	case v.Hidden:
		return ""
	case ofSecretFile(v.Origin.Where):
		text, _ := f.telling.Text(one.File, one.Key, v.Values)
		return text
	}
	return v.String()
}

// LeastLearned is the length of a password that is hidden wherever it stands.
const LeastLearned = 8

// Secrets are what was read of Secrets and nobody else may know, to be kept out of everything that is written: passwords, those in
// addresses, and all that is hidden of files. A short one is not among them: it may be a word that logs are full of, and is hidden
// where it stands as a password.
func (s *Survey) Secrets() []string {
	var all []string
	for _, comp := range s.config.components {
		for _, one := range comp.set.All() {
			for _, v := range everyValue(one) {
				all = append(all, s.config.learned(comp, one, v)...)
			}
		}
	}
	all = slices.DeleteFunc(all, func(text string) bool { return len(text) < LeastLearned })
	slices.Sort(all)
	return slices.Compact(all)
}

// learned are the secrets in a value: neither the official value of a key that holds none, nor the path of a file that is mounted.
func (f *configuration) learned(comp *configured, one *settings.Setting, v settings.Value) (all []string) {
	file := ofSecretFile(v.Origin.Where)
	if !v.Hidden && !file {
		return nil
	}
	for _, text := range v.Values {
		all = append(all, passwords(text)...)
		isPath := slices.ContainsFunc(comp.mounts(), func(m mount) bool { return m.below(text) })
		if v.Hidden && (file || settings.Secret(one.Key)) && !isPath && !f.telling.Official(one.File, one.Key, v.Values) {
			all = append(all, text)
		}
	}
	return append(all, passwords(strings.Join(v.Values, ","))...)
}

// passwords are those in an address, as it has them and as they are sent; one with an @ behind a ? has two readings.
func passwords(address string) (all []string) {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	bare, _, _ := strings.Cut(rest, "?")
	for _, text := range []string{rest, bare} {
		i := strings.LastIndexByte(text, '@')
		if i < 0 {
			continue
		}
		_, password, named := strings.Cut(text[:i], ":")
		if !named {
			password = text[:i]
		}
		all = append(all, password)
		if plain, err := url.PathUnescape(password); err == nil {
			all = append(all, plain)
		}
	}
	return all
}
