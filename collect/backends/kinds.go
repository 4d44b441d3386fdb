package backends

import (
	"crypto/tls"
	"crypto/x509"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/specs/settings"
)

// Default ports, where an address names none.
const (
	kafkaPort = "9092"
	redisPort = "6379"
	mongoPort = "27017"
	etcdPort  = "2379"
)

func (f *finder) kafka(s section) *Kafka {
	if s.get("address", "addr") == nil {
		return nil
	}
	addresses, from := f.addresses(KafkaName, s, kafkaPort, "address", "addr")
	return &Kafka{
		Addresses: addresses, From: from, TLS: f.kafkaTLS(s), Login: f.login(KafkaName, s, "username", "password"),
		Topics: s.texts("toRedisTopic", "toMongoTopic", "toPushTopic", "toOfflinePushTopic",
			"latestMsgToRedis.topic", "offlineMsgToMongo.topic", "msgToPush.topic"),
		Groups: s.texts("toRedisGroupID", "toMongoGroupID", "toPushGroupID", "toOfflinePushGroupID",
			"consumerGroupID.msgToRedis", "consumerGroupID.msgToMongo", "consumerGroupID.msgToMySql", "consumerGroupID.msgToPush"),
	}
}

// kafkaTLS is nil for plain text. Up to 3.6 nothing but a certificate's name says that there is TLS.
func (f *finder) kafkaTLS(s section) *tls.Config {
	on := s.is("tls.enableTLS") || s.get("tls.enableTLS") == nil && s.text("tls.caCrt") != ""
	if !on {
		return nil
	}
	config := &tls.Config{InsecureSkipVerify: s.is("tls.insecureSkipVerify"), MinVersion: tls.VersionTLS12}
	if ca := s.get("tls.caCrt"); s.text("tls.caCrt") != "" && !config.InsecureSkipVerify {
		f.trust(config, ca, s.text("tls.caCrt"))
	}
	f.certificate(config, s)
	return config
}

const caHint = "copy the file out of a pod and give it with --kafka-tls FILE, or --kafka-tls insecure"

// trust reads the authority that a setting names, by its path or as it is.
func (f *finder) trust(config *tls.Config, one *settings.Setting, ca string) {
	pem := f.read(ca)
	if pem == nil {
		f.fail(KafkaName, caHint, "the certificate authority %s is a file inside the containers", quoted(one, ca))
		return
	}
	if config.RootCAs = pool(pem); config.RootCAs == nil {
		f.fail(KafkaName, caHint, "there is no certificate in %s", quoted(one, ca))
	}
}

func pool(pem []byte) *x509.CertPool {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil
	}
	return pool
}

// certificate reads the client's own. With one that cannot be read it asks without, and the broker says whether it needs it.
func (f *finder) certificate(config *tls.Config, s section) {
	cert, key := s.text("tls.clientCrt"), s.text("tls.clientKey")
	if cert == "" || key == "" {
		return
	}
	pair, err := tls.X509KeyPair(f.read(cert), f.read(key))
	if err != nil {
		f.fail(KafkaName, "the broker may refuse without it; name another listener with --kafka HOST:PORT", "the client certificate %s cannot be read here", quoted(s.get("tls.clientCrt"), cert))
		return
	}
	config.Certificates = []tls.Certificate{pair}
}

func (f *finder) read(name string) []byte {
	if strings.HasPrefix(name, "-----BEGIN ") {
		return []byte(name)
	}
	if f.file == nil {
		return nil
	}
	return f.file(name)
}

func (f *finder) redis(s section) *Redis {
	r := &Redis{Mode: mode(s), DB: f.db(s)}
	keys := []string{"address"}
	if r.Mode == Sentinel {
		keys = []string{"sentinelMode.sentinelsAddrs", "sentinelMode.sentinelAddrs"}
		r.Master = s.text("sentinelMode.masterName")
	}
	if s.get(keys...) == nil {
		return nil
	}
	r.Addresses, r.From = f.addresses(RedisName, s, redisPort, keys...)
	if len(r.Addresses) > 1 && r.Mode == "" {
		r.Mode = Cluster
	}
	r.Login = f.login(RedisName, s, "username", "password")
	return r
}

// mode is redisMode since 3.8.3-patch.12 and clusterMode before; releases that have neither take several addresses for a cluster.
func mode(s section) string {
	switch named := strings.ToLower(s.text("redisMode")); {
	case named != "":
		return named
	case s.is("clusterMode"):
		return Cluster
	}
	return ""
}

func (f *finder) db(s section) int {
	text := s.text("db")
	if text == "" {
		return 0
	}
	db, err := strconv.Atoi(text)
	if err != nil || db < 0 {
		f.fail(RedisName, "OpenIM does not start with it; database 0 is asked", "db is %s, which is no number", quoted(s.get("db"), strconv.Quote(text)))
		return 0
	}
	return db
}

func (f *finder) mongo(s section) *Mongo {
	if uri := s.get("uri"); uri != nil {
		if uri.Unread != "" {
			f.fail(MongoName, flagHint(MongoName)+" and --mongo-auth FILE", "the URI in %s is not known: %s", where(uri), uri.Unread)
			return nil
		}
		m, err := ParseMongo(uri.String())
		if err != nil {
			f.fail(MongoName, flagHint(MongoName), "the URI in %s: %v", where(uri), err)
			return nil
		}
		m.From = where(uri)
		m.Addresses = f.usable(MongoName, uri, m.Addresses)
		m.Database = orElse(m.Database, orElse(s.text("database"), mongoDatabase))
		return m
	}
	keys := []string{"address"}
	m := &Mongo{Database: orElse(s.text("database"), mongoDatabase), AuthSource: s.text("authSource")}
	if strings.EqualFold(s.text("mongoMode"), "replicaSet") {
		m.ReplicaSet, keys = s.text("replicaSet.name"), []string{"replicaSet.hosts", "address"}
	}
	if s.get(keys...) == nil {
		return nil
	}
	m.Addresses, m.From = f.addresses(MongoName, s, mongoPort, keys...)
	m.Login = f.login(MongoName, s, "username", "password")
	return m
}

const mongoDatabase = "openim_v3"

// etcd is known where it serves discovery; in the configuration of other ways it is a mere example.
func (f *finder) etcd(s section) *Etcd {
	if !strings.EqualFold(s.text("enable"), "etcd") {
		return nil
	}
	e := &Etcd{Root: orElse(s.text("etcd.rootDirectory"), "openim")}
	if e.Addresses, e.From = f.addresses(EtcdName, s, etcdPort, "etcd.address"); len(e.Addresses) == 0 {
		return nil
	}
	e.Login = f.login(EtcdName, s, "etcd.username", "etcd.password")
	return e
}

func orElse(v, other string) string {
	if v == "" {
		return other
	}
	return v
}
