package analyze

import "testing"

// What a person mistypes in a shell is no certain fault of the server: a bare tool dials a port on which OpenIM's backends do not
// listen. The same words from OpenIM's drivers are.
func TestTypedCommandsAreNoCertainFaults(t *testing.T) {
	session := `root@node1:~# redis-cli ping
Could not connect to Redis at 127.0.0.1:6379: Connection refused
root@node1:~# redis-cli -p 16379 ping
(error) NOAUTH Authentication required.
root@node1:~# redis-cli -p 16379 -a 'of-redis' ping
PONG
root@node1:~# mongosh
MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017
root@node1:~# mongosh --port 37017 -u root -p
MongoServerError: Authentication failed.
root@node1:~# mongosh --port 37017 -u openIM -p --authenticationDatabase openim_v3 --eval 'db.runCommand({ping:1})'
{ ok: 1 }
`
	_, report := examined(t, map[string]string{"session.txt": session}, Options{})
	for _, c := range report.Verdict.Causes {
		if c.Cause == "redis-unreachable" || c.Cause == "mongo-unreachable" || c.Confidence != Possible {
			t.Errorf("typed: %s %s", c.Cause, c.Confidence)
		}
	}
	driver := `openim-rpc-user exit -1: Error: connection() error occurred during connection handshake: auth error: unable to authenticate using mechanism "SCRAM-SHA-256": (AuthenticationFailed) Authentication failed.: failed to connect to MongoDB` + "\n"
	_, report = examined(t, map[string]string{"session.txt": session, "openim-rpc-user.log": driver}, Options{})
	if lead := report.Verdict.Causes[0]; lead.Cause != "mongo-auth-failed" || lead.Confidence != Certain {
		t.Errorf("driver: %s %s", lead.Cause, lead.Confidence)
	}
}
