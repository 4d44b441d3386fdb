package analyze

import "github.com/imbundle/imbundle/analyze/scan"

// Positions in Text.Levels.
const (
	levelFatal = int(scan.LevelFatal)
	levelPanic = int(scan.LevelPanic)
	levelError = int(scan.LevelError)
	levelWarn  = int(scan.LevelWarn)
	levelInfo  = int(scan.LevelInfo)
	levelDebug = int(scan.LevelDebug)
)

// CalmAndLoud counts the records below WARN and those from WARN up.
func (t Text) CalmAndLoud() (calm, loud int64) {
	return t.Levels[levelInfo] + t.Levels[levelDebug], t.Levels[levelWarn] + t.Levels[levelError] + t.Levels[levelPanic] + t.Levels[levelFatal]
}
