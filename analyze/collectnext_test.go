package analyze

import (
	"slices"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// Lines of many questions become one; what was refused is asked for behind what grants it, and what cannot answer is not.
func TestCollectNextIsShort(t *testing.T) {
	const nodes = collectCommand + " --node-mode pod"
	type need struct {
		collect string
		needs   []string
	}
	kafka := need{collectCommand, []string{"kafka/groups.json or kafka/groups.txt (two samples)"}}
	disk := need{nodes, []string{"nodes/<node>/df.txt"}}
	for name, c := range map[string]struct {
		wanted []need
		gaps   []Missing
		lines  []string
	}{
		"nothing":           {nil, nil, []string{}},
		"without a flag":    {[]need{kafka, kafka}, nil, []string{collectCommand}},
		"flags once, first": {[]need{kafka, disk, {collectCommand + " --node-mode ssh", nil}, {collectCommand + " --attach a --attach b", nil}}, nil, []string{nodes + " --attach a --attach b"}},
		"asked for":         {[]need{{collectCommand + " --conversation ID --user ID", nil}, {collectCommand + " --ask", nil}}, nil, []string{collectCommand + " --ask"}},
		"a right is lacking": {
			[]need{disk, {collectCommand + " --conversation ID", nil}},
			[]Missing{{What: "node", Reason: bundle.Forbidden}},
			[]string{nodes + " --plan=rbac | kubectl apply -f -", nodes + " --conversation ID"},
		},
		"what an Ingress leads to may not be read": {
			[]need{{collectCommand, []string{AlbConfigsEntry}}},
			[]Missing{{What: AlbConfigsEntry, Reason: bundle.Forbidden}},
			[]string{collectCommand + " --plan=rbac | kubectl apply -f -", collectCommand},
		},
		"another right is lacking":     {[]need{disk}, []Missing{{What: "kube-top", Reason: bundle.Forbidden}}, []string{nodes}},
		"no way to the broker":         {[]need{kafka}, []Missing{{What: bundle.KafkaGroupsJSON, Reason: bundle.Failed}, {What: "kube-reach", Reason: bundle.Forbidden}}, []string{collectCommand + " --plan=rbac | kubectl apply -f -", collectCommand}},
		"the broker refuses":           {[]need{kafka}, []Missing{{What: bundle.KafkaGroupsJSON, Reason: bundle.Forbidden}}, []string{collectCommand + " --kafka-auth FILE"}},
		"the address is not known":     {[]need{kafka}, []Missing{{What: "kube-config", Reason: bundle.NotFound, Detail: "kafka: no address"}}, []string{collectCommand + " --kafka HOST:PORT"}},
		"the broker is not there":      {[]need{kafka}, []Missing{{What: bundle.KafkaGroupsJSON, Reason: bundle.Failed}}, []string{}},
		"one of two stores is there":   {[]need{{collectCommand, []string{"seq/conversations.jsonl"}}}, []Missing{{What: bundle.RedisInfo, Reason: bundle.Failed}}, []string{collectCommand}},
		"it may answer another time":   {[]need{kafka}, []Missing{{What: bundle.KafkaGroupsJSON, Reason: bundle.Timeout}}, []string{collectCommand}},
		"what is not collected by us":  {[]need{{"", []string{"kafka/groups.json"}}}, nil, []string{}},
		"others still have to be told": {[]need{kafka, disk}, []Missing{{What: bundle.KafkaGroupsJSON, Reason: bundle.Failed}}, []string{nodes}},
	} {
		n := next{f: &Facts{Gaps: c.gaps}}
		for _, w := range c.wanted {
			n.add(w.collect, w.needs...)
		}
		if got := n.lines(); !slices.Equal(got, c.lines) {
			t.Errorf("%s: %q, not %q", name, got, c.lines)
		}
	}
}
