package seq

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// maxDerived bounds the ids that follow from users and groups.
const maxDerived = 600

// named lists the conversations that the incident leads to.
func (p *picture) named(ctx context.Context) *choice {
	c := &choice{seen: map[string]*wanted{}}
	for _, id := range p.o.Conversations {
		c.add(id, record.ViaNamed, false)
	}
	c.derive(p.o.Users, p.o.Groups)
	c.most = len(c.all) + p.o.Sample
	if p.mongo == nil {
		return c
	}
	for _, u := range p.o.Users {
		ids, err := p.mongo.owned(ctx, u, p.o.Sample)
		if err != nil {
			p.gaps.add(p.b, p.mongo.gap(bundle.SeqFile, "the list of conversations of user "+u, err))
		}
		c.addSome(ids, record.ViaOwned)
	}
	return c
}

// logged waits for the logs and lists the conversations that only they name.
func (p *picture) logged(ctx context.Context, c *choice) []*wanted {
	before := len(c.all)
	ids, err := p.fromLogs(ctx)
	if err != nil {
		p.b.Gap(bundle.Gap{Entry: bundle.SeqFile, Reason: collect.ReasonOf(err), Detail: "the conversations that the logs name: " + err.Error(), Costs: costOf[bundle.SeqFile]})
	}
	c.addSome(ids, record.ViaLogs)
	return c.all[before:]
}

// choice gathers conversations, each once.
type choice struct {
	seen map[string]*wanted
	all  []*wanted
	most int // of all, when further ones are added
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

// addSome adds ids while there is room; those that are there already only learn how they were found too.
func (c *choice) addSome(ids []string, via string) {
	for _, id := range ids {
		if c.seen[id] != nil || len(c.all) < c.most {
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
