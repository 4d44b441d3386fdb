package seq

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

// maxDerived bounds the ids that follow from users and groups.
const maxDerived = 600

// choose lists the conversations to ask about: those of the incident first, then those that the logs name.
func (p *picture) choose(ctx context.Context) error {
	c := choice{seen: map[string]*wanted{}}
	for _, id := range p.o.Conversations {
		c.add(id, record.ViaNamed, false)
	}
	c.derive(p.o.Users, p.o.Groups)
	named := len(c.all)
	if p.mongo != nil {
		for _, u := range p.o.Users {
			ids, err := p.mongo.owned(ctx, u, p.o.Sample)
			if err != nil {
				p.gaps.add(p.b, p.mongo.gap(bundle.SeqFile, "the list of conversations of user "+u, err))
			}
			c.addUpTo(named+p.o.Sample, ids, record.ViaOwned)
		}
	}
	if p.o.Logs != nil {
		ids, err := p.fromLogs(ctx)
		if err != nil {
			return fmt.Errorf("reading the logs for conversations: %w", err)
		}
		c.addUpTo(named+p.o.Sample, ids, record.ViaLogs)
	}
	if len(c.all) == 0 {
		p.b.Note("no conversation is known: name users, groups or conversations of the incident")
	}
	p.chosen = c.all
	p.each(func(w *wanted) { w.Users = taking(w.ID, p.o.Users) })
	return nil
}

// choice gathers conversations, each once.
type choice struct {
	seen map[string]*wanted
	all  []*wanted
}

func (c *choice) add(id, via string, guess bool) {
	w := c.seen[id]
	if w == nil {
		w = &wanted{Conversation: record.Conversation{ID: id}, guess: guess}
		c.seen[id] = w
		c.all = append(c.all, w)
	}
	w.guess = w.guess && guess
	if !slices.Contains(w.Via, via) {
		w.Via = append(w.Via, via)
	}
}

// addUpTo adds ids while there are fewer than most; those that are there already only learn how they were found too.
func (c *choice) addUpTo(most int, ids []string, via string) {
	for _, id := range ids {
		if c.seen[id] != nil || len(c.all) < most {
			c.add(id, via, !strings.HasPrefix(id, "si_") && !strings.HasPrefix(id, "sg_"))
		}
	}
}

// derive adds what the ids of users and groups make: the two users' own chat, groups, and the streams of notifications.
func (c *choice) derive(users, groups []string) {
	for _, g := range groups {
		c.add("sg_"+g, record.ViaGroup, false)
		c.add("n_"+g, record.ViaGroup, true)
		c.add("g_"+g, record.ViaGroup, true)
	}
	for i, a := range users {
		c.add("n_"+a+"_"+a, record.ViaUsers, true)
		for _, b := range users[i+1:] {
			if a == b || len(c.all) > maxDerived {
				continue
			}
			pair := min(a, b) + "_" + max(a, b) // by bytes
			c.add("si_"+pair, record.ViaUsers, false)
			c.add("n_"+pair, record.ViaUsers, true)
			c.add("sn_"+pair, record.ViaUsers, true)
		}
	}
}

// taking are the users that may take part in a conversation, by its id. Ids of users may hold the separator.
func taking(conversation string, users []string) []record.UserSeq {
	var all []record.UserSeq
	kind, rest, _ := strings.Cut(conversation, "_")
	for _, u := range users {
		whole := kind == "sg" || kind == "g" // its id does not tell the members
		if whole || strings.HasPrefix(rest, u+"_") || strings.HasSuffix(rest, "_"+u) {
			all = append(all, record.UserSeq{User: u})
		}
	}
	return all
}

// byWeight orders ids, the heaviest first.
func byWeight(weights map[string]int) []string {
	return slices.SortedFunc(maps.Keys(weights), func(a, b string) int {
		return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a, b))
	})
}
