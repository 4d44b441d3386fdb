package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var hotPartition = analyze.Check{
	ID: "hot-partition", Guide: "2.3",
	Title: say("积压是否集中在一个分区", "lag is not all in one partition"),
	Doc: say("一个会话的消息总在同一个分区：一个热点群就是一个热点分区，一个消费者串行处理，加副本无用。多次采样里某分区占了新消息的大半、且它在积压时报告，并列出落在该分区的已知会话。均匀的积压不在此列。",
		"All messages of a conversation go to one partition: a hot group is a hot partition, one consumer works it off in order, and replicas do not help. Reported where one partition got most of what was written between samples and has lag, with the known conversations that lie there. Lag that is spread evenly is not meant."),
	Needs: []string{"kafka/groups.json or kafka/groups.txt (two samples)"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		told := false
		for _, g := range groupsOf(f) {
			written := g.sum().written
			told = told || slices.ContainsFunc(g.partitions, func(p *partition) bool { return len(p.samples) > 1 })
			for _, p := range g.partitions {
				if p.hot(g, written) {
					found = append(found, p.evidence(f, g, written))
				}
			}
		}
		if !told {
			return unknown()
		}
		return answer(found)
	},
}

// A partition is hot with hotShare percent of what was written to a topic of leastParts partitions, if that was leastWritten.
const (
	hotShare     = 60
	leastParts   = 3
	leastWritten = 200
)

func (p *partition) hot(g *group, written int64) bool {
	lags := p.trend == growing || p.trend == stalled || p.last().Lag >= largeLag && !g.never
	return lags && len(g.partitions) >= leastParts && written >= leastWritten && p.written()*100 >= written*hotShare
}

func (p *partition) evidence(f *analyze.Facts, g *group, written int64) analyze.Evidence {
	z := p.last()
	text := fmt.Sprintf("group %s topic %s: partition %d of %d got %d of %d new messages and has lag %d", g.name, g.topic, p.number, len(g.partitions), p.written(), written, z.Lag)
	if names := residents(f, g.topic, p.number); len(names) > 0 {
		text += "; conversations there: " + strings.Join(names, ", ")
	}
	return analyze.Evidence{
		Cause: "consumer-lag-growing", Confidence: analyze.Likely, Subject: analyze.Subject{Role: g.role, Target: g.name},
		Since: p.first().Time, Until: z.Time, Says: say("积压集中在一个分区：有热点会话", "the lag is in one partition: there is a hot conversation"),
		Samples: []analyze.Sighting{{Entry: z.Entry, Line: z.Line, Text: text}},
	}
}

// residents are conversations whose messages go to a partition; a few of them.
func residents(f *analyze.Facts, topic string, number int) []string {
	const most = 5
	var out []string
	if f.Kafka == nil {
		return nil
	}
	for _, c := range f.Kafka.Conversations {
		if at, ok := c.Partitions[topic]; ok && int(at) == number && len(out) < most {
			out = append(out, c.ID)
		}
	}
	return out
}

// rejoin is how long a consumer may take to join its group after its pod has started.
const rejoin = 2 * time.Minute
