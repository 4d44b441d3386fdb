package seq

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// Options say whom to ask and about what. A backend that is nil is not asked.
type Options struct {
	Redis   *backends.Redis
	Mongo   *backends.Mongo
	Dial    collect.Dialer
	Strange collect.Stranger // judges the addresses that servers advertise; nil: nothing is known of a cluster
	Exec    collect.Exec     // runs the shell beside a MongoDB that the client refuses or does not reach; nil: it is not allowed

	Users         []string // of the incident
	Groups        []string
	Conversations []string
	Logs          <-chan struct{} // closed when the logs are in the bundle: they name further conversations; nil: they are not looked at

	Sample int // conversations in all, but for those that the incident names; 0 means 200
	Last   int // newest numbers of each; 0 means 200

	From, To int64 // further numbers of those that the incident leads to, at most 10,000; 0: none
}

// Bounds on what one run asks.
const (
	defaultSample = 200
	defaultLast   = 200
	maxRange      = 10_000
	maxUsers      = 20 // of the incident
	connections   = 5  // to each backend
	answerTime    = 5 * time.Second
	priority      = 45 // after the logs have begun: it waits for them
)

const name = "seq"

// Source asks Redis and Mongo.
type Source struct {
	o     Options
	ids   []string      // of the conversations that were asked about
	asked chan struct{} // closed when ids are known
}

// New makes the source. It asks nothing yet.
func New(o Options) *Source {
	quiet()
	if o.Sample <= 0 {
		o.Sample = defaultSample
	}
	if o.Last <= 0 {
		o.Last = defaultLast
	}
	if o.To-o.From >= maxRange {
		o.To = o.From + maxRange - 1
	}
	o.Users = o.Users[:min(len(o.Users), maxUsers)]
	return &Source{o: o, asked: make(chan struct{})}
}

func (*Source) Name() string { return name }

func (s *Source) Promise() collect.Promise {
	p := collect.Promise{Priority: priority, Bytes: 1 << 20}
	if s.o.Redis != nil {
		p.Entries = append(p.Entries, bundle.RedisInfo, bundle.RedisServer)
	}
	if s.o.Mongo != nil {
		p.Entries = append(p.Entries, bundle.MongoServer)
	}
	if len(p.Entries) > 0 {
		p.Entries = append(p.Entries, bundle.SeqFile)
	}
	return p
}

// Collect lets both servers describe themselves, then reads the numbers. What an earlier run brought is not asked for again.
func (s *Source) Collect(ctx context.Context, b *collect.Batch) error {
	p := &picture{o: s.o, b: b}
	defer s.tell(p)
	if b.Has(s.Promise().Entries...) {
		return nil
	}
	r, m := s.servers(ctx, b)
	defer r.close()
	defer m.close(ctx)
	if (r == nil && m == nil) || b.Has(bundle.SeqFile) {
		return ctx.Err()
	}
	p.redis, p.mongo = r, m
	c := p.named(ctx)
	p.ask(ctx, c.all)
	if s.o.Logs != nil {
		p.ask(ctx, p.logged(ctx, c))
	}
	if len(p.all) == 0 {
		b.Note("no conversation is known: name users, groups or conversations of the incident")
	}
	return p.write()
}

// servers opens both backends side by side and writes what they say of themselves. A nil one cannot be asked; why is told.
func (s *Source) servers(ctx context.Context, b *collect.Batch) (r *redisServers, m *mongoServer) {
	var work sync.WaitGroup
	if s.o.Redis != nil {
		work.Go(func() { r = openRedis(ctx, b, s.o) })
	}
	if s.o.Mongo != nil {
		work.Go(func() { m = openMongo(ctx, b, s.o) })
	}
	work.Wait()
	return r, m
}

// picture is what is gathered of the conversations.
type picture struct {
	redis *redisServers // nil: cannot be asked
	mongo *mongoServer  // nil: cannot be asked
	o     Options
	b     *collect.Batch

	all    []*wanted
	chosen []*wanted // those of them that are being asked about
	docs   *shelf    // what was read of Mongo's documents
	gaps   gapsOnce
}

// ask reads the counters of conversations, then looks the numbers up.
func (p *picture) ask(ctx context.Context, some []*wanted) {
	p.chosen, p.all = some, append(p.all, some...)
	p.each(func(w *wanted) { w.Users = taking(w.ID, p.o.Users) })
	p.count(ctx)
	p.look(ctx)
}

// wanted is a conversation that is asked about.
type wanted struct {
	record.Conversation
	guess bool // its id was made up from others, and need not exist
}

func (w *wanted) top() int64 {
	top := int64(0)
	if r := w.Redis; r != nil {
		if r.Malloc != nil {
			top = r.Malloc.Curr
		}
		if r.Max37 != nil {
			top = max(top, *r.Max37)
		}
	}
	if w.Mongo != nil {
		top = max(top, w.Mongo.Highest)
	}
	if top > 0 || w.Mongo == nil {
		return top
	}
	for _, d := range w.Mongo.Seq { // nobody knows the newest, which is at most this
		top = max(top, d.Max)
	}
	return top
}

// ofIncident tells whether the incident leads to the conversation itself.
func (w *wanted) ofIncident() bool {
	return !w.guess && slices.ContainsFunc(w.Via, func(via string) bool { return via != record.ViaOwned && via != record.ViaLogs })
}

// known tells whether any server has heard of the conversation.
func (w *wanted) known() bool {
	if r := w.Redis; r != nil && (r.Malloc != nil || r.Min != nil || r.Max37 != nil || r.Min37 != nil) {
		return true
	}
	for _, u := range w.Users {
		if u.SeqUser != nil || u.Listed != nil {
			return true
		}
	}
	return w.Mongo != nil && (len(w.Mongo.Seq) > 0 || w.Mongo.Documents > 0)
}

// each calls do for every chosen conversation.
func (p *picture) each(do func(*wanted)) {
	for _, w := range p.chosen {
		do(w)
	}
}

// count reads the counters of both servers side by side.
func (p *picture) count(ctx context.Context) {
	p.each(func(w *wanted) { w.Time = time.Now().UTC() })
	var work sync.WaitGroup
	if p.redis != nil {
		work.Go(func() { p.redisCounters(ctx) })
	}
	if p.mongo != nil {
		work.Go(func() { p.mongoCounters(ctx) })
	}
	work.Wait()
}

// look looks the newest numbers up, and those that were asked for.
func (p *picture) look(ctx context.Context) {
	p.each(func(w *wanted) { w.Numbers = p.ranges(w) })
	var work sync.WaitGroup
	if p.redis != nil {
		work.Go(func() { p.redisBodies(ctx) })
	}
	if p.mongo != nil {
		work.Go(func() { p.mongoNumbers(ctx) })
	}
	work.Wait()
}

// ranges are the numbers to look up.
func (p *picture) ranges(w *wanted) []record.Numbers {
	var all []record.Numbers
	if top := w.top(); top > 0 {
		all = append(all, record.Numbers{From: max(1, top-int64(p.o.Last)+1), To: top})
	}
	if p.o.To > 0 && w.ofIncident() && (len(all) == 0 || p.o.From < all[0].From || p.o.To > all[0].To) {
		all = append(all, record.Numbers{From: max(1, p.o.From), To: p.o.To})
	}
	return all
}

// write puts down one line for each conversation. Ids that were only guessed stay out unless a server knows them.
func (p *picture) write() error {
	e, err := p.b.Create(bundle.SeqFile, bundle.Meta{})
	if err != nil {
		return err
	}
	enc := json.NewEncoder(e)
	enc.SetEscapeHTML(false)
	for _, w := range p.all {
		if w.guess && !w.known() {
			continue
		}
		if err := enc.Encode(w.Conversation); err != nil {
			e.Abort(bundle.Gap{Reason: bundle.Failed, Detail: err.Error()})
			return fmt.Errorf("writing %q: %w", bundle.SeqFile, err)
		}
	}
	return e.Close()
}

// putJSON writes one object.
func putJSON(b *collect.Batch, entry string, v any) {
	body, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		b.Gap(bundle.Gap{Entry: entry, Reason: bundle.Failed, Detail: err.Error()})
		return
	}
	if err := b.Put(entry, bundle.Meta{}, append(body, '\n')); err != nil {
		b.Note("%v", err) // the batch has recorded the gap
	}
}
