package scan

import (
	"slices"
	"sort"
	"time"
)

// Stats is what one Scan saw, whether anything matched or not. Times are UTC, zero when no line had one.
type Stats struct {
	Lines, Bytes int64
	LongLines    int64 // lines that were cut at Options.MaxLine
	Untimed      int64 // lines without a time of their own, prefix included
	First, Last  time.Time
	Levels       [levelCount]int64 // lines by level; the second half of a split record counts with the level of the first
	Minutes      map[int64]Counts  // by unix minute of the lines' times; at most maxMinutes
	Modules      map[string]int64  // lines that name a module; both halves of a split record count once
	Versions     map[string]int64  // lines that name a version
	// Starts are the times at which a process began: a start banner, or a new process id of the same module. In order of time.
	Starts []time.Time
	// Longest is the longest silence between two lines that follow each other and have a time; it began at LongestFrom.
	Longest     time.Duration
	LongestFrom time.Time
	// Back is the most by which the time of a line is before that of the timed line above it, in whole minutes.
	Back time.Duration
	// OffsetPrefix is how far the records' own clock is ahead of the kubelet's: the zone, and what the clocks differ. It is the
	// median of the first lines that have both.
	OffsetPrefix time.Duration
}

// Counts counts lines by level.
type Counts [levelCount]int32

// Bounds of what one Scan remembers.
const (
	maxMinutes = 20_000
	maxModules = 1_000
	maxStarts  = 1_000
	maxOffsets = 64
)

// nearStarts is how close a banner and a new process id of one module are, to be the same start.
const nearStarts = int64(10 * time.Second)

// moduleCounts counts the lines of one module and version.
type moduleCounts struct {
	module, version string
	lines           int64
}

// start is one sign of a process start.
type start struct {
	at     int64
	module string
	pid    bool // seen by its process id only
}

// process is what is known of the processes of one module.
type process struct {
	pid      string
	seen     map[string]bool
	parallel bool // several run side by side, so that a change of id is no start
}

// tally gathers Stats while lines are read.
type tally struct {
	Stats
	first, last int64
	previous    int64 // time of the timed line before
	longestFrom int64
	longest     int64
	minutes     map[int64]*Counts
	minute      int64
	counts      *Counts
	modules     map[string]*moduleCounts
	processes   map[string]*process
	starts      []start
	offsets     []int64
}

func newTally() *tally {
	return &tally{
		minutes: map[int64]*Counts{}, modules: map[string]*moduleCounts{}, processes: map[string]*process{},
		minute: -1,
	}
}

// timed notes the time of a line, unix nanoseconds.
func (t *tally) timed(at int64, level Level) {
	if t.first == 0 {
		t.first, t.last = at, at
	} else {
		if silence := at - t.previous; silence > t.longest {
			t.longest, t.longestFrom = silence, t.previous
		}
		t.first, t.last = min(t.first, at), max(t.last, at)
	}
	t.previous = at
	if m := at / int64(time.Minute); m != t.minute || t.counts == nil {
		t.Back = max(t.Back, time.Duration(t.minute-m)*time.Minute) // -1 before the first minute
		t.minute, t.counts = m, t.cell(m)
	}
	if t.counts != nil {
		t.counts[level]++
	}
}

// cell is the counter of a minute, nil when there are too many.
func (t *tally) cell(minute int64) *Counts {
	c := t.minutes[minute]
	if c == nil && len(t.minutes) < maxMinutes {
		c = &Counts{}
		t.minutes[minute] = c
	}
	return c
}

// module is the counter of a module and version; one that is not kept when there are too many of them.
func (t *tally) module(module, version string) *moduleCounts {
	key := module + "\t" + version
	c := t.modules[key]
	if c == nil {
		c = &moduleCounts{module: module, version: version}
		if len(t.modules) < maxModules {
			t.modules[key] = c
		}
	}
	return c
}

// offset notes a line that has the record's own time and the kubelet's.
func (t *tally) offset(own, kubelet int64) {
	if len(t.offsets) < maxOffsets {
		t.offsets = append(t.offsets, own-kubelet)
	}
}

// process notes the process id of a line whose columns are new.
func (t *tally) process(module, pid string, at int64) {
	if pid == "" {
		return
	}
	p := t.processes[module]
	switch {
	case p == nil:
		if len(t.processes) < maxModules {
			t.processes[module] = &process{pid: pid, seen: map[string]bool{pid: true}}
		}
	case p.pid == pid:
	case p.seen[pid]:
		p.pid, p.parallel = pid, true
	default:
		p.pid = pid
		if len(p.seen) < maxModules {
			p.seen[pid] = true
		}
		t.start(start{at, module, true})
	}
}

// start notes a sign of a process start.
func (t *tally) start(s start) {
	if s.at != 0 && len(t.starts) < maxStarts {
		t.starts = append(t.starts, s)
	}
}

// finish makes the Stats.
func (t *tally) finish() Stats {
	s := t.Stats
	s.First, s.Last = timeOf(t.first), timeOf(t.last)
	s.Longest, s.LongestFrom = time.Duration(t.longest), timeOf(t.longestFrom)
	s.Minutes = make(map[int64]Counts, len(t.minutes))
	for m, c := range t.minutes {
		s.Minutes[m] = *c
	}
	s.Modules, s.Versions = map[string]int64{}, map[string]int64{}
	for _, c := range t.modules {
		if c.module != "" {
			s.Modules[c.module] += c.lines
		}
		if c.version != "" {
			s.Versions[c.version] += c.lines
		}
	}
	if n := len(t.offsets); n > 0 {
		slices.Sort(t.offsets)
		s.OffsetPrefix = time.Duration(t.offsets[n/2])
	}
	s.Starts = t.settleStarts()
	return s
}

// settleStarts drops the ids of processes that run side by side, and what is the same start twice.
func (t *tally) settleStarts() []time.Time {
	sort.SliceStable(t.starts, func(i, j int) bool { return t.starts[i].at < t.starts[j].at })
	var times []time.Time
	last := map[string]int64{}
	for _, s := range t.starts {
		if p := t.processes[s.module]; s.pid && p != nil && p.parallel {
			continue
		}
		before, known := last[s.module]
		last[s.module] = s.at
		if known && s.at-before < nearStarts {
			continue
		}
		times = append(times, timeOf(s.at))
	}
	return times
}

// timeOf makes a time of unix nanoseconds; 0 is unknown.
func timeOf(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// banners are what programs print when they start; see Stats.Starts.
var banners = []string{
	"server is initializing", ", OpenIM version: ", "] start, version: ", // OpenIM, OpenIM before 3.5, chat
	"Redis is starting", `"msg":"starting an etcd server"`, `"msg": "starting an etcd server"`, `"MongoDB starting"`, "MongoDB starting : pid=",
	"** Starting Kafka **", "kafka:type=kafka.Log4jController", "to STARTING (kafka.server.BrokerServer)", "Kafka Server started (kafka.server.",
	" started (kafka.server.KafkaServer)", "MinIO Object Storage Server",
}
