package kube

import "k8s.io/cli-runtime/pkg/genericclioptions"

// NewFlags are kubectl's own connection flags, without those of which a collection has its own: --namespace (several are
// allowed), --user (the affected one) and --request-timeout; nothing is cached on disk.
func NewFlags() *genericclioptions.ConfigFlags {
	f := genericclioptions.NewConfigFlags(true)
	f.Namespace, f.AuthInfoName, f.Timeout, f.CacheDir = nil, nil, nil, nil
	return f
}
