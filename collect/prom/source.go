package prom

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
)

const (
	sourceName = "prometheus"
	priority   = 45
	mostPoints = 240
	leastStep  = 15 * time.Second
	mostAnswer = 4 << 20
	strikes    = 3 // failures in a row after which a server is given up
)

// DefaultMaxSeries is how many series are kept of all queries together.
const DefaultMaxSeries = 2000

// Get sends a GET for a path of the server's HTTP API, as /api/v1/query_range. An answer of 400 and above is an error.
type Get func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error)

// Options say which server is asked for what.
type Options struct {
	Get        Get
	At         string // the server, for people
	Queries    []*specs.Query
	Namespaces []string
	MaxSeries  int // zero means DefaultMaxSeries
}

// New is the source of a Prometheus.
func New(o Options) collect.Source {
	if o.MaxSeries == 0 {
		o.MaxSeries = DefaultMaxSeries
	}
	return &source{o}
}

type source struct{ o Options }

func (*source) Name() string { return sourceName }

func (s *source) Promise() collect.Promise {
	p := collect.Promise{Priority: priority, Bytes: 1 << 20}
	for _, q := range s.o.Queries {
		p.Entries = append(p.Entries, bundle.PrometheusQuery(q.ID))
	}
	return p
}

// Asks is what a plan tells.
func (s *source) Asks() []collect.Ask {
	return []collect.Ask{{Of: "prometheus", At: s.o.At, What: "GET " + rangePath, Times: len(s.o.Queries)}}
}

const rangePath = "/api/v1/query_range"

func (s *source) Collect(ctx context.Context, b *collect.Batch) error {
	left, failures := s.o.MaxSeries, 0
	for i, q := range s.o.Queries {
		name := bundle.PrometheusQuery(q.ID)
		if b.Has(name) {
			continue
		}
		if left <= 0 {
			b.Gap(bundle.Gap{Entry: name, Reason: bundle.Budget, Detail: fmt.Sprintf("%d series were kept already", s.o.MaxSeries), Costs: q.Why.EN})
			continue
		}
		kept, err := s.ask(ctx, b, q, left)
		left -= kept
		if err == nil {
			failures = 0
			continue
		}
		if failures++; failures == strikes || ctx.Err() != nil {
			for _, rest := range s.o.Queries[i:] {
				if name := bundle.PrometheusQuery(rest.ID); !b.Has(name) {
					b.Gap(bundle.Gap{Entry: name, Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: rest.Why.EN})
				}
			}
			return ctx.Err()
		}
		b.Gap(bundle.Gap{Entry: name, Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: q.Why.EN})
	}
	return nil
}

// answer is that of Prometheus; series stay as they came.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
	Data   struct {
		Type   string            `json:"resultType"`
		Result []json.RawMessage `json:"result"`
	} `json:"data"`
}

// ask sends one query and keeps at most so many series.
func (s *source) ask(ctx context.Context, b *collect.Batch, q *specs.Query, most int) (kept int, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.RequestTimeout())
	defer cancel()
	from, to, step := span(b.Window(), time.Now())
	body, err := s.o.Get(ctx, rangePath, url.Values{
		"query": {s.expression(q)}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
	if err != nil {
		return 0, fmt.Errorf("asking for %q: %w", q.ID, err)
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, mostAnswer+1))
	if err != nil {
		return 0, fmt.Errorf("reading the answer for %q: %w", q.ID, err)
	}
	if len(text) > mostAnswer {
		return 0, &Refused{Text: fmt.Sprintf("the answer has more than %d MiB", mostAnswer>>20), reason: bundle.Budget}
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil || a.Status != "success" {
		return 0, &Refused{Text: "the answer is not that of a Prometheus: " + a.Error, reason: bundle.Failed}
	}
	return s.put(b, q, a, most, step)
}

// put keeps an answer, with the query as it was sent.
func (s *source) put(b *collect.Batch, q *specs.Query, a answer, most int, step time.Duration) (kept int, err error) {
	dropped := len(a.Data.Result) - most
	if dropped > 0 {
		a.Data.Result = a.Data.Result[:most]
	}
	text, err := json.Marshal(a)
	if err != nil {
		return 0, err
	}
	e, err := b.Create(bundle.PrometheusQuery(q.ID), bundle.Meta{Attrs: map[string]string{"query": s.expression(q), "step": step.String(), "at": s.o.At}})
	if err != nil {
		return 0, err
	}
	if dropped > 0 {
		e.Truncate(bundle.Truncation{Reason: bundle.TooLong, Note: fmt.Sprintf("%d series more", dropped)})
	}
	if _, err := e.Write(append(text, '\n')); err != nil {
		e.Abort(bundle.Gap{Reason: bundle.Failed, Detail: err.Error()})
		return 0, err
	}
	return len(a.Data.Result), e.Close()
}

// expression is the query for the namespaces of the collection.
func (s *source) expression(q *specs.Query) string {
	var names []string
	for _, ns := range s.o.Namespaces {
		names = append(names, regexp.QuoteMeta(ns))
	}
	return strings.ReplaceAll(q.Query, "$namespaces", strings.ReplaceAll(strings.Join(names, "|"), `\`, `\\`))
}

// span is the window, up to now where it is open, in at most so many steps.
func span(w bundle.Window, now time.Time) (from, to time.Time, step time.Duration) {
	from, to = w.From, w.To
	if to.IsZero() || to.After(now) {
		to = now
	}
	if from.IsZero() || !from.Before(to) {
		from = to.Add(-2 * time.Hour)
	}
	step = max(leastStep, (to.Sub(from) / mostPoints).Round(time.Second))
	return from, to, step
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
