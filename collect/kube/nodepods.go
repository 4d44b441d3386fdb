package kube

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// HostRoot is where the node's own files lie, read-only, in the pods of NodeShell.
const HostRoot = "/host"

// Bounds of a pod on a node: how long it may take to begin, how often it is looked at, when the kubelet ends it by itself, and how
// long taking it away may last once nothing else counts.
const (
	podStart    = 30 * time.Second
	podPoll     = 500 * time.Millisecond
	podDeadline = 4 * time.Minute
	podRemoval  = 5 * time.Second
)

const podCosts = "disks, inodes, processes, kernel messages of nodes, asked by a pod on each (--node-mode pod)"

// podError is why a pod on a node cannot do its work.
type podError struct{ text, reason string }

func (e *podError) Error() string     { return e.text }
func (e *podError) GapReason() string { return e.reason }

// podNamespace is where pods on nodes are made.
func (s *Survey) podNamespace() string { return s.Namespaces[0] }

// NodeShell runs scripts on nodes, each in a pod of its own that is taken away afterwards, whatever happens; only a kill leaves
// one behind, until Cleanup. It is for a source that runs beside those of Sources: pods are made once the objects are collected,
// so that no bundle holds its own.
func (c *Cluster) NodeShell(s *Survey) func(ctx context.Context, node, script string, stdout io.Writer) error {
	return func(ctx context.Context, node, script string, stdout io.Writer) (err error) {
		h, err := c.podHost(s, node)
		if err != nil {
			return err
		}
		select {
		case <-s.listed:
		case <-ctx.Done():
			return ctx.Err()
		}
		pod := c.nodePod(s, h, script)
		path := kindFor("pods").path(pod.Namespace)
		one := path + "/" + pod.Name
		err = c.askJSON(ctx, http.MethodPost, path, nil, pod, &corev1.Pod{})
		if code(err) == http.StatusConflict { // a request that was repeated: the name is ours alone
			err = nil
		}
		if answer := code(err); answer < 400 || answer >= 500 { // it is there, or may be
			defer func() { err = errors.Join(err, c.removePod(context.WithoutCancel(ctx), one)) }()
		}
		if err != nil {
			return fmt.Errorf("making a pod on node %q: %w", node, err)
		}
		if err := c.awaitPod(ctx, one); err != nil {
			return fmt.Errorf("pod on node %q: %w", node, err)
		}
		return c.readPod(ctx, one, stdout)
	}
}

// podHost is a node on which a pod can be made.
func (c *Cluster) podHost(s *Survey, node string) (Host, error) {
	i := slices.IndexFunc(s.Hosts, func(h Host) bool { return h.Name == node })
	switch {
	case i < 0:
		return Host{}, &podError{fmt.Sprintf("there is no node %q", node), bundle.NotFound}
	case c.image(s.Hosts[i]) == "":
		return Host{}, &podError{fmt.Sprintf("node %q names no image that is known to hold a shell; name one that it has with --node-image", node), bundle.NotFound}
	}
	return s.Hosts[i], nil
}

// shellImages are parts of the names of images that hold a shell, those first that hold little else.
var shellImages = []string{"busybox", "alpine", "toolbox", "tools", "netshoot", "debug", "openim-", "flannel", "terway", "redis", "nginx", "mongo", "debian", "ubuntu", "centos"}

// image is what a pod on the node is made of: nothing is ever pulled for it.
func (c *Cluster) image(h Host) string {
	if c.o.NodeImage != "" {
		return c.o.NodeImage
	}
	for _, part := range shellImages {
		for _, name := range h.images {
			if strings.Contains(imageName(name), part) && !strings.Contains(name, "@") {
				return name
			}
		}
	}
	return ""
}

// podRun tells the pods of this run from those of others.
var podRun = func() string {
	b := make([]byte, 4)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}()

func podName(node string) string {
	sum := sha256.Sum256([]byte(node))
	return record.NodePod + hex.EncodeToString(sum[:4]) + "-" + podRun
}

// readPod passes on what the pod's script prints, to its end.
func (c *Cluster) readPod(ctx context.Context, path string, stdout io.Writer) error {
	res, err := c.request(ctx, http.MethodGet, path+"/log", url.Values{"follow": {"true"}}, "*/*", nil)
	if err != nil {
		return err
	}
	defer res.Close()
	_, err = io.Copy(stdout, res)
	return err
}

// awaitPod waits until the script has begun, or cannot.
func (c *Cluster) awaitPod(ctx context.Context, path string) error {
	why := "nothing is told of it"
	for began := time.Now(); time.Since(began) < podStart; {
		var p corev1.Pod
		if err := c.getJSON(ctx, path, nil, &p); err != nil {
			return err
		}
		begun, err := podBegan(&p)
		if begun || err != nil {
			return err
		}
		why = podState(&p)
		if err := sleep(ctx, podPoll); err != nil {
			return err
		}
	}
	return &podError{fmt.Sprintf("it did not begin within %s: %s", podStart, why), bundle.Timeout}
}

// hopeless are the reasons for waiting that do not pass in time.
var hopeless = []string{"ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}

func podBegan(p *corev1.Pod) (bool, error) {
	if len(p.Status.ContainerStatuses) > 0 {
		state := p.Status.ContainerStatuses[0].State
		switch {
		case state.Running != nil:
			return true, nil
		case state.Terminated != nil && state.Terminated.Reason != "StartError" && state.Terminated.Reason != "ContainerCannotRun":
			return true, nil
		case state.Terminated != nil:
			return false, &podError{"its image cannot run a script: " + state.Terminated.Message, bundle.NotFound}
		case state.Waiting != nil && state.Waiting.Reason == "ErrImageNeverPull":
			return false, &podError{fmt.Sprintf("the node does not have the image %q, and nothing is pulled; name another with --node-image", p.Spec.Containers[0].Image), bundle.NotFound}
		case state.Waiting != nil && slices.Contains(hopeless, state.Waiting.Reason):
			return false, &podError{podState(p), bundle.Failed}
		}
	}
	if p.Status.Phase == corev1.PodFailed {
		return false, &podError{podState(p), bundle.Failed}
	}
	return false, nil
}

// podState is what is said of a pod that waits or was refused.
func podState(p *corev1.Pod) string {
	reason, message := p.Status.Reason, p.Status.Message
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Waiting != nil {
			reason, message = cmp.Or(s.State.Waiting.Reason, reason), cmp.Or(s.State.Waiting.Message, message)
		}
	}
	return strings.TrimSuffix(strings.Join([]string{string(p.Status.Phase), reason, message}, " "), " ")
}

// removePod takes a pod away in its own time: that of the run may be over.
func (c *Cluster) removePod(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, podRemoval)
	defer cancel()
	res, err := c.request(ctx, http.MethodDelete, path, url.Values{"gracePeriodSeconds": {"0"}, "propagationPolicy": {"Background"}}, "application/json", nil)
	if code(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("taking away the pod %s (`imbundle cleanup` does it): %w", path, err)
	}
	res.Close()
	return nil
}

// podCalls are the requests for pods on nodes.
func (c *Cluster) podCalls(s *Survey) []call {
	if !c.o.NodePods || !s.MayMakePods() {
		return nil
	}
	var all []call
	path := kindFor("pods").path(s.podNamespace())
	for _, h := range s.machines() {
		if c.image(h) == "" {
			continue
		}
		one := path + "/" + podName(h.Name)
		all = append(all, call{method: http.MethodPost, path: path, times: 1},
			call{method: http.MethodGet, path: one, times: int(podStart / podPoll), most: true}, get(one+"/log"),
			call{method: http.MethodDelete, path: one, times: 1})
	}
	return all
}

// MayMakePods reports whether the user may make pods on nodes, read what they print and take them away.
func (s *Survey) MayMakePods() bool {
	ns := s.podNamespace()
	may := s.Access.May
	return may("create", "", "pods", ns) && may("get", "", "pods", ns) && may("get", "", "pods/log", ns) && may("delete", "", "pods", ns)
}
