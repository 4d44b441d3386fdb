// Package node asks the machines below the cluster what the guide asks of them by hand: df, du, free, top, and what else tells
// why pods on a node suffer.
//
// The flow: commands (data) become one POSIX shell script, which a Shell runs on each host: over ssh, or in a pod that
// somebody else makes. The script marks where each command begins and ends with words that no command can know; as soon as
// an answer is whole it becomes an entry nodes/<node>/<command>.txt, as the command printed it. Commands come in the order of
// what they cost, so that a deadline takes the dearest.
//
// In a pod the host's root lies at a folder. The script enters it, so that the host's own tools answer for the host; where it
// has no shell, the tools of the pod look into the folder, whose name is taken off the answers again.
//
// Limits: every command that might hang has a limit of its own and is killed at it; what walks through folders runs at the
// lowest priority, stays within one file system, and leaves out those with more than inodes in use than inodeBudget. Nothing
// on the host is changed: apart from busybox's links in a pod without tools no file is written. One connection per
// host, hosts bounded, answers of at most maxAnswer.
package node
