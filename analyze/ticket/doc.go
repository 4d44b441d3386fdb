// Package ticket makes a regression case of a solved ticket: a folder with the entries that carry the evidence of a bundle,
// pseudonymised, and a case.yaml that says what the analysis must find in it.
//
// The flow: analyze the bundle, take the entries with evidence, replace names (the same name by the same pseudonym in every
// entry), write them, analyze what was written. When that gives another verdict, all entries that were read are taken; when
// even then it differs nothing is left behind and the error says so.
//
// Replaced are users, groups, conversations, operations and connections, nicknames, mail and IP addresses, host names that are
// not of a cluster's own kind, long runs of digits and hexadecimal ids, namespaces and nodes. Names that tell a role, ports,
// loopback addresses, times, counts and the texts of the programs stay. What a message says is not known here: redact first,
// and read the case before it leaves the house.
//
// Limits: at most 16 MiB of entries; an identifier that has no key, no digits and no shape of its own is not recognised.
package ticket
