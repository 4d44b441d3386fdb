package specs

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// open are the keys whose values are told even if their file is a Secret, * standing for any run of characters: what imbundle judges,
// or needs to say where backends are. It is asked of official keys only, so that a * stands for nothing that somebody made up.
var open = slices.Concat(addressed, []string{
	"*enable*", "*ports", "*Port", "*listenIP", "*registerIP", "*autoSetPorts", "circuitBreaker.*", "ratelimiter.*", "envs.discovery",
	"to*Topic", "to*GroupID", "*.topic", "*consumerGroupID.*", "producerAck", "compressType", "*insecureSkipVerify", "*caCrt", "*clientCrt",
	"redisMode", "*clusterMode", "db", "redis.db", "poolSize", "*maxRetry", "*masterName", "*route*",
	"*database", "*authSource", "*maxPoolSize", "*mongoMode", "readPreference.*", "replicaSet.*", "writeConcern.*",
	"*rootDirectory", "kubernetes.namespace", "rpcService.*", "*rpcRegisterName.*",
	"*isJson", "*isSimplify", "*isStdout", "*remainLogLevel", "*remainRotationCount", "*rotationTime", "*storageLocation", "*withStack",
	"before*.failedContinue", "before*.timeout", "multiLogin.*", "multiLoginPolicy", "rpcMaxBodySize.*", "tokenPolicy.expire", "longConnSvr.*",
	"cronExecuteTime", "deleteObjectType", "fileExpireTime", "msgDestructTime", "retainChatRecords", "chatRecordsClearTime",
	"chatPersistenceMysql", "msgCacheTimeout", "*friendVerify", "*fcm.filePath", "fullUserCache", "maxConcurrentWorkers", "iosPush.*",
	"api.compressionLevel", "*publicRead",
})

// addressed are those of open that hold addresses.
var addressed = []string{"*address", "*addr", "*hosts", "*sentinelsAddrs", "*sentinelAddrs"}

// unofficial are settings that no release has a default for and that are read all the same.
var unofficial = [][2]string{
	{"redis.yml", "sentinelMode.sentinelAddrs"},
	{"share.yml", "openIM.secret"}, // of openim-chat
	{"config.yaml", "redis.clusterMode"},
	{"config.yaml", "redis.db"},
	{"config.yaml", "mongo.authSource"},
	{"config.yaml", "kafka.tls.enableTLS"},
	{"config.yaml", "kafka.tls.insecureSkipVerify"},
	{"config.yaml", "kafka.tls.caCrt"},
	{"config.yaml", "kafka.tls.clientCrt"},
	{"config.yaml", "kafka.tls.clientKey"},
	{"config.yaml", "kafka.tls.clientKeyPwd"},
}

// Telling says what may be told of settings in a file that is a Secret. The zero value tells nothing.
type Telling struct {
	official map[string][]string // values by file and key
	secret   func(key string) bool
}

// Telling takes the keys that releases have; secret says which of them hold what nobody else may know.
func (b *Baseline) Telling(secret func(key string) bool) Telling {
	t := Telling{map[string][]string{}, secret}
	for _, d := range b.Defaults {
		at := setting(d.File, d.Key)
		t.official[at] = append(t.official[at], d.Value)
	}
	for _, u := range unofficial {
		t.official[setting(u[0], u[1])] = nil
	}
	return t
}

// setting is a file and a key, however they are spelt: the names of variables have no case and no dots.
func setting(file, key string) string {
	return strings.ToUpper(strings.TrimSuffix(file, path.Ext(file)) + "\x00" + strings.ReplaceAll(key, ".", "_"))
}

// Names reports whether it may be told that a key is set: nobody has made it up.
func (t Telling) Names(file, key string) bool {
	_, there := t.official[setting(file, key)]
	return there
}

// Official reports whether a value of a key that holds no secret is a default of a release, and so known to everybody.
func (t Telling) Official(file, key string, values []string) bool {
	return t.Names(file, key) && !t.secret(key) && slices.Contains(t.official[setting(file, key)], strings.Join(values, ","))
}

// Text is what may be told of the values of a key, addresses without user, path and query; false: only that it is set.
func (t Telling) Text(file, key string, values []string) (string, bool) {
	switch {
	case !t.Names(file, key) || t.secret(key) || !fitsAny(open, key):
		return "", false
	case fitsAny(addressed, key):
		return bare(values)
	}
	text := strings.Join(values, ", ")
	return text, !strings.ContainsAny(text, "@\n") && !strings.Contains(text, "-----")
}

func fitsAny(patterns []string, key string) bool {
	norm := strings.NewReplacer(".", "_").Replace
	return slices.ContainsFunc(patterns, func(p string) bool { return wild(norm(strings.ToLower(p)), norm(strings.ToLower(key))) })
}

var bareAddress = regexp.MustCompile(`^((?:[a-z]+://)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?)(?:[/?#].*)?$`)

// bare are addresses from the last user on: what stands before it may be the beginning of a password with a comma.
func bare(values []string) (string, bool) {
	text := strings.Join(values, ",")
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		if strings.ContainsAny(text[:i], "?#") { // the @ may be one of the query
			return "", false
		}
		text = text[i+1:]
	}
	if i := strings.IndexAny(text, "?#"); i >= 0 && strings.Contains(text[i:], ",") { // the comma may be one of the query
		return "", false
	}
	if text == "" {
		return "", true
	}
	var all []string
	for _, one := range strings.Split(text, ",") {
		m := bareAddress.FindStringSubmatch(strings.TrimSpace(one))
		if m == nil {
			return "", false
		}
		all = append(all, m[1])
	}
	return strings.Join(all, ", "), true
}
