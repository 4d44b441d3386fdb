package kafka

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// script runs Kafka's own tool where its images keep it, in little memory and without the agents of the broker, whose ports
// are taken. A shell passes the arguments on.
const script = `unset KAFKA_OPTS KAFKA_JMX_OPTS JMX_PORT
export KAFKA_HEAP_OPTS="-Xms32m -Xmx128m" PATH="$PATH:/opt/bitnami/kafka/bin:/opt/kafka/bin"
for tool in kafka-consumer-groups.sh kafka-consumer-groups; do
	command -v $tool >/dev/null 2>&1 && exec $tool "$@" 2>&1
done
echo "there is no kafka-consumer-groups.sh in this container"`

// toolSamples are taken by the tool, which starts a virtual machine for each.
const toolSamples = 2

// instead is what is done where no broker can be asked: Kafka's own tool where that is allowed and needs no password, for it
// would have to lie in a file there; else a gap for everything.
func (s *source) instead(ctx context.Context, b *collect.Batch, f *Failure) error {
	done := map[string]bool{}
	if s.o.Exec != nil && !f.spoken() && s.o.Backend.Login.Username == "" && s.o.Backend.TLS == nil {
		if err := s.byTool(ctx, b, done); err != nil {
			f = &Failure{Reason: f.Reason, Text: f.Error(), Hint: "nor by exec", Err: err}
		}
	}
	for _, name := range s.entries() {
		if !b.Has(name) && !done[name] {
			b.Gap(bundle.Gap{Entry: name, Reason: f.Reason, Detail: f.Error(), Costs: "consumer lag, missing topics and groups, limits of Kafka"})
		}
	}
	return nil
}

// byTool runs the tool beside the first broker and writes what it prints, and the same facts as samples. done gets the names.
func (s *source) byTool(ctx context.Context, b *collect.Batch, done map[string]bool) error {
	r := &run{source: s, b: b}
	write := func(name string, at time.Time, body []byte) error {
		done[name] = true
		if b.Has(name) {
			return nil
		}
		return b.Put(name, bundle.Meta{Time: at}, body)
	}
	texts := map[string][]byte{}
	for name, option := range map[string]string{bundle.KafkaMembers: "--members", bundle.KafkaState: "--state"} {
		text, err := s.tool(ctx, option)
		if err != nil {
			return err
		}
		texts[name] = text
	}
	var newest *record.KafkaGroups
	n, every := s.schedule(ctx)
	for sample := 1; sample <= min(n, toolSamples); sample++ {
		if sample > 1 && !pause(ctx, every) {
			break
		}
		text, err := s.tool(ctx)
		if err != nil {
			return err
		}
		at := s.o.Now().UTC()
		texts[bundle.KafkaGroups] = text
		groups := parseTool(texts[bundle.KafkaState], texts[bundle.KafkaMembers], text)
		newest = &record.KafkaGroups{Time: at, Sample: sample, Of: s.o.Samples, Groups: groups, Configured: s.o.Backend.Groups}
		for _, name := range s.o.Backend.Groups {
			if !slices.ContainsFunc(groups, func(g record.KafkaGroup) bool { return g.Name == name }) {
				newest.Missing = append(newest.Missing, name)
			}
		}
		name := bundle.Sample(bundle.KafkaGroupsJSON, sample)
		done[name] = true
		if err := r.put(name, at, newest); err != nil {
			return err
		}
	}
	done[bundle.KafkaGroupsJSON] = true
	if err := r.put(bundle.KafkaGroupsJSON, newest.Time, newest); err != nil {
		return err
	}
	for name, text := range texts {
		if err := write(name, newest.Time, text); err != nil {
			return err
		}
	}
	return nil
}

// tool runs kafka-consumer-groups.sh --describe --all-groups beside the first address that has one.
func (s *source) tool(ctx context.Context, options ...string) ([]byte, error) {
	var last error
	for _, address := range s.o.Backend.Addresses {
		var out bytes.Buffer
		command := func(int) []string {
			return append([]string{"sh", "-c", script, "kafka-consumer-groups", "--bootstrap-server", address, "--describe", "--all-groups"}, options...)
		}
		err := s.o.Exec(ctx, address, command, nil, &out)
		text := out.String()
		switch {
		case err != nil:
			last = fmt.Errorf("running kafka-consumer-groups.sh beside %s: %w: %s", address, err, tail(text))
		case !strings.Contains(text, "GROUP ") && !strings.Contains(text, "Consumer group '"):
			last = fmt.Errorf("kafka-consumer-groups.sh beside %s: %s", address, tail(text))
		default:
			return out.Bytes(), nil
		}
	}
	return nil, last
}

// tail is the end of what a program said, on one line.
func tail(text string) string {
	const most = 300
	text = strings.Join(strings.Fields(text), " ")
	return strings.ToValidUTF8(text[max(0, len(text)-most):], "")
}

// toolReader makes groups out of the tables of the tool.
type toolReader struct {
	groups []*record.KafkaGroup
	table  string // second word of the header above
	named  bool   // the table has a column of instances
}

// parseTool reads what the tool printed with --state, with --members and without either. Starts of logs are not among it.
func parseTool(texts ...[]byte) []record.KafkaGroup {
	r := &toolReader{}
	for _, text := range texts {
		r.table = ""
		for line := range strings.Lines(string(text)) {
			r.line(strings.Fields(line))
		}
	}
	var out []record.KafkaGroup
	for _, g := range r.groups {
		slices.SortFunc(g.Partitions, func(a, b record.KafkaOffset) int {
			return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
		})
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b record.KafkaGroup) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (r *toolReader) line(f []string) {
	switch {
	case len(f) > 2 && f[0] == "GROUP":
		r.table, r.named = f[1], f[2] == "GROUP-INSTANCE-ID"
	case strings.HasPrefix(strings.Join(f, " "), "Consumer group '") && f[len(f)-1] == "members.":
		r.group(strings.Trim(f[2], "'")).State = "Empty"
	case len(f) == 9 && r.table == "TOPIC":
		r.offset(f)
	case len(f) >= 5 && r.table == "CONSUMER-ID":
		r.member(f)
	case len(f) == 6 && r.table == "COORDINATOR":
		g := r.group(f[0])
		g.State, g.Coordinator = f[4], int32(integer(strings.Trim(f[2], "()")))
		if f[3] != "-" {
			g.Assignor = f[3]
		}
	}
}

func (r *toolReader) group(name string) *record.KafkaGroup {
	for _, g := range r.groups {
		if g.Name == name {
			return g
		}
	}
	g := &record.KafkaGroup{Name: name, Coordinator: -1}
	r.groups = append(r.groups, g)
	return g
}

func (r *toolReader) member(f []string) {
	m := record.KafkaMember{ID: f[1], Host: f[len(f)-3], Client: f[len(f)-2], Assigned: int(integer(f[len(f)-1]))}
	if r.named && len(f) == 6 {
		m.Instance = f[2]
	}
	g := r.group(f[0])
	g.Members = append(g.Members, m)
}

func (r *toolReader) offset(f []string) {
	g := r.group(f[0])
	o := record.KafkaOffset{Topic: f[1], Partition: int32(integer(f[2])), Committed: shown(f[3]), End: shown(f[4]), Lag: shown(f[5])}
	if i := slices.IndexFunc(g.Members, func(m record.KafkaMember) bool { return m.ID == f[6] }); i >= 0 {
		o.Member = &i
	} else if f[6] != "-" {
		i = len(g.Members)
		g.Members = append(g.Members, record.KafkaMember{ID: f[6], Host: f[7], Client: f[8]})
		o.Member = &i
	}
	g.Partitions = append(g.Partitions, o)
}

// integer is -1 for what is no number.
func integer(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return -1
	}
	return n
}

// shown is nil for "-".
func shown(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
