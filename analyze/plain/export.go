package plain

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Exports of log services: one record of JSON for each line of a log, alone on its line, in an array, in the answer of a search,
// or a row of CSV. Their order is that of the service, so they are sorted by pod and time, in pieces.

// pieceSize bounds the text that is sorted at a time.
const pieceSize = 8 << 20

// isExport recognises an export by its first record.
func isExport(head []byte) bool {
	text := bytes.TrimLeft(head, " \r\n\t")
	if len(text) == 0 {
		return false
	}
	if text[0] != '{' && text[0] != '[' {
		return csvHeader(text) != nil || isListing(text)
	}
	for _, mark := range exportMarks {
		if all(text, mark) {
			return true
		}
	}
	return false
}

// exportMarks are keys that stand together in the records of one service and in no log.
var exportMarks = [][]string{
	{`"content"`, `"__time__"`},
	{`"content"`, `"_time_"`},
	{`"content"`, `"_container_name_"`},
	{`"content"`, `"__source__"`}, // SLS
	{`"__CONTENT__"`, `"__TIMESTAMP__"`},
	{`"__CONTENT__"`, `"__TAG__`}, // CLS
	{`"resultType"`, `"streams"`},
	{`"stream"`, `"values"`, `"result"`},
	{`"line"`, `"timestamp"`, `"labels"`}, // Loki
	{`"line"`, `"timestamp"`, `"fields"`},
	{`"_source"`, `"_index"`},
	{`"@timestamp"`, `"message"`, `"kubernetes"`},
	{`"@timestamp"`, `"log"`, `"kubernetes"`},
	{`"@timestamp"`, `"message"`, `"agent"`},
	{`"@timestamp"`, `"message"`, `"container"`},
	{`"log"`, `"kubernetes"`, `"pod_name"`},       // Elastic, fluent-bit
	{`"message"`, `"podName"`, `"containerName"`}, // stern -o json
	{`"MESSAGE"`, `"__REALTIME_TIMESTAMP"`},       // journalctl -o json
}

func all(text []byte, words []string) bool {
	for _, w := range words {
		if !bytes.Contains(text, []byte(w)) {
			return false
		}
	}
	return true
}

// csvHeader is the first row of a CSV export; nil for anything else.
func csvHeader(text []byte) []string {
	line, _, whole := bytes.Cut(text, []byte("\n"))
	if !whole || !bytes.Contains(line, []byte(",")) {
		return nil
	}
	row, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		return nil
	}
	fields := map[string]string{}
	for _, name := range row {
		fields[name] = "1"
	}
	r := recordOf(fields)
	if r.text == "" || r.at == "" {
		return nil
	}
	return row
}

// record is one line, or several, of a log.
type record struct {
	namespace, pod, container string
	at                        string // as the service writes it
	nanos                     int64  // of at; 0 unknown
	text                      string
	line                      int64 // of the file
}

// The names of fields, most telling first, without the prefixes that services put before them.
var (
	textFields      = []string{"content", "__CONTENT__", "log", "message", "line", "MESSAGE", "Line", "日志内容", "内容", "日志"}
	timeFields      = []string{"_time_", "__TIMESTAMP__", "time_ns", "@timestamp", "__time__", "timestamp", "time", "tsNs", "ts", "Time", "__REALTIME_TIMESTAMP", "日志时间", "时间"}
	podFields       = []string{"_pod_name_", "pod_name", "podName", "pod.name", "pod", "kubernetes_pod_name", "Pod名称"}
	containerFields = []string{"_container_name_", "container_name", "containerName", "container.name", "container", "CONTAINER_NAME", "app", "容器名称"}
	namespaceFields = []string{"_namespace_", "namespace_name", "namespace", "kubernetes_namespace_name"}
	fieldPrefixes   = []string{"_source.", "__tag__:", "__TAG__.", "fields.", "labels.", "stream.", "kubernetes.", "labels."}
)

// recordOf picks what is known from the fields of a record.
func recordOf(fields map[string]string) record {
	known := make(map[string]string, len(fields))
	for name, value := range fields {
		for _, prefix := range fieldPrefixes {
			name = strings.TrimPrefix(name, prefix)
		}
		if known[name] == "" {
			known[name] = value
		}
	}
	first := func(names []string) string {
		for _, n := range names {
			if v := known[n]; v != "" {
				return v
			}
		}
		return ""
	}
	r := record{namespace: first(namespaceFields), pod: first(podFields), container: first(containerFields), at: first(timeFields), text: first(textFields)}
	r.nanos = nanosOf(r.at)
	return r
}

// export hands out an export pod by pod.
func export(in *bufio.Reader, head []byte, visit func(Section) error) error {
	p := &piece{visit: visit}
	var err error
	switch text := bytes.TrimLeft(head, " \r\n\t"); {
	case text[0] == '{' || text[0] == '[':
		err = readJSON(in, p.add)
	case csvHeader(text) != nil:
		err = readCSV(in, p.add)
	default:
		err = readListing(in, p.add)
	}
	return errors.Join(p.flush(), err)
}

// piece holds records until there are enough to be sorted.
type piece struct {
	records []record
	size    int
	visit   func(Section) error
}

func (p *piece) add(r record) error {
	if r.text == "" {
		return nil
	}
	p.records = append(p.records, r)
	if p.size += len(r.text) + 200; p.size < pieceSize {
		return nil
	}
	return p.flush()
}

func (r record) source() string { return r.namespace + "/" + r.pod + "/" + r.container }

// flush hands out what is held, one section for each container, in order of time.
func (p *piece) flush() error {
	slices.SortStableFunc(p.records, func(a, b record) int {
		if c := strings.Compare(a.source(), b.source()); c != 0 {
			return c
		}
		return earlier(a, b)
	})
	for rest := p.records; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].source() == rest[0].source() {
			n++
		}
		if err := p.visit(sectionOf(rest[:n])); err != nil {
			return err
		}
		rest = rest[n:]
	}
	p.records, p.size = p.records[:0], 0
	return nil
}

// earlier orders records of one container: by the time that the service gives them, and where that has only seconds by the time
// that they begin with.
func earlier(a, b record) int {
	if a.nanos != b.nanos {
		return int(min(1, max(-1, a.nanos-b.nanos)))
	}
	if ownTime.MatchString(a.text) && ownTime.MatchString(b.text) {
		return strings.Compare(a.text[:min(len(a.text), 23)], b.text[:min(len(b.text), 23)])
	}
	return 0
}

// sectionOf is the log of one container, as kubectl logs --timestamps would print it.
func sectionOf(records []record) Section {
	var text bytes.Buffer
	var lines []int64
	for _, r := range records {
		for line := range strings.Lines(strings.TrimRight(r.text, "\r\n")) {
			if r.nanos != 0 {
				text.Write(stampTime(nil, timeOf(r.nanos)))
			}
			text.WriteString(strings.TrimRight(line, "\r\n"))
			text.WriteByte('\n')
			lines = append(lines, r.line)
		}
	}
	return Section{
		Namespace: records[0].namespace, Pod: records[0].pod, Container: records[0].container, Log: true, Text: &text,
		Line: func(n int64) int64 {
			if n < 1 || n > int64(len(lines)) {
				return 0
			}
			return lines[n-1]
		},
	}
}

// readCSV reads the rows of an export; a row may have several lines.
func readCSV(in io.Reader, add func(record) error) error {
	g := &guarded{in: in, left: maxRecord, line: 1}
	rows := csv.NewReader(g)
	rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = -1, true, true
	row, err := rows.Read()
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	header := slices.Clone(row)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
		g.left, g.ends = maxRecord, g.ends[:0]
		fields := map[string]string{}
		for i, value := range row {
			if i < len(header) {
				fields[header[i]] = value
			}
		}
		r := recordOf(fields)
		line, _ := rows.FieldPos(0)
		r.line, r.text = int64(line), strings.Clone(r.text)
		if err := add(r); err != nil {
			return err
		}
	}
}

// readJSON reads the records of an export in JSON, whatever holds them.
func readJSON(in io.Reader, add func(record) error) error {
	g := &guarded{in: in, left: maxRecord, line: 1}
	w := &walker{g: g, dec: json.NewDecoder(g), add: add}
	for {
		err := w.value(map[string]string{})
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
	}
}
