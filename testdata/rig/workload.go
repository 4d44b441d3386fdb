package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"
)

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// apply makes a namespace with a whole OpenIM in it; the components of a fault stand in the place of the healthy ones.

func (r *rig) apply(namespace string, faults []string) error {
	base, err := filepath.Glob(filepath.Join(r.home, "manifests", "base", "*.yaml"))
	if err != nil {
		return err
	}
	for i := range base {
		base[i] = "base/" + filepath.Base(base[i])
	}
	left := slices.Clone(roles)
	for i := range faults {
		faults[i] = "faults/" + faults[i] + ".yaml"
		text, err := r.render(faults[i], namespace, nil)
		if err != nil {
			return err
		}
		for _, m := range component.FindAllStringSubmatch(text, -1) {
			left = slices.DeleteFunc(left, func(role string) bool { return role == m[1] })
		}
	}
	config, err := r.kubectl(30*time.Second, "", "create", "configmap", "openim-config", "-n", namespace,
		"--from-file="+filepath.Join(r.home, "config"), "--dry-run=client", "-o", "yaml")
	if err != nil {
		return err
	}
	if err := r.applyFiles(namespace, nil, "cluster.yaml"); err != nil {
		return err
	}
	if _, err := r.kubectl(time.Minute, "", "wait", "--for=condition=Established", "crd/messageroutes.im.example.com"); err != nil {
		return err
	}
	if _, err := r.kubectl(time.Minute, "", "wait", "--for=create", "serviceaccount/default", "-n", namespace, "--timeout=50s"); err != nil {
		return err
	}
	if err := r.applyText(namespace, config); err != nil {
		return err
	}
	return r.applyFiles(namespace, left, append(base, faults...)...)
}

var component = regexp.MustCompile(`(?m)^metadata: \{name: (openim-[a-z-]+)\}`)

func (r *rig) applyFiles(namespace string, roles []string, files ...string) error {
	var texts []string
	for _, f := range files {
		text, err := r.render(f, namespace, roles)
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	return r.applyText(namespace, strings.Join(texts, "\n---\n"))
}

func (r *rig) applyText(namespace, text string) error {
	_, err := r.kubectl(2*time.Minute, text, "apply", "-n", namespace, "-f", "-")
	return err
}

// render fills a manifest: {{.Namespace}}, {{.Roles}} and the like.
func (r *rig) render(file, namespace string, roles []string) (string, error) {
	t, err := template.New(filepath.Base(file)).Funcs(template.FuncMap{"words": strings.Fields}).ParseFiles(filepath.Join(r.home, "manifests", file))
	if err != nil {
		return "", err
	}
	var buf bytes.Buffer
	err = t.Option("missingkey=error").Execute(&buf, map[string]any{
		"Namespace": namespace, "Roles": roles, "Backends": backends, "Release": release, "Tools": toolsImage,
	})
	return buf.String(), err
}

func (r *rig) remove(namespaces []string) error {
	_, err := r.kubectl(3*time.Minute, "", append([]string{"delete", "namespace", "--ignore-not-found"}, namespaces...)...)
	return err
}

// viewerConfig prints a kubeconfig of the service account "support", which may view its own namespace and nothing else.
func (r *rig) viewerConfig(namespace string) error {
	token, err := r.kubectl(10*time.Second, "", "create", "token", "support", "-n", namespace, "--duration=2h")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(r.path("pki", "ca.crt"))
	if err != nil {
		return err
	}
	user := fmt.Sprintf("{token: %s}", strings.TrimSpace(token))
	fmt.Print(kubeconfig(r.server(), base64.StdEncoding.EncodeToString(ca), namespace, user))
	return nil
}

// demoNamespace holds what the program's own bundles show.
const demoNamespace = "im-prod"

// scene is a sample cluster of the program's demo.
type scene struct {
	fault    string
	healthy  time.Duration // before the fault is rolled out; zero: it is there from the start
	role     string        // whose restarts show that the fault has done its work
	restarts string
	wait     time.Duration // after those
	scenario string
	note     string
}

var scenes = map[string]scene{
	"kafka-down":      {"kafka-down", 45 * time.Second, "openim-rpc-msg", "3", 0, "realtime", "no message arrives since the brokers were moved"},
	"redis-lost":      {"redis-lost", 0, "redis", "1", 75 * time.Second, "history", "messages stopped for half a minute, now some are missing"},
	"msgtransfer-oom": {"oom", 45 * time.Second, "openim-msgtransfer", "3", 0, "realtime", "messages come late or not at all"},
}

// demo collects a bundle that ships with the program.
func (r *rig) demo(name, program, file string) error {
	s, known := scenes[name]
	if !known {
		return fmt.Errorf("there is no scene %q, only %s", name, strings.Join(slices.Sorted(maps.Keys(scenes)), ", "))
	}
	if s.healthy > 0 {
		if err := r.apply(demoNamespace, nil); err != nil {
			return err
		}
		time.Sleep(s.healthy)
	}
	if err := r.apply(demoNamespace, []string{s.fault}); err != nil {
		return err
	}
	if err := r.awaitRestarts(s); err != nil {
		return err
	}
	cmd := exec.Command(program, "collect", "--kubeconfig", r.kubeconfig(), "-n", demoNamespace, "-f", file,
		"--scope", "all", "--scenario", s.scenario, "--note", s.note)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("collecting: %w", err)
	}
	return nil
}

func (r *rig) awaitRestarts(s scene) error {
	fmt.Printf("waiting for restart %s of %s\n", s.restarts, s.role)
	for began := time.Now(); ; time.Sleep(2 * time.Second) {
		out, err := r.kubectl(10*time.Second, "", "get", "pods", "-n", demoNamespace, "-l", "app="+s.role,
			"-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}")
		if err != nil {
			return err
		}
		if strings.TrimSpace(out) >= s.restarts {
			time.Sleep(s.wait)
			return nil
		}
		if time.Since(began) > 4*time.Minute {
			return fmt.Errorf("%s restarted %q times in four minutes", s.role, out)
		}
	}
}
