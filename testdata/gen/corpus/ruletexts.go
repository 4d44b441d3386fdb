package corpus

// One rule a line, as rules for OpenIM and what it stands on look.

const literalRules = `
consume err
batch data insert to redis err
Msg To MongoDB MQ error
single data insert to mongo err
batch data insert to mongo err
set seq cache failed
set seq cache retrying still failed
set seq cache lock not found
set seq cache lock to be held by someone else
malloc seq not equal cache last seq
malloc seq waiting for lock timeout
malloc seq retrying still failed
storage.seq.Malloc
notification batch insert to redis error
setMessageToCache error
db.seq.SetMaxSeq error
message count exceeds limit
MsgToPushMQ
msg to push topic error
mongo msg get from kafka but is nil
msgFromMQ.MsgData is empty
remove cache msg from redis err
get group member ids error
single chat first create conversation error
HandleUserHasReadSeqMessages Panic
it’s been a while since the message was sent
get gateway conn 0 
SuperGroupOnlineBatchPushOneMsg ctx done
GetUserIdHashGatewayHost error
get msggateway hash error
initUsersOnlineStatus: getAllOnlineUsers failed
OnlineCache GetUserOnlinePlatform
offlinePushMsg failed
offline push failed
batchPush failed
dummy push
Msg To OfflinePush MQ error
push Unmarshal msg err
webhookBeforeOfflinePush failed
websocket connection closed
readMessage
ping handler write pong error
wireBinaryMsg replyMessage
online push msg failed
pushToUser MemoryQueue failed
ws connection error
websocket upgrade failed
user online processing is too slow
update user online status
MultiTerminalLoginCheck err
InvalidateToken err
socket have panic err:
is closed in server
Write Message have error
rpc client response failed
rpc client response error
rpc server response failed
RPC Server Response Error - 
RPC Client Response Error - 
rpc server panic
rpc client panic
no children to pick from
name resolver error
header get token error
GinPanicErr panic
rpc rate limited
rpc circuit breaker open
api server exit
rcp graceful stop timeout
GetConversation error
GetMsgBySeqsRange error
not have notificationMsgs
GetMaxSeqs error
minSeq > end
seq not found for conversationID
hasReadSeq must not be bigger than maxSeq
Push to queue failed
Failed to get incremental group member
create conversation failed
NotificationUserInfoUpdate timeout
batchGetCache query database failed
redis publish cache delete error
redis SetUserOnline
cron destruct chat records failed
ClearUserConversationMsg failed.
Failed to create etcd session
etcd keepalive lost, re-registering endpoint
re-register endpoint failed
initializeConnMap in watch err
Error initializing connections
Fail to connect Mongo
failed to read config file
CONFIG_PATH env is empty
unsupported discovery type
kafka server: Replication-factor is invalid
kafka server: Not enough in-sync replicas
The requested offset is outside the range of offsets
attempted to perform an operation on an invalid topic
redis: connection pool timeout
OOM command not allowed when used memory
READONLY You can't write against a read only replica
MISCONF Redis is configured to save RDB snapshots
NOAUTH Authentication required
WRONGPASS invalid username-password pair
LOADING Redis is loading the dataset in memory
server selection timeout, current topology
ReplicaSetNoPrimary
mvcc: database space exceeded
etcdserver: leader changed
etcdserver: request timed out
Can't save in background: fork
apply request took too long
no space left on device
too many open files
x509: certificate has expired
`

const foldedLiterals = `
out of memory
connection reset by peer
permission denied
transport is closing
invalid memory address
`

const expressionRules = `
client has run out of available brokers to talk to: dial tcp (?P<addr>[^ ]+): connect: connection refused
transport: Error while dialing:? dial tcp (?P<addr>[^ ]+): connect: connection refused
transport: Error while dialing:? dial tcp (?P<addr>[^ ]+): (?:i/o timeout|connect: no route to host)
"errCode": ?1505\b
Error: 1004 RecordNotFoundError:? (?P<what>group|user|conversation) not found
Error: 4 context deadline exceeded.*mongo\.
Error: 150[1-7] Token\w+Error
dial tcp (?P<addr>[0-9.]+:6379): i/o timeout
websocket: close 10(?:01|06) \((?P<why>[^)]*)\)
read tcp [^ ]+->[^ ]+: i/o timeout
write tcp [^ ]+->[^ ]+: write: broken pipe
code = (?P<code>Unavailable|DeadlineExceeded) desc = etcdserver
Post "https?://(?P<vendor>[a-z.]+)/[^"]*": (?:dial tcp|context deadline)
"topic": ?\["(?P<topic>to[A-Z]\w+)"\].*"groupID": ?"(?P<group>\w+)"
kafka server: (?P<what>Replication-factor|Message was too large|Not enough in-sync)
Preparing to rebalance group (?P<group>\S+) in state
Error processing append operation on partition (?P<partition>\S+)
Member \S+ in group (?P<group>\S+) has failed
ReplicaFetcher replicaId=\d+, leaderId=\d+.*Error in response
"planSummary":"COLLSCAN".*"durationMillis":\d{4,}
"msg":"Slow query".*"durationMillis":(?P<ms>\d+)
"msg":"(?:Failed to authenticate|Authentication failed)".*"user":"(?P<user>[^"]*)"
apply request took too long","took":"(?P<took>[0-9.]+m?s)"
slow fdatasync.*"took":"(?P<took>[^"]+)"
lost leader|elected leader \w+ at term \d+
runtime error: (?:invalid memory address|index out of range)
panic: (?P<what>.{1,80}) goroutine \d+
concurrent map (?:writes|read and map write)
goroutine \d+ \[(?:chan receive|semacquire), \d{2,} minutes\]
exit -1: (?P<why>Error: .*)
lookup (?P<host>[a-z0-9.-]+) on [0-9.]+:53: (?:no such host|server misbehaving)
x509: certificate (?:signed by unknown authority|has expired)
tls: (?:first record does not look|bad certificate)
unable to authenticate using mechanism "(?P<mechanism>[^"]+)"
server selection error:.*Last error: dial tcp (?P<addr>[^ ]+): i/o timeout
timed out while checking out a connection.*maxPoolSize: \d+
\(NotWritablePrimary\)|\(PrimarySteppedDown\)
WriteError.*E11000 duplicate key error collection: (?P<collection>\S+)
CLUSTERDOWN .* (?:slot|cluster)
MOVED \d+ [0-9.]+:\d+
redis: (?:client is closed|transaction failed)
Background saving (?:error|terminated by signal \d+)
Asynchronous AOF fsync is taking too long
disconnected because it .*output buffer limits
upstream timed out \(110: (?:Operation|Connection) timed out\)
connect\(\) failed \(111: Connection refused\) while connecting
no live upstreams while connecting to upstream "(?P<upstream>[^"]+)"
Killed process \d+ \((?P<process>[^)]+)\).*anon-rss:\d+kB
oom-kill:constraint=(?P<constraint>\w+)
blk_update_request: I/O error, dev (?P<device>\w+)
EXT4-fs error \(device (?P<device>\w+)\)
open (?P<path>/\S+): (?:too many open files|permission denied)
write (?P<path>/\S+): no space left on device
bind: address already in use.*:\d+
accept4?: too many open files; retrying in \d+
grpc: received message larger than max \(\d+ vs\. \d+\)
rate: Wait\(n=\d+\) would exceed context deadline
stream error: stream ID \d+; (?:INTERNAL_ERROR|REFUSED_STREAM)
http2: server sent GOAWAY.*ErrCode=\w+
user (?P<user>\S+) is kicked by platform \w+
"sec": \d{2,}.*conversationID
code 2\d{4}, msg (?P<why>[a-z ]+) is invalid
failed to (?:pull|resolve) image "(?P<image>[^"]+)"
Liveness probe failed: .*(?:timeout|refused)
FailedScheduling.*\d+/\d+ nodes are available
`

const foldedExpressions = `
authentication fail(?:ed|ure).*user
connection (?:refused|aborted) by (?:peer|remote)
deadline.{0,12}exceeded while (?:waiting|reading)
no (?:such host|route to host) for
fatal error:? .*memory
dead ?lock (?:found|detected)
disk (?:is )?full on
invalid (?:token|signature) for user
cannot (?:open|create) (?:file|folder) /
memory limit .*exceeded
duplicate (?:key|entry) .*index
node .{1,40} not (?:ready|reachable)
volume .* failed to mount
replica .* lagging behind
quorum .*not reached
`
