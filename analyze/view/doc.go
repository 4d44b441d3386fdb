// Package view shows what is inside a bundle to a person: its list, single entries, logs merged by time, events, the incident as
// one timeline, the way of one operation through all components, and what the file gives away.
//
// The flow is entries → records that a Filter chooses → lines. Records come from scan.Records, components from
// analyze.NameLog, facts and causes from analyze.Examine; nothing is parsed here. Logs are merged in one of two ways. Where the
// reader goes straight to entries, a few logs are open at a time and the earliest record goes out (merge.go). A stream, many logs,
// or a tail are read as a whole by several workers into a pile of bounded size (pile.go); what does not fit is left
// for another reading, which begins where the pile ended.
//
// Limits: memory is the pile's 32 MiB and the buffers of open logs, whatever the size of the input. Standard input is read
// once: what does not fit into one pile cannot be shown. Records within one log keep their order, unless a clock goes back by
// more than a minute.
package view
