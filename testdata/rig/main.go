// Command rig runs the real servers that the end-to-end tests talk to: etcd, kube-apiserver, controller-manager,
// scheduler, a real node (containerd and kubelet) and metrics-server, or a crowd of KWOK's nodes and pods, or three brokers
// of Apache Kafka, without images from a registry and without Docker.
//
// build → up → apply workloads → down. Binaries are built from Go modules and cached by the hash of what they are built
// from; keys and ports are made anew by each first `up`; everything lives below the cache folder and is stopped by
// process id. What the machine refuses by nature (no root, no mounts) is a skip, printed with its reason; a server that
// cannot start is a failure, printed with the end of its log.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
)

const usage = `usage: rig [-name NAME] COMMAND

  build                               build and cache the servers
  up [control-plane|node|metrics|kwok|kafka]  start them, up to the named part (default metrics)
  down                                stop them, remove mounts, bridge and state
  status                              what runs
  env                                 KUBECONFIG and more, for the shell
  apply NAMESPACE [FAULT...]          OpenIM-like workloads, healthy but for the faults (manifests/faults)
  delete NAMESPACE...                 remove them
  kubeconfig NAMESPACE                print a kubeconfig that may view that namespace only
  demo SCENE IMBUNDLE FILE            collect a bundle that ships with the program: kafka-down, redis-lost, msgtransfer-oom
  program NAME                        path of one server, built if need be: ferretdb, …
  crowd                               KWOK's 200 nodes and 2,050 pods of OpenIM, with logs

A rig with a name of its own runs beside the one without; it has no real node.
`

// skip is a reason of the machine, not a fault: what was asked for cannot run here.
type skip struct{ reason string }

func (s skip) Error() string { return s.reason }

func main() {
	err := run(os.Args[1:])
	var s skip
	switch {
	case errors.As(err, &s):
		fmt.Fprintf(os.Stderr, "rig: skipped: %s\n", s.reason)
	case err != nil:
		fmt.Fprintf(os.Stderr, "rig: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	name := defaultRig
	if len(args) > 1 && args[0] == "-name" {
		name, args = args[1], args[2:]
	}
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	r, err := open(name)
	if err != nil {
		return err
	}
	command, args := args[0], args[1:]
	switch {
	case command == "build" && len(args) == 0:
		return r.build()
	case command == "up" && len(args) <= 1:
		return r.up(cmp.Or(strings.Join(args, ""), "metrics"))
	case command == "down" && len(args) == 0:
		return r.down()
	case command == "status" && len(args) == 0:
		return r.status()
	case command == "env" && len(args) == 0:
		return r.env()
	case command == "apply" && len(args) > 0:
		return r.apply(args[0], args[1:])
	case command == "delete" && len(args) > 0:
		return r.remove(args)
	case command == "kubeconfig" && len(args) == 1:
		return r.viewerConfig(args[0])
	case command == "demo" && len(args) == 3:
		return r.demo(args[0], args[1], args[2])
	case command == "program" && len(args) == 1:
		return r.program(args[0])
	case command == "crowd" && len(args) == 0:
		return r.crowd()
	case command == "help":
		fmt.Print(usage)
		return nil
	}
	return fmt.Errorf("cannot %q\n%s", strings.Join(append([]string{command}, args...), " "), usage)
}
