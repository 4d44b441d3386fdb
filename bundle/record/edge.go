package record

// What leads from an Ingress to the load balancer that serves it (alibaba-load-balancer-controller c2771084
// pkg/controller/ingress/reconcile/builder/albconfig_manager/group_loader.go:165-187,310-326): the annotation that names an AlbConfig, else the
// parameters of the IngressClass, which older ingresses name by an annotation.
const (
	IngressClassNote = "kubernetes.io/ingress.class"
	AlbConfigNote    = "alb.ingress.kubernetes.io/albconfig.name"
	AlbGroup         = "alibabacloud.com"
	AlbConfigKind    = "AlbConfig"
	AlbConfigs       = "albconfigs" // the resource
)
