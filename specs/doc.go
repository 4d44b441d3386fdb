// Package specs holds what the product knows: causes, log rules, hops, roles, redactions, and the defaults and defects of
// OpenIM's releases, as data.
//
// Load reads the embedded YAML, then each overlay directory of the same layout, whose stanzas are added or replace those
// of the same id. Decoding is strict: an unknown key is a mistake, named with file, line and the nearest known key, and all
// mistakes are reported at once. Lint judges a set as a whole (ids, references, regular expressions, both languages),
// Test runs every rule and redaction over its own hit and miss lines; neither is part of Load, which has to be fast.
//
// Limits: YAML anchors and merges are allowed but pointless here; a file is read whole; regular expressions are RE2.
package specs

import "embed"

//go:embed *.yaml rules/*.yaml baseline
var embedded embed.FS
