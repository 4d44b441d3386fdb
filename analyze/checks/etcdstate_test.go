package checks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
)

func TestEtcdUp(t *testing.T) {
	member := func(change func(*record.EtcdMember)) record.EtcdMember {
		m := record.EtcdMember{Address: "etcd-0:2379", ID: "1", Version: "3.5.13", DBSize: 4 << 20, DBInUse: 1 << 20, Leader: "1", Errors: []string{}}
		if change != nil {
			change(&m)
		}
		return m
	}
	leaderless := member(func(m *record.EtcdMember) { m.Leader, m.Errors = "0", []string{"etcdserver: no leader"} })
	down := member(func(m *record.EtcdMember) { m.Error, m.Leader = "connection refused", "" })
	for _, c := range []struct {
		name    string
		members []record.EtcdMember
		alarms  []string
		cause   string
		sure    string
		status  string
	}{
		{"in order", []record.EtcdMember{member(nil)}, nil, "", "", analyze.Pass},
		{"at its quota", []record.EtcdMember{member(nil)}, []string{"NOSPACE of member 8e9e05c52164694d"}, "etcd-no-space", analyze.Certain, analyze.Fail},
		{"damaged", []record.EtcdMember{member(nil)}, []string{"CORRUPT of member 8e9e05c52164694d"}, "etcd-unavailable", analyze.Likely, analyze.Fail},
		{"without a leader", []record.EtcdMember{leaderless}, nil, "etcd-unavailable", analyze.Certain, analyze.Fail},
		{"cut off in one member of three", []record.EtcdMember{member(nil), leaderless, member(nil)}, nil, "", "", analyze.Pass},
		{"out of reach in one member", []record.EtcdMember{member(nil), down}, nil, "etcd-unavailable", analyze.Possible, analyze.Warn},
		{"near the quota that is usual", []record.EtcdMember{member(func(m *record.EtcdMember) { m.DBSize = 2_000_000_000 })}, nil, "etcd-no-space", analyze.Possible, analyze.Warn},
		{"silent", []record.EtcdMember{down}, nil, "etcd-unavailable", analyze.Possible, analyze.Unknown},
	} {
		got := etcdUp.Run(&analyze.Facts{EtcdStatuses: []analyze.EtcdStatus{{Entry: etcdStatusFile, EtcdStatus: record.EtcdStatus{Members: c.members, Alarms: c.alarms}}}})
		if found := causesOf(got); got.Status != c.status || c.status != analyze.Unknown && found[c.cause] != c.sure {
			t.Errorf("etcd %s: %s %v, want %s %s %s", c.name, got.Status, found, c.status, c.sure, c.cause)
		}
	}
}

// registered is a registry as a collector writes it, of the services named with their endpoints.
func registered(services ...string) string {
	var all []string
	for _, s := range services {
		name, endpoints, _ := strings.Cut(s, " ")
		all = append(all, fmt.Sprintf(`{"name":%q,"endpoints":["%s"]}`, name, strings.ReplaceAll(endpoints, " ", `","`)))
	}
	return `{"root":"openim","services":[` + strings.Join(all, ",") + `],"centre":{"switch":"","files":[]}}`
}

func TestEtcdRegistry(t *testing.T) {
	const now = "2026-11-23T09:00:00Z"
	pods := func(since string) string {
		var all []string
		for i, role := range []string{"openim-rpc-user", "openim-rpc-msg", "openim-push"} {
			all = append(all, fmt.Sprintf(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"%s-6fc7cdb9f9-jvkr%d","namespace":"im"},"spec":{"containers":[{"name":"c","image":"openim/%s:v3.8.3"}]},
"status":{"phase":"Running","podIP":"10.0.0.%d","startTime":%q,"conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"state":{"running":{"startedAt":%q}}}]}}`, role, i, role, i+1, since, since))
		}
		return `{"kind":"List","apiVersion":"v1","items":[` + strings.Join(all, ",") + `]}`
	}
	config := func(enable string) string {
		return fmt.Sprintf(`{"kind":"List","apiVersion":"v1","items":[{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"openim-config","namespace":"im"},"data":{"discovery.yml":"enable: %s\n","share.yml":"rpcRegisterName:\n  user: user\n  msg: msg\n  push: push\n  group: group\n"}}]}`, enable)
	}
	old := "2026-11-23T08:00:00Z"
	for _, c := range []struct {
		name     string
		registry string // empty: none was collected
		since    string
		enable   string
		cause    string
		sure     string
		status   string
	}{
		{"all are registered", registered("user 10.0.0.1:10320", "msg 10.0.0.2:10280", "push 10.0.0.3:10170"), old, "etcd", "", "", analyze.Pass},
		{"msg lost its lease", registered("user 10.0.0.1:10320", "push 10.0.0.3:10170"), old, "etcd", "rpc-not-registered", analyze.Likely, analyze.Fail},
		{"msg has just started", registered("user 10.0.0.1:10320", "push 10.0.0.3:10170"), "2026-11-23T08:59:30Z", "etcd", "", "", analyze.Pass},
		{"msg is registered by somebody else, too", registered("user 10.0.0.1:10320", "msg 10.0.0.2:10280 10.9.9.9:10280", "push 10.0.0.3:10170"), old, "etcd", "multi-host-inconsistent", analyze.Possible, analyze.Warn},
		{"Kubernetes tells who is where", registered(), old, "kubernetes", "", "", analyze.NA},
		{"only a part was read", strings.Replace(registered("user 10.0.0.1:10320"), `"root"`, `"truncated":true,"root"`, 1), old, "etcd", "", "", analyze.Pass},
		{"nobody was asked", "", old, "etcd", "", "", analyze.Unknown},
	} {
		files := map[string]string{bundle.Resource("pods", "im"): pods(c.since), bundle.Resource("configmaps", "im"): config(c.enable)}
		if c.registry != "" {
			files[bundle.EtcdRegistry] = c.registry
		}
		f := factsOf(t, files)
		f.Collected, _ = time.Parse(time.RFC3339, now)
		got := etcdRegistry.Run(f)
		if found := causesOf(got); got.Status != c.status || found[c.cause] != c.sure || len(found) > 1 {
			t.Errorf("%s: %s %+v, want %s %s %s", c.name, got.Status, got.Evidence, c.status, c.sure, c.cause)
		}
	}
}

// TestDiscoveryByEtcd: endpoints in an etcd with a leader show that discovery works; without a status they do not.
func TestDiscoveryByEtcd(t *testing.T) {
	status := `{"from":"discovery.yml","members":[{"address":"etcd-0:2379","dbSize":4096,"dbInUse":4096,"leader":"1","errors":[]}],"alarms":[]}`
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"both":          {map[string]string{bundle.EtcdStatus: status, bundle.EtcdRegistry: registered("user 10.0.0.1:10320")}, "ok"},
		"no endpoint":   {map[string]string{bundle.EtcdStatus: status, bundle.EtcdRegistry: registered()}, "unknown"},
		"no status":     {map[string]string{bundle.EtcdRegistry: registered("user 10.0.0.1:10320")}, "unknown"},
		"with an alarm": {map[string]string{bundle.EtcdStatus: strings.Replace(status, `"alarms":[]`, `"alarms":["NOSPACE of member 1"]`, 1), bundle.EtcdRegistry: registered("user 10.0.0.1:10320")}, "broken"},
	} {
		if got, _ := pathOf(t, "", c.files); got["discovery"] != c.want {
			t.Errorf("%s: discovery is %s, want %s", name, got["discovery"], c.want)
		}
	}
}
