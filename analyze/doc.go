// Package analyze turns the entries of a support bundle into a judgement.
//
// The flow is entries → facts and evidence → causes → verdict. Run reads every entry once, in any order and by several
// workers, each with a pass of its own: texts go line by line through one scan.Set that holds all rules and the package's own
// probes (progress of hops, answers by error code, sequence numbers), snapshots of Kubernetes and of tools become facts. The
// passes are merged and sorted, so neither the order of entries nor the number of workers changes a byte of the report. Only
// then is anything judged: version, roles, window and manifest are known by then, and so is what else went wrong.
//
// Memory is bounded: texts are never held, snapshots are decoded item by item, rule hits are counters per entry and minute
// with a few samples. Where a bound is reached samples are dropped, never counts.
package analyze
