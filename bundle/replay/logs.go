package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/imbundle/imbundle/bundle"
)

// logOptions are what kubectl logs asks for.
type logOptions struct {
	container  string
	previous   bool
	timestamps bool
	since      time.Time // zero: from the beginning
	tail       int64     // lines; negative: all
	limit      int64     // bytes; zero: none
}

// log answers with a container's log.
func (a *answer) log(t target) error {
	o, err := a.logOptions()
	if err != nil {
		return err
	}
	entry, err := a.c.logEntry(t, &o)
	var said saidInstead
	if errors.As(err, &said) {
		a.head(http.StatusOK, "text/plain")
		_, err := io.WriteString(a.w, string(said))
		return err
	}
	if err != nil {
		return err
	}
	from, err := a.c.tailStart(entry, o.tail)
	if err != nil {
		return err
	}
	rc, err := a.c.openAt(entry, from)
	if err != nil {
		return err
	}
	defer rc.Close()
	a.head(http.StatusOK, "text/plain")
	return copyLog(a.w, rc, o)
}

func (a *answer) logOptions() (logOptions, error) {
	o := logOptions{container: a.param("container"), previous: a.flag("previous"), timestamps: a.flag("timestamps"), tail: -1}
	number := func(name string, into *int64) error {
		text := a.param(name)
		if text == "" {
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return apierrors.NewBadRequest(fmt.Sprintf("%s: invalid value %q", name, text))
		}
		*into = n
		return nil
	}
	seconds := int64(0)
	err := errors.Join(number("tailLines", &o.tail), number("limitBytes", &o.limit), number("sinceSeconds", &seconds))
	if err != nil {
		return o, apierrors.NewBadRequest(err.Error())
	}
	if seconds > 0 && !a.c.at.IsZero() {
		o.since = a.c.at.Add(-time.Duration(seconds) * time.Second) // the present of a snapshot
	}
	if text := a.param("sinceTime"); text != "" {
		if o.since, err = time.Parse(time.RFC3339, text); err != nil {
			return o, apierrors.NewBadRequest(fmt.Sprintf("sinceTime: invalid value %q", text))
		}
	}
	return o, nil
}

// logEntry finds the entry of a log, or says in the API server's words why there is none.
func (c *Cluster) logEntry(t target, o *logOptions) (string, error) {
	containers, err := c.containers(t)
	if err != nil {
		return "", err
	}
	if o.container == "" {
		if len(containers) > 1 {
			return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %v", t.name, containers))
		}
		if len(containers) == 1 {
			o.container = containers[0]
		}
	}
	if len(containers) > 0 && !slices.Contains(containers, o.container) {
		return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", o.container, t.name))
	}
	entry := bundle.PodLog(t.ns, t.name, o.container, o.previous)
	if c.names[entry] {
		return entry, nil
	}
	if name := c.foreignLog(t, o); name != "" {
		return name, nil
	}
	if g, ok := c.gaps[entry]; ok {
		if strings.HasPrefix(g.Detail, "unable to retrieve container logs") {
			return "", saidInstead(g.Detail)
		}
		if g.Reason == bundle.NotFound {
			return "", apierrors.NewBadRequest(g.Detail)
		}
		return "", forbidden(t, fmt.Sprintf("the bundle does not hold the log of container %q: %s: %s", o.container, g.Reason, g.Detail))
	}
	if o.previous {
		return "", apierrors.NewBadRequest(fmt.Sprintf("previous terminated container %q in pod %q not found", o.container, t.name))
	}
	return "", forbidden(t, fmt.Sprintf("the bundle does not hold the log of container %q", o.container))
}

// saidInstead is what a kubelet answers in the place of a log that is gone, as if it were one.
type saidInstead string

func (s saidInstead) Error() string { return string(s) }

// containers are those of a pod: as its object says, or as there are logs of it.
func (c *Cluster) containers(t target) ([]string, error) {
	lists, err := c.listsOf(target{res: t.res, ns: t.ns})
	for _, l := range lists {
		i, known := l.byName[t.name]
		if !known || l.objects[i].raw == nil {
			continue
		}
		var p corev1.Pod
		if err := json.Unmarshal(l.objects[i].raw, &p); err != nil {
			return nil, fmt.Errorf("reading pod %q: %w", t.name, err)
		}
		return containersOf(&p), nil
	}
	var found []string
	for name := range c.names {
		if l, ok := bundle.ParsePodLog(name); ok && l.Namespace == t.ns && l.Pod == t.name && !l.Previous {
			found = append(found, l.Container)
		}
	}
	if len(found) == 0 && err == nil {
		return nil, notFound(target{res: t.res, ns: t.ns, name: t.name})
	}
	if len(found) == 0 {
		return nil, err
	}
	slices.Sort(found)
	return found, nil
}

// containersOf lists the plain containers first: where there is one of them, no name is needed.
func containersOf(p *corev1.Pod) []string {
	var names []string
	for i := range p.Spec.Containers {
		names = append(names, p.Spec.Containers[i].Name)
	}
	for i := range p.Spec.InitContainers {
		names = append(names, p.Spec.InitContainers[i].Name)
	}
	for i := range p.Spec.EphemeralContainers {
		names = append(names, p.Spec.EphemeralContainers[i].Name)
	}
	return names
}

// foreignLog is a log where kubectl cluster-info dump puts it: NAMESPACE/POD/logs.txt, of all containers.
func (c *Cluster) foreignLog(t target, o *logOptions) string {
	name := t.ns + "/" + t.name + "/logs.txt"
	if !c.own && !o.previous && c.names[name] {
		return name
	}
	return ""
}

// hasLogs reports whether there is any log of a namespace, or of any.
func (c *Cluster) hasLogs(ns string) bool {
	for name := range c.names {
		if l, ok := bundle.ParsePodLog(name); ok && (ns == "" || l.Namespace == ns) {
			return true
		}
	}
	return false
}

func (c *Cluster) openAt(entry string, offset int64) (io.ReadCloser, error) {
	if c.reader != nil {
		return c.reader.OpenAt(entry, offset)
	}
	return c.store.Open(entry)
}

// copyLog passes the lines on that lie in the asked time. A line without a time shares the fate of the one before it.
func copyLog(w io.Writer, r io.Reader, o logOptions) error {
	out := bufio.NewWriterSize(w, 64<<10)
	in := bufio.NewReaderSize(r, 64<<10)
	keep, fresh, left := true, true, o.limit
	for {
		part, err := in.ReadSlice('\n')
		line := part
		if fresh {
			stamp, rest := cutStamp(part)
			if !stamp.IsZero() && !o.since.IsZero() {
				keep = !stamp.Before(o.since)
			}
			if !stamp.IsZero() && !o.timestamps {
				line = rest
			}
		}
		fresh = err == nil
		if keep && o.limit > 0 {
			line = line[:min(int64(len(line)), left)]
			left -= int64(len(line))
		}
		if keep {
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || o.limit > 0 && left == 0 {
			return out.Flush()
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return errors.Join(err, out.Flush())
		}
	}
}

// cutStamp splits off the kubelet's timestamp; zero when there is none.
func cutStamp(line []byte) (time.Time, []byte) {
	if len(line) < 21 || line[4] != '-' || line[10] != 'T' {
		return time.Time{}, line
	}
	size := bytes.IndexByte(line[:min(len(line), 40)], ' ')
	if size < 0 {
		return time.Time{}, line
	}
	t, err := time.Parse(time.RFC3339Nano, string(line[:size]))
	if err != nil {
		return time.Time{}, line
	}
	return t, line[size+1:]
}
