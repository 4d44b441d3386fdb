package kube

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// facts collects what is known of the cluster as a whole: version, readiness, clock, what was found and what is allowed.
type facts struct {
	c *Cluster
	s *Survey
}

func (*facts) Name() string { return clusterName }

func (f *facts) Promise() collect.Promise {
	names := []string{bundle.ClusterVersion, bundle.DiscoveryFile, bundle.AccessFile, bundle.ReadyZ}
	if f.c.clock != nil {
		names = append(names, bundle.ClockFile)
	}
	return collect.Promise{Entries: names, Priority: clusterPriority}
}

func (*facts) calls() []call { return []call{get(readyz)} }

func (f *facts) Collect(ctx context.Context, b *collect.Batch) error {
	errs := []error{
		// The layout of the troubleshoot project: the version under "info", its name under "string".
		putJSON(b, bundle.ClusterVersion, map[string]any{"info": f.c.version, "string": f.c.info.GitVersion}),
		putJSON(b, bundle.DiscoveryFile, f.s.discovery()),
		putJSON(b, bundle.AccessFile, f.s.Access),
		f.readyz(ctx, b),
	}
	if f.c.clock != nil {
		errs = append(errs, putJSON(b, bundle.ClockFile, f.c.Clock()))
	}
	return errors.Join(errs...)
}

// discovery is what was found, for the bundle.
func (s *Survey) discovery() map[string]any {
	found := map[string]any{
		"version": s.Version, "namespaces": s.Namespaces, "components": notNil(s.Components),
		"elsewhere": notNil(s.Elsewhere), "missing": notNil(s.Missing), "listedAll": s.Listed,
	}
	if s.Environment.line() != "" {
		found["environment"] = s.Environment
	}
	return found
}

// readyz keeps the text of an answer of 500 too: that is the one which says what is broken.
func (f *facts) readyz(ctx context.Context, b *collect.Batch) error {
	if b.Has(bundle.ReadyZ) {
		return nil
	}
	res, err := f.c.request(ctx, http.MethodGet, readyz, url.Values{"verbose": {""}}, "*/*", nil)
	var s *status
	if errors.As(err, &s) && s.ErrStatus.Code >= 500 && s.text != "" {
		return b.Put(bundle.ReadyZ, bundle.Meta{Attrs: map[string]string{"code": res500}}, []byte(s.text))
	}
	if err != nil {
		b.Gap(bundle.Gap{Entry: bundle.ReadyZ, Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "the API server's own health checks"})
		return nil
	}
	defer res.Close()
	res.within(f.c.o.RequestTimeout)
	return b.Copy(bundle.ReadyZ, bundle.Meta{}, io.LimitReader(res, 1<<20))
}

const (
	readyz = "/readyz"
	res500 = "500"
)

// putJSON writes v, unless an earlier run brought the entry.
func putJSON(b *collect.Batch, name string, v any) error {
	if b.Has(name) {
		return nil
	}
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return b.Put(name, bundle.Meta{}, append(body, '\n'))
}

// notNil makes an empty list of none, so that JSON says [] rather than null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
