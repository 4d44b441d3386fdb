package kube

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/collect"
)

// TestPlanOfPrometheus grants reading from the one service that was named or found, where it stands, and nothing unless one
// is wanted; who may not, or finds none, is told what that costs.
func TestPlanOfPrometheus(t *testing.T) {
	for name, want := range map[string]struct {
		right ask
		gap   string
	}{
		"administrator":                     {},
		"administrator, a Prometheus named": {right: ask{"get", "", serviceProxy, "monitoring", "prom:9090"}},
		"administrator, a Prometheus found": {right: ask{"get", "", serviceProxy, "monitoring", "prometheus-k8s:9090"}},
		"no Prometheus":                     {ask{"get", "", serviceProxy, "monitoring", "prom:9090"}, `the user may not get services/proxy "prom:9090" in namespace monitoring`},
		"no services of the cluster":        {gap: "the user may not list services of the cluster"},
	} {
		_, c, s := prepare(t, name)
		p, err := c.Plan(t.Context(), s, collect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var rights []ask
		for _, r := range p.rights {
			if strings.HasPrefix(r.Resource, "services/") {
				rights = append(rights, r.ask)
			}
		}
		if want.right == (ask{}) && rights != nil || want.right != (ask{}) && !slices.Equal(rights, []ask{want.right}) {
			t.Errorf("%s: %+v is printed", name, rights)
		}
		var gaps []string
		for _, g := range p.Missing {
			gaps = append(gaps, g.Detail)
		}
		if want.gap == "" && gaps != nil || want.gap != "" && !slices.Equal(gaps, []string{want.gap}) {
			t.Errorf("%s: gaps %q", name, gaps)
		}
		var b strings.Builder
		if err := p.RBAC(&b, "imbundle collect"); err != nil {
			t.Fatal(err)
		}
		_, role, _ := strings.Cut(b.String(), `namespace: "monitoring"`)
		if want.right != (ask{}) && !strings.Contains(role, `resourceNames: ["`+want.right.Name+`"]`) || strings.Contains(role, "no-secrets") {
			t.Errorf("%s: in namespace monitoring is printed\n%s", name, role)
		}
	}
}

// TestNoPrometheusIsToldOnce costs the run nothing else.
func TestNoPrometheusIsToldOnce(t *testing.T) {
	f, c, _ := prepare(t, "administrator, a Prometheus found")
	for _, listing := range []http.HandlerFunc{answer(`{"items":[]}`), refuse(http.StatusInternalServerError, "etcd is away")} {
		f.handle("/api/v1/services", listing)
		s, err := c.Survey(t.Context())
		if err != nil || s.MayAskPrometheus() {
			t.Fatalf("%v, %+v", err, s)
		}
		if gaps := s.Gaps(); len(gaps) != 1 || gaps[0].Source != prometheusName || gaps[0].Costs == "" {
			t.Errorf("gaps %+v", gaps)
		}
	}
}
