package seq

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/imbundle/imbundle/bundle/record"
)

// A document holds the messages of so many numbers; so many documents are asked for at once.
const (
	documentSize = 100
	docsAtOnce   = 16
)

// States of a message.
const (
	sendingFailed = 3
	deleted       = 4
)

// docKey names a document of a conversation's messages.
type docKey struct {
	conversation string
	n            int64
}

func (k docKey) id() string { return fmt.Sprintf("%s:%d", k.conversation, k.n) }

// documentsOf are the documents in which numbers lie.
func documentsOf(conversation string, n record.Numbers) []docKey {
	var keys []docKey
	for d := (n.From - 1) / documentSize; d <= (n.To-1)/documentSize; d++ {
		keys = append(keys, docKey{conversation, d})
	}
	return keys
}

// slot is what is read of one message.
type slot struct {
	sent    time.Time
	status  int32
	revoked bool
}

// shelf holds the documents that were read. It is safe for concurrent use.
type shelf struct {
	m    *mongoServer
	mu   sync.Mutex
	have map[string]map[int64]bool // documents that there are, by conversation; nil: not known
	read map[docKey]map[int64]slot // by number; nil: there is no such document
}

func newShelf(m *mongoServer) *shelf {
	return &shelf{m: m, have: map[string]map[int64]bool{}, read: map[docKey]map[int64]slot{}}
}

// last is the number of a conversation's last document but back; below 0 when there is none.
func (s *shelf) last(w *wanted, back int) int64 {
	have := s.have[w.ID]
	if have == nil { // the last number is not beyond the reserved ones
		reserved := int64(0)
		for _, d := range w.Mongo.Seq {
			reserved = max(reserved, d.Max)
		}
		return (reserved-1)/documentSize - int64(back)
	}
	all := make([]int64, 0, len(have))
	for n := range have {
		all = append(all, n)
	}
	slices.Sort(all)
	if len(all) <= back {
		return -1
	}
	return all[len(all)-1-back]
}

// highest is the newest message of a document.
func (s *shelf) highest(k docKey) (seq int64, sent time.Time) {
	for n, m := range s.read[k] {
		if n > seq {
			seq, sent = n, m.sent
		}
	}
	return seq, sent
}

// fetch reads the documents that are not on the shelf yet. The error is that of one that could not be read.
func (s *shelf) fetch(ctx context.Context, keys []docKey) error {
	var due []docKey
	for _, k := range keys {
		if _, known := s.read[k]; known {
			continue
		}
		if have := s.have[k.conversation]; have != nil && !have[k.n] {
			s.read[k] = nil
			continue
		}
		due = append(due, k)
	}
	var mu sync.Mutex
	var wrong error
	sharing(ctx, slices.Collect(slices.Chunk(due, docsAtOnce)), func(some []docKey) {
		if err := s.fetchSome(ctx, some); err != nil {
			mu.Lock()
			defer mu.Unlock()
			wrong = err
		}
	})
	if wrong == nil {
		wrong = ctx.Err()
	}
	return wrong
}

// fetchSome reads documents with one command; what takes the server too long is tried again by halves.
func (s *shelf) fetchSome(ctx context.Context, some []docKey) error {
	ids, keys := make([]string, 0, len(some)), map[string]docKey{}
	for _, k := range some {
		ids = append(ids, k.id())
		keys[k.id()] = k
	}
	var found batch[document]
	err := s.m.run(ctx, find("msg", bson.D{eq("doc_id", in(ids))}, include("doc_id", "msgs.msg.seq", "msgs.msg.send_time", "msgs.msg.status", "msgs.revoke.time"), len(ids)), &found)
	if code, _ := mongoCode(err); code == maxTimeExpired && len(some) > 1 {
		if err = s.fetchSome(ctx, some[:len(some)/2]); err == nil {
			err = s.fetchSome(ctx, some[len(some)/2:])
		}
		return err
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range some {
		s.read[k] = nil
	}
	for _, d := range found.Cursor.First {
		if k, asked := keys[d.ID]; asked {
			s.read[k] = d.slots()
		}
	}
	return nil
}

// document is what is asked of a document of messages.
type document struct {
	ID       string `bson:"doc_id"`
	Messages []*struct {
		Message *struct {
			Seq    int64 `bson:"seq"`
			Sent   int64 `bson:"send_time"`
			Status int32 `bson:"status"`
		} `bson:"msg"`
		Revoke *struct {
			Time int64 `bson:"time"`
		} `bson:"revoke"`
	} `bson:"msgs"`
}

// slots goes by the messages' own numbers: places shift where the server leaves empty ones out.
func (d document) slots() map[int64]slot {
	all := make(map[int64]slot, documentSize)
	for _, x := range d.Messages {
		if x == nil || x.Message == nil || x.Message.Seq <= 0 {
			continue
		}
		all[x.Message.Seq] = slot{time.UnixMilli(x.Message.Sent).UTC(), x.Message.Status, x.Revoke != nil && x.Revoke.Time > 0}
	}
	return all
}

// mongoNumbers looks the numbers up in their documents.
func (p *picture) mongoNumbers(ctx context.Context) {
	var keys []docKey
	p.each(func(w *wanted) {
		for _, n := range w.Numbers {
			keys = append(keys, documentsOf(w.ID, n)...)
		}
	})
	slices.SortFunc(keys, func(a, b docKey) int {
		return cmp.Or(cmp.Compare(a.conversation, b.conversation), cmp.Compare(a.n, b.n))
	})
	p.fetch(ctx, slices.Compact(keys))
	var users []func()
	p.each(func(w *wanted) {
		for i := range w.Numbers {
			p.docs.fill(w.ID, &w.Numbers[i])
		}
		for i := range w.Users {
			if len(w.Numbers) > 0 && w.Mongo != nil && w.Mongo.Documents > 0 {
				users = append(users, func() { p.deletions(ctx, w, &w.Users[i]) })
			}
		}
	})
	sharing(ctx, users, func(do func()) { do() })
}

// fill sorts the numbers by what became of them.
func (s *shelf) fill(conversation string, n *record.Numbers) {
	n.Read = true
	var before time.Time
	open := -1 // the hole whose end is not reached yet
	for seq := n.From; seq <= n.To; seq++ {
		slots, known := s.read[docKey{conversation, (seq - 1) / documentSize}]
		m, stored := slots[seq]
		switch {
		case !known:
			n.Read, open, before = false, -1, time.Time{}
		case stored:
			store(n, seq, m)
			if open >= 0 {
				n.Holes[open].After, open = m.sent, -1
			}
			before = m.sent
		default:
			if slots == nil {
				n.Absent = appendNumber(n.Absent, seq)
			} else {
				n.Empty = appendNumber(n.Empty, seq)
			}
			if open < 0 {
				n.Holes = append(n.Holes, record.Hole{Range: record.Range{From: seq}, Before: before})
				open = len(n.Holes) - 1
			}
			n.Holes[open].To = seq
		}
	}
}

// store notes a message.
func store(n *record.Numbers, seq int64, m slot) {
	n.Stored = appendNumber(n.Stored, seq)
	if m.revoked {
		n.Revoked = appendNumber(n.Revoked, seq)
	}
	switch m.status {
	case deleted:
		n.Removed = appendNumber(n.Removed, seq)
	case sendingFailed:
		n.Failed = appendNumber(n.Failed, seq)
	}
}
