package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var apiAnswers = analyze.Check{
	ID: "api-answers", Guide: "2.1",
	Title: say("接口应答里的错误占比（api_count）", "share of errors among the answers of the API (api_count)"),
	Doc: say("按 errCode 统计 openim-api 两次采样之间（或 Prometheus 时间窗内）的应答：指向下游的错误码占一成以上提示，占一半以上报告，并列出出错最多的接口。参数、权限、好友关系一类业务错误不算故障。应答不足 50 个时为未知：占比没有意义。HTTP 状态码几乎总是 200，所以只看 errCode。",
		"Counts the answers of openim-api between two samples (or over the window of Prometheus) by errCode: a code that points behind the API is worth a word from a tenth of all answers and a fault from half of them, with the calls that fail most. Errors of business (arguments, permissions, friends) are no fault. Below 50 answers it is unknown: a share means nothing then. The HTTP status is 200 for nearly all of them, so errCode alone counts."),
	Needs: []string{"metrics/<namespace>/<pod of openim-api>-<port>.txt (two samples with traffic between them), or metrics/prometheus/api-requests.json"}, Collect: collectAll + " --metrics",
	Run: func(f *analyze.Facts) analyze.Finding {
		a := answersOfPods(f)
		if a.total < leastAnswers {
			a = answersOfPrometheus(f)
		}
		if a.total < leastAnswers {
			return unknown()
		}
		var found []analyze.Evidence
		for _, code := range a.codes() {
			if e, ok := a.judge(code); ok {
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

// leastAnswers give a share that means something; a code matters from seldom of them on and is a fault from often on.
const (
	leastAnswers = 50
	seldom       = 0.1
	often        = 0.5
)

// codeMeaning is what it means when the API answers with a code again and again.
type codeMeaning struct {
	cause string
	says  specs.Text
}

var codeMeanings = map[string]codeMeaning{
	"4":     {"rpc-slow-dependency", say("接口大量应答超时（4）", "the API answers many requests with a deadline that passed (4)")},
	"14":    {"rpc-service-down", say("接口大量应答后端不可用（14）", "the API answers many requests with an unavailable service (14)")},
	"429":   {"rate-limited", say("接口大量应答被限流（429）", "the API answers many requests with a rate limit (429)")},
	"500":   {"rpc-internal-error", say("接口大量应答内部错误（500）", "the API answers many requests with an internal error (500)")},
	"1505":  {"token-secret-mismatch", say("接口大量应答签名不符的 token（1505）", "the API answers many requests with a token of another signature (1505)")},
	"1507":  {"token-lost-from-redis", say("接口大量应答 token 不在 Redis（1507）", "the API answers many requests with a token that Redis does not have (1507)")},
	"80000": {"webhook-slow-or-unreachable", say("接口大量应答回调失败（80000）", "the API answers many requests with a failed webhook (80000)")},
	"90002": {"rpc-internal-error", say("接口大量应答数据库错误（90002）", "the API answers many requests with an error of the database (90002)")},
}

// answers are those of the API by code, and for each code by path.
type answers struct {
	total   float64
	byCode  map[string]float64
	byPath  map[[2]string]float64 // code, path
	example analyze.Sighting      // entry of the newest sample
}

func (a *answers) add(code, path string, n float64) {
	if a.byCode == nil {
		a.byCode, a.byPath = map[string]float64{}, map[[2]string]float64{}
	}
	a.total += n
	a.byCode[code] += n
	a.byPath[[2]string{code, path}] += n
}

// answersOfPods are what api_count rose by from the first to the last sample of each pod.
func answersOfPods(f *analyze.Facts) answers {
	var a answers
	type series struct{ pod, path, method, code string }
	first, last := map[series]analyze.Metric{}, map[series]analyze.Metric{}
	samples := map[string]int{}   // the last of each pod
	for _, m := range f.Metrics { // by pod and sample
		if m.Name != "api_count" {
			continue
		}
		key := series{m.Namespace + "/" + m.Pod, m.Labels["path"], m.Labels["method"], m.Labels["code"]}
		if _, again := first[key]; !again {
			first[key] = m
		}
		last[key] = m
		samples[key.pod] = max(samples[key.pod], m.Sample)
	}
	for key, z := range last {
		from, n := first[key], z.Value
		if from.Sample == 0 { // a series that came after the first sample began at nought
			n -= from.Value
		}
		if samples[key.pod] == 0 || n <= 0 { // a single sample, or a restart
			continue
		}
		a.add(key.code, key.path, n)
		if a.example.Entry == "" || z.Entry < a.example.Entry {
			a.example.Entry = z.Entry
		}
	}
	return a
}

// answersOfPrometheus are those of the window, by code alone.
func answersOfPrometheus(f *analyze.Facts) answers {
	var a answers
	for _, r := range f.Ranges {
		if r.Query != "api-requests" || len(r.Points) < 2 {
			continue
		}
		n := 0.0
		for i, p := range r.Points[1:] {
			n += p.Value * p.Time.Sub(r.Points[i].Time).Seconds()
		}
		a.add(r.Labels["code"], "", n)
		a.example.Entry = r.Entry
	}
	return a
}

func (a *answers) codes() []string {
	var codes []string
	for code := range a.byCode {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(x, y string) int { return cmp.Or(cmp.Compare(a.byCode[y], a.byCode[x]), cmp.Compare(x, y)) })
	return codes
}

func (a *answers) judge(code string) (analyze.Evidence, bool) {
	means, ok := codeMeanings[code]
	n := a.byCode[code]
	if !ok || n < seldom*a.total {
		return analyze.Evidence{}, false
	}
	e := analyze.Evidence{Cause: means.cause, Confidence: analyze.Possible, Subject: analyze.Subject{Role: "api", Target: "errCode " + code}, Count: int(n), Says: means.says}
	if n >= often*a.total {
		e.Confidence = analyze.Likely
	}
	s := a.example
	s.Text = clip(fmt.Sprintf("errCode %s: %.0f of %.0f answers%s", code, n, a.total, a.worst(code)))
	e.Samples = []analyze.Sighting{s}
	return e, true
}

// worst names the calls that a code is answered to most.
func (a *answers) worst(code string) string {
	const most = 3
	var paths []string
	for key := range a.byPath {
		if key[0] == code && key[1] != "" {
			paths = append(paths, key[1])
		}
	}
	slices.SortFunc(paths, func(x, y string) int {
		return cmp.Or(cmp.Compare(a.byPath[[2]string{code, y}], a.byPath[[2]string{code, x}]), cmp.Compare(x, y))
	})
	for i, path := range paths {
		paths[i] = fmt.Sprintf("%s %.0f", path, a.byPath[[2]string{code, path}])
	}
	if len(paths) == 0 {
		return ""
	}
	return ", most of them " + strings.Join(paths[:min(most, len(paths))], ", ")
}
