// Package redact is the one door through which bytes enter a bundle: it hides what must not leave the customer, and refuses an
// entry in which a second, independent look still sees a secret.
//
// Flow: a [Stream] cuts its input into physical lines; each line is looked at for separators that follow a sensitive key
// (keys.go, begin.go, value.go), for patterns (probe.go, pattern.go) and for values that were learned (known.go). Whatever these find are spans
// of the original line; overlapping spans are joined and replaced by "<redacted:ID>". The result passes the leak gate
// (gate.go) before it is handed on, so nothing that the gate objects to is ever written.
//
// Some secrets span lines: a key whose value stands on the next line, a block of YAML, the name and value lines of an
// environment variable, a PEM block. The few facts that this takes are carried from line to line (carry.go).
//
// Limits. A line of up to Window bytes is looked at as a whole. A longer one is looked at in windows of Window bytes that
// overlap by Overlap bytes; a cut never falls into what was found, and a value that is longer than a window stays hidden to its
// end. A match of a pattern must fit into Overlap on such lines. A PEM block without an end hides at most 400 lines. Memory
// per stream is about two windows however long the line, and time is linear in its length. Bytes outside of the spans are passed on exactly, invalid UTF-8 and
// carriage returns included, and a replacement keeps JSON valid and lines as many as they were.
//
// Redaction knows shapes, not meanings. A secret without a key or a known shape is found only when it was learned ([Redactor.Learn]).
// An unquoted value in the middle of a line ends with white space, so that only the first word of a password with blanks is
// hidden there; at the beginning of a line, or in a printed Go struct, all of it is. Members of a list under a sensitive key are
// hidden when they stand on the key's line. Names, phone numbers, addresses and IDs of users are not hidden.
package redact
