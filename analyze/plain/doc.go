// Package plain makes what was sent into lines of UTF-8 as the components wrote them.
//
// The flow is one way and decided by the beginning of a file only: Decode undoes UTF-16, GB18030 and byte order marks, and takes
// the text out of Word's and Excel's files; Sections undoes what collecting tools and people made of logs: lines of /var/log/pods
// and of docker's json-file, stern's and journald's prefixes, exports of log services as JSON, CSV or lists of lines, several logs
// in one file (cluster-info dump, tail), records that a console broke at its width. An ordinary log passes through
// untouched, in one section that is the reader itself. Pods and times that a wrapping tells stand before the lines as kubectl
// would write them: "[pod/NAME/CONTAINER] TIME text".
//
// Limits: a line is looked at up to 1 MiB, an export is sorted in pieces of 8 MiB, one record of it has at most 16 MiB.
package plain
