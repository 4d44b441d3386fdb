package kafka

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// sampleGroups are groups of every kind that the tool prints.
func sampleGroups() []record.KafkaGroup {
	n := func(v int64) *int64 { return &v }
	m := func(v int) *int { return &v }
	return []record.KafkaGroup{
		{Name: "gone", State: "Empty", Coordinator: 1, Partitions: []record.KafkaOffset{{Topic: "toMongo", Committed: n(3), End: n(4), Lag: n(1)}}},
		{Name: "redis", State: "Stable", Coordinator: 2, Assignor: "range", Members: []record.KafkaMember{
			{ID: "sarama-1", Host: "/10.0.0.1", Client: "sarama", Assigned: 1}, {ID: "sarama-2", Instance: "static", Host: "/10.0.0.2", Client: "sarama", Assigned: 2}, {ID: "sarama-3", Host: "/10.0.0.3", Client: "sarama"},
		}, Partitions: []record.KafkaOffset{
			{Topic: "toRedis", Partition: 0, Committed: n(5), End: n(7), Lag: n(2), Member: m(0)},
			{Topic: "toRedis", Partition: 1, End: n(3), Member: m(1)},
			{Topic: "toRedis", Partition: 2, Committed: n(1), Member: m(1)},
			{Topic: "toRedis", Partition: 3, Committed: n(9), End: n(9), Lag: n(0)},
		}},
	}
}

// TestToolReadsWhatItPrints: the tables carry the same facts back.
func TestToolReadsWhatItPrints(t *testing.T) {
	groups := sampleGroups()
	got := parseTool(stateText(groups, map[int32]string{1: "kafka-0:9092", 2: "kafka-1:9092"}), membersText(groups), offsetsText(groups))
	if !reflect.DeepEqual(got, groups) {
		t.Errorf("got\n%+v\nwant\n%+v", got, groups)
	}
}

func TestByExec(t *testing.T) {
	groups := sampleGroups()
	o := openim(free(t))
	asked := 0
	o.Exec = func(_ context.Context, address string, ask func(int) []string, _ io.Reader, stdout io.Writer) error {
		asked++
		command := ask(9092)
		text := offsetsText(groups)
		switch {
		case slices.Contains(command, "--members"):
			text = membersText(groups)
		case slices.Contains(command, "--state"):
			text = stateText(groups, map[int32]string{1: address, 2: address})
		}
		_, err := stdout.Write(text)
		return err
	}
	g := gather(t, o)
	if got := g.groups(); len(got.Groups) != 2 || !slices.Equal(got.Missing, []string{"push"}) || got.Sample != toolSamples {
		t.Errorf("groups %+v", got)
	}
	if !strings.Contains(string(g.entries[bundle.KafkaGroups]), "has no active members") || asked != 2+toolSamples {
		t.Errorf("asked %d times, text\n%s", asked, g.entries[bundle.KafkaGroups])
	}
	g.gap(bundle.Failed, "nothing listens", "missing topics")
}

func TestExecFails(t *testing.T) {
	for name, exec := range map[string]func(io.Writer) error{
		"is refused": func(io.Writer) error { return errors.New("pods/exec is forbidden") },
		"has no tool": func(w io.Writer) error {
			_, err := io.WriteString(w, "there is no kafka-consumer-groups.sh in this container\n")
			return err
		},
	} {
		o := openim(free(t))
		o.Exec = func(_ context.Context, _ string, _ func(int) []string, _ io.Reader, stdout io.Writer) error {
			return exec(stdout)
		}
		g := gather(t, o)
		if len(g.gaps) != 8 {
			t.Errorf("an exec that %s: %d gaps for 8 entries", name, len(g.gaps))
		}
		g.gap(bundle.Failed, "nothing listens", "nor by exec")
	}
}

// TestNoExecWithPassword: a password would have to lie in a file beside the broker.
func TestNoExecWithPassword(t *testing.T) {
	o := openim(free(t))
	o.Backend.Login.Username = "openim"
	o.Exec = func(context.Context, string, func(int) []string, io.Reader, io.Writer) error {
		t.Error("the tool is run")
		return nil
	}
	gather(t, o)
}
