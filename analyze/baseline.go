package analyze

import (
	"path"
	"strings"

	"github.com/imbundle/imbundle/specs"
)

// Release is what is known of the release that an installation runs.
type Release struct {
	Name   string        `json:"name"`             // the oldest that was seen
	Date   string        `json:"date,omitempty"`   // of its commit; empty where the release is unknown
	Newest string        `json:"newest,omitempty"` // tagged release that is known
	Behind int           `json:"behind"`           // tagged releases that are newer
	Fixed  []KnownDefect `json:"fixed,omitempty"`  // defects that it has and a newer one has not, those of causes that were found first
	Open   []KnownDefect `json:"open,omitempty"`   // defects that it has and nobody has mended
}

// KnownDefect is a fault of a release.
type KnownDefect struct {
	ID     string     `json:"id"`
	Says   specs.Text `json:"says"`
	In     string     `json:"in,omitempty"` // first release without it; empty: none
	Cause  string     `json:"cause"`        // what it looks like; empty: like nothing that is diagnosed
	Seen   bool       `json:"seen"`         // that cause was diagnosed
	Source string     `json:"source"`
}

// mainRelease is the release without a number.
const mainRelease = "main"

// release tells what is known of the oldest release that was seen; nil where no log and no image names one.
func (f *Facts) release(diagnosed map[string]bool) *Release {
	if len(f.Versions) == 0 {
		return nil
	}
	r := &Release{Name: f.Versions[len(f.Versions)-1]}
	for _, known := range f.Specs.Baseline.Releases {
		if compareVersions(known.Name, r.Name) == 0 {
			r.Date = known.Date
		}
		if known.Name != mainRelease {
			r.Newest = known.Name
		}
	}
	r.Behind, _ = f.NewerReleases()
	for _, d := range f.Specs.Baseline.Defects {
		if !has(d, r.Name) {
			continue
		}
		k := KnownDefect{d.ID, d.Says, d.Fixed, d.Cause, diagnosed[d.Cause], d.Source}
		switch {
		case d.Fixed == "":
			r.Open = append(r.Open, k)
		case k.Seen:
			r.Fixed = append([]KnownDefect{k}, r.Fixed...)
		default:
			r.Fixed = append(r.Fixed, k)
		}
	}
	return r
}

// NewerReleases counts the tagged releases after the oldest that was seen; known is false where none was.
func (f *Facts) NewerReleases() (n int, known bool) {
	if len(f.Versions) == 0 {
		return 0, false
	}
	for _, r := range f.Specs.Baseline.Releases {
		if r.Name != mainRelease && compareVersions(r.Name, f.Versions[len(f.Versions)-1]) > 0 {
			n++
		}
	}
	return n, true
}

// has tells whether a release has a defect.
func has(d *specs.Defect, release string) bool {
	for _, name := range d.NotIn {
		if compareVersions(name, release) == 0 {
			return true
		}
	}
	return (d.Since == "" || compareVersions(release, d.Since) >= 0) && (d.Fixed == "" || compareVersions(release, d.Fixed) < 0)
}

// Default is the official value of a key in a release; nil where it has none. Upper and lower case are the same.
func (f *Facts) Default(file, key, release string) *specs.Default {
	for _, d := range f.Specs.Baseline.Defaults {
		if sameFile(d.File, file) && strings.EqualFold(d.Key, key) && holds(d, release) {
			return d
		}
	}
	return nil
}

// Defaults are all official values of a release.
func (f *Facts) Defaults(release string) []*specs.Default {
	var out []*specs.Default
	for _, d := range f.Specs.Baseline.Defaults {
		if holds(d, release) {
			out = append(out, d)
		}
	}
	return out
}

func holds(d *specs.Default, release string) bool {
	return compareVersions(d.Since, release) <= 0 && (d.Until == "" || compareVersions(release, d.Until) <= 0)
}

// sameFile compares the names of configuration files without their suffix.
func sameFile(a, b string) bool {
	return strings.TrimSuffix(path.Base(a), path.Ext(a)) == strings.TrimSuffix(path.Base(b), path.Ext(b))
}

// VersionLogged tells whether a log names the release: image tags of single components are less sure.
func (f *Facts) VersionLogged() bool {
	for _, t := range f.Texts {
		if CleanVersion(t.Version) != "" {
			return true
		}
	}
	return false
}
