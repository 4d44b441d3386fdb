package main

import (
	"cmp"

	"github.com/spf13/pflag"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/collect/node"
)

// The ways onto nodes.
const (
	nodeNone = "none"
	nodePod  = "pod"
	nodeSSH  = "ssh"
)

// nodeFlags say whether the machines below the cluster are asked, and how.
type nodeFlags struct {
	mode string
	ssh  node.SSH
}

func (f *nodeFlags) add(flags *pflag.FlagSet, k *kube.Options) {
	flags.BoolVar(&k.NodeStats, "node-stats", false, "ask for the right to read what kubelets measure (nodes/proxy: disks, inodes, pressure); without it that is read where it is granted already")
	flags.StringVar(&f.mode, "node-mode", nodeNone, "run df, du, free, top, … on the nodes: none, pod (makes a pod on each node for a moment; imbundle cleanup removes what a killed run left), or ssh")
	flags.StringVar(&k.NodeImage, "node-image", "", "image of these pods, which the nodes must have: nothing is pulled (default: one that each node has)")
	flags.StringVar(&f.ssh.User, "ssh-user", "", "account on the nodes for --node-mode ssh (default root; another sees what it may read)")
	flags.StringVar(&f.ssh.Key, "ssh-key", "", "file of a private key (default: the agent's keys, then ~/.ssh/id_*)")
	flags.StringVar(&f.ssh.Port, "ssh-port", "", "port of sshd on the nodes (default 22)")
	flags.StringVar(&f.ssh.Jump, "ssh-jump", "", "reach the nodes through this host, as [user@]host[:port]")
	flags.StringVar(&f.ssh.KnownHosts, "known-hosts", "", "file of the nodes' host keys; a host that is not in it, or shows another key, is not talked to (default ~/.ssh/known_hosts)")
}

// validate checks the flags and tells the survey what they need.
func (f *nodeFlags) validate(s streams, k *kube.Options) error {
	f.mode = cmp.Or(f.mode, nodeNone)
	if err := oneOf("--node-mode", f.mode, nodeNone, nodePod, nodeSSH); err != nil {
		return err
	}
	if f.mode != nodeSSH && f.ssh.User+f.ssh.Key+f.ssh.Port+f.ssh.Jump+f.ssh.KnownHosts != "" {
		return usagef("add --node-mode ssh", "--ssh-user, --ssh-key, --ssh-port, --ssh-jump and --known-hosts are for --node-mode ssh")
	}
	if f.mode != nodePod && k.NodeImage != "" {
		return usagef("add --node-mode pod", "--node-image is for --node-mode pod")
	}
	f.ssh.Agent = s.getenv("SSH_AUTH_SOCK")
	k.NodeHosts, k.NodePods = f.mode == nodeSSH, f.mode == nodePod
	return nil
}

// words are the flags that decide which rights are needed.
func (f *nodeFlags) words(k *kube.Options) (words []string) {
	if k.NodeStats {
		words = append(words, "--node-stats")
	}
	if f.mode == nodePod {
		words = append(words, "--node-mode pod")
	}
	return words
}

// sources asks the machines that the survey found; the gaps are of those that cannot be asked at all.
func (f *nodeFlags) sources(cluster *kube.Cluster, found *kube.Survey) (sources []collect.Source, gaps []bundle.Gap) {
	if f.mode == nodeNone || f.mode == nodePod && !found.MayMakePods() {
		return nil, nil // that it may not is told with the other rights
	}
	s := &node.Source{}
	f.ssh.Addresses = map[string][]string{}
	for _, h := range found.Hosts {
		if h.Virtual == "" {
			s.Nodes = append(s.Nodes, h.Name)
			f.ssh.Addresses[h.Name] = h.Addresses
		}
	}
	if g, any := found.VirtualGap(); any {
		g.Source = s.Name()
		gaps = append(gaps, g)
	}
	if len(found.Hosts) == 0 {
		gaps = append(gaps, bundle.Gap{
			Source: s.Name(), Reason: bundle.NotFound, Costs: "the state of the machines below the cluster",
			Detail: "no node is known: the user may list neither nodes nor pods, or no pod has one",
		})
	}
	switch f.mode {
	case nodeSSH:
		s.Shell, s.Way = f.ssh.Shell, f.ssh.Way()
	case nodePod:
		s.Shell, s.Root, s.Way = cluster.NodeShell(found), kube.HostRoot, "a pod in "+found.Namespaces[0]
	}
	return []collect.Source{s}, gaps
}
