package checks

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/specs"
)

const (
	etcdStatusFile   = "etcd/status.json"
	etcdRegistryFile = "etcd/registry.json"
)

// usualQuota is etcd's own bound on its database where nobody sets another.
const usualQuota = 2 << 30

var etcdUp = analyze.Check{
	ID: "etcd-up", Guide: "2.2",
	Title: say("etcd 有没有主、有没有告警", "etcd has a leader and no alarm"),
	Doc: say("各成员自报的状态：NOSPACE 告警是配额用尽，所有写入被拒绝；CORRUPT 告警是数据损坏；应答的成员都不知道谁是主，就没有主。数据库接近默认配额 2 GiB 只作提示：配额可能调大过。个别成员采集时连不上也只作提示。",
		"What each member says of itself: the alarm NOSPACE means the quota is reached and every write refused; CORRUPT means damaged data; with no member that knows a leader there is none. A database near the default quota of 2 GiB is a hint only, as the quota may be larger; so is a member that the collection could not reach."),
	Needs: []string{etcdStatusFile}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		answered := false
		for _, s := range f.EtcdStatuses {
			answered = answered || slices.ContainsFunc(s.Members, func(m record.EtcdMember) bool { return m.Error == "" })
			found = append(found, judgeEtcd(s)...)
		}
		if !answered {
			return unknown()
		}
		return answer(found)
	},
}

func ofEtcd(entry, cause, confidence, target string, says specs.Text, format string, args ...any) analyze.Evidence {
	return analyze.Evidence{
		Cause: cause, Confidence: confidence, Subject: analyze.Subject{Role: "etcd", Target: target}, Says: says,
		Samples: []analyze.Sighting{{Entry: entry, Text: clip(fmt.Sprintf(format, args...))}},
	}
}

func judgeEtcd(s analyze.EtcdStatus) (found []analyze.Evidence) {
	add := func(e analyze.Evidence) { found = append(found, e) }
	for _, alarm := range s.Alarms {
		switch {
		case strings.Contains(alarm, "NOSPACE"):
			add(ofEtcd(s.Entry, "etcd-no-space", analyze.Certain, "", say("etcd 报告配额用尽", "etcd raises the alarm that its quota is reached"), "alarm %s", alarm))
		case strings.Contains(alarm, "CORRUPT"):
			add(ofEtcd(s.Entry, "etcd-unavailable", analyze.Likely, "", say("etcd 报告数据损坏", "etcd raises the alarm that its data is damaged"), "alarm %s", alarm))
		}
	}
	led := slices.ContainsFunc(s.Members, record.EtcdMember.Led)
	for _, m := range s.Members {
		switch {
		case m.Error != "":
			e := ofEtcd(s.Entry, "etcd-unavailable", analyze.Possible, m.Address, say("采集时连不上这个成员", "the collection could not reach this member"), "%s: %s", m.Address, m.Error)
			e.Severity = analyze.Warning
			add(e)
		case !led:
			add(ofEtcd(s.Entry, "etcd-unavailable", analyze.Certain, m.Address, say("etcd 没有主：读写都不成", "etcd has no leader: it neither reads nor writes"), "%s knows no leader: %s", m.Address, strings.Join(m.Errors, "; ")))
		case m.DBSize >= usualQuota*9/10 && len(s.Alarms) == 0:
			e := ofEtcd(s.Entry, "etcd-no-space", analyze.Possible, m.Address, say("etcd 数据库接近默认配额", "the database of etcd is near the default quota"), "%s: %d bytes on disk, %d in use", m.Address, m.DBSize, m.DBInUse)
			e.Severity = analyze.Warning
			add(e)
		}
	}
	return found
}

var etcdRegistry = analyze.Check{
	ID: "etcd-registry", Guide: "2.2",
	Title: say("服务都登记在 etcd 里", "services are registered in etcd"),
	Doc: say("配置用 etcd 做服务发现时，对照 etcd 里登记的端点与就绪的 Pod：有就绪的 Pod 而没有任何端点，是没有登记上或租约丢了；刚启动两分钟内的不算。端点不属于任何 Pod 只作提示：租约三十秒就会过期，所以那头还活着，可能是另一套部署用了同一个前缀，或那个命名空间没有采集。",
		"Where the configuration names etcd for discovery: the endpoints registered there, against the pods that are ready. A ready pod and no endpoint at all means that it never registered or lost its lease; those that started within two minutes do not count. An endpoint that belongs to no pod is a hint only: leases end after thirty seconds, so somebody lives there, another installation with the same prefix, or a namespace that was not collected."),
	Needs: []string{etcdRegistryFile, "cluster-resources/pods/<namespace>.json", "config/effective.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		names := registerNames(f)
		switch {
		case len(names) > 0 && discovery(f) != "etcd":
			return analyze.Finding{Status: analyze.NA}
		case len(names) == 0 || len(f.EtcdRegistries) == 0 || len(f.Pods) == 0:
			return unknown()
		}
		var found []analyze.Evidence
		for _, r := range f.EtcdRegistries {
			if !r.Truncated {
				found = append(found, unregistered(f, r, names)...)
			}
			found = append(found, strangers(f, r)...)
		}
		return answer(found)
	},
}

// roleOfService is who registers, by the last part of the key that names the service.
var roleOfService = map[string]string{
	"user": "rpc-user", "friend": "rpc-friend", "msg": "rpc-msg", "push": "push", "messageGateway": "msggateway", "group": "rpc-group",
	"auth": "rpc-auth", "conversation": "rpc-conversation", "third": "rpc-third",
}

// registerNames are the names that the configuration gives to services, by role.
func registerNames(f *analyze.Facts) map[string]string {
	names := map[string]string{}
	for _, c := range f.Configs {
		if c.Chat {
			continue
		}
		for key, role := range roleOfService {
			for _, at := range [][2]string{{"share", "rpcRegisterName." + key}, {"discovery", "rpcService." + key}} {
				if s := c.Set.Get(at[0], at[1]); s != nil && s.String() != "" {
					names[role] = s.String()
				}
			}
		}
	}
	return names
}

// unregistered are the roles with a ready pod and no endpoint.
func unregistered(f *analyze.Facts, r analyze.EtcdRegistry, names map[string]string) (found []analyze.Evidence) {
	for _, p := range f.Pods {
		name := names[p.Role]
		if name == "" || !p.Ready || p.Deleted || recent(f, started(p), rejoin) || slices.ContainsFunc(found, func(e analyze.Evidence) bool { return e.Subject.Role == p.Role }) {
			continue
		}
		if slices.ContainsFunc(r.Services, func(s record.EtcdService) bool { return s.Name == name && len(s.Endpoints) > 0 }) {
			continue
		}
		e := ofEtcd(r.Entry, "rpc-not-registered", analyze.Likely, "", say("Pod 就绪而 etcd 里没有它的端点", "a pod is ready and etcd has no endpoint of it"), "no endpoint of service %s below %s; %d services have some", name, r.Root, len(r.Services))
		e.Subject = subjectOf(p)
		e.Samples = append(e.Samples, ofPod(p, "%s, ready", p.Phase)...)
		found = append(found, e)
	}
	return found
}

// started is when the youngest container of a pod began to run, else the pod itself.
func started(p analyze.Pod) time.Time {
	latest := p.Started
	for _, c := range p.Containers {
		if c.State.Started.After(latest) {
			latest = c.State.Started
		}
	}
	return latest
}

// strangers are endpoints at addresses of no pod.
func strangers(f *analyze.Facts, r analyze.EtcdRegistry) (found []analyze.Evidence) {
	const enough = 3 // addresses of pods from which the list may be trusted
	known := map[string]bool{}
	for _, p := range f.Pods {
		if p.IP != "" {
			known[p.IP] = true
		}
	}
	if len(known) < enough {
		return nil
	}
	for _, s := range r.Services {
		for _, endpoint := range s.Endpoints {
			host, _, err := net.SplitHostPort(endpoint)
			if err != nil || known[host] || net.ParseIP(host) == nil {
				continue
			}
			e := ofEtcd(r.Entry, "multi-host-inconsistent", analyze.Possible, "", say("etcd 里登记着不属于任何 Pod 的端点", "an endpoint is registered that belongs to no pod"), "%s/%s/%s", r.Root, s.Name, endpoint)
			e.Severity = analyze.Warning
			found = append(found, e)
		}
	}
	return joined(found)
}
