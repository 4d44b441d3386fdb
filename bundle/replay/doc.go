// Package replay answers for a bundle as the API server did from which it was collected: read-only, in process or on a port.
//
// The flow: [Open] takes an inventory of the bundle: which lists of objects, tables, logs and samples it holds, found by the
// layout of a bundle of ours and by content in any other. [Cluster.ServeHTTP] speaks the Kubernetes API over it: discovery, get
// and list with selectors and pages, the server's own table cells, watches that stay open, logs, metrics. [Cluster.Transport]
// is the same without a port, and [Describer] and [Cluster.Rollouts] run kubectl's own code over that. [Serve] opens a loopback
// port with a certificate and a token of its own.
//
// Lists are read from the bundle when they are asked for and kept while there is room; logs are streamed from where the asked
// lines begin. Whatever would change something is refused with a sentence, and so is what the bundle does not hold, with the
// reason that its manifest gives: a missing list is never an empty one.
package replay
