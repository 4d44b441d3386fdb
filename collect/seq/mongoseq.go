package seq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// idsAtOnce bounds the conversations that one command asks about; maxDocuments those ids of documents that are listed of one.
const (
	idsAtOnce    = 100
	maxDocuments = 5000
)

func eq(key string, value any) bson.E { return bson.E{Key: key, Value: value} }

func in(values []string) bson.D { return bson.D{eq("$in", values)} }

// include projects fields, without _id.
func include(fields ...string) bson.D {
	d := bson.D{eq("_id", 0)}
	for _, f := range fields {
		d = append(d, eq(f, 1))
	}
	return d
}

// owned are conversations of a user's list.
func (m *mongoServer) owned(ctx context.Context, user string, most int) ([]string, error) {
	var found batch[struct {
		ID string `bson:"conversation_id"`
	}]
	err := m.run(ctx, find("conversation", bson.D{eq("owner_user_id", user)}, include("conversation_id"), most), &found)
	var ids []string
	for _, c := range found.Cursor.First {
		ids = append(ids, c.ID)
	}
	return ids, err
}

// sharing runs do for every item, readers at a time.
func sharing[T any](ctx context.Context, items []T, do func(T)) {
	next := make(chan T)
	var work sync.WaitGroup
	for range min(readers, len(items)) {
		work.Go(func() {
			for item := range next {
				do(item)
			}
		})
	}
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		next <- item
	}
	close(next)
	work.Wait()
}

// mongoCounters reads what Mongo holds of every chosen conversation: numbers, documents, the newest message.
func (p *picture) mongoCounters(ctx context.Context) {
	p.each(func(w *wanted) { w.Mongo = &record.MongoSeq{Seq: []record.SeqDocument{}} })
	sharing(ctx, slices.Collect(slices.Chunk(p.chosen, idsAtOnce)), func(some []*wanted) { p.seqDocuments(ctx, some) })
	p.docs = newShelf(p.mongo)
	sharing(ctx, p.chosen, func(w *wanted) { p.docs.list(ctx, p, w) })
	p.newest(ctx)
	sharing(ctx, p.o.Users, func(u string) {
		for some := range slices.Chunk(p.withUser(u), idsAtOnce) {
			p.userDocuments(ctx, u, some)
		}
	})
	p.each(func(w *wanted) {
		if w.Mongo.Trouble != "" && len(w.Mongo.Seq) == 0 && w.Mongo.Highest == 0 {
			w.Mongo = nil // nothing is known, as against nothing being there
		}
	})
}

func (p *picture) seqDocuments(ctx context.Context, some []*wanted) {
	var found batch[struct {
		ID  string `bson:"conversation_id"`
		Max int64  `bson:"max_seq"`
		Min int64  `bson:"min_seq"`
	}]
	by := byID(some)
	err := p.mongo.run(ctx, find("seq", bson.D{eq("conversation_id", in(idsOf(some)))}, include("conversation_id", "max_seq", "min_seq"), 4*len(some)), &found)
	if err != nil {
		p.troubled(some, "collection seq", err)
		return
	}
	for _, d := range found.Cursor.First {
		if w := by[d.ID]; w != nil {
			w.Mongo.Seq = append(w.Mongo.Seq, record.SeqDocument{Max: d.Max, Min: d.Min})
		}
	}
}

// troubled notes that something could not be read of conversations.
func (p *picture) troubled(some []*wanted, what string, err error) {
	p.gaps.add(p.b, p.mongo.gap(bundle.SeqFile, what, err))
	for _, w := range some {
		if w.Mongo != nil && w.Mongo.Trouble == "" {
			w.Mongo.Trouble = what + ": " + err.Error()
		}
	}
}

// withUser are the chosen conversations that a user may take part in.
func (p *picture) withUser(user string) []*wanted {
	var some []*wanted
	p.each(func(w *wanted) {
		if w.user(user) != nil {
			some = append(some, w)
		}
	})
	return some
}

func (w *wanted) user(user string) *record.UserSeq {
	for i := range w.Users {
		if w.Users[i].User == user {
			return &w.Users[i]
		}
	}
	return nil
}

// userDocuments reads a user's own bounds.
func (p *picture) userDocuments(ctx context.Context, user string, some []*wanted) {
	var own, listed batch[struct {
		ID      string `bson:"conversation_id"`
		Max     int64  `bson:"max_seq"`
		Min     int64  `bson:"min_seq"`
		Read    int64  `bson:"read_seq"`
		Receive int64  `bson:"recv_msg_opt"`
	}]
	ids := in(idsOf(some))
	err := p.mongo.run(ctx, find("seq_user", bson.D{eq("user_id", user), eq("conversation_id", ids)}, include("conversation_id", "max_seq", "min_seq", "read_seq"), len(some)), &own)
	err = errors.Join(err, p.mongo.run(ctx, find("conversation", bson.D{eq("owner_user_id", user), eq("conversation_id", ids)},
		include("conversation_id", "max_seq", "min_seq", "recv_msg_opt"), len(some)), &listed))
	if err != nil {
		p.gaps.add(p.b, p.mongo.gap(bundle.SeqFile, "collections seq_user and conversation", err))
		for _, w := range some {
			w.user(user).Trouble = err.Error()
		}
	}
	by := byID(some)
	for _, d := range own.Cursor.First {
		by[d.ID].user(user).SeqUser = &record.UserDocument{Min: d.Min, Max: d.Max, Read: d.Read}
	}
	for _, d := range listed.Cursor.First {
		by[d.ID].user(user).Listed = &record.ListedDoc{Max: d.Max, Min: d.Min, Receive: d.Receive}
	}
}

func idsOf(some []*wanted) []string {
	var ids []string
	for _, w := range some {
		ids = append(ids, w.ID)
	}
	return ids
}

func byID(some []*wanted) map[string]*wanted {
	m := map[string]*wanted{}
	for _, w := range some {
		m[w.ID] = w
	}
	return m
}

// list finds the documents of a conversation, by their ids alone, which the index holds.
func (s *shelf) list(ctx context.Context, p *picture, w *wanted) {
	var found batch[struct {
		ID string `bson:"doc_id"`
	}]
	filter := bson.D{eq("doc_id", bson.D{eq("$gte", w.ID+":"), eq("$lt", w.ID+";")})}
	if err := s.m.run(ctx, find("msg", filter, include("doc_id"), maxDocuments), &found); err != nil {
		p.troubled([]*wanted{w}, "the list of documents", err)
		return
	}
	have := map[int64]bool{}
	for _, d := range found.Cursor.First {
		if n, err := strconv.ParseInt(strings.TrimPrefix(d.ID, w.ID+":"), 10, 64); err == nil {
			have[n] = true
		}
	}
	w.Mongo.Documents = len(have)
	if len(found.Cursor.First) == maxDocuments {
		have = nil // not all of them
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.have[w.ID] = have
}

// newest finds the highest number with a message: usually in the last document, else in the one before.
func (p *picture) newest(ctx context.Context) {
	left := p.chosen
	for back := 0; back < 3 && len(left) > 0; back++ {
		var keys []docKey
		for _, w := range left {
			if last := p.docs.last(w, back); last >= 0 {
				keys = append(keys, docKey{w.ID, last})
			}
		}
		p.fetch(ctx, keys)
		left = slices.DeleteFunc(slices.Clone(left), func(w *wanted) bool {
			last := p.docs.last(w, back)
			w.Mongo.Highest, w.Mongo.Newest = p.docs.highest(docKey{w.ID, last})
			return last < 0 || w.Mongo.Highest > 0
		})
	}
}

// fetch reads documents and notes which cannot be read.
func (p *picture) fetch(ctx context.Context, keys []docKey) {
	if err := p.docs.fetch(ctx, keys); err != nil {
		p.gaps.add(p.b, p.mongo.gap(bundle.SeqFile, "documents of messages", err))
	}
}

// deletions finds which of the numbers a user deleted for himself. The server compares the user: the lists name others too.
func (p *picture) deletions(ctx context.Context, w *wanted, u *record.UserSeq) {
	var ids []string
	for _, n := range w.Numbers {
		for _, k := range documentsOf(w.ID, n) {
			ids = append(ids, k.id())
		}
	}
	var found batch[struct {
		Messages struct {
			Message struct {
				Seq int64 `bson:"seq"`
			} `bson:"msg"`
		} `bson:"msgs"`
	}]
	err := p.mongo.run(ctx, bson.D{
		eq("aggregate", "msg"),
		eq("pipeline", bson.A{
			bson.D{eq("$match", bson.D{eq("doc_id", in(ids))})},
			bson.D{eq("$unwind", "$msgs")},
			bson.D{eq("$match", bson.D{eq("msgs.del_list", u.User)})},
			bson.D{eq("$project", include("msgs.msg.seq"))},
		}),
		eq("cursor", bson.D{eq("batchSize", documentSize*len(ids))}),
	}, &found)
	if err != nil {
		u.Trouble = fmt.Sprintf("deletions: %v", err)
		p.gaps.add(p.b, p.mongo.gap(bundle.SeqFile, "numbers that a user deleted", err))
		return
	}
	var all []int64
	for _, x := range found.Cursor.First {
		if x.Messages.Message.Seq > 0 {
			all = append(all, x.Messages.Message.Seq)
		}
	}
	slices.Sort(all)
	for _, n := range slices.Compact(all) {
		u.Deleted = appendNumber(u.Deleted, n)
	}
}
