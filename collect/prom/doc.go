// Package prom asks a Prometheus for ranges of the series that specs/metrics.yaml lists, over the window of the collection.
//
// The flow: each query of the list is sent once, in its order, as a range query of the plain HTTP API; what comes back is kept as
// it came, one entry for each query. A query without series is an answer too.
//
// Limits: at most 240 points of a series, MaxSeries series of all queries together, 4 MiB of one answer. An answer with more
// series than are left is cut to those and says so; once none are left the remaining queries are gaps. A query that fails
// costs itself; after three in a row the server is given up.
package prom
