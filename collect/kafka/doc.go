// Package kafka asks the brokers of Kafka where OpenIM's consumers stand.
//
// The first address that answers names the brokers. Each is then asked over one connection of its own for its settings and
// for the groups that it coordinates; groups are described where they are coordinated and the ends of logs are told by the
// leaders, so a sample costs a few round trips to each broker, however many groups and partitions there are. That is
// repeated, because lag means something only as it changes. The newest sample is written a second time as the tables that
// kafka-consumer-groups.sh prints.
//
// Nothing is asked that changes anything: no topic is made by asking for it, no group is joined, nothing is committed. At
// most five connections are open at a time. A broker that does not answer costs what it alone could have told, and a gap
// names that.
package kafka
