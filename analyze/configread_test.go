package analyze

import (
	"slices"
	"strings"
	"testing"
)

// A process that is pointed at a wrong folder names its files in random order: the lack of discovery.yml alone tells an older
// configuration at most possibly, and not at all when it lacks others too.
func TestLackOfDiscoveryFile(t *testing.T) {
	exit := func(files ...string) string {
		text := ""
		for _, name := range files {
			text += "openim-push exit -1: Error: failed to read config file: open /etc/openim/" + name + ": no such file or directory\n"
		}
		return text
	}
	for _, c := range []struct {
		log  string
		want []string
	}{
		{exit("discovery.yml"), []string{"config-invalid possible", "config-older-than-image possible"}},
		{exit("discovery.yml", "discovery.yml"), []string{"config-invalid possible", "config-older-than-image possible"}},
		{exit("redis.yml", "discovery.yml", "kafka.yml"), []string{"config-invalid certain"}},
		{exit("redis.yml"), []string{"config-invalid certain"}},
	} {
		_, report := examined(t, map[string]string{"openim-push.log": c.log}, Options{})
		var got []string
		for _, r := range report.Verdict.Causes {
			got = append(got, r.Cause+" "+r.Confidence)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s\ngot  %s\nwant %s", c.log, strings.Join(got, ", "), strings.Join(c.want, ", "))
		}
	}
}
