package redact

import "regexp"

var leakShapes = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ|-----BEGIN [A-Z ]*PRIVATE KEY|://[^\s/@:"]*:[^\s/@<"]+@|AKIA[A-Z0-9]{16}|LTAI[A-Za-z0-9]{12}`)

// leaks is the second look at what is about to be written.
func leaks(out []byte) bool { return leakShapes.Match(out) }
