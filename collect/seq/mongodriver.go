package seq

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/imbundle/imbundle/collect"
)

// asker puts commands to one member of Mongo. A refusal by the server is a mongo.CommandError.
type asker interface {
	ask(ctx context.Context, database string, command bson.D) (bson.Raw, error)
	close(ctx context.Context)
}

// runOn runs a command that reads, for maxTime at most, and decodes its answer.
func runOn(ctx context.Context, a asker, database string, command bson.D, into any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	answer, err := a.ask(ctx, database, append(command, bson.E{Key: "maxTimeMS", Value: maxTime}))
	if err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	if into == nil {
		return nil
	}
	if err := bson.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("decoding the answer to %s: %w", command[0].Key, err)
	}
	return nil
}

// driven asks by the client for Go.
type driven struct{ *mongo.Client }

// byDriver connects by the client for Go and logs in.
func (m *mongoServer) byDriver(ctx context.Context, address string) (asker, greeting, error) {
	var said greeting
	client, err := mongo.Connect(m.options(address))
	if err != nil {
		return nil, said, fmt.Errorf("setting the client up: %w", err)
	}
	d := driven{client}
	if err = runOn(ctx, d, "admin", bson.D{{Key: "hello", Value: 1}}, &said); err == nil {
		err = m.authenticated(ctx, d)
	}
	if err != nil {
		d.close(ctx)
		return nil, said, plain(err)
	}
	return d, said, nil
}

func (m *mongoServer) options(address string) *options.ClientOptions {
	o := options.Client().SetHosts([]string{address}).SetDirect(true).SetDialer(dialer(m.dial)).SetAppName("imbundle").
		SetMaxPoolSize(readers).SetMaxConnecting(1).SetServerMonitoringMode("poll").SetHeartbeatInterval(time.Minute).
		SetServerSelectionTimeout(2 * time.Second).SetConnectTimeout(answerTime).SetRetryReads(false).SetRetryWrites(false)
	if m.tls != nil {
		o.SetTLSConfig(m.tls.Clone())
	}
	if l := m.of.Login; l.Username != "" {
		o.SetAuth(options.Credential{Username: l.Username, Password: l.Password.Reveal(), AuthSource: m.source, PasswordSet: true})
	}
	return o
}

type dialer collect.Dialer

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// undated hides its deadline, from which the client would make a second maxTimeMS.
type undated struct{ context.Context }

func (undated) Deadline() (time.Time, bool) { return time.Time{}, false }

func (d driven) ask(ctx context.Context, database string, command bson.D) (bson.Raw, error) {
	return d.Database(database).RunCommand(undated{ctx}, command).Raw()
}

// close ends the client, also when the run is over already.
func (d driven) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = d.Disconnect(ctx) // nothing is left to be written
}
