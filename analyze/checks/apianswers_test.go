package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// counted are lines of api_count.
func counted(lines ...string) string {
	out := "# TYPE api_count counter\n"
	for _, line := range lines {
		code, rest, _ := strings.Cut(line, " ")
		path, n, _ := strings.Cut(rest, " ")
		out += fmt.Sprintf("api_count{code=%q,method=\"POST\",path=%q} %s\n", code, path, n)
	}
	return out
}

func TestAPIAnswers(t *testing.T) {
	one, two := bundle.PodMetrics("im", "openim-api-545fb994c9-w9t2v", 12002), bundle.PodMetrics("im", "openim-api-545fb994c9-k2k2k", 12002)
	for _, c := range []struct {
		name          string
		first, second string
		of            string // Prometheus
		cause, sure   string
		text          string
		status        string
	}{
		{"calls succeed", counted("0 /msg/send_msg 100"), counted("0 /msg/send_msg 400"), "", "", "", "", analyze.Pass},
		{"business refuses", counted("0 /msg/send_msg 100"), counted("0 /msg/send_msg 150", "1302 /msg/send_msg 90", "1004 /user/get_users_info 60"), "", "", "", "", analyze.Pass},
		{"services are gone", counted("0 /msg/send_msg 100", "14 /msg/send_msg 7"), counted("0 /msg/send_msg 120", "14 /msg/send_msg 67", "14 /group/get_groups_info 30"), "", "rpc-service-down", analyze.Likely, "errCode 14: 90 of 110 answers, most of them /msg/send_msg 60, /group/get_groups_info 30", analyze.Fail},
		{"some calls fail inside", counted("0 /msg/send_msg 100"), counted("0 /msg/send_msg 300", "500 /third/upload 40"), "", "rpc-internal-error", analyze.Possible, "errCode 500: 40 of 240 answers, most of them /third/upload 40", analyze.Warn},
		{"one call in a hundred fails", counted("0 /msg/send_msg 100"), counted("0 /msg/send_msg 300", "500 /third/upload 2"), "", "", "", "", analyze.Pass},
		{"all failed long ago", counted("0 /msg/send_msg 100", "500 /msg/send_msg 9000"), counted("0 /msg/send_msg 200", "500 /msg/send_msg 9000"), "", "", "", "", analyze.Pass},
		{"there is too little traffic", counted("0 /msg/send_msg 100"), counted("0 /msg/send_msg 103", "500 /msg/send_msg 4"), "", "", "", "", analyze.Unknown},
		{"there is one sample", counted("0 /msg/send_msg 100", "500 /msg/send_msg 9000"), "", "", "", "", "", analyze.Unknown},
		{"the pod started anew", counted("0 /msg/send_msg 900", "500 /msg/send_msg 900"), counted("0 /msg/send_msg 10"), "", "", "", "", analyze.Unknown},
		{"nobody was asked", "", "", "", "", "", "", analyze.Unknown},
		{"Prometheus saw the secret change", "", "", metricsOf(`"code":"1505"`, 0, 2, 2), "token-secret-mismatch", analyze.Likely, "errCode 1505: 240 of 240 answers", analyze.Fail},
		{"Prometheus saw nothing wrong", "", "", metricsOf(`"code":"0"`, 3, 3, 3), "", "", "", analyze.Pass},
	} {
		files := map[string]string{}
		if c.first != "" {
			files[one], files[two] = c.first, counted("0 /auth/parse_token 5")
		}
		if c.second != "" {
			files[bundle.Sample(one, 1)] = c.second
		}
		if c.of != "" {
			files[bundle.PrometheusQuery("api-requests")] = c.of
		}
		f := &analyze.Facts{Specs: load(t)}
		if len(files) > 0 {
			f = factsOf(t, files)
		}
		got := apiAnswers.Run(f)
		if found := causesOf(got); got.Status != c.status || found[c.cause] != c.sure || c.text != "" && !contains(got, c.text) {
			t.Errorf("%s: %s %+v, want %s %s %s", c.name, got.Status, got.Evidence, c.status, c.sure, c.cause)
		}
	}
}
