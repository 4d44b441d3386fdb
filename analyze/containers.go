package analyze

import (
	"regexp"
	"strconv"
	"strings"
)

// Containers as docker ps, docker compose ps and crictl ps list them. Each stands for a pod.

var (
	exitedCell     = regexp.MustCompile(`^Exited \((\d+)\)`)
	restartingCell = regexp.MustCompile(`^Restarting \((\d+)\)`)
)

// dockerContainer reads a row of docker ps or docker compose ps.
func (t *table) dockerContainer(line string) (Pod, bool) {
	c := t.cells(strings.ReplaceAll(line, "…", ".")) // which ends a long command and is one column of three bytes
	name := c["NAMES"]
	if name == "" {
		name = c["NAME"]
	}
	if cells := columns(line); name == "" && len(cells) > 1 && len(cells) < len(t.header) { // pasted without its alignment, and without ports
		name = cells[len(cells)-1]
	}
	status := c["STATUS"]
	p := Pod{Name: name, Entry: t.src.Entry, Status: status, Phase: "Running", Ready: strings.HasPrefix(status, "Up") && !strings.Contains(status, "(unhealthy)")}
	container := Container{Name: name, Image: c["IMAGE"], Ready: p.Ready}
	switch {
	case strings.HasPrefix(status, "Up"):
		container.State.Kind = "Running"
	case restartingCell.MatchString(status):
		container.State = ContainerState{Kind: "Waiting", Reason: "CrashLoopBackOff"}
		container.Last = exited(restartingCell.FindStringSubmatch(status)[1])
	case exitedCell.MatchString(status):
		container.State = exited(exitedCell.FindStringSubmatch(status)[1])
	default:
		return p, false
	}
	p.Containers = []Container{container}
	return p, name != ""
}

// criContainer reads a row of crictl ps; ATTEMPT counts the restarts of a container in its pod.
func (t *table) criContainer(line string) (Pod, bool) {
	c := t.cells(line)
	restarts, err := strconv.Atoi(c["ATTEMPT"])
	p := Pod{Name: c["POD"], Entry: t.src.Entry, Status: c["STATE"], Phase: "Running", Ready: c["STATE"] == "Running"}
	if p.Name == "" {
		p.Name = c["NAME"]
	}
	container := Container{Name: c["NAME"], Ready: p.Ready, Restarts: restarts, State: ContainerState{Kind: "Running"}}
	if !p.Ready {
		container.State = ContainerState{Kind: "Terminated", Reason: "Error"}
	}
	p.Containers = []Container{container}
	return p, err == nil && p.Name != "" && (c["STATE"] == "Running" || c["STATE"] == "Exited")
}

// exited is the state of a container that ended.
func exited(code string) ContainerState {
	s := ContainerState{Kind: "Terminated", Reason: "Error"}
	if s.ExitCode, _ = strconv.Atoi(code); s.ExitCode == 0 {
		s.Reason = "Completed"
	}
	return s
}
