package scan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// read gives the records of all lines of a text.
func read(t *testing.T, text string, o Options) ([]Record, Stats) {
	t.Helper()
	set, err := Compile([]Pattern{{Match: "(?s)^.*$"}})
	if err != nil {
		t.Fatal(err)
	}
	var records []Record
	stats, err := set.NewScanner().Scan(strings.NewReader(text), o, func(h Hit) {
		r := *h.Rec()
		for _, s := range []*string{&r.Service, &r.Module, &r.Version, &r.Caller, &r.Message} {
			*s = strings.Clone(*s)
		}
		r.KV = []byte(string(r.KV))
		records = append(records, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, stats
}

// say prints a record in one line.
func say(r Record) string {
	at := "-"
	if !r.Time.IsZero() {
		at = r.Time.Format(time.RFC3339Nano)
	}
	from := []string{"none", "record", "prefix", "carried"}[r.TimeFrom]
	return fmt.Sprintf("%s %s %s svc=%q mod=%q ver=%q at=%q msg=%q kv=%q", at, from, r.Level, r.Service, r.Module, r.Version, r.Caller, r.Message, r.KV)
}

const (
	console384 = "2026-11-23 08:03:28.345\t\x1b[33mWARN\x1b[0m\t\x1b[33m[PID:31859]    \x1b[0m\t\x1b[33mopenim-msgtransfer       \x1b[0m\t[v3.8.3-patch.16]             \t[kafka/consumer_group.go:61]                      \tconsume err                                       \t{\"topic\": [\"toRedis\"]}"
	firstHalf  = "2026-11-23 08:50:43.892\t\x1b[34mINFO\x1b[0m\t\x1b[34m[PID:11402]    \x1b[0m\t\x1b[34mopenim-msgtransfer       \x1b[0m\t[v3.8.3"
	otherHalf  = "]                     \t[msgtransfer/init.go:66]                          \tMSG-TRANSFER server is initializing\t{\"index\": 0}"
)

func TestRecordOfEveryFormat(t *testing.T) {
	shanghai := time.FixedZone("", 8*3600)
	for name, c := range map[string]struct {
		text string
		o    Options
		want []string
	}{
		"console with colours": {text: console384, want: []string{
			`2026-11-23T08:03:28.345Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3-patch.16" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"topic\": [\"toRedis\"]}"`,
		}},
		"console without colours, local zone": {text: string(plainOf(console384)), o: Options{Location: shanghai}, want: []string{
			`2026-11-23T00:03:28.345Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3-patch.16" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"topic\": [\"toRedis\"]}"`,
		}},
		"split after the version": {text: firstHalf + "\n" + otherHalf + "\n", want: []string{
			`2026-11-23T08:50:43.892Z record info svc="" mod="openim-msgtransfer" ver="v3.8.3" at="" msg="" kv=""`,
			`2026-11-23T08:50:43.892Z record info svc="" mod="openim-msgtransfer" ver="v3.8.3" at="msgtransfer/init.go:66" msg="MSG-TRANSFER server is initializing" kv="{\"index\": 0}"`,
		}},
		"split, with the kubelet's time on both": {text: "2026-11-23T00:50:43.892951580Z " + firstHalf + "\n2026-11-23T00:50:43.892981575Z " + otherHalf, want: []string{
			`2026-11-23T00:50:43.892Z record info svc="" mod="openim-msgtransfer" ver="v3.8.3" at="" msg="" kv=""`,
			`2026-11-23T00:50:43.892Z record info svc="" mod="openim-msgtransfer" ver="v3.8.3" at="msgtransfer/init.go:66" msg="MSG-TRANSFER server is initializing" kv="{\"index\": 0}"`,
		}},
		"split, with compose prefixes": {text: "openim-server  | " + firstHalf + "\nopenim-server  | " + otherHalf, want: []string{
			`2026-11-23T08:50:43.892Z record info svc="openim-server" mod="openim-msgtransfer" ver="v3.8.3" at="" msg="" kv=""`,
			`2026-11-23T08:50:43.892Z record info svc="openim-server" mod="openim-msgtransfer" ver="v3.8.3" at="msgtransfer/init.go:66" msg="MSG-TRANSFER server is initializing" kv="{\"index\": 0}"`,
		}},
		"a second half without its first": {text: console384 + "\n" + otherHalf, want: []string{
			`2026-11-23T08:03:28.345Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3-patch.16" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"topic\": [\"toRedis\"]}"`,
			`2026-11-23T08:03:28.345Z carried unknown svc="" mod="" ver="" at="msgtransfer/init.go:66" msg="MSG-TRANSFER server is initializing" kv="{\"index\": 0}"`,
		}},
		"pasted, with blanks for tabs": {text: strings.ReplaceAll(string(plainOf(console384)), "\t", " "), want: []string{
			`2026-11-23T08:03:28.345Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3-patch.16" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"topic\": [\"toRedis\"]}"`,
		}},
		"pasted, the escapes lost": {text: strings.ReplaceAll(console384, "\x1b", ""), want: []string{
			`2026-11-23T08:03:28.345Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3-patch.16" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"topic\": [\"toRedis\"]}"`,
		}},
		"pasted, the escapes written out, blanks for tabs, after compose's prefix": {text: "openim-server-1  | " + strings.ReplaceAll(strings.ReplaceAll(console384, "\x1b", "^["), "\t", "    "), want: []string{
			`2026-11-23T08:03:28.345Z record warn svc="openim-server-1" mod="openim-msgtransfer" ver="v3.8.3-patch.16" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"topic\": [\"toRedis\"]}"`,
		}},
		"pasted and split": {text: strings.ReplaceAll(firstHalf+"\n"+otherHalf, "\t", " ") + "\n", want: []string{
			`2026-11-23T08:50:43.892Z record info svc="" mod="openim-msgtransfer" ver="v3.8.3" at="" msg="" kv=""`,
			`2026-11-23T08:50:43.892Z record info svc="" mod="openim-msgtransfer" ver="v3.8.3" at="msgtransfer/init.go:66" msg="MSG-TRANSFER server is initializing" kv="{\"index\": 0}"`,
		}},
		"pasted from the client SDK": {text: "2026-09-27 01:00:44.098 INFO [PID:31026]     [v3.8.3]   [flutter/Android]  [open_im_sdk/caller.go:109]   fn call success   {\"a\": 1}", want: []string{
			`2026-09-27T01:00:44.098Z record info svc="" mod="" ver="v3.8.3" at="open_im_sdk/caller.go:109" msg="fn call success" kv="{\"a\": 1}"`,
		}},
		"another program with a level behind the time": {text: "2026-11-23 08:03:28.345 ERROR 1 --- [main] c.e.shop.Orders : x", want: []string{
			`2026-11-23T08:03:28.345Z record error svc="" mod="" ver="" at="" msg="ERROR 1 --- [main] c.e.shop.Orders : x" kv=""`,
		}},
		"3.5 and 3.6": {text: "2026-10-04 05:58:06.123\t\x1b[37mDEBUG\x1b[0m\t\x1b[37m[PID:37836]\x1b[0m\t\x1b[37mmsgTransfer\x1b[0m\t[msgtransfer/online_history_msg_handler.go:430]\tonline new session msg come\t{\"topic\": \"latestMsgToRedis\"}", want: []string{
			`2026-10-04T05:58:06.123Z record debug svc="" mod="msgTransfer" ver="" at="msgtransfer/online_history_msg_handler.go:430" msg="online new session msg come" kv="{\"topic\": \"latestMsgToRedis\"}"`,
		}},
		"3.7 to 3.8.1": {text: "2026-10-12 12:33:54.412\tINFO\t[PID:14503]    \topenim-msgtransfer       \t[version:3.8.0]  \t[msgtransfer/online_history_msg_handler.go:97]    \tmsg arrived channel                               \t{}", want: []string{
			`2026-10-12T12:33:54.412Z record info svc="" mod="openim-msgtransfer" ver="3.8.0" at="msgtransfer/online_history_msg_handler.go:97" msg="msg arrived channel" kv="{}"`,
		}},
		"client SDK": {text: "2026-09-27 01:00:44.098\tINFO\t[PID:31026]    \t[v3.8.3]                      \t[flutter/Android]                                 \t[open_im_sdk/caller.go:109]                       \tfn call success                                   \t{\"a\": 1}", want: []string{
			`2026-09-27T01:00:44.098Z record info svc="" mod="" ver="v3.8.3" at="open_im_sdk/caller.go:109" msg="fn call success" kv="{\"a\": 1}"`,
		}},
		"JSON": {text: `{"level":"WARN","time":"2026-11-23 08:03:28.352","logger":"openim-msgtransfer","caller":"kafka/consumer_group.go:61","msg":"consume err                 ","PID":31868,"version":"v3.8.3\n","error":"a\"b"}`, want: []string{
			`2026-11-23T08:03:28.352Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3" at="kafka/consumer_group.go:61" msg="consume err" kv="{\"level\":\"WARN\",\"time\":\"2026-11-23 08:03:28.352\",\"logger\":\"openim-msgtransfer\",\"caller\":\"kafka/consumer_group.go:61\",\"msg\":\"consume err                 \",\"PID\":31868,\"version\":\"v3.8.3\\n\",\"error\":\"a\\\"b\"}"`,
		}},
		"JSON with blanks": {text: `{"level": "WARN", "time": "2026-11-23 08:03:28.352", "logger": "openim-msgtransfer", "msg": "consume err   ", "version": "v3.8.3\n"}`, want: []string{
			`2026-11-23T08:03:28.352Z record warn svc="" mod="openim-msgtransfer" ver="v3.8.3" at="" msg="consume err" kv="{\"level\": \"WARN\", \"time\": \"2026-11-23 08:03:28.352\", \"logger\": \"openim-msgtransfer\", \"msg\": \"consume err   \", \"version\": \"v3.8.3\\n\"}"`,
		}},
		"release 2": {text: "2026-09-14 23:22:02.655 [ERRO] [PID:4013] [FilePath:gate/ws_server.go:88] [OperationID:] [WS ReadMsg error]", want: []string{
			`2026-09-14T23:22:02.655Z record error svc="" mod="" ver="" at="" msg="[ERRO] [PID:4013] [FilePath:gate/ws_server.go:88] [OperationID:] [WS ReadMsg error]" kv=""`,
		}},
		"Kafka": {text: "[2026-10-18 10:00:00,123] WARN [Controller id=1] x (kafka.log)", want: []string{
			`2026-10-18T10:00:00.123Z record warn svc="" mod="" ver="" at="" msg="WARN [Controller id=1] x (kafka.log)" kv=""`,
		}},
		"Kafka's image": {text: "kafka 14:26:39.45 INFO  ==> ** Starting Kafka **", want: []string{
			`- none info svc="" mod="" ver="" at="" msg="kafka 14:26:39.45 INFO  ==> ** Starting Kafka **" kv=""`,
		}},
		"etcd": {text: `{"level":"warn","ts":"2026-11-23T08:50:40.536543Z","caller":"embed/config.go:1209","msg":"apply request took too long","took":"1s"}`, want: []string{
			`2026-11-23T08:50:40.536543Z record warn svc="" mod="" ver="" at="embed/config.go:1209" msg="apply request took too long" kv="{\"level\":\"warn\",\"ts\":\"2026-11-23T08:50:40.536543Z\",\"caller\":\"embed/config.go:1209\",\"msg\":\"apply request took too long\",\"took\":\"1s\"}"`,
		}},
		"etcd before 3.4": {text: "2026-11-23 08:50:40.536543 W | etcdserver: read-only range request took too long", want: []string{
			`2026-11-23T08:50:40.536543Z record warn svc="" mod="" ver="" at="" msg="W | etcdserver: read-only range request took too long" kv=""`,
		}},
		"mongod": {text: `{"t":{"$date":"2026-11-08T16:53:48.337+08:00"},"s":"W",  "c":"NETWORK",  "id":51800,    "ctx":"conn5688","msg":"client metadata","attr":{"a":[1,2]}}`, want: []string{
			`2026-11-08T08:53:48.337Z record warn svc="" mod="NETWORK" ver="" at="" msg="client metadata" kv="{\"t\":{\"$date\":\"2026-11-08T16:53:48.337+08:00\"},\"s\":\"W\",  \"c\":\"NETWORK\",  \"id\":51800,    \"ctx\":\"conn5688\",\"msg\":\"client metadata\",\"attr\":{\"a\":[1,2]}}"`,
		}},
		"mongod with blanks": {text: `{"t": {"$date": "2026-11-08T16:53:48.337+08:00"}, "s": "W", "c": "NETWORK", "msg": "x"}`, want: []string{
			`2026-11-08T08:53:48.337Z record warn svc="" mod="NETWORK" ver="" at="" msg="x" kv="{\"t\": {\"$date\": \"2026-11-08T16:53:48.337+08:00\"}, \"s\": \"W\", \"c\": \"NETWORK\", \"msg\": \"x\"}"`,
		}},
		"mongod before 4.4": {text: "2026-11-06T07:38:38.133+0000 I NETWORK  [listener] connection accepted", want: []string{
			`2026-11-06T07:38:38.133Z record info svc="" mod="" ver="" at="" msg="I NETWORK  [listener] connection accepted" kv=""`,
		}},
		"Redis": {text: "1:M 23 Nov 2026 08:03:28.345 # Can't save in background: fork: Out of memory", want: []string{
			`2026-11-23T08:03:28.345Z record warn svc="" mod="" ver="" at="" msg="1:M 23 Nov 2026 08:03:28.345 # Can't save in background: fork: Out of memory" kv=""`,
		}},
		"nginx": {text: "192.168.23.230 - - [05/Oct/2026:10:35:12 +0800] \"GET / HTTP/1.1\" 101 621\n2026/10/05 10:35:12 [error] 41#41: *8100 upstream timed out", want: []string{
			`2026-10-05T02:35:12Z record unknown svc="" mod="" ver="" at="" msg="192.168.23.230 - - [05/Oct/2026:10:35:12 +0800] \"GET / HTTP/1.1\" 101 621" kv=""`,
			`2026-10-05T10:35:12Z record error svc="" mod="" ver="" at="" msg="[error] 41#41: *8100 upstream timed out" kv=""`,
		}},
		"CoreDNS, after the kubelet's time": {text: "2026-10-05T10:35:12.827422694Z [ERROR] plugin/errors: 2 redis-0. A: i/o timeout", want: []string{
			`2026-10-05T10:35:12.827422694Z prefix error svc="" mod="" ver="" at="" msg="[ERROR] plugin/errors: 2 redis-0. A: i/o timeout" kv=""`,
		}},
		"klog": {text: "W1123 08:03:28.345678       1 reflector.go:539] failed", o: Options{Year: 2026}, want: []string{
			`2026-11-23T08:03:28.345678Z record warn svc="" mod="" ver="" at="" msg="W1123 08:03:28.345678       1 reflector.go:539] failed" kv=""`,
		}},
		"klog without a year": {text: "W1123 08:03:28.345678       1 reflector.go:539] failed", want: []string{
			`- none warn svc="" mod="" ver="" at="" msg="W1123 08:03:28.345678       1 reflector.go:539] failed" kv=""`,
		}},
		"dmesg": {text: "[Wed Oct 14 03:47:07 2026] oom-kill:constraint=CONSTRAINT_NONE\n[ 1234.5] x", want: []string{
			`2026-10-14T03:47:07Z record unknown svc="" mod="" ver="" at="" msg="[Wed Oct 14 03:47:07 2026] oom-kill:constraint=CONSTRAINT_NONE" kv=""`,
			`2026-10-14T03:47:07Z carried unknown svc="" mod="" ver="" at="" msg="[ 1234.5] x" kv=""`,
		}},
		"logfmt": {text: `time="2026-10-14T03:47:07Z" level=error msg="x"`, want: []string{
			`2026-10-14T03:47:07Z record error svc="" mod="" ver="" at="" msg="time=\"2026-10-14T03:47:07Z\" level=error msg=\"x\"" kv=""`,
		}},
		"kubectl logs --prefix": {text: "[pod/openim-api-1/api] 2026-10-14T03:47:07.123456789Z panic: x", want: []string{
			`2026-10-14T03:47:07.123456789Z prefix unknown svc="api" mod="" ver="" at="" msg="panic: x" kv=""`,
		}},
		"plain text": {text: "panic: x\n\ngoroutine 1 [running]:\n\tmain.main()", want: []string{
			`- none unknown svc="" mod="" ver="" at="" msg="panic: x" kv=""`,
			`- none unknown svc="" mod="" ver="" at="" msg="" kv=""`,
			`- none unknown svc="" mod="" ver="" at="" msg="goroutine 1 [running]:" kv=""`,
			`- none unknown svc="" mod="" ver="" at="" msg="main.main()" kv=""`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			records, _ := read(t, c.text, c.o)
			if len(records) != len(c.want) {
				t.Fatalf("%d records, want %d", len(records), len(c.want))
			}
			for i, r := range records {
				if got := say(r); got != c.want[i] {
					t.Errorf("line %d\n got %s\nwant %s", i+1, got, c.want[i])
				}
			}
		})
	}
}

func plainOf(line string) []byte {
	plain, _ := strip([]byte(line), nil)
	return plain
}
