package seq

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// collections are those that messages and numbers live in.
var collections = []string{"msg", "seq", "seq_user", "conversation"}

// Answers of Mongo.
const (
	notAuthorized     = 13
	namespaceNotFound = 26 // no trouble
	noReplication     = 76 // likewise: a standalone server
	notInitialized    = 94
)

// describe asks for the state of the set, the server, the collections and of long operations.
func (m *mongoServer) describe(ctx context.Context, b *collect.Batch) {
	m.ask(ctx, b, fact{"replSetGetStatus", "set", "how healthy the members of the replica set are, and how far behind"}, m.set)
	m.ask(ctx, b, fact{"serverStatus", "status", "connections, queues and cache of Mongo"}, m.status)
	m.ask(ctx, b, fact{"currentOp", "operations", "which operations of Mongo run for long"}, m.operations)
	for _, c := range collections {
		m.ask(ctx, b, fact{"listIndexes " + c, "collections", "which indexes " + c + " has, and how many documents"}, func(ctx context.Context) error { return m.collection(ctx, c) })
	}
	if !slices.ContainsFunc(m.told.Collections, func(c record.MongoCollection) bool { return !c.Missing }) {
		err := fmt.Errorf("database %q has none of OpenIM's collections", m.told.Database)
		b.Gap(gapOf(bundle.SeqFile, "documents", "mongo", m.address, err, advice{bundle.NotFound, "check database in mongodb.yml: it is empty, or somebody else's"}))
	}
}

// fact is what one command tells: a part of mongo/server.json.
type fact struct{ command, part, costs string }

// ask has one fact told. A server that knows no such command says a fact by that. One that refuses costs this fact only, which
// another run would not get either.
func (m *mongoServer) ask(ctx context.Context, b *collect.Batch, f fact, do func(context.Context) error) {
	err := do(ctx)
	switch {
	case err == nil:
		return
	case unsupported(err):
		m.told.Unsupported = append(m.told.Unsupported, f.command)
		return
	}
	if m.told.Refused == nil {
		m.told.Refused = map[string]string{}
	}
	m.told.Refused[f.command] = err.Error()
	g := m.gap(bundle.MongoServer, f.command, err)
	g.Entry, g.Costs = bundle.MongoServer+"#"+f.part, f.costs
	if _, answered := mongoCode(err); answered && g.Reason == bundle.Failed {
		g.Reason = bundle.Forbidden
	}
	b.Gap(g)
}

func (m *mongoServer) set(ctx context.Context) error {
	var s struct {
		Set     string `bson:"set"`
		Members []struct {
			Name    string    `bson:"name"`
			State   string    `bson:"stateStr"`
			Health  float64   `bson:"health"`
			Optime  time.Time `bson:"optimeDate"`
			Message string    `bson:"lastHeartbeatMessage"`
		} `bson:"members"`
	}
	err := runOn(ctx, m.client, "admin", bson.D{{Key: "replSetGetStatus", Value: 1}}, &s)
	if code, _ := mongoCode(err); code == noReplication {
		return nil
	}
	if err != nil {
		return err
	}
	set := &record.MongoSet{Name: s.Set}
	for _, x := range s.Members {
		set.Members = append(set.Members, record.MongoSetView{Name: x.Name, State: x.State, Health: x.Health == 1, Optime: x.Optime.UTC(), Says: x.Message})
	}
	m.told.Set = set
	return nil
}

func (m *mongoServer) status(ctx context.Context) error {
	var s struct {
		Version     string  `bson:"version"`
		Uptime      float64 `bson:"uptime"`
		Connections struct {
			Current   int64 `bson:"current"`
			Available int64 `bson:"available"`
		} `bson:"connections"`
		GlobalLock struct {
			Queue struct {
				Readers int64 `bson:"readers"`
				Writers int64 `bson:"writers"`
			} `bson:"currentQueue"`
		} `bson:"globalLock"`
		WiredTiger struct {
			Cache struct {
				Used int64 `bson:"bytes currently in the cache"`
				Most int64 `bson:"maximum bytes configured"`
			} `bson:"cache"`
		} `bson:"wiredTiger"`
	}
	command := bson.D{{Key: "serverStatus", Value: 1}}
	for _, section := range []string{"metrics", "locks", "tcmalloc", "repl", "transactions", "opReadConcernCounters", "flowControl", "oplogTruncation"} {
		command = append(command, bson.E{Key: section, Value: 0})
	}
	if err := runOn(ctx, m.client, "admin", command, &s); err != nil {
		return err
	}
	q, c := s.GlobalLock.Queue, s.WiredTiger.Cache
	m.told.Status = &record.MongoStatus{
		Version: s.Version, Uptime: int64(s.Uptime), Connections: s.Connections.Current, Available: s.Connections.Available,
		Readers: q.Readers, Writers: q.Writers, CacheUsed: c.Used, CacheMost: c.Most,
	}
	return nil
}

// operations lists what runs for a second and more. The server leaves out what is asked for: that holds people's words.
func (m *mongoServer) operations(ctx context.Context) error {
	var ops batch[struct {
		Seconds   int64  `bson:"secs_running"`
		Op        string `bson:"op"`
		Namespace string `bson:"ns"`
		Plan      string `bson:"planSummary"`
		Waits     bool   `bson:"waitingForLock"`
		App       string `bson:"appName"`
	}]
	include := bson.D{{Key: "_id", Value: 0}}
	for _, field := range []string{"secs_running", "op", "ns", "planSummary", "waitingForLock", "appName"} {
		include = append(include, bson.E{Key: field, Value: 1})
	}
	err := runOn(ctx, m.client, "admin", bson.D{
		{Key: "aggregate", Value: 1},
		{Key: "pipeline", Value: bson.A{
			bson.D{{Key: "$currentOp", Value: bson.D{{Key: "allUsers", Value: true}}}},
			bson.D{{Key: "$match", Value: bson.D{{Key: "secs_running", Value: bson.D{{Key: "$gte", Value: 1}}}, {Key: "op", Value: bson.D{{Key: "$ne", Value: "none"}}}}}},
			bson.D{{Key: "$project", Value: include}},
			bson.D{{Key: "$limit", Value: 100}},
		}},
		{Key: "cursor", Value: bson.D{{Key: "batchSize", Value: 101}}},
	}, &ops)
	if err != nil {
		return err
	}
	for _, o := range ops.Cursor.First {
		m.told.Operations = append(m.told.Operations, record.MongoOperation{Seconds: o.Seconds, Op: o.Op, Namespace: o.Namespace, Plan: o.Plan, Waits: o.Waits, App: o.App})
	}
	return nil
}

// collection lists the indexes of one, and counts its documents from its metadata.
func (m *mongoServer) collection(ctx context.Context, name string) error {
	c := record.MongoCollection{Name: name, Documents: -1}
	var indexes batch[struct {
		Name   string `bson:"name"`
		Keys   bson.D `bson:"key"`
		Unique bool   `bson:"unique"`
	}]
	err := m.run(ctx, bson.D{{Key: "listIndexes", Value: name}}, &indexes)
	if code, _ := mongoCode(err); code == namespaceNotFound {
		c.Missing, c.Documents, err = true, 0, nil
	}
	if err != nil {
		c.Trouble = err.Error()
		m.told.Collections = append(m.told.Collections, c)
		return err
	}
	for _, x := range indexes.Cursor.First {
		i := record.MongoIndex{Name: x.Name, Unique: x.Unique}
		for _, k := range x.Keys {
			i.Keys = append(i.Keys, k.Key)
		}
		c.Indexes = append(c.Indexes, i)
	}
	var count struct {
		N int64 `bson:"n"`
	}
	if !c.Missing {
		if err = m.run(ctx, bson.D{{Key: "count", Value: name}}, &count); err == nil {
			c.Documents = count.N
		}
	}
	m.told.Collections = append(m.told.Collections, c)
	return err
}
