package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/collect"
)

// TestPlanOfBackends prints what is asked of whom, each server once.
func TestPlanOfBackends(t *testing.T) {
	var b strings.Builder
	if err := tellAsks(&b, []collect.Ask{
		{Of: "kafka", At: "a:1,b:1", What: "DescribeGroups", Times: 5},
		{Of: "kafka", At: "a:1,b:1", What: "ListOffsets", Times: 15, Most: true},
		{Of: "redis", At: "r:1", What: "HMGET MALLOC_SEQ:<conversation> CURR LAST TIME LOCK", Times: 200, Most: true},
	}); err != nil {
		t.Fatal(err)
	}
	want := `
ASKED OF OTHER SERVERS; it only reads
  OF     TIMES  WHAT                                                 AT
  kafka  5      DescribeGroups                                       a:1,b:1
         ≤ 15   ListOffsets                                          a:1,b:1
  redis  ≤ 200  HMGET MALLOC_SEQ:<conversation> CURR LAST TIME LOCK  r:1
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestServerLine(t *testing.T) {
	s := server{"Kafka", "kafka.yml of configmap im/openim-config", []string{"kafka-service:9094"}}
	if got := s.line("by port-forward to pod im/kafka-0", nil); got != "Kafka kafka-service:9094 (from kafka.yml of configmap im/openim-config), reached by port-forward to pod im/kafka-0" {
		t.Error(got)
	}
	if got := s.line("", errors.New("it cannot be reached\nmore")); got != "Kafka kafka-service:9094 (from kafka.yml of configmap im/openim-config): it cannot be reached more" {
		t.Error(got)
	}
}
