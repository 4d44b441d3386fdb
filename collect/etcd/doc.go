// Package etcd asks the etcd that OpenIM uses: how its members are, which endpoints OpenIM's services have registered, and
// whether line B's config centre is switched on.
//
// The flow: every request is one POST to the JSON gateway that etcd serves on its client port, over the Dialer that is handed
// over. Members are asked one by one, so that a dead one costs its own line; keys are read once, from the first that answers.
//
// Limits: it reads only; of keys at most 2,000 are read, those of endpoints without their values. A server without the gateway
// (--enable-grpc-gateway=false) gives a gap.
package etcd
