package checks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// installation is a running OpenIM of one line, as loose logs: every ten seconds a message, for ten minutes.
type installation struct {
	version string
	logs    map[string]*strings.Builder
	extra   map[string]string
	without map[string]bool // steps that nobody does any more after the first minute
}

func (i *installation) b() bool { return i.version == "main" }

// say appends a line at a second.
func (i *installation) say(role string, second int, level, caller, message, fields string) {
	if i.logs[role] == nil {
		i.logs[role] = &strings.Builder{}
	}
	at := noon.Add(time.Duration(second) * time.Second).Format("2006-01-02 15:04:05.000")
	fmt.Fprintf(i.logs[role], "%s\t%s\t[PID:7]    \topenim-%s\t[%s]    \t[%s]   \t%-50s\t{\"operationID\": \"op%d\"%s}\n", at, level, role, i.version, caller, message, second, fields)
}

// fails appends a line at WARN or ERROR, with its callers on line A and B.
func (i *installation) fails(role string, second int, level, a, b, message, err string) {
	if i.b() {
		a = b
	}
	i.say(role, second, level, a, message, fmt.Sprintf(`, "error": %q`, err))
}

// works is what is logged of one message on its way.
func (i *installation) works(second int) {
	for _, step := range []struct{ name, role, caller, message, fields string }{
		{"api", "api", "mw/rpc_client_interceptor.go:38", "rpc client response success", `, "method": "/openim.msg.msg/SendMsg"`},
		{"rpc", "rpc-msg", "mw/rpc_server_interceptor.go:44", "rpc server response success", `, "method": "/openim.msg.msg/SendMsg"`},
		{"transfer", "msgtransfer", "msgtransfer/online_history_msg_handler.go:128", "msg arrived channel", ""},
		{"redis", "msgtransfer", "msgtransfer/online_history_msg_handler.go:277", "BatchInsertChat2Cache end", ""},
		{"to-mongo", "msgtransfer", "msgtransfer/online_history_msg_handler.go:330", "MsgToMongoMQ end", ""},
		{"to-push", "msgtransfer", "msgtransfer/online_history_msg_handler.go:333", "toPushTopic end", ""},
		{"push", "push", "push/push_handler.go:154", "Get msg from msg_transfer And push msg", ""},
		{"deliver", "msggateway", "mw/rpc_server_interceptor.go:44", "rpc server response success", `, "method": "/openim.msggateway.msgGateway/SuperGroupOnlineBatchPushOneMsg"`},
	} {
		if second < 60 || !i.without[step.name] {
			i.say(step.role, second, "INFO", step.caller, step.message, step.fields)
		}
	}
}

// group is two samples of a consumer group three minutes apart.
func (i *installation) group(name, topic string, committed, end [2]int) {
	for n := range 2 {
		i.extra[fmt.Sprintf("groups%d.txt", n)] += fmt.Sprintf("%s %s 0 %d %d %d sarama-1 /10.0.0.9 sarama\n", name, topic, committed[n], end[n], end[n]-committed[n])
	}
}

func (i *installation) analyzed(t *testing.T) *analyze.Report {
	t.Helper()
	files := map[string]string{}
	for role, log := range i.logs {
		files["openim-"+role+".log"] = log.String()
	}
	for n := range 2 {
		if body := i.extra[fmt.Sprintf("groups%d.txt", n)]; body != "" {
			files[fmt.Sprintf("groups%d.txt", n)] = noon.Add(time.Duration(5+3*n)*time.Minute).Format(time.UnixDate) +
				"\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\n" + body
		}
	}
	r, err := bundle.Open(looseFiles(t, files), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(t.Context(), r, load(t), analyze.Options{Checks: All(), Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const (
	lateAnswer = "Error: kafka server: Request exceeded the user-specified time limit in the request"
	noBroker   = "kafka: client has run out of available brokers to talk to: dial tcp 10.0.0.1:9092: connect: connection refused"
)

// TestDecisionTable goes through the rows of the decision table on both lines: which hop broke first, and by what.
func TestDecisionTable(t *testing.T) {
	const minute, warn, fail = 60, "WARN", "ERROR"
	for _, row := range []struct {
		name             string
		without          string
		fault            func(i *installation, second int)
		groups           func(i *installation)
		hop, cause       string
		causeB           string // empty: as on line A
		nothingOnB, once bool
	}{
		{name: "1 tokens are refused", hop: "config", cause: "token-secret-mismatch", fault: func(i *installation, s int) {
			i.fails("msggateway", s, warn, "msggateway/http_error.go:23", "msggateway/http_error.go:23", "ws connection error", "Error: 1505 signature is invalid jwt parse error, token=***")
		}},
		{name: "2 sends fail for Kafka", without: "api rpc transfer redis to-mongo to-push push deliver", hop: "to-redis", cause: "kafka-unreachable", fault: func(i *installation, s int) {
			if i.b() {
				i.say("rpc-msg", s, fail, "server/logger.go:19", "rpc server response error", fmt.Sprintf(`, "method": "/openim.msg.msg/SendMsg", "error": %q`, noBroker))
				i.say("api", s, fail, "client/logger.go:19", "rpc client response error", fmt.Sprintf(`, "method": "/openim.msg.msg/SendMsg", "error": "Error: 500 ServerInternalError %s"`, noBroker))
				return
			}
			i.fails("rpc-msg", s, warn, "mw/rpc_server_interceptor.go:85", "", "rpc server response failed", "Error: "+noBroker+": p.producer.SendMessage error")
			i.fails("api", s, fail, "mw/rpc_client_interceptor.go:59", "", "rpc client response failed", "Error: 500 Error: "+noBroker+": p.producer.SendMessage error")
		}},
		{name: "3 a webhook refuses", hop: "rpc", cause: "webhook-slow-or-unreachable", fault: func(i *installation, s int) {
			message := "rpc server response failed"
			if i.b() {
				message = "rpc server response error"
			}
			i.fails("rpc-msg", s, warn, "mw/rpc_server_interceptor.go:85", "server/logger.go:19", message, "Error: 80000 CallbackError")
		}},
		{name: "4 msgtransfer takes nothing", without: "transfer redis to-mongo to-push push deliver", hop: "transfer", cause: "consumer-stalled", groups: func(i *installation) {
			i.group("redis", "toRedis", [2]int{1000, 1000}, [2]int{1500, 1900})
			i.group("mongo", "toMongo", [2]int{700, 700}, [2]int{700, 700})
		}},
		{name: "5 numbers cannot be allocated", without: "redis to-mongo to-push push deliver", hop: "redis", cause: "seq-not-written", fault: func(i *installation, s int) {
			i.fails("msgtransfer", s, warn, "msgtransfer/online_history_msg_handler.go:274", "msgtransfer/online_history_msg_handler.go:269", "batch data insert to redis err", "Error: unexpected reply")
		}},
		{name: "6 nothing is stored", hop: "mongo", cause: "mongo-no-primary", fault: func(i *installation, s int) {
			message := "single data insert to mongo err"
			if i.b() {
				message = "batch data insert to mongo err"
			}
			i.fails("msgtransfer", s, fail, "msgtransfer/online_msg_to_mongo_handler.go:63", "msgtransfer/online_msg_to_mongo_handler.go:59", message, "Error: (NotWritablePrimary) not primary")
		}, groups: func(i *installation) {
			i.group("redis", "toRedis", [2]int{1000, 1400}, [2]int{1000, 1400})
			i.group("mongo", "toMongo", [2]int{500, 500}, [2]int{900, 1300})
		}},
		{name: "6 toMongo takes nothing", without: "to-mongo", hop: "to-mongo", cause: "producer-path-error", fault: func(i *installation, s int) {
			i.fails("msgtransfer", s, fail, "controller/msg_transfer.go:298", "controller/msg_transfer.go:272", "MsgToMongoMQ", lateAnswer)
		}},
		{name: "7 toPush takes nothing", without: "to-push push deliver", hop: "to-push", cause: "producer-path-error", fault: func(i *installation, s int) {
			message := "MsgToPushMQ"
			if i.b() {
				message = "msg to push topic error"
			}
			i.fails("msgtransfer", s, fail, "controller/msg_transfer.go:288", "msgtransfer/online_history_msg_handler.go:380", message, lateAnswer)
		}},
		{name: "8 the lag of push grows", hop: "push", cause: "consumer-stalled", nothingOnB: true, groups: func(i *installation) {
			i.group("push", "toPush", [2]int{500, 500}, [2]int{1200, 1800})
		}},
		{name: "9 push consumes no more", without: "push deliver", hop: "push", cause: "push-online-map-stale", causeB: "consumer-dead-pod-running", once: true, fault: func(i *installation, s int) {
			if i.b() {
				i.fails("push", s, fail, "", "push/push.go:118", "subscribe err", "kafka: tried to use a consumer group that was closed")
				return
			}
			i.fails("push", s, fail, "rpccache/online.go:44", "", "initUsersOnlineStatus failed", "Error: 14 last resolver error: produced zero addresses")
		}},
		{name: "10 push finds no gateway", without: "deliver", hop: "push", cause: "push-no-gateway", fault: func(i *installation, s int) {
			i.say("push", s, warn, "push/onlinepusher.go:66", "get gateway conn 0 ", "")
		}},
		{name: "11 the online map is behind", hop: "push", cause: "push-online-map-stale", fault: func(i *installation, s int) {
			i.fails("msggateway", s, fail, "msggateway/online.go:91", "msggateway/online.go:92", "update user online status", "context deadline exceeded")
		}},
		{name: "12 the gateway cannot write", hop: "gateway", cause: "gateway-overloaded", fault: func(i *installation, s int) {
			i.fails("msggateway", s, warn, "msggateway/client_conn.go:79", "msggateway/client_conn.go:78", "websocket connection closed", "websocket write buffer full,close connection")
		}},
		{name: "13 the server is sound", hop: "", cause: ""},
		{name: "14 a pull finds nothing", hop: "pull", cause: "seq-hole", fault: func(i *installation, s int) {
			i.say("rpc-msg", s, warn, "msg/sync_msg.go:56", "not have msgs", `, "conversationID": "si_1_2"`)
		}},
		{name: "14 a range hides messages", hop: "pull", cause: "user-seq-capped", fault: func(i *installation, s int) {
			i.fails("rpc-msg", s, warn, "controller/msg.go:403", "controller/msg.go:399", "minSeq > end", "minSeq>end")
		}},
	} {
		for _, version := range []string{"v3.8.3-patch.16", "main"} {
			t.Run(row.name+" on "+version, func(t *testing.T) {
				t.Parallel()
				i := &installation{version: version, logs: map[string]*strings.Builder{}, extra: map[string]string{}, without: map[string]bool{}}
				for _, step := range strings.Fields(row.without) {
					i.without[step] = true
				}
				for second := 0; second < 10*minute; second += 10 {
					i.works(second)
					if row.fault != nil && second >= minute && (!row.once || second == minute) {
						row.fault(i, second)
					}
				}
				if row.groups != nil {
					row.groups(i)
				}
				hop, cause := row.hop, row.cause
				if i.b() && row.causeB != "" {
					cause = row.causeB
				}
				if i.b() && row.nothingOnB {
					hop, cause = "", ""
				}
				got := i.analyzed(t)
				lead := ""
				if len(got.Verdict.Causes) > 0 {
					lead = got.Verdict.Causes[0].Cause
				}
				if got.Verdict.Hop != hop || lead != cause {
					t.Errorf("hop %q by %q, want %q by %q", got.Verdict.Hop, lead, hop, cause)
				}
			})
		}
	}
}
