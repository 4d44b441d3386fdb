package specs

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed script.sh
var script string

// word is what the script's defaults may be: they stand between quotes of a shell.
var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Script is the POSIX shell script that collects with the guide's own commands, for where no foreign program may run. namespace
// and since are its defaults; since is as for kubectl logs.
func Script(namespace, since string) (string, error) {
	for name, value := range map[string]string{"namespace": namespace, "since": since} {
		if !word.MatchString(value) {
			return "", fmt.Errorf("%s %q is not a plain word", name, value)
		}
	}
	return strings.NewReplacer("@NAMESPACE@", namespace, "@SINCE@", since).Replace(script), nil
}
