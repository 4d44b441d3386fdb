package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// controlPlane starts etcd, the API server, the controller manager and the scheduler, and waits until pods can be made.
func (r *rig) controlPlane() error {
	if err := r.startEtcd(); err != nil {
		return err
	}
	if err := r.startAPIServer(); err != nil {
		return err
	}
	if err := r.startController("controller-manager", "kube-controller-manager",
		"--use-service-account-credentials", "--service-account-private-key-file="+r.path("pki", "sa.key"),
		"--root-ca-file="+r.path("pki", "ca.crt"), "--cluster-signing-cert-file="+r.path("pki", "ca.crt"),
		"--cluster-signing-key-file="+r.path("pki", "ca.key"), "--horizontal-pod-autoscaler-sync-period=10s"); err != nil {
		return err
	}
	if err := r.startController("scheduler", "kube-scheduler"); err != nil {
		return err
	}
	return r.await("controller-manager", "making service accounts", time.Minute, func() error {
		_, err := r.kubectl(5*time.Second, "", "get", "serviceaccount", "default", "-n", "default")
		return err
	})
}

func (r *rig) startEtcd() error {
	client, peer := "http://127.0.0.1:"+r.port("etcd"), "http://127.0.0.1:"+r.port("etcd-peer")
	return r.start("etcd", "etcd", "--data-dir="+r.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)
}

func (r *rig) startAPIServer() error {
	pki := func(name string) string { return r.path("pki", name) }
	err := r.start("apiserver", "kube-apiserver",
		"--etcd-servers=http://127.0.0.1:"+r.port("etcd"), "--bind-address=127.0.0.1", "--secure-port="+r.port("apiserver"),
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
		"--tls-cert-file="+pki("apiserver.crt"), "--tls-private-key-file="+pki("apiserver.key"), "--client-ca-file="+pki("ca.crt"),
		"--authorization-mode=Node,RBAC", "--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+pki("sa.pub"), "--service-account-signing-key-file="+pki("sa.key"),
		"--kubelet-client-certificate="+pki("apiserver-kubelet-client.crt"), "--kubelet-client-key="+pki("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file="+pki("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+pki("front-proxy-client.crt"), "--proxy-client-key-file="+pki("front-proxy-client.key"))
	if err != nil {
		return err
	}
	return r.await("apiserver", "ready", 2*time.Minute, func() error {
		_, err := r.kubectl(5*time.Second, "", "get", "--raw", "/readyz")
		return err
	})
}

func (r *rig) startController(name, program string, args ...string) error {
	config := r.path("pki", name+".kubeconfig")
	return r.start(name, program, append(args, "--kubeconfig="+config, "--authentication-kubeconfig="+config,
		"--authorization-kubeconfig="+config, "--bind-address=127.0.0.1", "--secure-port="+r.port(name), "--leader-elect=false",
		"--kube-api-qps=200", "--kube-api-burst=400")...)
}

// aggregated is metrics-server as the API server sees it: a process of the host behind an ExternalName service.
const aggregated = `
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost, ports: [{port: %[1]d}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
   service: {name: metrics-server, namespace: kube-system, port: %[1]d}}
`

func (r *rig) metrics() error {
	config := r.path("pki", "metrics-server.kubeconfig")
	err := r.start("metrics-server", "metrics-server", "--kubeconfig="+config, "--authentication-kubeconfig="+config,
		"--authorization-kubeconfig="+config, "--bind-address=127.0.0.1", "--secure-port="+r.port("metrics-server"),
		"--tls-cert-file="+r.path("pki", "metrics-server.crt"), "--tls-private-key-file="+r.path("pki", "metrics-server.key"),
		"--kubelet-insecure-tls", "--kubelet-use-node-status-port", "--kubelet-preferred-address-types=InternalIP",
		"--metric-resolution=10s", "--kubelet-request-timeout=5s")
	if err != nil {
		return err
	}
	if _, err := r.kubectl(time.Minute, fmt.Sprintf(aggregated, r.ports["metrics-server"]), "apply", "-f", "-"); err != nil {
		return err
	}
	return r.await("metrics-server", "answering kubectl top", 2*time.Minute, func() error {
		_, err := r.kubectl(10*time.Second, "", "top", "nodes")
		return err
	})
}

// part is what can be started by itself, once those before it run.
type part struct {
	after    string
	programs []string // recipes
	start    func(*rig) error
}

var parts = map[string]part{
	"control-plane": {"", []string{"etcd", "k8s"}, (*rig).controlPlane},
	"node":          {"control-plane", []string{"containerd"}, (*rig).node},
	"metrics":       {"node", []string{"metrics-server"}, (*rig).metrics},
	"kwok":          {"control-plane", []string{"kwok"}, (*rig).kwok},
	"kafka":         {"", []string{"kafka"}, (*rig).kafka},
}

// up starts what does not run yet of the named part and of those before it, and builds what that needs. A part that
// this machine refuses is written down as skipped.
func (r *rig) up(last string) error {
	var line []string
	for name := last; name != ""; name = parts[name].after {
		p, known := parts[name]
		if !known {
			return fmt.Errorf("no part %q; there are %q", name, slices.Sorted(maps.Keys(parts)))
		}
		if name == "node" && r.name != defaultRig {
			return fmt.Errorf("only the rig %q has a real node: its bridge and control groups are there once", defaultRig)
		}
		if err := r.build(p.programs...); err != nil {
			return err
		}
		line = append(line, name)
	}
	if err := os.Remove(r.path("skipped")); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := r.choosePorts(); err != nil {
		return err
	}
	if err := r.makeKeys(); err != nil {
		return err
	}
	for _, name := range slices.Backward(line) {
		err := parts[name].start(r)
		if s, ok := err.(skip); ok {
			s.reason = name + ": " + s.reason
			if err := r.write("skipped", s.reason); err != nil {
				return err
			}
			return s
		}
		if err != nil {
			return err
		}
	}
	return nil
}
