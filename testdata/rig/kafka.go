package main

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// kafkaBrokers are three brokers that are controllers too (KRaft), without authentication, on loopback.
const kafkaBrokers = 3

// kafkaCluster is the id that storage is formatted with; any 16 bytes in base64 do.
const kafkaCluster = "aW1idW5kbGUtcmlnLWthZg"

func init() {
	for n := range kafkaBrokers {
		portNames[kafkaName(n+1)], portNames[kafkaName(n+1)+"-controller"] = "127.0.0.1", "127.0.0.1"
		servers = append(servers, kafkaName(n+1))
	}
}

func kafkaName(n int) string { return fmt.Sprintf("kafka-%d", n) }

// kafka starts the brokers that do not run.
func (r *rig) kafka() error {
	if r.exe("java") == "" {
		return skip{"there is no java"}
	}
	for n := range kafkaBrokers {
		if err := r.startKafka(n + 1); err != nil {
			return err
		}
	}
	for n := range kafkaBrokers {
		name := kafkaName(n + 1)
		if err := r.await(name, "listening", time.Minute, func() error {
			conn, err := net.Dial("tcp", "127.0.0.1:"+r.port(name))
			if err != nil {
				return err
			}
			return conn.Close()
		}); err != nil {
			return err
		}
	}
	return nil
}

// startKafka formats a broker's storage the first time and starts it.
func (r *rig) startKafka(n int) error {
	name := kafkaName(n)
	if _, ok := r.alive(name); ok {
		return nil
	}
	config := filepath.Join("kafka", name+".properties")
	if err := r.write(config, r.kafkaConfig(n)); err != nil {
		return err
	}
	if _, err := output(time.Minute, "", r.exe("java"), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", r.kafkaClasses(), "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", kafkaCluster, "-c", r.path(config)); err != nil {
		return err
	}
	return r.start(name, "java", "-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", r.kafkaClasses(), "kafka.Kafka", r.path(config))
}

func (r *rig) kafkaClasses() string { return filepath.Join(r.folders["kafka"], "*") }

func (r *rig) kafkaConfig(n int) string {
	var voters []string
	for i := range kafkaBrokers {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%s", i+1, r.port(kafkaName(i+1)+"-controller")))
	}
	lines := []string{
		"process.roles=broker,controller", fmt.Sprintf("node.id=%d", n), "controller.quorum.voters=" + strings.Join(voters, ","),
		fmt.Sprintf("listeners=PLAINTEXT://127.0.0.1:%s,CONTROLLER://127.0.0.1:%s", r.port(kafkaName(n)), r.port(kafkaName(n)+"-controller")),
		"controller.listener.names=CONTROLLER", "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs=" + r.path("kafka", kafkaName(n)), "num.partitions=8", "auto.create.topics.enable=false", "offsets.topic.num.partitions=5",
		"offsets.topic.replication.factor=3", "transaction.state.log.replication.factor=1", "group.initial.rebalance.delay.ms=0", "broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500",
	}
	return strings.Join(lines, "\n") + "\n"
}

// kafkaEnv is what tests need to find the brokers and the witness.
func (r *rig) kafkaEnv() [][2]string {
	var addresses []string
	for n := range kafkaBrokers {
		if p := r.ports[kafkaName(n+1)]; p != 0 {
			addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", p))
		}
	}
	return [][2]string{{"IMBUNDLE_RIG_KAFKA", strings.Join(addresses, ",")}, {"IMBUNDLE_RIG_KAFKA_CLASSES", r.kafkaClasses()}, {"IMBUNDLE_RIG_JAVA", r.exe("java")}}
}

// resolve copies what a pom names, and what that needs, into a folder.
func resolve(pom, out string) error {
	cmd := exec.Command("mvn", "-B", "-q", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+out)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mvn: %w: %s", err, said)
	}
	return nil
}
