// Package record holds the JSON shapes that the collecting wing writes and the analyzing wing reads, one file for each
// backend. It knows neither wing; where its values lie in a bundle is said by bundle/layout.go.
package record
