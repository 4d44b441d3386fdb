package corpus

// The messages are those that the programs print; their fields are shortened. Some harmless ones hold words of trouble.

var chatter = []string{
	"hello", "are you there?", "no error here, all good", "see you at ten", "the connection was refused at the door, haha",
	"我到了", "好的,收到", "timeout in the second half", "ok", "send me the file please",
}

var rpcInfo = []text{
	{"INFO", "mw/rpc_server_interceptor.go:36", "rpc server request", `"platform": "Android", "operationID": "%o", "opUserID": "%u", "method": "/openim.msg.msg/SendMsg", "req": "msgData:{sendID:\"%u\"  recvID:\"%u\"  clientMsgID:\"%h\"  content:\"%m\"  sendTime:%o}"`},
	{"INFO", "mw/rpc_server_interceptor.go:44", "rpc server response success", `"platform": "IOS", "operationID": "%o", "opUserID": "%u", "method": "/openim.conversation.conversation/GetConversation", "req": "conversationID:\"%c\"  ownerUserID:\"%u\"", "resp": "conversation:{conversationID:\"%c\" recvMsgOpt:0}"`},
	{"INFO", "mw/rpc_client_interceptor.go:48", "rpc client request", `"operationID": "%o", "opUserID": "%u", "method": "/openim.user.user/getGlobalRecvMessageOpt", "target": "etcd:///openim/user", "req": "userID:\"%u\""`},
	{"INFO", "mw/rpc_client_interceptor.go:51", "rpc client response success", `"operationID": "%o", "opUserID": "%u", "method": "/openim.group.group/getGroupMemberIDs", "resp": "userIDs:\"%u\" userIDs:\"%u\" userIDs:\"%u\"", "cost": "%nms"`},
	{"DEBUG", "rpccache/user.go:80", "UserLocalCache getUserGlobalMsgRecvOpt req", `"operationID": "%o", "opUserID": "%u", "userID": "%u", "timeout": "10s"`},
	{"DEBUG", "rpccache/friend.go:91", "FriendLocalCache isBlack return", `"operationID": "%o", "opUserID": "%u", "possibleBlackUserID": "%u", "value": "", "err": null`},
}

var apiInfo = []text{
	{"INFO", "api/router.go:117", "http request processed", `"operationID": "%o", "httpID": "%h", "method": "POST", "requestURI": "/user/get_users_info", "status": 200, "cost": "%nus", "respBody": "{\"errCode\":0,\"errMsg\":\"\",\"errDlt\":\"\"}"`},
	rpcInfo[2], rpcInfo[3],
}

var gatewayInfo = []text{
	{"DEBUG", "msggateway/client.go:182", "ping handler recv ping", `"remoteAddr": "%i", "platform": "Web", "connID": "%h", "operationID": "%o", "opUserID": "%u"`},
	{"INFO", "msggateway/ws_server.go:301", "user online", `"remoteAddr": "%i", "platform": "Android", "operationID": "%o", "opUserID": "%u", "online user Num": %n, "online user conn Num": %n`},
	{"DEBUG", "msggateway/hub_server.go:128", "push user not online", `"platform": "Admin", "operationID": "%o", "opUserID": "imAdmin", "userID": "%u"`},
	rpcInfo[0], rpcInfo[1],
}

var transferInfo = []text{
	{"INFO", "msgtransfer/online_history_msg_handler.go:128", "msg arrived channel", `"operationID": "%o", "channel id": 7, "msgList length": 3, "key": "%c"`},
	{"INFO", "msgtransfer/online_history_msg_handler.go:290", "BatchInsertChat2Cache end", `"operationID": "%o", "conversationID": "%c", "lastMaxSeq": %n, "cost": "%nms"`},
	{"INFO", "msgtransfer/online_history_msg_handler.go:330", "MsgToMongoMQ end", `"operationID": "%o", "key": "%c", "partition": 3, "offset": %n`},
	{"INFO", "msgtransfer/online_msg_to_mongo_handler.go:60", "mongo consumer recv msg", `"operationID": "%o", "msgs": "lastSeq:%n conversationID:\"%c\" msgData:{sendID:\"%u\" content:\"%m\" clientMsgID:\"%h\"}"`},
	{"DEBUG", "rpccache/conversation.go:88", "ConversationLocalCache GetConversation req", `"operationID": "%o", "userID": "%u", "conversationID": "%c", "retry on error": false`},
}

var pushInfo = []text{
	{"INFO", "push/push_handler.go:154", "Get msg from msg_transfer And push msg", `"operationID": "%o", "userIDs": ["%u", "%u"], "msg": "sendID:\"%u\" recvID:\"%u\" clientMsgID:\"%h\" content:\"%m\""`},
	{"INFO", "rpccache/online.go:170", "get users online", `"operationID": "%o", "online users length": 1, "offline users length": 0, "cost": "%nus"`},
	{"DEBUG", "push/onlinepusher.go:66", "get gateway conn", `"operationID": "%o", "conn length": 2, "no error": true`},
	rpcInfo[3],
}

const dialError = `"error": "Error: 14 last connection error: connection error: desc = \"transport: Error while dialing: dial tcp %i: connect: connection refused\""`

var rpcTrouble = []text{
	{"WARN", "mw/rpc_client_interceptor.go:78", "rpc client response failed", `"operationID": "%o", "method": "/openim.user.user/getDesignateUsers", ` + dialError},
	{"WARN", "mw/rpc_client_interceptor.go:78", "rpc client response failed", `"operationID": "%o", "method": "/openim.group.group/getGroupsInfo", "error": "Error: 1004 RecordNotFoundError: group not found %u"`},
	{"WARN", "mw/rpc_server_interceptor.go:67", "rpc server response failed", `"operationID": "%o", "error": "Error: 4 context deadline exceeded | -> mongo.(*Client).Find() client.go:88"`},
	{"ERROR", "redis/seq_conversation.go:332", "set seq cache failed", `"operationID": "%o", "key": "SEQ_CACHE:%c", "error": "dial tcp %i: i/o timeout"`},
	{"WARN", "msg/sync_msg.go:56", "not have msgs", `"operationID": "%o", "conversationID": "%c", "seqs": [%n, %n]`},
	{"WARN", "etcd/etcd.go:557", "re-register endpoint failed", `"error": "rpc error: code = Unavailable desc = etcdserver: leader changed"`},
	{"ERROR", "mw/gin.go:41", "GinPanicErr panic", `"operationID": "%o", "error": "runtime error: invalid memory address or nil pointer dereference"`},
	{"WARN", "startrpc/start.go:99", "slow request", `"operationID": "%o", "cost": "%nms", "userID": "%u"`},
}

var gatewayTrouble = []text{
	{"WARN", "msggateway/client_conn.go:79", "websocket connection closed", `"remoteAddr": "%i", "opUserID": "%u", "error": "websocket: close 1006 (abnormal closure): unexpected EOF"`},
	{"WARN", "msggateway/client.go:135", "readMessage", `"remoteAddr": "%i", "opUserID": "%u", "error": "read tcp %i->%i: i/o timeout"`},
	{"WARN", "msggateway/http_error.go:23", "ws connection error", `"remoteAddr": "%i", "error": "Error: 1501 TokenExpiredError"`},
	{"ERROR", "msggateway/online.go:91", "update user online status", `"error": "Error: 4 context deadline exceeded"`},
	{"WARN", "msggateway/client.go:301", "wireBinaryMsg replyMessage", `"opUserID": "%u", "error": "write tcp %i->%i: write: broken pipe"`},
}

var transferTrouble = []text{
	{"WARN", "kafka/consumer_group.go:61", "consume err", `"topic": ["toRedis"], "groupID": "redis", "error": "kafka: client has run out of available brokers to talk to: dial tcp %i: connect: connection refused"`},
	{"ERROR", "msgtransfer/online_history_msg_handler.go:274", "batch data insert to redis err", `"operationID": "%o", "error": "redis: connection pool timeout"`},
	{"ERROR", "msgtransfer/online_history_msg_handler.go:327", "Msg To MongoDB MQ error", `"operationID": "%o", "conversationID": "%c", "lastSeq": %n, "error": "kafka server: Replication-factor is invalid"`},
	{"ERROR", "msgtransfer/online_msg_to_mongo_handler.go:65", "single data insert to mongo err", `"operationID": "%o", "error": "server selection error: server selection timeout, current topology: { Type: ReplicaSetNoPrimary }"`},
	{"WARN", "redis/seq_conversation.go:410", "malloc seq not equal cache last seq", `"conversationID": "%c", "currSeq": %n, "lastSeq": %n`},
}

var pushTrouble = []text{
	{"WARN", "push/push_handler.go:108", "it’s been a while since the message was sent", `"operationID": "%o", "conversationID": "%c", "sec": %n`},
	{"WARN", "push/onlinepusher.go:66", "get gateway conn 0 ", `"operationID": "%o"`},
	{"WARN", "push/push_handler.go:262", "offlinePushMsg failed", `"operationID": "%o", "error": "Post \"https://restapi.getui.com/v2/abc/auth\": dial tcp %i: connect: connection refused"`},
	transferTrouble[0], rpcTrouble[0],
}

// kinds are taken in turn; their mix is that of an installation with two replicas of everything.
var kinds = []kind{
	{"openim-rpc-msg", console, "[v3.8.3-patch.16]", true, true, rpcInfo, rpcTrouble},
	{"openim-msggateway", console, "[v3.8.3-patch.16]", true, true, gatewayInfo, gatewayTrouble},
	{"openim-msgtransfer", console, "[v3.8.3-patch.16]", true, true, transferInfo, transferTrouble},
	{"openim-push", split, "[v3.8.3", true, true, pushInfo, pushTrouble},
	{"openim-api", console, "[main]", true, true, apiInfo, rpcTrouble},
	{"openim-rpc-user", console, "[v3.8.3-patch.16]", true, false, rpcInfo, rpcTrouble},
	{"openim-rpc-group", split, "[v3.8.3", true, false, rpcInfo, rpcTrouble},
	{"openim-rpc-conversation", zapJSON, "[v3.8.3-patch.16]", false, true, rpcInfo, rpcTrouble},
	{"openim-rpc-friend", console, "[version:3.8.0]", false, false, rpcInfo, rpcTrouble},
	{"openim-rpc-auth", console, "[v3.8.3-patch.16]", true, true, rpcInfo, rpcTrouble},
	{"openim-rpc-third", console, "[3.8.2]", true, true, rpcInfo, rpcTrouble},
	{
		"kafka", kafka, "", false, true,
		[]text{
			{"INFO", "", "[GroupCoordinator 0]: Stabilized group redis generation %n (__consumer_offsets-40) with 4 members (kafka.coordinator.group.GroupCoordinator)", ""},
			{"INFO", "", "[UnifiedLog partition=toRedis-3, dir=/bitnami/kafka/data] Incremented log start offset to %n due to segment deletion (kafka.log.UnifiedLog)", ""},
			{"INFO", "", "[LocalLog partition=toPush-1, dir=/bitnami/kafka/data] Rolled new log segment at offset %n in 3 ms. (kafka.log.LocalLog)", ""},
		},
		[]text{
			{"WARN", "", "[ReplicaFetcher replicaId=1, leaderId=2, fetcherId=0] Error in response for fetch request (kafka.server.ReplicaFetcherThread)", ""},
			{"ERROR", "", "[ReplicaManager broker=1] Error processing append operation on partition toMongo-3 (kafka.server.ReplicaManager)", ""},
		},
	},
	{
		"redis", redis, "", false, true,
		[]text{
			{"INFO", "", "100 changes in 300 seconds. Saving...", ""},
			{"INFO", "", "Background saving terminated with success", ""},
			{"INFO", "", "Fork CoW for RDB: current %n MB, peak %n MB, average %n MB", ""},
		},
		[]text{{"WARN", "", "Can't save in background: fork: Out of memory", ""}, {"WARN", "", "WARNING: The TCP backlog setting of 511 cannot be enforced", ""}},
	},
	{
		"mongo", mongod, "", false, true,
		[]text{
			{"INFO", "NETWORK", "Connection accepted", `{"remote":"%i","uuid":"%h","connectionId":%n,"connectionCount":62}`},
			{"INFO", "ACCESS", "Successfully authenticated", `{"client":"%i","isSpeculative":true,"mechanism":"SCRAM-SHA-256","user":"openIM","db":"openim_v3","result":0}`},
		},
		[]text{{"WARN", "COMMAND", "Slow query", `{"type":"command","ns":"openim_v3.msg","planSummary":"COLLSCAN","durationMillis":%n}`}},
	},
	{
		"etcd", etcd, "", false, true,
		[]text{{"INFO", "mvcc/index.go:214", "compact tree index", `"revision":%n`}, {"INFO", "mvcc/kvstore_compaction.go:66", "finished scheduled compaction", `"compact-revision":%n,"took":"1.2ms"`}},
		[]text{{"WARN", "txn/util.go:93", "apply request took too long", `"took":"1.%ns","expected-duration":"100ms","prefix":"read-only range "`}},
	},
}
