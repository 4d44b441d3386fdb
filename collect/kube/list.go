package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pageSize is how many objects are asked for at a time.
const pageSize = 500

// handler takes a list apart while it arrives. A nil func ignores its part.
type handler struct {
	field func(key string, raw json.RawMessage) error // what stands beside the elements: metadata, columnDefinitions, kind
	row   func(raw json.RawMessage) error             // an element of a Table
	item  func(raw json.RawMessage) error             // an element of an ordinary list
}

// listEnd says how far a list was read.
type listEnd struct {
	Rows         int
	Inconsistent bool  // the first pages are older than the last: the server's snapshot expired in between
	Remaining    int64 // known to be left out, when an error ended the list
}

// pages reads a list page by page and element by element; nothing of it is kept. After 410 Gone it goes on with the
// token that the server gives for that case.
func (c *Cluster) pages(ctx context.Context, path, accept string, query url.Values, h handler) (listEnd, error) {
	var end listEnd
	q := url.Values{}
	maps.Copy(q, query)
	q.Set("limit", strconv.Itoa(pageSize))
	for {
		meta, rows, err := c.page(ctx, path, accept, q, h)
		end.Rows += rows
		if token := expired410(err); token != "" && rows == 0 && token != q.Get("continue") {
			end.Inconsistent = true
			q.Set("continue", token)
			continue
		}
		if err != nil {
			return end, err
		}
		end.Remaining = 0
		if meta.RemainingItemCount != nil {
			end.Remaining = *meta.RemainingItemCount
		}
		if meta.Continue == "" {
			end.Remaining = 0
			return end, nil
		}
		q.Set("continue", meta.Continue)
	}
}

// expired410 is the token to go on with after the server dropped the snapshot that a list was reading.
func expired410(err error) string {
	var s *status
	if errors.As(err, &s) && s.ErrStatus.Code == http.StatusGone {
		return s.ErrStatus.Continue
	}
	return ""
}

// page reads one page. When the connection drops, it is read again from the same snapshot, and what was handed on before
// is passed over.
func (c *Cluster) page(ctx context.Context, path, accept string, q url.Values, h handler) (meta metav1.ListMeta, rows int, err error) {
	for try := 1; ; try++ {
		var n int
		meta, n, err = c.pageOnce(ctx, path, accept, q, h, rows)
		rows = max(rows, n)
		if err == nil || !dropped(err) || try == attempts || ctx.Err() != nil {
			return meta, rows, err
		}
		if rows == 0 || q.Get("continue") != "" || q.Get("resourceVersion") != "" {
			continue
		}
		if meta.ResourceVersion == "" {
			return meta, rows, err // what would come now may be another list
		}
		q = maps.Clone(q)
		q.Set("resourceVersion", meta.ResourceVersion)
		q.Set("resourceVersionMatch", "Exact")
	}
}

// pageOnce reads a page and hands on its elements but for the first ones. It returns how many came, those included.
func (c *Cluster) pageOnce(ctx context.Context, path, accept string, q url.Values, h handler, skip int) (meta metav1.ListMeta, rows int, err error) {
	res, err := c.request(ctx, http.MethodGet, path, q, accept, nil)
	if err != nil {
		return meta, 0, err
	}
	defer res.Close()
	res.within(c.o.RequestTimeout)
	count := func(f func(json.RawMessage) error) func(json.RawMessage) error {
		return func(raw json.RawMessage) error {
			rows++
			if f == nil || rows <= skip {
				return nil
			}
			return f(raw)
		}
	}
	counted := handler{row: count(h.row), item: count(h.item), field: func(key string, raw json.RawMessage) error {
		if key == "metadata" {
			if err := json.Unmarshal(raw, &meta); err != nil {
				return err
			}
		}
		if h.field == nil {
			return nil
		}
		return h.field(key, raw)
	}}
	if err := takeApart(res, counted); err != nil {
		return meta, rows, fmt.Errorf("reading the list %s: %w", path, err)
	}
	return meta, rows, nil
}

// takeApart reads one JSON object and hands on its fields, and the elements of "rows" and "items" one by one.
func takeApart(r io.Reader, h handler) error {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return orUnexpected(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return orUnexpected(err)
		}
		switch key {
		case "rows":
			err = elements(d, h.row)
		case "items":
			err = elements(d, h.item)
		default:
			var raw json.RawMessage
			if err = d.Decode(&raw); err == nil {
				err = h.field(key.(string), raw)
			}
		}
		if err != nil {
			return orUnexpected(err)
		}
	}
	_, err := d.Token()
	return ended(err)
}

func elements(d *json.Decoder, each func(json.RawMessage) error) error {
	t, err := d.Token()
	if err != nil || t == nil { // null: an empty list
		return err
	}
	if t != json.Delim('[') {
		return fmt.Errorf("a list was expected, not %v", t)
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		if err := each(raw); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// orUnexpected names the end of the stream for what it is here.
func orUnexpected(err error) error {
	switch err {
	case nil:
		return fmt.Errorf("the answer is no JSON object")
	case io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}

func ended(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// list reads the objects of a list as T.
func list[T any](ctx context.Context, c *Cluster, path string, each func(*T)) error {
	_, err := c.pages(ctx, path, "application/json", nil, handler{item: func(raw json.RawMessage) error {
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return err
		}
		each(v)
		return nil
	}})
	return err
}
