package view

import (
	"fmt"

	"github.com/imbundle/imbundle/analyze/typeset"
	"github.com/imbundle/imbundle/specs"
)

// word names a fixed word or sentence.
type word string

// words is the catalogue in both languages.
var words = map[word]specs.Text{
	"op.path":   {EN: "Path", ZH: "链路"},
	"op.failed": {EN: "Failed", ZH: "失败"},
	"op.ended":  {EN: "Ended", ZH: "终点"},
	"op.more":   {EN: "… %d more records are not shown", ZH: "… 另有 %d 条记录未显示"},

	"kind.event":    {EN: "event", ZH: "事件"},
	"kind.start":    {EN: "start", ZH: "启动"},
	"kind.end":      {EN: "end", ZH: "退出"},
	"kind.rollout":  {EN: "rollout", ZH: "发布"},
	"kind.change":   {EN: "change", ZH: "变更"},
	"kind.node":     {EN: "node", ZH: "节点"},
	"kind.log":      {EN: "log", ZH: "日志"},
	"kind.finding":  {EN: "FINDING", ZH: "诊断"},
	"kind.benign":   {EN: "no fault", ZH: "非故障"},
	"kind.snapshot": {EN: "snapshot", ZH: "采集"},

	"tl.started":   {EN: "container started", ZH: "容器启动"},
	"tl.process":   {EN: "process started", ZH: "进程启动"},
	"tl.ended":     {EN: "container ended: %s (exit code %d)", ZH: "容器退出：%s（退出码 %d）"},
	"tl.restarts":  {EN: "%d restarts so far", ZH: "累计重启 %d 次"},
	"tl.created":   {EN: "pod created", ZH: "Pod 创建"},
	"tl.condition": {EN: "%s became %s: %s", ZH: "%s 变为 %s：%s"},
	"tl.times":     {EN: "%d×", ZH: "%d 次"},
	"tl.until":     {EN: "until %s", ZH: "至 %s"},
	"tl.peak":      {EN: "most at %s, %d in that minute", ZH: "高峰 %s，该分钟 %d 次"},
	"tl.taken":     {EN: "snapshot taken: %s", ZH: "快照采集完成：%s"},
	"tl.since":     {EN: "window begins", ZH: "时间窗开始"},
	"tl.cut":       {EN: "… %d lines of little weight are left out: narrow with --since, --until, --component, --grep, or raise --max", ZH: "… 略去 %d 条次要记录：用 --since、--until、--component、--grep 缩小范围，或增大 --max"},
	"tl.none":      {EN: "nothing with a time is within these bounds", ZH: "该范围内没有带时间的记录"},

	"wl.title":      {EN: "What is in %s", ZH: "%s 里有什么"},
	"wl.entries":    {EN: "%d entries, %s before compression", ZH: "%d 个条目，压缩前 %s"},
	"wl.sort":       {EN: "SORT", ZH: "类别"},
	"wl.count":      {EN: "ENTRIES", ZH: "条目"},
	"wl.bytes":      {EN: "BYTES", ZH: "大小"},
	"wl.what":       {EN: "WHAT IT IS", ZH: "内容"},
	"wl.hidden":     {EN: "Hidden by redaction: %d values in %d entries", ZH: "脱敏隐藏：%d 个值，涉及 %d 个条目"},
	"wl.unredacted": {EN: "This file was not written by imbundle: nothing tells whether anything was hidden in it.", ZH: "该文件不是 imbundle 生成的：无法得知其中是否做过脱敏。"},
	"wl.rule":       {EN: "RULE", ZH: "规则"},
	"wl.times":      {EN: "TIMES", ZH: "次数"},
	"wl.where":      {EN: "WHERE", ZH: "位置"},
	"wl.idle":       {EN: "Found nothing: %s", ZH: "未命中：%s"},
	"wl.dropped":    {EN: "Dropped because the redactor could not vouch for it: %d", ZH: "因脱敏无法保证而整条丢弃：%d"},
	"wl.stays":      {EN: "Identifiers that stay (counted by their shape: an aid, no proof)", ZH: "保留下来的标识（按形状统计，仅供参考，不是证明）"},
	"wl.id":         {EN: "IDENTIFIER", ZH: "标识"},
	"wl.distinct":   {EN: "DISTINCT", ZH: "不同值"},
	"wl.never":      {EN: "Never asked for by `imbundle collect`", ZH: "`imbundle collect` 从不索取"},
	"wl.never1":     {EN: "the data of Secrets (only name, type and number of keys)", ZH: "Secret 的内容（只有名称、类型、键数）"},
	"wl.never2":     {EN: "message bodies: no query for messages exists in the program; log lines may quote parts of requests", ZH: "消息正文：程序中没有查询消息的代码；日志行可能引用请求的一部分"},
	"wl.never3":     {EN: "the annotation kubectl.kubernetes.io/last-applied-configuration", ZH: "注解 kubectl.kubernetes.io/last-applied-configuration"},
	"wl.more":       {EN: "and %d more", ZH: "另有 %d 个"},
	"wl.over":       {EN: "at least %d", ZH: "至少 %d"},
	"wl.look":       {EN: "Redaction finds what its rules know. Look into the file before you hand it on: imbundle show ls, imbundle show cat.", ZH: "脱敏只能发现规则认识的内容。转交之前请自行查看：imbundle show ls、imbundle show cat。"},

	"id.ip":       {EN: "IP addresses", ZH: "IP 地址"},
	"id.phone":    {EN: "like phone numbers", ZH: "形似手机号"},
	"id.mail":     {EN: "e-mail addresses", ZH: "邮箱地址"},
	"id.user":     {EN: "IDs of users", ZH: "用户 ID"},
	"id.group":    {EN: "IDs of groups and conversations", ZH: "群与会话 ID"},
	"id.nickname": {EN: "nicknames", ZH: "昵称"},

	"sort.logs":        {EN: "logs of containers", ZH: "容器日志"},
	"sort.objects":     {EN: "Kubernetes objects, without Secrets", ZH: "Kubernetes 对象，不含 Secret"},
	"sort.events":      {EN: "Kubernetes events", ZH: "Kubernetes 事件"},
	"sort.tables":      {EN: "kubectl get, as tables; of Secrets the names", ZH: "kubectl get 的表格；Secret 只有名称"},
	"sort.describe":    {EN: "kubectl describe and rollout", ZH: "kubectl describe 与 rollout"},
	"sort.usage":       {EN: "CPU and memory in use, metrics", ZH: "CPU、内存用量与指标"},
	"sort.nodes":       {EN: "disks, memory and load of nodes", ZH: "节点的磁盘、内存、负载"},
	"sort.backends":    {EN: "Kafka, Redis and MongoDB: offsets and numbers", ZH: "Kafka、Redis、MongoDB 的位点与序号"},
	"sort.config":      {EN: "configuration", ZH: "配置"},
	"sort.client":      {EN: "from a client", ZH: "来自客户端"},
	"sort.attachments": {EN: "files that were attached by hand", ZH: "手工附加的文件"},
	"sort.cluster":     {EN: "versions, rights, clocks", ZH: "版本、权限、时钟"},
	"sort.own":         {EN: "plan, manifest, answers of the reporter", ZH: "计划、清单、报告人的回答"},
	"sort.other":       {EN: "anything else", ZH: "其他"},
}

// say is a fixed word in the reader's language.
func (s Screen) say(w word, args ...any) string {
	t := words[w].In(s.Lang)
	if len(args) > 0 {
		t = fmt.Sprintf(t, args...)
	}
	return t
}

func clean(s string) string { return typeset.Clean(s) }
