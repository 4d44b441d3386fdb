package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// kwok starts KWOK, which plays kubelets: nodes become Ready, pods Running, and their logs come from files.
func (r *rig) kwok() error {
	if os.Getuid() != 0 {
		return skip{"an address of its own for KWOK needs root"}
	}
	if err := r.addAddress(kwokIP, "kwok/address"); err != nil {
		return err
	}
	config, err := os.ReadFile(filepath.Join(r.home, "manifests", "kwok.yaml"))
	if err != nil {
		return err
	}
	text := strings.NewReplacer("${DIR}", r.path("kwok"), "${LOUD}", loud).Replace(string(config))
	if err := r.write("kwok/config.yaml", text); err != nil {
		return err
	}
	address := kwokIP + ":" + r.port("kwok")
	err = r.start("kwok", "kwok", "--config="+r.path("kwok", "config.yaml"), "--kubeconfig="+r.path("pki", "kwok.kubeconfig"),
		"--manage-all-nodes=false", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", "--node-lease-duration-seconds=40",
		"--node-ip="+kwokIP, "--node-port="+r.port("kwok"), "--server-address="+address, "--cidr=10.244.0.0/16",
		"--tls-cert-file="+r.path("pki", "kwok.crt"), "--tls-private-key-file="+r.path("pki", "kwok.key"))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	return r.await("kwok", "ready", time.Minute, func() error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://"+address+"/healthz", nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("it says %s", res.Status)
		}
		return nil
	})
}
