package analyze

import (
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// TestCostsInBothLanguages: the collector says in English what a gap costs, and the Chinese report says it in Chinese.
func TestCostsInBothLanguages(t *testing.T) {
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	whats := []string{
		bundle.Resource("events", "default"), bundle.Table("secrets", "im"), bundle.Resource("endpointslices", "im"), "cluster-resources/*",
		AlbConfigsEntry, ClassesEntry,
		bundle.PodLog("im", "p", "c", true), bundle.ContainerFile("im", "p", "c", "/a.log"), bundle.NodeText("n1", "du"), bundle.AllOfNode("n1"),
		bundle.NodeSummary("n1"), bundle.Sample(bundle.KafkaGroupsJSON, 2), bundle.KafkaTopics, bundle.SeqFile, bundle.MongoServer + "#set",
		bundle.PodMetrics("im", "p", 12002), bundle.PrometheusQuery(set.Queries[0].ID), bundle.PrometheusQuery("of-another-release"), bundle.ReadyZ,
		bundle.EtcdStatus, bundle.ConfigEffective, bundle.TopPodsJSON, bundle.Describe("im", "pods", "p"), "redis", "mongo", "kafka", "node", "prometheus",
	}
	for _, what := range whats {
		got := costs(set.Queries, what, "what is said in English")
		if got.EN != "what is said in English" || strings.Contains(got.ZH, "English") || !strings.ContainsFunc(got.ZH, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got := costs(set.Queries, bundle.PrometheusQuery(set.Queries[0].ID), ""); got.ZH != set.Queries[0].Why.ZH {
		t.Errorf("of a query: %+v", got)
	}
	if got := costs(nil, "unheard/of", "its own words"); !strings.Contains(got.ZH, "its own words") {
		t.Errorf("of what nobody knows: %+v", got)
	}
}
