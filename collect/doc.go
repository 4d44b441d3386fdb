// Package collect runs the sources of a collection and writes what they gather into one bundle.
//
// The flow: every Source says what it is going to write (Promise); the promises become the bundle's plan, which is on
// disk before the first request; then the sources run side by side, those of the highest priority first, each
// with a deadline of its own. A source that fails, is forbidden or is too slow costs its own entries: they become typed
// gaps, its siblings go on. When the context ends (a signal, the deadline of the whole) the sources get a short grace
// and the bundle is finished without those that do not return; whatever such a source writes later is refused.
//
// A run may continue the bundle of an earlier one (Earlier): entries of it that are whole go into the new bundle first, and
// each source asks Batch.Has before it asks its server. The promises of the earlier run are those of the new one too, so that
// what neither brings is told.
//
// Limits: at most Options.Parallel sources at a time; Options.MaxSize bounds the file, spent by priority through Budget;
// the run returns within five seconds of the end of its context. A source that ignores its context keeps its goroutine
// until it returns; nothing else waits for it.
package collect
