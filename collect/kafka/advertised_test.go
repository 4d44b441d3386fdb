package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/imbundle/imbundle/bundle"
)

// noting is a dialer that notes what it is told to dial; names lead to the first broker.
func noting(c *kfake.Cluster, into *[]string) func(context.Context, string, string) (net.Conn, error) {
	var mu sync.Mutex
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		*into = append(*into, address)
		mu.Unlock()
		if address == "kafka-service:9092" {
			address = c.ListenAddrs()[0]
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// TestAdvertisedLocalhost: brokers that tell localhost are not looked for on this machine when they were reached elsewhere. The only
// one is asked where it was reached.
func TestAdvertisedLocalhost(t *testing.T) {
	for _, brokers := range []int{1, 3} {
		c := fake(t, kfake.NumBrokers(brokers), kfake.SeedTopics(8, "toRedis", "toMongo"))
		fill(t, c, "redis")
		var dialled []string
		o := openim("kafka-service:9092")
		o.Dial = noting(c, &dialled)
		g := gather(t, o)
		if len(dialled) == 0 || slices.ContainsFunc(dialled, func(a string) bool { return a != "kafka-service:9092" }) {
			t.Errorf("%d brokers: dialled %q", brokers, dialled)
		}
		for _, address := range c.ListenAddrs() {
			g.gap(bundle.Failed, address+" is not dialled", "own host", "advertised.listeners")
		}
		if brokers == 1 && *g.groups().Groups[0].Partitions[0].End != 10 {
			t.Errorf("the only broker was not asked where it answers: %+v", g.groups())
		}
	}
}

// TestLoginOfStrangers: a broker that nobody knows gets no login; one that the configuration names gets it unasked.
func TestLoginOfStrangers(t *testing.T) {
	c := fake(t, kfake.NumBrokers(3), kfake.SeedTopics(8, "toRedis"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "root", "toor"))
	c.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		r := req.ResponseKind().(*kmsg.MetadataResponse)
		for n := range int32(3) {
			b := kmsg.NewMetadataResponseBroker()
			b.NodeID, b.Host, b.Port = n, fmt.Sprintf("kafka-%d.kafka", n), 9092
			r.Brokers = append(r.Brokers, b)
		}
		return r, nil, true
	})
	var mu sync.Mutex
	var dialled []string
	o := openim("kafka-0.kafka:9092", "kafka-1.kafka:9092")
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		dialled = append(dialled, address)
		mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, c.ListenAddrs()[address[len("kafka-")]-'0'])
	}
	o.Strange = func(via, advertised string) error {
		if advertised != "kafka-2.kafka:9092" || via != "kafka-0.kafka:9092" {
			t.Errorf("%s, which %s advertises, is not to be judged", advertised, via)
		}
		return errors.New("nobody knows it")
	}
	gather(t, o) // without a login
	if !slices.Contains(dialled, "kafka-2.kafka:9092") {
		t.Errorf("dialled %q", dialled)
	}
	dialled = nil
	o.Backend.Login.Username, o.Backend.Login.Password = "root", "toor"
	g := gather(t, o)
	if slices.Contains(dialled, "kafka-2.kafka:9092") || !slices.Contains(dialled, "kafka-1.kafka:9092") {
		t.Errorf("dialled %q", dialled)
	}
	g.gap(bundle.Failed, "kafka-2.kafka:9092 is not dialled", "nobody knows it", "--kafka")
	o.Strange = func(string, string) error { return wayRefused{} }
	g = gather(t, o)
	g.gap(bundle.Forbidden, "kafka-2.kafka:9092 is not dialled", "--kafka")
	if told := g.topics(); told.Brokers[2].Unreachable == "" {
		t.Error("a broker that was not asked is told to have answered")
	}
}
