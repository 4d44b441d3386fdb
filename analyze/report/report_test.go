package report_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/report"
	"github.com/imbundle/imbundle/specs"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestTable(t *testing.T) {
	for name, c := range map[string]struct {
		report *analyze.Report
		o      report.Options
	}{
		"broken.en":        {broken(), report.Options{Lang: "en"}},
		"broken.zh":        {broken(), report.Options{Lang: "zh"}},
		"broken.wide.en":   {broken(), report.Options{Lang: "en", Wide: true, Width: 120}},
		"broken.wide.zh":   {broken(), report.Options{Lang: "zh", Wide: true, Width: 120}},
		"broken.narrow.zh": {broken(), report.Options{Lang: "zh", Width: 60}},
		"broken.color.en":  {broken(), report.Options{Lang: "en", Color: true}},
		"unknown.en":       {unknown(), report.Options{}},
		"unknown.zh":       {unknown(), report.Options{Lang: "zh"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := report.Table(&out, c.report, c.o); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", out.Bytes())
			if c.o.Color {
				return
			}
			width := c.o.Width
			if width == 0 {
				width = 100
			}
			for i, line := range strings.Split(out.String(), "\n") {
				if n := twwidth.WidthWithOptions(line, twwidth.Options{}); n > width && !strings.Contains(line, "/pods/logs/") {
					t.Errorf("line %d takes %d columns of %d: %q", i+1, n, width, line)
				}
				if strings.ContainsRune(line, '\x1b') {
					t.Errorf("line %d has an escape sequence: %q", i+1, line)
				}
			}
		})
	}
}

func TestJSON(t *testing.T) {
	for name, r := range map[string]*analyze.Report{"broken.json": broken(), "unknown.json": unknown(), "zero.json": {}} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := report.JSON(&out, r); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

// What is written for a ticket or a post-mortem has every part in both languages, and no text of a bundle becomes markup.
func TestDocuments(t *testing.T) {
	for name, render := range map[string]func(io.Writer, *analyze.Report, report.Options) error{"markdown": report.Markdown, "postmortem": report.Postmortem} {
		for _, lang := range []string{"en", "zh"} {
			for kind, r := range map[string]*analyze.Report{"broken": broken(), "unknown": unknown()} {
				t.Run(name+"."+kind+"."+lang, func(t *testing.T) {
					var out bytes.Buffer
					if err := render(&out, r, report.Options{Lang: lang}); err != nil {
						t.Fatal(err)
					}
					golden(t, kind+"."+name+"."+lang+".md", out.Bytes())
					if strings.ContainsAny(out.String(), "\x1b\u202e") {
						t.Error("a control character of the bundle is written as it is")
					}
				})
			}
		}
	}
}

// A full disk or a closed pipe must not look like a written report.
func TestWriteErrorIsTold(t *testing.T) {
	for name, render := range map[string]func() error{
		"table": func() error { return report.Table(brokenPipe{}, broken(), report.Options{}) },
		"json":  func() error { return report.JSON(brokenPipe{}, broken()) },

		"markdown":   func() error { return report.Markdown(brokenPipe{}, broken(), report.Options{}) },
		"postmortem": func() error { return report.Postmortem(brokenPipe{}, broken(), report.Options{}) },
	} {
		if err := render(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: error %v, want %v", name, err, os.ErrClosed)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (rewrite with -update):\n%s", path, got)
	}
}

func at(minute, second int) *time.Time {
	t := time.Date(2026, 7, 2, 10, minute, second, 0, time.FixedZone("", 8*3600))
	return &t
}

func text(en, zh string) specs.Text { return specs.Text{EN: en, ZH: zh} }

// broken is a report with something in every section, hostile text included.
func broken() *analyze.Report {
	kafka := analyze.Sighting{
		Check: "kafka-dial-refused", Says: text("the producer cannot reach a broker", "生产者无法连接 broker"),
		Entry: "cluster-resources/pods/logs/openim/openim-msgtransfer-server-7d9c5b8f6d-x2x8k/openim-msgtransfer-container.log", Line: 1042,
		Time: at(3, 12), Count: 132,
		Text: "2026-07-02 10:03:12.511\tERROR\t[openim-msgtransfer]   \x1b[31mkafka: client has run out of available brokers to talk to: dial tcp 10.0.3.7:9092: connect: connection refused\x1b[0m \u202egnp.exe",
	}
	second := kafka
	second.Entry, second.Line, second.Count = "openim-push.log", 7, 12
	return &analyze.Report{
		Schema:   analyze.Schema,
		Tool:     analyze.Tool{Version: "v0.1.0", Specs: "sha256:0123"},
		Incident: map[string]any{"scope": "all", "scenario": "realtime", "users": []any{"u1", "u2"}, "note": ""},
		Bundle: analyze.Input{
			Name: "imbundle-prod-20260702T021500Z.tgz", Cut: "unexpected end of file", CutAt: 1048576,
			Window: analyze.Window{From: *at(0, 0), To: *at(30, 0)}, ClockUncertainty: "2s",
			ClockNote: &specs.Text{EN: "times without a zone are taken as UTC+8", ZH: "无时区的时间按 UTC+8 处理"},
			Versions:  []string{"v3.8.3-patch.15"}, Line: "a",
		},
		Fingerprint: "kafka-unreachable/kafka:9092",
		Verdict: analyze.Verdict{
			Status: "broken", Hop: "to-redis",
			Why: text("No message has passed the hop to-redis since 10:03:12, and the leading cause accounts for it.", "自 10:03:12 起没有消息通过 to-redis 环节，首要原因可以解释这一现象。"),
			Causes: []analyze.CauseResult{
				{
					Cause: "kafka-unreachable", Title: text("Kafka cannot be reached", "无法连接 Kafka"), Means: text("no broker answers: down, not listening, wrong address, or network", "没有 broker 应答：宕机、未监听、地址错误或网络不通"),
					Severity: "critical", Confidence: "certain", Hop: "to-redis", Layer: "kafka", Guide: "2.3", Subject: "kafka-service:9092",
					Since: at(3, 12), Until: at(29, 58), Count: 144, Explains: []string{"producer-path-error", "consumer-lag-growing"},
					RuledOut:  []analyze.RuledOut{{Cause: "benign-kafka-startup", Title: text("Kafka is still starting", "Kafka 正在启动"), Because: text("it lasts 26 minutes, far longer than any start", "持续了 26 分钟，远长于启动时间")}},
					Evidence:  []analyze.Sighting{kafka, second, kafka, kafka},
					Fix:       text("Bring the brokers back and check that kafka-service:9092 has endpoints; the consumers reconnect by themselves.", "恢复 broker，并确认 kafka-service:9092 有可用的 endpoints；消费者会自动重连。"),
					Dont:      text("Do not change the consumer code and do not delete topics.", "不要修改消费者代码，也不要删除 topic。"),
					Lacks:     []specs.Text{text("a log of kafka", "kafka 的日志"), text("events of Kubernetes", "Kubernetes 事件")},
					Reproduce: text("Send one message.", "发一条消息。"), Verify: text("The lag falls back to 0.", "Lag 回到 0。"), Prevent: text("Watch the lag.", "监控 Lag。"),
				},
				{Cause: "producer-path-error", Title: text("A hop cannot hand on to the next topic", "某一环节无法写入下一个 topic"), Severity: "error", Confidence: "likely", Hop: "to-redis", Subject: "openim-rpc-msg", Since: at(3, 14), Count: 40, ExplainedBy: "kafka-unreachable", Evidence: []analyze.Sighting{second}},
				{Cause: "api-errcode", Title: text("Sends are answered with an error", "发送请求返回错误"), Severity: "warning", Confidence: "possible", Hop: "api", Count: 3, ExplainedBy: "producer-path-error"},
				{Cause: "push-vendor-unconfigured", Title: text("Offline push has no credentials", "离线推送没有配置凭据"), Severity: "warning", Confidence: "likely", Hop: "vendor", Guide: "2.5", Subject: "openim-push", Count: 9, Evidence: []analyze.Sighting{second}, Fix: text("Fill in the vendor's keys or turn offline push off.", "填写厂商密钥，或关闭离线推送。")},
			},
			CollectNext: []string{"imbundle collect -n openim --since 1h"},
			Leads:       &specs.Text{EN: "it accounts for 2 of the other findings and none of them accounts for it", ZH: "它能解释另外 2 个发现，而没有别的发现能解释它"},
			Intake:      &specs.Text{EN: "all users are affected, so what hits single users comes later", ZH: "全部用户受影响：只打到个别用户的原因排后"},
		},
		Pipeline: []analyze.HopState{
			{Hop: "client", Title: text("client", "客户端"), State: "unknown"},
			{Hop: "gateway", Title: text("gateway (websocket)", "网关：长连接"), State: "ok", Why: text("12 connections were accepted", "接受了 12 个连接")},
			{Hop: "api", Title: text("API", "API"), State: "degraded", Why: text("3 of 40 answers carry an error code", "40 个应答中有 3 个带错误码")},
			{Hop: "to-redis", Title: text("Kafka toRedis", "Kafka toRedis"), State: "broken", Why: text("no broker answers", "没有 broker 应答")},
			{Hop: "transfer", Title: text("msgtransfer", "消息中转"), State: "unknown"},
			{Hop: "push", Title: text("push", "推送"), State: "unknown"},
			{Hop: "kubernetes", Title: text("Kubernetes", "Kubernetes"), Below: true, State: "ok"},
			{Hop: "node", Title: text("node", "节点"), Below: true, State: "unknown"},
		},
		Checks: []analyze.CheckResult{
			{Check: "kafka-dial-refused", Title: text("brokers can be reached", "broker 可以连接"), Guide: "2.3", Status: "fail", Cause: "kafka-unreachable", Count: 144},
			{Check: "node-conditions", Title: text("nodes are ready", "节点就绪"), Guide: "5", Status: "unknown", Needs: []string{"nodes"}, Collect: "imbundle collect"},
			{Check: "pod-restarts", Title: text("pods do not restart", "Pod 没有重启"), Guide: "5", Status: "pass"},
		},
		Benign:   []analyze.BenignResult{{Cause: "benign-subscribe-returned", Title: text("Subscribe returned normally", "Subscribe returned normally"), Why: text("the newer consumer returns after every message and is called again", "新版消费者每处理一条消息就返回，外层循环会再次调用"), Count: 310, Evidence: []analyze.Sighting{second}}},
		Outcomes: []analyze.Outcome{{Request: "login", Code: 0, Count: 37}, {Request: "send", Code: 1001, Name: "ArgsError", Count: 3, Example: &kafka}},
		Changes:  []analyze.Change{{Time: *at(1, 0), Object: "StatefulSet/openim-production/kafka-broker-internal", What: text("image changed from 3.5.0 to 3.6.1", "镜像由 3.5.0 变为 3.6.1"), Entry: "cluster-resources/statefulsets/openim.json"}},
		Release: &analyze.Release{
			Name: "v3.8.3-patch.12", Date: "2025-10-24", Newest: "v3.8.3-patch.16", Behind: 4,
			Fixed: []analyze.KnownDefect{
				{ID: "unreachable", Says: text("a broker that comes back is not found", "恢复的 broker 找不到"), In: "v3.8.3-patch.13", Cause: "kafka-unreachable", Seen: true, Source: "open-im-server#1"},
				{ID: "other", Says: text("something else", "另一件事"), In: "v3.8.3-patch.15", Cause: "seq-hole", Source: "open-im-server#2"},
			},
			Open: []analyze.KnownDefect{{ID: "open", Says: text("nobody mended it", "尚未修复"), Cause: "mongo-slow", Source: "open-im-server#3"}},
		},
		Muted: []analyze.Muted{
			{ID: "no-vendor", What: "push-vendor-rejected", Title: text("The vendor refuses", "厂商拒绝"), Subject: "push-*", Reason: "bought next year", Until: "2026-12-31", Count: 4},
			{ID: "old", What: "log-flood", Reason: "was once", Until: "2026-01-31", Expired: true},
		},
		Unnamed: []analyze.Unnamed{
			{Why: "frequent", Level: "error", Role: "push", Caller: "push/push.go:61", Text: "odd thing # · <b>strange</b> | `x`", Count: 31, First: *at(3, 0), Last: *at(9, 0), Peak: *at(4, 0), PeakCount: 9, Entry: "openim-push.log", Line: 12},
			{Why: "risen", Level: "warn", Text: "sudden thing", Count: 40, First: *at(5, 0), Last: *at(5, 30), Peak: *at(5, 0), PeakCount: 38, Entry: "x.log", Line: 1},
			{Why: "newest", Level: "warn", Text: "last thing", Count: 1, First: *at(29, 0), Last: *at(29, 0), Peak: *at(29, 0), PeakCount: 1, Entry: "x.log", Line: 99},
		},
		Missing: []analyze.Missing{{What: "nodes", Reason: "forbidden", Detail: "nodes is forbidden: User \"a\" cannot list", Costs: text("pressure of a node stays unseen", "无法看到节点压力")}},
		Stats:   analyze.Stats{Entries: 14, Bytes: 1 << 20, Lines: 9001, Rules: 210},
	}
}

func unknown() *analyze.Report {
	return &analyze.Report{
		Schema:   analyze.Schema,
		Bundle:   analyze.Input{Name: "some.log", Complete: true, ClockUncertainty: "0s", Warnings: []specs.Text{text("a.txt and b.txt are of different clusters", "a.txt 与 b.txt 来自不同的集群")}},
		Verdict:  analyze.Verdict{Status: "unknown", Why: text("No hop of the path was observed.", "没有观测到链路中的任何环节。"), CollectNext: []string{"imbundle collect"}},
		Pipeline: []analyze.HopState{{Hop: "api", Title: text("API", "API"), State: "unknown"}},
		Stats:    analyze.Stats{Entries: 1, Bytes: 17, Lines: 1},
		Unread:   []analyze.Unread{{Entry: "notes.txt", Reason: "unrecognised"}, {Entry: "core\x1b[2J", Reason: "binary"}, {Entry: "a/b", Reason: "left-out", Detail: "link", Count: 3}},
	}
}
