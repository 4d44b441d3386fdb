package etcd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// The config centre's keys.
const (
	centreRoot   = "/open-im/config/"
	centreSwitch = centreRoot + "enable-config-center"
	enabled      = "enable"
)

// Options are whom to ask, and how. All are required.
type Options struct {
	Server *backends.Etcd
	Dial   collect.Dialer
}

type source struct{ o Options }

// New makes the source of etcd/status.json and etcd/registry.json.
func New(o Options) collect.Source { return &source{o} }

func (*source) Name() string { return "etcd" }

func (*source) Promise() collect.Promise {
	return collect.Promise{Entries: []string{bundle.EtcdStatus, bundle.EtcdRegistry}, Priority: 60, Timeout: time.Minute}
}

// Asks lists what is asked of each member.
func (s *source) Asks() []collect.Ask {
	at, n := strings.Join(s.o.Server.Addresses, ","), len(s.o.Server.Addresses)
	all := []collect.Ask{
		{Of: backends.EtcdName, At: at, What: "Maintenance.Status", Times: n},
		{Of: backends.EtcdName, At: at, What: "Maintenance.Alarm (get)", Times: n, Most: true},
		{Of: backends.EtcdName, At: at, What: "KV.Range " + root(s.o.Server) + "* (keys only)", Times: n, Most: true},
		{Of: backends.EtcdName, At: at, What: "KV.Range " + centreRoot + "*", Times: 2 * n, Most: true},
	}
	if s.o.Server.Login.Username != "" {
		all = append(all, collect.Ask{Of: backends.EtcdName, At: at, What: "Auth.Authenticate", Times: 2 * n, Most: true})
	}
	return all
}

// root is the prefix of OpenIM's endpoints.
func root(server *backends.Etcd) string { return strings.TrimSuffix(server.Root, "/") + "/" }

func (s *source) Collect(ctx context.Context, b *collect.Batch) error {
	c := newClient(s.o.Server, s.o.Dial)
	defer c.close()
	return errors.Join(s.status(ctx, b, c), s.registry(ctx, b, c))
}

// status asks every member. That none answers is a gap; that some do not is a fact.
func (s *source) status(ctx context.Context, b *collect.Batch, c *client) error {
	if b.Has(bundle.EtcdStatus) {
		return nil
	}
	status := record.EtcdStatus{From: s.o.Server.From, Alarms: []string{}}
	var errs []error
	for _, address := range s.o.Server.Addresses {
		m, err := c.member(ctx, address)
		if err != nil {
			m.Error = err.Error()
			errs = append(errs, err)
		} else if len(status.Alarms) == 0 {
			status.Alarms, err = c.alarms(ctx, address)
			if err != nil {
				b.Gap(bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "etcd's alarms: whether its space has run out"})
			}
		}
		status.Members = append(status.Members, m)
	}
	if len(errs) == len(s.o.Server.Addresses) {
		return s.gap(b, bundle.EtcdStatus, errors.Join(errs...))
	}
	return put(b, bundle.EtcdStatus, status)
}

// gap records that nothing could be had. The source as such has done its work.
func (s *source) gap(b *collect.Batch, entry string, err error) error {
	b.Gap(bundle.Gap{Entry: entry, Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "which endpoints OpenIM's services have registered, and etcd's own health"})
	return nil
}

func put(b *collect.Batch, name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return b.Put(name, bundle.Meta{}, append(text, '\n'))
}

// member asks one for its status. Numbers of 64 bits come as text.
func (c *client) member(ctx context.Context, address string) (record.EtcdMember, error) {
	m := record.EtcdMember{Address: address, Errors: []string{}}
	if err := c.login(ctx, address); err != nil {
		return m, err
	}
	var got struct {
		Header struct {
			MemberID string `json:"member_id"`
		} `json:"header"`
		Version string   `json:"version"`
		DBSize  int64    `json:"dbSize,string"`
		InUse   int64    `json:"dbSizeInUse,string"`
		Leader  string   `json:"leader"`
		Term    string   `json:"raftTerm"`
		Errors  []string `json:"errors"`
	}
	if err := c.post(ctx, address, "/v3/maintenance/status", struct{}{}, &got); err != nil {
		return m, err
	}
	m.ID, m.Version, m.DBSize, m.DBInUse, m.Leader, m.Term = got.Header.MemberID, got.Version, got.DBSize, got.InUse, got.Leader, got.Term
	m.Errors = append(m.Errors, got.Errors...)
	return m, nil
}

// alarms are those of the whole cluster.
func (c *client) alarms(ctx context.Context, address string) ([]string, error) {
	var got struct {
		Alarms []struct {
			MemberID string `json:"memberID"`
			Alarm    string `json:"alarm"`
		} `json:"alarms"`
	}
	all := []string{}
	err := c.post(ctx, address, "/v3/maintenance/alarm", map[string]string{"action": "GET"}, &got)
	for _, a := range got.Alarms {
		all = append(all, a.Alarm+" of member "+a.MemberID)
	}
	return all, err
}

func (s *source) registry(ctx context.Context, b *collect.Batch, c *client) error {
	if b.Has(bundle.EtcdRegistry) {
		return nil
	}
	keys, err := c.rangeOf(ctx, root(s.o.Server), true)
	if err != nil {
		return s.gap(b, bundle.EtcdRegistry, err)
	}
	r := record.EtcdRegistry{Root: s.o.Server.Root, Services: services(root(s.o.Server), keys.Kvs), Truncated: keys.More}
	files, on, err := c.centre(ctx)
	if err != nil {
		b.Gap(bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "whether OpenIM's config centre is switched on"})
	}
	r.Centre = record.ConfigCentre{Switch: on, Files: []string{}}
	for name := range files {
		r.Centre.Files = append(r.Centre.Files, name)
	}
	slices.Sort(r.Centre.Files)
	return put(b, bundle.EtcdRegistry, r)
}

// services sorts endpoints by the name under which they are registered: <root>/<name>/<ip:port>.
func services(root string, keys []pair) []record.EtcdService {
	all := []record.EtcdService{}
	for _, k := range keys {
		name, endpoint, ok := strings.Cut(strings.TrimPrefix(string(k.Key), root), "/")
		if !ok {
			continue
		}
		i := slices.IndexFunc(all, func(s record.EtcdService) bool { return s.Name == name })
		if i < 0 {
			all = append(all, record.EtcdService{Name: name})
			i = len(all) - 1
		}
		all[i].Endpoints = append(all[i].Endpoints, endpoint)
	}
	slices.SortFunc(all, func(a, b record.EtcdService) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// centre reads what the config centre holds, by file, and the value of its switch.
func (c *client) centre(ctx context.Context) (files map[string][]byte, on string, err error) {
	keys, err := c.rangeOf(ctx, centreRoot, false)
	files = map[string][]byte{}
	for _, k := range keys.Kvs {
		if string(k.Key) == centreSwitch {
			on = string(k.Value)
			continue
		}
		files[strings.TrimPrefix(string(k.Key), centreRoot)] = k.Value
	}
	return files, on, err
}

// Centre gives the files of line B's config centre, as JSON, where it is switched on; none where it is not. They hold secrets.
func Centre(ctx context.Context, o Options) (map[string][]byte, error) {
	c := newClient(o.Server, o.Dial)
	defer c.close()
	files, on, err := c.centre(ctx)
	if err != nil || on != enabled {
		return nil, err
	}
	return files, nil
}
