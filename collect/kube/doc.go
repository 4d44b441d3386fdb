// Package kube collects from a live Kubernetes cluster.
//
// The flow: Connect reads kubectl's own configuration and asks the server for its version; Survey finds the OpenIM
// components by role (image base name, labels, Deployment aliases), chooses namespaces and asks the server what the user
// may read; Sources turns the survey into sources of the collection: cluster facts, objects with the server's own
// Tables, logs of every container, samples of metrics.k8s.io, and, where it was asked for, log files inside containers. The survey also
// reads OpenIM's configuration, and Reach leads to the backends that it names.
//
// Limits: every request passes one pacer, which slows down on 429, Retry-After and when answers take much longer than at
// first, and has a deadline; a server that is restarted is waited for as long as for an answer. Lists are paged (500) and
// streamed row by row; one whose connection drops goes on in the same snapshot. Logs use at most 16 streams, 5 of one
// node; a stream that is silent for the idle timeout ends, and a node that never answers is given up without holding up
// the others. Of a log above its size limit its newest lines are asked for, as many as fit, and its head; what is held of
// it in memory is compressed beyond 32 MB of all logs together.
// Kubelets are asked what they measure where the right to it is granted, four at a time; nodes that are no machines are not.
// Of a Secret its row of a table is asked, by name where the user may not list all of them. The values of those that OpenIM's
// variables take for connecting to its backends are read into memory, and never written; Options.NoSecrets declines both.
// Nothing is written to the cluster, exec is used only when it was asked for and is granted; but for NodeShell, which makes a
// pod on each node where that was asked for, and Cleanup, which takes away what such a run left when it was killed.
package kube
