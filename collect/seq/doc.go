// Package seq asks Redis and Mongo how far the numbers of conversations have come: a sample of the conversations that the
// incident and the logs of its window name, the state of both servers beside it.
//
// The flow: servers are found (a cluster's nodes, a sentinel's master, the members of a replica set) and describe
// themselves; the conversations are chosen (those of the incident at once, those of the logs when the logs are in the
// bundle); their counters are read; then the newest numbers of each are looked up in the documents that hold them.
//
// Limits: never a word of a message. Mongo is asked through inclusion projections, Redis for counters by name and for the
// mere existence of bodies. Only commands that read, none that blocks, no scan of keys; every command to Mongo carries
// maxTimeMS 100, but for those with which a client begins and ends; at most five connections to each backend. What a server
// refuses becomes a gap that says what, where and what to try, and costs nothing else. A reply of SLOWLOG holds arguments:
// only the command and the first part of its key are kept. A MongoDB older than the client knows is asked the same by the shell
// beside it, where the user allows exec, and is a gap otherwise; login and questions are typed in, so that they stand in no
// list of processes.
package seq
