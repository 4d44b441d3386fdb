package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

const (
	loud     = "crowd-loud" // the namespace of the pods with long logs
	quietLog = 100_000      // bytes that a log says, times not counted
	loudLog  = 200_000_000
)

// crowds are the namespaces of the crowd, how many pods each has, and how many nodes of its own they share: left to
// itself, the scheduler looks at a hundred nodes only.
var crowds = []struct {
	namespace   string
	pods, nodes int
	roles       []string
}{
	{loud, 50, 4, []string{"openim-msgtransfer"}},
	{"crowd-large", 1100, 96, nil}, // nil: all
	{"crowd-middle", 600, 60, nil},
	{"crowd-small", 300, 40, nil},
}

// crowd makes nodes, namespaces and Deployments, waits until every pod runs, and writes the logs, which end now.
func (r *rig) crowd() error {
	began := time.Now()
	var nodes strings.Builder
	count := 0
	for _, c := range crowds {
		for range c.nodes {
			count++
			fmt.Fprintf(&nodes, crowdNode, count, c.namespace)
		}
	}
	if _, err := r.kubectl(2*time.Minute, nodes.String(), "apply", "-f", "-"); err != nil {
		return err
	}
	if _, err := r.kubectl(2*time.Minute, "", "wait", "--for=condition=Ready", "nodes", "--all", "--timeout=110s"); err != nil {
		return err // pods would crowd on those that are
	}
	want := 0
	for _, c := range crowds {
		text, err := r.crowdOf(c.namespace, c.pods, c.roles)
		if err != nil {
			return err
		}
		if _, err := r.kubectl(2*time.Minute, text, "apply", "-f", "-"); err != nil {
			return err
		}
		want += c.pods
	}
	for running := 0; running != want; {
		if time.Since(began) > 10*time.Minute {
			return fmt.Errorf("%d of %d pods run after ten minutes", running, want)
		}
		time.Sleep(2 * time.Second)
		out, err := r.kubectl(time.Minute, "", "get", "pods", "-A", "--field-selector=status.phase=Running", "-o", "name")
		if err != nil {
			return err
		}
		running = strings.Count(out, "\n")
	}
	fmt.Printf("%d nodes, %d pods after %.1f s\n", count, want, time.Since(began).Seconds())
	if err := r.writeLog("quiet.log", quietLog); err != nil {
		return err
	}
	return r.writeLog("loud.log", loudLog)
}

const crowdNode = `---
apiVersion: v1
kind: Node
metadata:
  name: crowd-%03[1]d
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {kubernetes.io/hostname: crowd-%03[1]d, kubernetes.io/os: linux, crowd: %[2]s}
status:
  allocatable: {cpu: "16", memory: 64Gi, pods: "110", ephemeral-storage: 100Gi}
  capacity: {cpu: "16", memory: 64Gi, pods: "110", ephemeral-storage: 100Gi}
`

// crowdOf spreads the pods of a namespace over the components.
func (r *rig) crowdOf(namespace string, pods int, of []string) (string, error) {
	if of == nil {
		of = append([]string{"openim-crontask"}, roles...)
	}
	type component struct {
		Role     string
		Replicas int
	}
	var all []component
	for i, role := range of {
		all = append(all, component{role, pods*(i+1)/len(of) - pods*i/len(of)})
	}
	t, err := template.ParseFiles(filepath.Join(r.home, "manifests", "crowd.yaml"))
	if err != nil {
		return "", err
	}
	var buf bytes.Buffer
	err = t.Execute(&buf, map[string]any{"Namespace": namespace, "Crowd": all, "Release": release})
	return buf.String(), err
}

// writeLog writes a log as a container runtime does: lines of a real log over and over, spread over the last hour.
func (r *rig) writeLog(name string, size int) error {
	real, err := os.ReadFile(filepath.Join(r.home, "logs", "healthy", "openim-rpc-msg.log"))
	if err != nil {
		return err
	}
	lines := bytes.Split(bytes.TrimSuffix(real, []byte("\n")), []byte("\n"))
	f, err := os.Create(r.path("kwok", name+".new"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	step := time.Hour / time.Duration(size/(len(real)/len(lines)))
	at := time.Now().Add(-time.Hour - time.Minute).UTC() // not one line lies in the future
	for said, i := 0, 0; said < size; i++ {
		line := lines[i%len(lines)]
		said += len(line) + 1
		at = at.Add(step)
		fmt.Fprintf(w, "%s stdout F %s\n", at.Format("2006-01-02T15:04:05.000000000Z"), line)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return os.Rename(f.Name(), r.path("kwok", name)) // a reader sees one or the other
}
