// Package bundle writes and reads bundles: one tar.gz file, valid at every moment of its making.
//
// Writing: bytes enter through [Writer.Create] only. They pass the redactor and its leak gate, are gathered in small pooled
// chunks, and become gzip members of about 1 MiB in a private spool. When an entry is closed its size is known: the tar header
// is appended to the file as a gzip member of its own, which is labelled with what the manifest will say of the entry, then the spool's bytes unchanged, then the padding. The plan is the first
// entry, the manifest the last; a fixed-length empty footer member says where the manifest begins. What was closed is readable
// whatever happens next: a kill or a full disk costs the open entries and nothing else.
//
// Reading: [Open] tells by content what it was given (a bundle, tar, tar.gz, tar.zst, tar.bz2, tar.xz, zip, a directory, one plain file, "-" for
// standard input) and [Reader.Each] hands out every regular entry once, under the same names whatever the way in. A bundle with
// an intact footer is read by its index, entries in parallel; anything else as a stream whose inflating overlaps the visitor.
// A cut input gives all that stands before the cut, and [Reader.End] says where it ended and what the plan still promised.
//
// Limits: nothing is ever written to disk by a Reader. Links, devices and hostile names are left out and counted. Total bytes,
// entries, expansion ratio, name length and depth are bounded ([Limits]); a zip needs a file, as its directory stands at the end.
package bundle
