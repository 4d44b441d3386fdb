// Package scan finds the lines of a text that any of some hundred patterns matches, and tells what kind of log record each is.
//
// The flow is blocks → lines → candidates → hits. A Scanner reads blocks of 256 KiB, strips terminal colours, reads time and
// level at the start of each line, and looks for candidates with a sampled prefilter: from each pattern a set of literals is
// derived of which one must occur (literal.go); every literal of seven bytes or more holds a whole four-byte gram at one of
// the positions 0, 4, 8 … of the block, so a bitmap of grams that fits the first-level cache is probed at every fourth byte
// only (prefilter.go). Candidates are confirmed with the pattern itself on their line, so the result is that of running
// every pattern on every line; a test and a fuzz target hold it to that.
//
// Limits: a line longer than Options.MaxLine is cut there and counted; a Scanner holds two blocks and one line. Patterns
// without a literal of three bytes are run on every line.
package scan
