package main

import (
	"math"
	"runtime/debug"
)

// boundMemory makes the garbage collector run sooner as the program nears so many bytes, unless GOMEMLIMIT says otherwise: a
// collection often shares its machine with the installation, and a bundle may be of any size.
func boundMemory(bytes int64) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(bytes)
	}
}
