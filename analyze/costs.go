package analyze

import (
	"cmp"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs"
)

// costs says what cannot be told without an entry, or without what a source should have brought. The collector knows it in
// English; known is empty where nobody said.
func costs(queries []*specs.Query, what, known string) specs.Text {
	zh := costsZH(queries, what)
	switch log, isLog := bundle.ParsePodLog(what); {
	case known != "":
		return text(cmp.Or(zh, "与其相关的结论无法给出（"+known+"）"), known)
	case isLog && log.Previous:
		return text(zh, "what the container said before it last ended cannot be seen")
	case isLog:
		return text(zh, "what this container does cannot be seen")
	}
	return text(cmp.Or(zh, "与其相关的结论无法给出"), "nothing can be said about what it would show")
}

// costsZH is empty where nothing is known of such an entry or source.
func costsZH(queries []*specs.Query, what string) string {
	if of, is := bundle.ParseSample(what); is {
		what = of
	}
	what, _, _ = strings.Cut(what, "#") // a part of an entry
	if log, is := bundle.ParsePodLog(what); is {
		if log.Previous {
			return "看不到容器上一次退出前说了什么"
		}
		return "看不到这个容器的日志"
	}
	if _, _, is := bundle.ParseContainerFile(what); is {
		return "看不到容器内的日志文件"
	}
	if id, is := bundle.ParsePrometheusQuery(what); is {
		if i := slices.IndexFunc(queries, func(q *specs.Query) bool { return q.ID == id }); i >= 0 {
			return queries[i].Why.ZH
		}
		what = "prometheus"
	}
	if _, file, is := bundle.ParseNode(what); is {
		return cmp.Or(nodeCosts[file], "机器的状态：磁盘、内存、进程、内核消息")
	}
	for _, parse := range []func(string) (string, string, bool){bundle.ParseResource, bundle.ParseTable} {
		if kind, _, is := parse(what); is && kindCosts[kind] != "" {
			return kindCosts[kind]
		}
	}
	for _, c := range partCosts {
		if strings.HasPrefix(what, c.begins) {
			return c.says
		}
	}
	return ""
}

// kindCosts are by resource of the API.
var kindCosts = map[string]string{
	"pods":                     "重启、OOM、反复崩溃、拉取镜像、调度，以及有哪些日志",
	"events":                   "Pod 为何被杀、迁移或无法调度，节点出过什么事",
	"deployments":              "发布、副本数、镜像、环境变量",
	"statefulsets":             "发布、副本数、镜像、环境变量",
	"daemonsets":               "发布、镜像",
	"replicasets":              "何时发布了什么",
	"configmaps":               "OpenIM 的配置",
	"services":                 "服务的名字、端口与选择器",
	"endpointslices":           "服务实际能到达哪些 Pod",
	"ingresses":                "客户端怎样到达网关和 API",
	"ingressclasses":           "Ingress 由哪个负载均衡提供服务",
	"networkpolicies":          "集群禁止了哪些连接",
	"jobs":                     "一次性任务及其失败",
	"cronjobs":                 "定时任务",
	"persistentvolumeclaims":   "丢失、等待中或写满的存储卷",
	"horizontalpodautoscalers": "按负载增减的 Pod",
	"poddisruptionbudgets":     "什么挡住了驱逐或发布",
	"resourcequotas":           "拒绝 Pod 的配额",
	"limitranges":              "会杀掉 Pod 的默认限制",
	"serviceaccounts":          "Pod 用哪个账号运行",
	"roles":                    "OpenIM 自己的服务发现所需的权限",
	"rolebindings":             "OpenIM 自己的服务发现所需的权限",
	"clusterroles":             "OpenIM 自己的服务发现所需的权限",
	"clusterrolebindings":      "OpenIM 自己的服务发现所需的权限",
	"secrets":                  "Pod 引用的 Secret 是否存在（不写出任何值）",
	"nodes":                    "节点状况：内存、磁盘、PID 压力，是否就绪",
	"persistentvolumes":        "已释放、失败或绑定在失联节点上的存储卷",
	"storageclasses":           "存储卷怎样分配",

	record.AlbConfigs + "." + record.AlbGroup: "阿里云 ALB 监听的超时：空闲的长连接会不会被切断",
}

// nodeCosts are by file of a node.
var nodeCosts = map[string]string{
	"summary.json": "kubelet 测得的磁盘、inode、压力与临时存储，以及驱逐阈值",
	"configz.json": "kubelet 测得的磁盘、inode、压力与临时存储，以及驱逐阈值",
	"clock.txt":    "主机时钟准不准",
	"load.txt":     "主机的处理器有多忙",
	"df.txt":       "主机磁盘用了多少",
	"df-i.txt":     "inode 还剩多少",
	"free.txt":     "主机内存还剩多少",
	"pressure.txt": "进程是否在等处理器、内存或磁盘",
	"files.txt":    "文件描述符用了多少、上限多少",
	"inotify.txt":  "inotify 实例与监视还剩多少",
	"kernel.txt":   "内核杀了什么，哪块磁盘出错",
	"kubelet.txt":  "kubelet 报了什么错",
	"runtime.txt":  "容器运行时报了什么错",
	"versions.txt": "内核、系统、kubelet 与运行时的版本",
	"top.txt":      "哪些进程占用处理器",
	"ps.txt":       "哪些进程占用内存",
	"du.txt":       "日志、镜像、容器中是谁占满了磁盘",
	"largest.txt":  "各文件系统里最大的目录",
}

// partCosts are by the beginning of an entry's name or of a source's.
var partCosts = []struct{ begins, says string }{
	{"cluster-resources/", "集群里的自定义资源"},
	{bundle.ReadyZ, "API server 自己的健康检查"},
	{"cluster-info/", "集群的版本、时钟与可读范围"},
	{"describe/", "kubectl describe 的文字"},
	{"rollout/", "发布进行到哪一步"},
	{"top/", "处理器与内存的实际用量（kubectl top）"},
	{bundle.KafkaTopics, "主题的分区、副本与消息大小上限"},
	{"kafka", "消费积压、缺失的主题与消费组、Kafka 的限制"},
	{bundle.SeqFile, "seq 是否已分配、已落库、对用户可见"},
	{"seq", "seq 是否已分配、已落库、对用户可见"},
	{bundle.RedisInfo, "Redis 的内存、持久化与主从角色"},
	{bundle.RedisServer, "Redis 的慢命令与拓扑"},
	{"redis", "Redis 的状态与 seq 计数"},
	{bundle.MongoServer, "Mongo 的主节点、慢操作与索引"},
	{"mongo", "Mongo 的状态与历史消息"},
	{"etcd", "OpenIM 各服务登记了哪些端点，etcd 自身是否健康"},
	{"config/", "OpenIM 的生效配置，后端在哪里"},
	{"kube-config", "OpenIM 的生效配置，后端在哪里"},
	{"kube-reach", "Kafka、Redis、MongoDB、etcd 自己的说法"},
	{"metrics/", "OpenIM 自己的计数器：写库失败、推送慢或失败、在线人数"},
	{"kube-metrics", "OpenIM 自己的计数器：写库失败、推送慢或失败、在线人数"},
	{"prometheus", "时间窗内的速率、错误、延迟与资源用量"},
	{"kube-nodes", "kubelet 测得的磁盘、inode、压力与临时存储"},
	{"node", "机器的状态：磁盘、内存、进程、内核消息"},
	{"kube-files", "看不到容器内的日志文件"},
	{"kube-logs", "看不到容器的日志"},
	{"kube-top", "处理器与内存的实际用量（kubectl top）"},
}
