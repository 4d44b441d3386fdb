// Package backends says where the servers behind OpenIM are and how they are reached: Kafka, Redis, MongoDB, etcd, as the
// effective configuration of the components names them (openim's files, then IMENV_* variables, then its config centre),
// or as the user overrides it. It knows no client of any of them. Credentials live here in memory only.
//
// The flow: From reads the settings of the components; Overrides.Apply puts the user's addresses and credentials in their place.
// What cannot be used as it stands is a Problem, which says what to do; the other backends go on.
package backends
