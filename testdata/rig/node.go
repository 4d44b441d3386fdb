package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// packages that the node needs from the distribution: the program that shows their presence, and their name.
var packages = [][2]string{
	{"/bin/busybox", "busybox-static"},
	{"/usr/sbin/runc", "runc"},
	{"/usr/lib/cni/bridge", "containernetworking-plugins"},
	{"/usr/sbin/iptables", "iptables"},
	{"/sbin/ip", "iproute2"},
}

// node starts containerd and a kubelet: a real node on this machine.
func (r *rig) node() error {
	if err := r.refused(); err != nil {
		return err
	}
	if err := install(); err != nil {
		return err
	}
	if err := makeCgroups(); err != nil {
		return err
	}
	if err := r.addAddress(nodeIP, "node/address"); err != nil {
		return err
	}
	for name, content := range map[string]string{"cni/10-rig.conflist": cniConfig, "containerd.toml": containerdConfig, "kubelet.yaml": kubeletConfig} {
		if err := r.write("node/"+name, r.fill(content)); err != nil {
			return err
		}
	}
	if err := r.start("containerd", "containerd", "-c", r.path("node", "containerd.toml")); err != nil {
		return err
	}
	if err := r.await("containerd", "ready", time.Minute, func() error { _, err := r.ctr("version"); return err }); err != nil {
		return err
	}
	if err := r.importImages(); err != nil {
		return err
	}
	if err := r.start("kubelet", "kubelet", "--config="+r.path("node", "kubelet.yaml"), "--kubeconfig="+r.path("pki", "kubelet.kubeconfig"),
		"--root-dir="+r.path("node", "kubelet"), "--hostname-override="+nodeName, "--node-ip="+nodeIP, "--v=2"); err != nil {
		return err
	}
	return r.await("kubelet", "ready", 2*time.Minute, func() error {
		_, err := r.kubectl(5*time.Second, "", "wait", "--for=condition=Ready", "node/"+nodeName, "--timeout=1s")
		return err
	})
}

// refused tells what this machine does not allow: no fault of the rig.
func (r *rig) refused() error {
	if os.Getuid() != 0 {
		return skip{"a kubelet and containerd need root"}
	}
	dir := r.path("node", "probe")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("rig", dir, "tmpfs", 0, ""); err != nil {
		return skip{"this machine refuses mounts: " + err.Error()}
	}
	return syscall.Unmount(dir, 0)
}

// install gets what is missing from the distribution.
func install() error {
	var missing []string
	for _, p := range packages {
		if _, err := os.Stat(p[0]); err != nil {
			missing = append(missing, p[1])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return skip{"missing, and there is no apt-get to install them: " + strings.Join(missing, ", ")}
	}
	fmt.Printf("installing %s\n", strings.Join(missing, ", "))
	if _, err := output(5*time.Minute, "", "apt-get", "update", "-q"); err != nil {
		return err
	}
	_, err := output(10*time.Minute, "", "env", append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends"}, missing...)...)
	return err
}

// addAddress gives the loopback interface an address and notes in a file that it was us.
func (r *rig) addAddress(ip, note string) error {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if strings.HasPrefix(a.String(), ip+"/") {
			return nil
		}
	}
	if _, err := output(5*time.Second, "", "ip", "address", "add", ip+"/32", "dev", "lo"); err != nil {
		return err
	}
	return r.write(note, ip)
}

// removeAddress takes back what addAddress gave.
func (r *rig) removeAddress(note string) error {
	ip, err := os.ReadFile(r.path(note))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = output(5*time.Second, "", "ip", "address", "delete", string(ip)+"/32", "dev", "lo")
	return err
}

// fill puts the rig's own paths and ports into a server's configuration.
func (r *rig) fill(text string) string {
	return strings.NewReplacer("${NODE}", r.path("node"), "${PKI}", r.path("pki"), "${IP}", nodeIP, "${BRIDGE}", bridge,
		"${PODS}", podNet, "${PORT}", r.port("kubelet"), "${PAUSE}", pauseImage, "${CGROUP}", cgroupRoot).Replace(text)
}

const cniConfig = `{"cniVersion": "1.0.0", "name": "rig", "plugins": [{"type": "bridge", "bridge": "${BRIDGE}", "isGateway": true, "ipMasq": false,
 "hairpinMode": true, "ipam": {"type": "host-local", "dataDir": "${NODE}/ipam", "ranges": [[{"subnet": "${PODS}"}]]}}]}
`

// The names of network namespaces lie below our own folder, so that down can find every mount that is ours.
const containerdConfig = `version = 3
root = "${NODE}/root"
state = "${NODE}/state"
[grpc]
  address = "${NODE}/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${NODE}/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
      BinaryName = "/usr/sbin/runc"
`

// The short periods make evictions and statistics visible within a test's patience.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ${IP}
port: ${PORT}
healthzPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: "${PKI}/ca.crt"}}
authorization: {mode: Webhook}
tlsCertFile: "${PKI}/kubelet.crt"
tlsPrivateKeyFile: "${PKI}/kubelet.key"
containerRuntimeEndpoint: "unix://${NODE}/containerd.sock"
cgroupDriver: cgroupfs
cgroupRoot: ${CGROUP}
failCgroupV1: false
failSwapOn: false
resolvConf: ""
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
evictionHard: {memory.available: 100Mi}
evictionPressureTransitionPeriod: 10s
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 5s
volumeStatsAggPeriod: 5s
maxPods: 240
containerLogMaxSize: 400Mi
podLogsDir: "${NODE}/podlogs"
volumePluginDir: "${NODE}/volumeplugins"
`
