// Package settings reads OpenIM's own configuration as a component sees it, as flat keys with where each value comes from.
//
// The flow: Add reads a file (one config.yaml up to 3.6; kafka.yml, redis.yml, … since 3.7; those of openim-chat), Env lays
// IMENV_* or CHATENV_* variables over it, and Centre what line B's config centre holds. What is laid over stays known as
// overridden. Get finds a key however it is spelt: upper and lower case are the same to OpenIM.
//
// Limits: of a file that is no YAML what stands before the mistake is lost too, the rest of the set is not; aliases and merges
// are followed to a depth of 64, and a file has at most 20,000 keys. Values are as they are written: nothing is redacted here.
package settings
