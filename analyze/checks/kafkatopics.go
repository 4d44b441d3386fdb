package checks

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

var kafkaTopics = analyze.Check{
	ID: "kafka-topics", Guide: "2.3",
	Title: say("主题与分区在不在", "topics are there and have leaders"),
	Doc: say("对照 kafka.yml 里的主题名与 broker 上的主题：缺的主题；没有 leader 的分区写不进也读不出；__consumer_offsets 没有 leader 则消费组找不到协调者。允许自动建主题时，缺的主题可能只是还没用过。账号无权查看的主题也列出：OpenIM 若用同一账号，同样读写不了。",
		"Compares the topics that kafka.yml names with those of the brokers: what is missing; partitions without a leader take and give nothing; without a leader of __consumer_offsets groups find no coordinator. Where topics make themselves, a missing one may only never have been used. Topics that the account may not see are told, too: where OpenIM has the same account, it cannot use them either."),
	Needs: []string{"kafka/topics.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if f.Kafka == nil || f.Kafka.Topics == nil {
			return unknown()
		}
		k := f.Kafka.Topics
		var found []analyze.Evidence
		for _, name := range k.Missing {
			e := ofKafka(f, "kafka-topic-missing", analyze.Certain, name, "topic %s is not among the %d topics of the cluster", name, len(k.Topics)+k.Others)
			e.Says = say("配置里的主题在集群上不存在", "a topic of the configuration does not exist on the cluster")
			if makesTopics(k) {
				e.Confidence = analyze.Likely
			}
			found = append(found, e)
		}
		for _, name := range k.Forbidden {
			e := ofKafka(f, "kafka-auth-failed", analyze.Possible, name, "topic %s: the account may not see it", name)
			e.Says = say("账号无权查看配置里的主题", "the account may not see a topic of the configuration")
			found = append(found, e)
		}
		for _, t := range k.Topics {
			if e, ok := leaderless(f, t); ok {
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

// describedTopics are the topics that were described: all by a collection, else some by Kafka's own tool.
func describedTopics(k *analyze.Kafka) []analyze.DescribedTopic {
	if k.Topics == nil {
		return k.Described
	}
	var out []analyze.DescribedTopic
	for _, t := range k.Topics.Topics {
		out = append(out, analyze.DescribedTopic{Entry: k.Entry, KafkaTopic: t})
	}
	return out
}

// ofTopic is a piece of evidence from the description of a topic.
func ofTopic(f *analyze.Facts, t analyze.DescribedTopic, cause, confidence, format string, args ...any) analyze.Evidence {
	e := analyze.Evidence{
		Cause: cause, Confidence: confidence, Subject: analyze.Subject{Role: "kafka", Target: t.Name},
		Samples: []analyze.Sighting{{Entry: t.Entry, Text: clip(fmt.Sprintf(format, args...))}},
	}
	if f.Kafka.Topics != nil {
		e.Until = f.Kafka.Topics.Time
	}
	return e
}

// ofKafka is a piece of evidence from the description of the cluster.
func ofKafka(f *analyze.Facts, cause, confidence, target, format string, args ...any) analyze.Evidence {
	return analyze.Evidence{
		Cause: cause, Confidence: confidence, Subject: analyze.Subject{Role: "kafka", Target: target}, Until: f.Kafka.Topics.Time,
		Samples: []analyze.Sighting{{Entry: f.Kafka.Entry, Text: clip(fmt.Sprintf(format, args...))}},
	}
}

func makesTopics(k *record.KafkaTopics) bool {
	return slices.ContainsFunc(k.Brokers, func(b record.KafkaBroker) bool { return b.Settings["auto.create.topics.enable"] == "true" })
}

// leaderless tells partitions that no broker leads.
func leaderless(f *analyze.Facts, t record.KafkaTopic) (analyze.Evidence, bool) {
	var numbers []string
	for _, p := range t.Partitions {
		if p.Leader < 0 {
			numbers = append(numbers, fmt.Sprint(p.Partition))
		}
	}
	if len(numbers) == 0 {
		return analyze.Evidence{}, false
	}
	e := ofKafka(f, "kafka-unreachable", analyze.Likely, t.Name, "topic %s: %d of %d partitions have no leader: %s", t.Name, len(numbers), len(t.Partitions), strings.Join(numbers, ", "))
	e.Says = say("部分分区没有 leader：它们的 broker 不在", "partitions have no leader: their brokers are gone")
	if t.Name == offsetsTopic {
		e.Cause, e.Confidence = "kafka-coordinator-unavailable", analyze.Certain
		e.Says = say("__consumer_offsets 有分区没有 leader：其上的消费组没有协调者", "partitions of __consumer_offsets have no leader: their groups have no coordinator")
	}
	return e, true
}

const offsetsTopic = "__consumer_offsets"

var kafkaReplication = analyze.Check{
	ID: "kafka-replication", Guide: "2.3",
	Title: say("同步副本够不够", "enough replicas are in sync"),
	Doc: say("逐分区比较同步副本数与 min.insync.replicas：少于它，要求全部确认的生产者（OpenIM 的默认）写不进。副本掉队但仍不少于它时只损失冗余，不作故障。",
		"Compares the replicas in sync of each partition with min.insync.replicas: with fewer, producers that ask for all acknowledgements (OpenIM's default) are refused. Replicas that lag behind cost redundancy only while enough are left, and are no fault."),
	Needs: []string{"kafka/topics.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if f.Kafka == nil || f.Kafka.Topics == nil && len(f.Kafka.Described) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		blind := true
		for _, t := range describedTopics(f.Kafka) {
			least, err := strconv.Atoi(t.Settings["min.insync.replicas"])
			if err != nil {
				continue
			}
			blind = false
			var short []string
			for _, p := range t.Partitions {
				if p.Leader >= 0 && len(p.ISR) < least {
					short = append(short, fmt.Sprintf("%d (%d of %d)", p.Partition, len(p.ISR), len(p.Replicas)))
				}
			}
			if len(short) > 0 {
				e := ofTopic(f, t, "kafka-not-enough-replicas", analyze.Certain, "topic %s: min.insync.replicas is %d, in sync are fewer of partition %s", t.Name, least, strings.Join(short, ", "))
				e.Says = say("同步副本少于 min.insync.replicas", "fewer replicas are in sync than min.insync.replicas asks for")
				found = append(found, e)
			}
		}
		if blind {
			return unknown()
		}
		return answer(found)
	},
}

// batchBytes is what OpenIM's producers may send as one record: batches for Mongo hold up to a hundred messages.
const batchBytes = 1_000_000

var kafkaMessageSize = analyze.Check{
	ID: "kafka-message-size", Guide: "2.3",
	Title: say("主题的消息上限", "topics take messages of the size that is sent"),
	Doc: say("msgtransfer 把同一会话的一批（最多 100 条）作为一条记录写入 toMongo，生产者上限约 1 MB；主题的 max.message.bytes 更小（Helm 预置 64000）时，大批次被拒，这些消息永远不落库。只看设置：日志里有被拒的文本才是事故。",
		"msgtransfer writes a batch of a conversation (up to a hundred messages) as one record to toMongo, its producer takes up to 1 MB; where max.message.bytes of the topic is smaller (Helm provisions 64000), large batches are refused and never stored. This looks at settings only: it is an incident once a log says so."),
	Needs: []string{"kafka/topics.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if f.Kafka == nil || f.Kafka.Topics == nil {
			return unknown()
		}
		var found []analyze.Evidence
		blind := true
		for _, t := range f.Kafka.Topics.Topics {
			most, err := strconv.Atoi(t.Settings["max.message.bytes"])
			if err != nil || t.Internal {
				continue
			}
			blind = false
			if most < batchBytes {
				e := ofKafka(f, "kafka-message-too-large", analyze.Possible, t.Name, "topic %s: max.message.bytes is %d, producers send up to %d", t.Name, most, batchBytes)
				e.Severity, e.Says = analyze.Warning, say("主题的消息上限小于生产者会发的大小", "the topic takes less than producers may send")
				found = append(found, e)
			}
		}
		if blind {
			return unknown()
		}
		return answer(found)
	},
}

var kafkaBrokers = analyze.Check{
	ID: "kafka-brokers", Guide: "2.3",
	Title: say("broker 通告的地址", "addresses that brokers advertise"),
	Doc: say("集群让客户端去连的地址：配置里的地址不是本机、却通告 localhost 或 0.0.0.0，其他 Pod 就连不上。采集时连不上某个通告地址另作记录，采集者所在网络可能与 OpenIM 不同，只作提示。",
		"Where the cluster sends clients: with an address of another host configured and localhost or 0.0.0.0 advertised, other pods cannot connect. An advertised address that the collection could not reach is a hint only: its network may not be OpenIM's."),
	Needs: []string{"kafka/topics.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if f.Kafka == nil || f.Kafka.Topics == nil || len(f.Kafka.Topics.Brokers) == 0 {
			return unknown()
		}
		k := f.Kafka.Topics
		near := slices.ContainsFunc(k.Bootstrap, onlyHere)
		var found []analyze.Evidence
		for _, b := range k.Brokers {
			switch {
			case onlyHere(b.Address) && !near:
				e := ofKafka(f, "kafka-advertised-listener", analyze.Certain, b.Address, "broker %d advertises %s, the configuration names %s", b.ID, b.Address, strings.Join(k.Bootstrap, ", "))
				e.Says = say("broker 通告了别的主机连不上的地址", "the broker advertises an address that no other host can reach")
				found = append(found, e)
			case b.Unreachable != "":
				e := ofKafka(f, "kafka-unreachable", analyze.Possible, b.Address, "broker %d: %s", b.ID, b.Unreachable)
				e.Says = say("采集时连不上这个 broker", "the collection could not reach this broker")
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

// onlyHere tells an address that means another machine on every machine.
func onlyHere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && (host == "localhost" || strings.HasPrefix(host, "127.") || host == "0.0.0.0" || host == "")
}
