// Package scan finds the lines of a text that any of some hundred patterns matches, and tells what kind of log record each is.
//
// The flow is blocks → lines → candidates → hits. A Scanner takes blocks as they are lent (intake.go), reads time and level at the
// start of each line (lines.go, head.go), and looks for candidates with a sampled prefilter: from each pattern sets of literals are
// derived of which one must occur (literal.go), and what is rare in the logs at hand decides which of them are looked for (plan.go);
// every literal of seven bytes or more holds a whole four-byte gram at one of the positions 0, 4, 8 … of the block, so a bitmap of
// grams that fits the first-level cache is probed at every fourth byte only (index.go). Candidates are confirmed with the pattern
// itself on their line (pattern.go, chain.go), so the result is that of running every pattern on every line; a test and a fuzz
// target hold it to that. A line is taken apart, and freed of colours, when its hit asks for it (hit.go).
//
// Limits: a line longer than Options.MaxLine is cut there and counted; a Scanner holds one block and one line. Patterns
// without a literal of three bytes are run on every line.
package scan
