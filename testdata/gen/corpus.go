package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// The roles in the shares of a busy installation.
var roles = []string{
	"openim-api", "openim-msggateway", "openim-msgtransfer", "openim-push", "openim-rpc-msg", "openim-rpc-msg",
	"openim-rpc-user", "openim-rpc-group", "openim-rpc-friend", "openim-rpc-conversation", "openim-rpc-auth", "openim-rpc-third",
}

var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// writeCorpus writes files logs of about size bytes in all, four of them a good deal larger than the rest, and some objects.
func writeCorpus(dir string, size int64, files int) error {
	for i := range files {
		role := roles[i%len(roles)]
		share := size * 84 / 100 / int64(files)
		if i < 4 {
			share += size * 4 / 100
		}
		pod := fmt.Sprintf("%s-7c9f8d6b5-%05x", role, 0xa1000+i*7919)
		path := filepath.Join(dir, "cluster-resources", "pods", "logs", "openim", pod, role+".log")
		if err := writeLog(path, role, share, uint64(i)); err != nil {
			return err
		}
	}
	return writeObjects(dir, files/4)
}

func writeLog(path, role string, size int64, seed uint64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	g := &logWriter{w: w, role: role, rnd: rand.New(rand.NewPCG(seed, 20261123)), at: start, form: int(seed % 10)}
	for g.n < size {
		g.line()
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// logWriter prints the records of one process. Forms 0-5 are coloured console with the kubelet's time, 6-8 without, 9 JSON.
type logWriter struct {
	w    *bufio.Writer
	role string
	rnd  *rand.Rand
	at   time.Time
	form int
	n    int64
}

type template struct {
	caller, msg, kv string
}

var calm = []template{
	{"mw/rpc_client_interceptor.go:48", "rpc client request", `"method": "/openim.msg.msg/SendMsg", "target": "etcd:///openim/msg", "req": "msgData:{sendID:\"%[1]d\" recvID:\"%[2]d\" clientMsgID:\"%[3]x\" contentType:101 sessionType:1}"`},
	{"mw/rpc_client_interceptor.go:51", "rpc client response success", `"method": "/openim.msg.msg/SendMsg", "resp": "serverMsgID:\"%[3]x\" clientMsgID:\"%[3]x\" sendTime:%[2]d"`},
	{"mw/rpc_server_interceptor.go:60", "rpc server request", `"funcName": "/openim.user.user/getDesignateUsers", "req": "userIDs:\"%[1]d\" userIDs:\"%[2]d\""`},
	{"mw/rpc_server_interceptor.go:66", "rpc server response success", `"funcName": "/openim.user.user/getDesignateUsers", "cost": "%[4]dms", "resp": "usersInfo:{userID:\"%[1]d\" nickname:\"user %[1]d\"}"`},
	{"msgtransfer/online_history_msg_handler.go:128", "msg arrived channel", `"channel id": %[4]d, "msgList length": 1, "key": "%[1]d_%[2]d"`},
	{"msgtransfer/online_history_msg_handler.go:272", "BatchInsertChat2Cache end", `"triggerID": "%[3]x"`},
	{"push/push_handler.go:96", "Get msg from msg_transfer And push msg", `"msg": "msgData:{sendID:\"%[1]d\" recvID:\"%[2]d\" seq:%[4]d}", "timeout": "10s"`},
	{"msggateway/hub_server.go:120", "push user msg", `"userID": "%[1]d", "platform": "Android", "connID": "%[3]x", "result": "no error"`},
	{"controller/msg.go:310", "GetMsgBySeqs", `"conversationID": "si_%[1]d_%[2]d", "seqs": [%[4]d, %[2]d], "timeout": "10s", "errors": 0`},
}

var troubled = []template{
	{"msggateway/client.go:130", "readMessage", `"error": "websocket: close 1006 (abnormal closure): unexpected EOF", "userID": "%[1]d"`},
	{"mw/rpc_client_interceptor.go:57", "rpc client response failed", `"method": "/openim.conversation.conversation/GetConversation", "error": "Error: 1004 RecordNotFoundError"`},
	{"push/push_handler.go:108", "it’s been a while since the message was sent", `"nowSec-sec": %[4]d`},
	{"msgtransfer/online_history_msg_handler.go:327", "Msg To MongoDB MQ error", `"error": "context deadline exceeded", "key": "%[1]d_%[2]d"`},
	{"kafka/consumer_group.go:61", "consume err", `"topic": ["toRedis"], "groupID": "redis", "error": "kafka: client has run out of available brokers to talk to: dial tcp 10.0.0.%[4]d:9092: connect: connection refused"`},
	{"redis/online.go:92", "redis SetUserOnline", `"error": "dial tcp 10.0.0.9:16379: i/o timeout", "userID": "%[1]d"`},
}

// line prints one record; 1.8 of 100 are WARN or ERROR.
func (g *logWriter) line() {
	g.at = g.at.Add(time.Duration(g.rnd.IntN(40)) * time.Millisecond)
	t, level, colour := calm[g.rnd.IntN(len(calm))], "INFO", 34
	switch n := g.rnd.IntN(1000); {
	case n < 14:
		t, level, colour = troubled[g.rnd.IntN(len(troubled))], "WARN", 33
	case n < 18:
		t, level, colour = troubled[g.rnd.IntN(len(troubled))], "ERROR", 31
	case n < 318:
		level, colour = "DEBUG", 37
	}
	kv := fmt.Sprintf(t.kv, 1000000+g.rnd.IntN(20000), 1000000+g.rnd.IntN(20000), g.rnd.Uint64(), g.rnd.IntN(250))
	stamp, op := g.at.Format("2006-01-02 15:04:05.000"), g.rnd.Uint64()
	var n int
	switch {
	case g.form == 9:
		n, _ = fmt.Fprintf(g.w, `{"level":"%s","time":"%s","logger":"%s","caller":"%s","msg":"%-50s","PID":1,"version":"v3.8.3-patch.16","operationID":"%x",%s}`+"\n", level, stamp, g.role, t.caller, t.msg, op, kv)
	default:
		if g.form < 6 {
			n, _ = fmt.Fprintf(g.w, "%s ", g.at.Format("2006-01-02T15:04:05.000000000Z"))
			g.n += int64(n)
		}
		c := fmt.Sprintf("\x1b[%dm", colour)
		n, _ = fmt.Fprintf(g.w, "%s\t%s%s\x1b[0m\t%s%-15s\x1b[0m\t%s%-25s\x1b[0m\t%-30s\t%-50s\t%-50s\t{\"operationID\": \"%x\", %s}\n",
			stamp, c, level, c, "[PID:1]", c, g.role, "[v3.8.3-patch.16]", "["+t.caller+"]", t.msg, op, kv)
	}
	g.n += int64(n)
}

// writeObjects writes pod lists, so that a corpus is not only logs.
func writeObjects(dir string, n int) error {
	for i := range n {
		path := filepath.Join(dir, "cluster-resources", "pods", fmt.Sprintf("openim-%03d.json", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		body := fmt.Sprintf(`{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"openim-rpc-msg-%03d","namespace":"openim-%03d"},"status":{"phase":"Running"}}]}`, i, i)
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			return err
		}
	}
	return nil
}
