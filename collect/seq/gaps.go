package seq

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// gapsOnce keeps the same trouble of many conversations from becoming as many gaps.
type gapsOnce struct {
	mu   sync.Mutex
	seen map[bundle.Gap]bool
}

func (g *gapsOnce) add(b *collect.Batch, gap bundle.Gap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil {
		g.seen = map[bundle.Gap]bool{}
	}
	if !g.seen[gap] {
		g.seen[gap] = true
		b.Gap(gap)
	}
}

// advice is what kind of gap an error makes, and what to try.
type advice struct{ reason, hint string }

// gapOf makes a gap of an error: what was asked, of whom, what came, what to try.
func gapOf(entry, what, of, address string, err error, a advice) bundle.Gap {
	detail := what + ": " + of
	if address != "" {
		detail += " " + address
	}
	detail += ": " + strings.Join(strings.Fields(said(err)), " ")
	if a.hint != "" {
		detail += "; " + a.hint
	}
	return bundle.Gap{Entry: entry, Reason: a.reason, Detail: detail, Costs: costOf[entry]}
}

// aclUser is how Redis 7 names the user whose rights do not suffice; Redis 6 says "this user".
var aclUser = regexp.MustCompile(`NOPERM User \S+ has`)

// said is an error as it is written: without the name of the login.
func said(err error) string {
	return aclUser.ReplaceAllLiteralString(err.Error(), "NOPERM this user has")
}

var costOf = map[string]string{
	bundle.SeqFile:     "whether numbers were given out, stored and may be seen cannot be told",
	bundle.RedisInfo:   "memory, persistence and role of Redis are unknown",
	bundle.RedisServer: "slow commands and the topology of Redis are unknown",
	bundle.MongoServer: "primary, slow operations and indexes of Mongo are unknown",
}

// network gives advice about errors that both backends have in common; flag overrides the address.
func network(err error, flag string) (advice, bool) {
	var record tls.RecordHeaderError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	var timeout net.Error
	text := err.Error()
	slow := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
	var withheld *collect.AdvertisedError
	switch {
	case errors.As(err, &withheld):
		return advice{withheld.GapReason(), "it must advertise an address that clients reach, of its pod or service where it runs in the cluster; or name it with " + flag}, true
	case collect.ReasonOf(err) == bundle.Forbidden: // which says itself what to try
		return advice{bundle.Forbidden, ""}, true
	case slow && strings.Contains(text, "TLS handshake"):
		return advice{bundle.Timeout, "no answer to the TLS handshake: the server may speak no TLS, see the port and TLS of the configuration (" + flag + ")"}, true
	case errors.As(err, &record), strings.Contains(text, "first record does not look like a TLS handshake"):
		return advice{bundle.Failed, "the server speaks no TLS: take TLS out of the configuration, or check the port (" + flag + ")"}, true
	case errors.As(err, &name), strings.Contains(text, "x509: certificate is valid for"), strings.Contains(text, "doesn't contain any IP SANs"):
		return advice{bundle.Failed, "the certificate is for another name: use that name in " + flag}, true
	case errors.As(err, &unknown), errors.As(err, &invalid), strings.Contains(text, "x509:"), strings.Contains(text, "tls:"):
		return advice{bundle.Failed, "TLS fails: check CA, validity and client certificate of the configuration"}, true
	case errors.As(err, &dns), strings.Contains(text, "no such host"):
		return advice{bundle.NotFound, "the name cannot be resolved from here: run inside the cluster, or give " + flag}, true
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(text, "connection refused"):
		return advice{bundle.Failed, "nothing listens there: is it running? is the address right (" + flag + ")?"}, true
	case slow:
		return advice{bundle.Timeout, "no answer: check network policies and firewalls between here and it"}, true
	case errors.Is(err, context.Canceled):
		return advice{bundle.Timeout, ""}, true
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), strings.Contains(text, "EOF"), strings.Contains(text, "connection reset"):
		return advice{bundle.Failed, "it hangs up: it may want TLS, or refuse this client"}, true
	}
	return advice{}, false
}

// onRedis gives advice about an error of Redis.
func onRedis(err error) advice {
	text := err.Error()
	starts := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case starts("WRONGPASS", "invalid password", "AUTH failed", "invalid username-password"):
		return advice{bundle.Forbidden, "the password is wrong: check redis.yml, IMENV_REDIS_PASSWORD and openim-redis-secret"}
	case starts("NOAUTH"):
		return advice{bundle.Forbidden, "a password is needed and none is configured: give it with --redis-auth"}
	case starts("without any password configured"):
		return advice{bundle.Forbidden, "a password is configured and the server has none"}
	case starts("NOPERM"):
		return advice{bundle.Forbidden, "the ACL forbids it: a read-only user needs +@read +ping +info +slowlog|get +latency|latest +config|get +cluster|info +cluster|nodes ~*"}
	case starts("unknown command", "Unknown command", "unknown subcommand", "not supported"):
		return advice{bundle.NotFound, "this server has no such command"}
	case starts("LOADING"):
		return advice{bundle.Failed, "it is still loading its data: collect again in a while"}
	case starts("CLUSTERDOWN", "slot is served by nobody"):
		return advice{bundle.Failed, "a part of the cluster is down: look at cluster_state"}
	case starts("MOVED", "ASK "):
		return advice{bundle.Failed, "slots are moving: collect again in a while"}
	case starts("MASTERDOWN"):
		return advice{bundle.Failed, "the replica has lost its master"}
	}
	if a, is := network(err, "--redis"); is {
		return a
	}
	return advice{reason: collect.ReasonOf(err)}
}

var tooOld = regexp.MustCompile(`reports (?:maximum )?wire version \d+|requires at least \d+ \(MongoDB`)

// onMongo gives advice about an error of Mongo.
func onMongo(err error) advice {
	text := err.Error()
	code, _ := mongoCode(err)
	var byShell *shellError
	switch {
	case errors.As(err, &byShell):
		a := onMongo(byShell.err)
		if a.reason != bundle.Forbidden && !tooOld.MatchString(byShell.old.Error()) {
			a = onMongo(byShell.old)
		}
		a.hint = cmp.Or(a.hint, "ask it by hand with the mongo shell of its own version, and attach what it prints")
		return a
	case tooOld.MatchString(text):
		return advice{bundle.Failed, "this MongoDB is too old for the client: allow the mongo shell in its pod to be asked instead (--exec)"}
	case code == 18, strings.Contains(text, "AuthenticationFailed"), strings.Contains(text, "Authentication failed"), strings.Contains(text, "unable to authenticate"):
		return advice{bundle.Forbidden, "user, password or authSource is wrong: check mongodb.yml, IMENV_MONGODB_* and openim-mongo-secret"}
	case code == notAuthorized, strings.Contains(text, "not authorized"), strings.Contains(text, "requires authentication"):
		return advice{bundle.Forbidden, "the user lacks rights: read on the database, and clusterMonitor for the state of the servers"}
	case code == maxTimeExpired, strings.Contains(text, "MaxTimeMSExpired"):
		return advice{bundle.Timeout, "it took more than 100 ms, and was given up so as not to disturb: is an index missing?"}
	case code == notInitialized:
		return advice{bundle.NotFound, "the replica set was never set up: run rs.initiate() on one of its members"}
	case unsupported(err):
		return advice{bundle.NotFound, "this server has no such command"}
	}
	if a, is := network(err, "--mongo"); is {
		return a
	}
	return advice{reason: collect.ReasonOf(err)}
}

// What servers answer that lack a command, or a form or stage of one: MongoDB, and those that speak its protocol.
var (
	lackCodes = []int32{9, 59, 115, 238, 303, 40324}
	lackTexts = regexp.MustCompile(`(?i)no such (?:command|cmd)|command \S* ?not found|not (?:yet )?(?:supported|implemented)|unsupported|unrecognized pipeline stage`)
)

// unsupported reports whether a server says that it has no such thing, rather than that it may not be had.
func unsupported(err error) bool {
	code, answered := mongoCode(err)
	return answered && (slices.Contains(lackCodes, code) || code != notAuthorized && lackTexts.MatchString(err.Error()))
}

var lastError = regexp.MustCompile(`Last error: (.*?)(?: \}|, \{|$)`)

// plain takes out of the client's long story of a failed search for a server what went wrong.
func plain(err error) error {
	if m := lastError.FindStringSubmatch(err.Error()); m != nil {
		return errors.New(m[1])
	}
	if story, _, long := strings.Cut(err.Error(), ", current topology: "); long {
		return &shortened{story, err}
	}
	return err
}

// shortened is an error with fewer words.
type shortened struct {
	text string
	error
}

func (s *shortened) Error() string { return s.text }
func (s *shortened) Unwrap() error { return s.error }
