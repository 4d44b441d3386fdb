package seq

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// maxTime is what a command may take of Mongo, in milliseconds; the error of one that takes longer follows.
const (
	maxTime        = 100
	maxTimeExpired = 50
)

// readers are the commands on their way to Mongo at a time; with the client's own monitor they stay within connections.
const readers = 3

// mongoServer is the member that is asked, and what it and the others say of themselves.
type mongoServer struct {
	of      *backends.Mongo
	dial    collect.Dialer
	strange collect.Stranger
	exec    collect.Exec
	tls     *tls.Config
	client  asker
	address string
	source  string // the database that knows the user
	told    record.MongoServer
}

// openMongo finds the members, chooses one and lets it describe them all; nil when none can be asked.
func openMongo(ctx context.Context, b *collect.Batch, o Options) *mongoServer {
	of := o.Mongo
	m := &mongoServer{of: of, dial: atMost(ctx, connections, o.Dial), strange: o.Strange, exec: o.Exec, tls: of.TLS}
	m.told = record.MongoServer{Time: time.Now().UTC(), From: of.From, Database: cmp.Or(of.Database, "openim_v3")}
	m.source = cmp.Or(of.AuthSource, m.told.Database)
	addresses, err := m.addresses(ctx)
	if err != nil {
		b.Gap(gapOf(bundle.MongoServer, "looking up the SRV record", "mongo", of.SRV, err, onMongo(err)))
	}
	err = m.find(ctx, b, addresses)
	if ctx.Err() != nil {
		m.close(ctx) // who had not answered by the end of the run is in no trouble
		return nil
	}
	if m.client != nil {
		m.describe(ctx, b)
	} else if !b.Has(bundle.SeqFile) {
		b.Gap(gapOf(bundle.SeqFile, "documents", "mongo", strings.Join(addresses, ", "), err, onMongo(err)))
	}
	if !b.Has(bundle.MongoServer) && (m.client != nil || !b.Keep(bundle.MongoServer, described)) {
		putJSON(b, bundle.MongoServer, m.told)
	}
	if m.client == nil {
		return nil
	}
	return m
}

// described reports whether a server described itself in a text.
func described(text []byte) bool {
	var s record.MongoServer
	return json.Unmarshal(text, &s) == nil && s.Asked != ""
}

// addresses are those of the configuration, or what its SRV record says.
func (m *mongoServer) addresses(ctx context.Context) ([]string, error) {
	if m.of.SRV == "" {
		return m.of.Addresses, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "mongodb", "tcp", m.of.SRV)
	var all []string
	for _, r := range records {
		all = append(all, fmt.Sprintf("%s:%d", strings.TrimSuffix(r.Target, "."), r.Port))
	}
	if m.tls == nil { // a URI of this kind means TLS
		m.tls = &tls.Config{}
	}
	if m.of.AuthSource == "" {
		m.source = "admin"
		if texts, err := net.DefaultResolver.LookupTXT(ctx, m.of.SRV); err == nil { // it may say otherwise
			if options, err := url.ParseQuery(strings.Join(texts, "")); err == nil {
				m.source = cmp.Or(options.Get("authSource"), m.source)
			}
		}
	}
	return all, err
}

// find asks every member who it is, and keeps the client of the primary, else of a secondary.
func (m *mongoServer) find(ctx context.Context, b *collect.Batch, addresses []string) error {
	best, first := 0, error(nil)
	queue, told := slices.Clone(addresses), map[string]string{} // by whom those were told that the configuration does not name
	for i := 0; i < len(queue) && i < 16 && ctx.Err() == nil; i++ {
		member := record.MongoMember{Address: queue[i], Named: slices.Contains(addresses, queue[i])}
		client, said, err := m.meet(ctx, queue[i], told[queue[i]])
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			member.Trouble = err.Error()
			first = cmp.Or(first, err)
			b.Gap(gapOf(bundle.MongoServer, "connecting", "mongo", queue[i], err, onMongo(err)))
		} else {
			member.State, member.Set, member.Primary = said.state(), said.SetName, said.Primary
			for _, h := range said.Hosts {
				if !m.itself(h, said.Me, queue[i]) && !slices.Contains(queue, h) {
					queue = append(queue, h)
					told[h] = queue[i]
				}
			}
		}
		m.told.Members = append(m.told.Members, member)
		if rank := ranks[member.State]; rank > best {
			m.close(ctx)
			m.client, m.address, best = client, queue[i], rank
			m.told.Asked = queue[i]
		} else if client != nil {
			client.close(ctx)
		}
	}
	return cmp.Or(first, ctx.Err(), errors.New("no address of a server is known"))
}

// ranks say whom to ask rather.
var ranks = map[string]int{"primary": 3, "standalone": 3, "mongos": 3, "secondary": 2, "other": 1}

// greeting is what is used of a hello.
type greeting struct {
	Primary   string   `bson:"primary"`
	SetName   string   `bson:"setName"`
	Hosts     []string `bson:"hosts"`
	Me        string   `bson:"me"`
	Message   string   `bson:"msg"`
	Writable  bool     `bson:"isWritablePrimary"`
	Master    bool     `bson:"ismaster"` // so said before 4.4
	Secondary bool     `bson:"secondary"`
	Arbiter   bool     `bson:"arbiterOnly"`
}

func (g greeting) state() string {
	writable := g.Writable || g.Master
	switch {
	case g.Message == "isdbgrid":
		return "mongos"
	case g.Arbiter:
		return "arbiter"
	case g.Secondary:
		return "secondary"
	case g.SetName != "" && writable:
		return "primary"
	case g.SetName == "" && writable:
		return "standalone"
	}
	return "other"
}

// itself reports whether the member that was asked at via advertises an address of its own that is not to be dialled: it has answered.
func (m *mongoServer) itself(address, me, via string) bool {
	return address == me && collect.Advertised(via, address, m.of.Login.Username != "", m.tls, m.strange) != nil
}

// meet connects to one member and logs in; a server that is too old for the client, or to which no connection leads, is asked by the
// shell beside it. The dialer is tried first by itself: what it says is clearer than what the client makes of it. The member at via
// told the address, unless that is empty.
func (m *mongoServer) meet(ctx context.Context, address, via string) (asker, greeting, error) {
	if via != "" {
		if err := collect.Advertised(via, address, m.of.Login.Username != "", m.tls, m.strange); err != nil {
			return nil, greeting{}, err
		}
	}
	short, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := secured(m.dial, m.tls)(short, "tcp", address)
	if err != nil {
		return m.unreached(ctx, address, err)
	}
	conn.Close()
	client, said, err := m.byDriver(ctx, address)
	if err != nil && tooOld.MatchString(err.Error()) && m.exec != nil {
		return m.byShell(ctx, address, err)
	}
	return client, said, err
}

// unreached asks a member by its shell, to which no connection leads from here. Of one that is no pod there is no shell.
func (m *mongoServer) unreached(ctx context.Context, address string, err error) (asker, greeting, error) {
	if m.exec == nil || m.tls != nil || ctx.Err() != nil {
		return nil, greeting{}, err
	}
	client, said, shellErr := m.byShell(ctx, address, err)
	var byShell *shellError
	if errors.As(shellErr, &byShell) && collect.ReasonOf(byShell.err) == bundle.NotFound {
		return nil, said, err
	}
	return client, said, shellErr
}

// authenticated reads next to nothing, because hello answers to strangers too.
func (m *mongoServer) authenticated(ctx context.Context, a asker) error {
	return runOn(ctx, a, m.told.Database, find("seq", bson.D{{Key: "conversation_id", Value: ""}}, bson.D{{Key: "_id", Value: 0}, {Key: "max_seq", Value: 1}}, 1), nil)
}

// run asks the database of OpenIM. What takes too long is tried once more: what was read by then is in the server's memory.
func (m *mongoServer) run(ctx context.Context, command bson.D, into any) error {
	err := runOn(ctx, m.client, m.told.Database, command, into)
	if code, _ := mongoCode(err); code == maxTimeExpired {
		err = runOn(ctx, m.client, m.told.Database, command, into)
	}
	return err
}

// find is the command of that name for one batch.
func find(collection string, filter, fields bson.D, limit int) bson.D {
	return bson.D{
		{Key: "find", Value: collection},
		{Key: "filter", Value: filter},
		{Key: "projection", Value: fields},
		{Key: "limit", Value: limit},
		{Key: "batchSize", Value: limit},
		{Key: "singleBatch", Value: true},
	}
}

// batch is the answer to a find or an aggregate.
type batch[T any] struct {
	Cursor struct {
		First []T `bson:"firstBatch"`
	} `bson:"cursor"`
}

func mongoCode(err error) (int32, bool) {
	var c mongo.CommandError
	if errors.As(err, &c) {
		return c.Code, true
	}
	return 0, false
}

func (m *mongoServer) gap(entry, what string, err error) bundle.Gap {
	return gapOf(entry, what, "mongo", m.address, err, onMongo(err))
}

func (m *mongoServer) close(ctx context.Context) {
	if m != nil && m.client != nil {
		m.client.close(ctx)
	}
}
