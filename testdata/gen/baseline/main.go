// Command baseline writes specs/baseline/releases.yaml and defaults.tsv from a checkout of openimsdk/open-im-server with all
// its tags (a bare clone will do):
//
//	go run ./testdata/gen/baseline CHECKOUT
//
// It reads the tags v3.5.0 to the newest 3.8 patch and the branch main by git alone; nothing is checked out. Of each
// release it flattens the files of config/ to keys; of 3.5 and 3.6 the template of their one file. A default that holds
// over several releases in a row is one line.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./testdata/gen/baseline CHECKOUT")
		os.Exit(2)
	}
	if err := generate(checkout(os.Args[1]), filepath.Join("specs", "baseline")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(c checkout, to string) error {
	releases, err := c.releases()
	if err != nil {
		return err
	}
	history := histories{}
	for i, r := range releases {
		files, err := c.files(r)
		if err != nil {
			return fmt.Errorf("reading the configuration of %s: %w", r.name, err)
		}
		for name, body := range files {
			flat, err := flatten(body)
			if err != nil {
				return fmt.Errorf("reading %s of %s: %w", name, r.name, err)
			}
			for key, value := range flat {
				if !unread.MatchString(name + ":" + key) {
					history.add(name, key, value, i)
				}
			}
		}
	}
	if err := os.WriteFile(filepath.Join(to, "releases.yaml"), printReleases(releases), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "defaults.tsv"), history.print(releases), 0o644)
}

// checkout is the folder of a clone.
type checkout string

func (c checkout) git(args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", string(c)}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return string(out), nil
}

// release is a tag, or main.
type release struct{ name, date, commit string }

var releaseTag = regexp.MustCompile(`^v3\.([5-9])\.(\d+)(?:-patch\.(\d+))?$`)

// releases are in the order of their numbers, main last.
func (c checkout) releases() ([]release, error) {
	tags, err := c.git("tag")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tag := range strings.Fields(tags) {
		if releaseTag.MatchString(tag) {
			names = append(names, tag)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
	var all []release
	for _, name := range append(names, "main") {
		line, err := c.git("log", "-1", "--format=%cs %H", name)
		if err != nil {
			return nil, err
		}
		date, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, release{name, date, commit[:9]})
	}
	return all, nil
}

func numbers(tag string) []int {
	var all []int
	for _, text := range releaseTag.FindStringSubmatch(tag)[1:] {
		n, _ := strconv.Atoi(text) // empty is 0, the rest are digits
		all = append(all, n)
	}
	return all
}

// unread are files and keys that say nothing about the path of a message, or repeat it for each kind of notification.
var unread = regexp.MustCompile(`^(notification|prometheus|alertmanager|instance-down-rules|local-cache)\.yml$|^webhooks\.yml:after|:callback\.|Ids$|Types$`)

// files are the configuration files of a release, by name.
func (c checkout) files(r release) (map[string]string, error) {
	list, err := c.git("ls-tree", "--name-only", r.name+":config")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, name := range strings.Fields(list) {
		if !strings.HasSuffix(name, ".yml") || unread.MatchString(name) {
			continue
		}
		if files[name], err = c.git("show", r.name+":config/"+name); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		files["config.yaml"], err = c.git("show", r.name+":config/templates/config.yaml.template")
	}
	return files, err
}
