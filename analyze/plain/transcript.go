package plain

import (
	"bytes"
	"regexp"
	"strings"
)

// Transcripts of terminals: a command that prints a log begins a section, the next prompt ends it. What other commands print stays
// together, because tables of one kind may follow each other.

var (
	// prompt is that of a shell which names its user and host, of PowerShell or cmd; or a bare one before a tool that people use here.
	prompt = regexp.MustCompile(`^(?:\[[\w.-]+@[\w.-]+ [^\]]*\][#$]|[\w.-]+@[\w.-]+:[^\s#$]*[#$]|(?:PS )?[A-Z]:\\[^>]*>|[#$] (?:sudo )?(?:kubectl|docker|docker-compose|crictl|df|du|free|top|redis-cli|mongosh|kafka-[\w.-]+) ) ?(.*)$`)
	// logTool is a command that prints a log.
	logTool = regexp.MustCompile(`^(?:sudo )?(?:kubectl|docker|docker-compose|crictl|nerdctl)( .*?)? logs? +(.*)$`)
)

// typed is what was typed behind a prompt; false for a line that has none.
func typed(line []byte) (string, bool) {
	if !bytes.ContainsAny(line[:min(len(line), 160)], "#$>") || !prompt.Match(line) {
		return "", false
	}
	if line[0] == '#' || line[0] == '$' {
		return strings.TrimSpace(string(line[1:])), true
	}
	return strings.TrimSpace(string(prompt.FindSubmatch(line)[1])), true
}

// logOf is the section that a command begins which prints a log; nil for any other.
func logOf(command string) *Section {
	// "kubectl -n im logs" has the namespace before the word
	m := logTool.FindStringSubmatch(command)
	if m == nil {
		return nil
	}
	s := &Section{Log: true, typed: true}
	words := append(strings.Fields(m[1]), strings.Fields(m[2])...)
	for i := 0; i < len(words); i++ {
		flag, value, joined := strings.Cut(words[i], "=")
		if strings.HasPrefix(flag, "|") || strings.HasPrefix(flag, ">") {
			break
		}
		if !strings.HasPrefix(flag, "-") {
			s.of(words[i])
			continue
		}
		if !joined && valued[flag] && i+1 < len(words) {
			i++
			value = words[i]
		}
		switch flag {
		case "-n", "--namespace":
			s.Namespace = value
		case "-c", "--container":
			s.Container = value
		case "-l", "--selector":
			_, value, _ = strings.Cut(value, "=")
			s.of(value)
		}
	}
	return s
}

// valued are the flags that take the next word, of those that do not join it with "=".
var valued = map[string]bool{
	"-n": true, "--namespace": true, "-c": true, "--container": true, "-l": true, "--selector": true, "--tail": true, "--since": true, "--since-time": true,
	"--until": true, "--context": true, "--kubeconfig": true, "-f": false,
}

// of takes over whose log it is: a pod's, or that of a workload, a container or a service, which gives the section its name.
func (s *Section) of(target string) {
	kind, name, has := strings.Cut(target, "/")
	switch {
	case target == "compose" || s.Name != "" || s.Pod != "":
	case has && kind != "pod" && kind != "po" && kind != "pods":
		s.Name = name
	case has:
		s.Pod = name
	case podLike.MatchString(target):
		s.Pod = target
	default:
		s.Name = target
	}
}

var podLike = regexp.MustCompile(`-(?:[a-z0-9]{5,10}-[a-z0-9]{5}|\d{1,3})$`)
