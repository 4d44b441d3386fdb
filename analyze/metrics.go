package analyze

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// Metric is one series of a pod at one time, as its /metrics tells it.
type Metric struct {
	Entry     string
	Line      int64
	Text      string
	Namespace string
	Pod       string
	Port      int
	Sample    int // 0 for the first
	Name      string
	Labels    map[string]string
	Value     float64
}

// Range is one series that a Prometheus gave for a query of specs/metrics.yaml.
type Range struct {
	Entry  string
	Query  string // its id
	Labels map[string]string
	Points []Point
}

// Point is one value of a Range.
type Point struct {
	Time  time.Time
	Value float64
}

// Peak is the largest value and when it was first reached; no points give a zero time.
func (r Range) Peak() Point {
	var top Point
	for _, p := range r.Points {
		if top.Time.IsZero() || p.Value > top.Value {
			top = p
		}
	}
	return top
}

// Bounds on what is kept of one entry.
const (
	mostMetrics = 5000
	mostSeries  = 5000
)

// readMetricNames are the metrics that a check reads; msg_insert_redis_… are not counted by any release since v3.8.3.
var readMetricNames = []string{
	"api_count", "msg_insert_mongo_failed_total", "msg_insert_mongo_success_total", "msg_offline_push_failed_total", "msg_long_time_push_total",
	"online_user_num", "seq_set_failed_total", "process_open_fds", "process_max_fds",
	"single_chat_msg_process_failed_total", "single_chat_msg_process_success_total", "group_chat_msg_process_success_total",
}

// readMetrics reads the text format of Prometheus as far as a check asks for it.
func (s *snapshots) readMetrics(in io.Reader, entry string) error {
	of, n := entry, 0
	if first, is := bundle.ParseSample(entry); is {
		of, n = first, sampleNumber(entry)
	}
	m := Metric{Entry: entry, Sample: n}
	m.Namespace, m.Pod, m.Port, _ = bundle.ParsePodMetrics(of)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxTableLine)
	for kept := 0; lines.Scan() && kept < mostMetrics; {
		m.Line++
		line := lines.Text()
		if !slices.ContainsFunc(readMetricNames, func(name string) bool { return strings.HasPrefix(line, name) }) {
			continue
		}
		one := m
		if one.parse(line) {
			s.Metrics = append(s.Metrics, one)
			kept++
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading metrics: %w", err)
	}
	return nil
}

// sampleNumber reads the number that bundle.Sample put before the suffix.
func sampleNumber(entry string) int {
	dot := strings.LastIndexByte(entry, '.')
	n, err := strconv.Atoi(entry[max(0, dot-3):max(0, dot)])
	if err != nil {
		return 1
	}
	return n
}

// parse reads `name{label="value"} number`.
func (m *Metric) parse(line string) bool {
	end := strings.IndexAny(line, "{ ")
	if end < 0 {
		return false
	}
	m.Name, m.Text = line[:end], line
	rest := line[end:]
	if rest[0] == '{' {
		if m.Labels, rest = labelsOf(rest[1:]); rest == "" {
			return false
		}
	}
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	v, err := strconv.ParseFloat(value, 64)
	m.Value = v
	return err == nil && slices.Contains(readMetricNames, m.Name)
}

// labelsOf reads labels up to the closing brace and gives what follows it; nothing where it does not close.
func labelsOf(text string) (labels map[string]string, rest string) {
	labels = map[string]string{}
	for {
		text = strings.TrimLeft(text, ", ")
		if after, closed := strings.CutPrefix(text, "}"); closed {
			return labels, after
		}
		name, value, ok := strings.Cut(text, "=")
		quoted, err := strconv.QuotedPrefix(value)
		if !ok || err != nil {
			return nil, ""
		}
		if labels[name], err = strconv.Unquote(quoted); err != nil {
			return nil, ""
		}
		text = value[len(quoted):]
	}
}

// readRanges reads the answer of a Prometheus to a range query, as it came.
func (s *snapshots) readRanges(in io.Reader, entry, query string) error {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string    `json:"metric"`
				Values [][2]json.RawMessage `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(in).Decode(&answer); err != nil {
		return fmt.Errorf("reading series: %w", err)
	}
	for _, series := range answer.Data.Result[:min(len(answer.Data.Result), mostSeries)] {
		r := Range{Entry: entry, Query: query, Labels: series.Metric}
		for _, v := range series.Values {
			if p, ok := point(v); ok {
				r.Points = append(r.Points, p)
			}
		}
		if len(r.Points) > 0 {
			s.Ranges = append(s.Ranges, r)
		}
	}
	return nil
}

func point(v [2]json.RawMessage) (Point, bool) {
	at, err1 := strconv.ParseFloat(string(v[0]), 64)
	value, err2 := strconv.ParseFloat(strings.Trim(string(v[1]), `"`), 64)
	sec, frac := math.Modf(at)
	return Point{time.Unix(int64(sec), int64(frac*1e9)).UTC(), value}, err1 == nil && err2 == nil && !math.IsNaN(value) && !math.IsInf(value, 0)
}

func sortMetrics(metrics []Metric, ranges []Range) {
	slices.SortFunc(metrics, func(a, b Metric) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Sample, b.Sample), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line))
	})
	slices.SortFunc(ranges, func(a, b Range) int {
		return cmp.Or(cmp.Compare(a.Query, b.Query), cmp.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels)), cmp.Compare(a.Entry, b.Entry))
	})
}
