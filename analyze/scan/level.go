package scan

import (
	"fmt"
	"strings"
)

// Level is the severity that a line states itself.
type Level uint8

// The levels, most severe first. Third-party levels are mapped to the nearest: notice is info, trace is debug, Redis' '#' is
// warn. A line without a level of its own is unknown.
const (
	LevelUnknown Level = iota
	LevelFatal
	LevelPanic
	LevelError
	LevelWarn
	LevelInfo
	LevelDebug
	levelCount
)

var levelNames = [levelCount]string{"unknown", "fatal", "panic", "error", "warn", "info", "debug"}

// String is the lower-case name, as rules write it.
func (l Level) String() string {
	if l < levelCount {
		return levelNames[l]
	}
	return levelNames[LevelUnknown]
}

// Levels is a set of levels; the zero value means any.
type Levels uint8

// Has tells whether lines of a level pass: every level passes an empty set, and the unknown level passes every set.
func (s Levels) Has(l Level) bool { return s == 0 || l == LevelUnknown || s&(1<<l) != 0 }

// ParseLevels makes a set of the names fatal, panic, error, warn, info, debug.
func ParseLevels(names []string) (Levels, error) {
	var set Levels
next:
	for _, name := range names {
		for l := LevelFatal; l < levelCount; l++ {
			if levelNames[l] == name {
				set |= 1 << l
				continue next
			}
		}
		return 0, fmt.Errorf("unknown level %q: use %s", name, strings.Join(levelNames[LevelFatal:], ", "))
	}
	return set, nil
}

// levelOf reads a level word in any case, such as WARN, warning, ERRO, Info. Anything else is unknown.
func levelOf(word []byte) Level {
	if len(word) < 3 || len(word) > 9 {
		return LevelUnknown
	}
	var lower [9]byte
	for i, c := range word {
		lower[i] = c | 0x20
	}
	switch string(lower[:len(word)]) {
	case "info", "notice", "inf", "log":
		return LevelInfo
	case "debug", "trace", "verbose", "dbg", "detail":
		return LevelDebug
	case "warn", "warning", "wrn":
		return LevelWarn
	case "error", "erro", "err", "crit", "critical", "alert", "severe":
		return LevelError
	case "panic", "dpanic":
		return LevelPanic
	case "fatal", "emerg", "emergency":
		return LevelFatal
	}
	return LevelUnknown
}

// levelOfLetter reads the one-letter levels of klog and mongod.
func levelOfLetter(c byte) Level {
	switch c {
	case 'F':
		return LevelFatal
	case 'E':
		return LevelError
	case 'W':
		return LevelWarn
	case 'I':
		return LevelInfo
	case 'D':
		return LevelDebug
	}
	return LevelUnknown
}
