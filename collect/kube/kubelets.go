package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const (
	nodeProxy    = "nodes/proxy"
	kubeletCosts = "disks, inodes, pressure and ephemeral storage of nodes as their kubelets measure them, and at which levels they evict"
	askedAtOnce  = 4 // kubelets
)

// kubelets collects what each kubelet measures and how it is set up, through the API server. The right for it amounts to
// that of running commands in pods, so it is made use of where it is granted and asked for only where the user wants it.
type kubelets struct {
	c *Cluster
	s *Survey
}

func (*kubelets) Name() string { return nodesName }

// machines are those whose kubelets may be asked.
func (k *kubelets) machines() []Host {
	if !k.s.Access.May("get", "", nodeProxy, "") {
		return nil
	}
	return k.s.machines()
}

// answers are the entries of a kubelet, with where it gives them.
func kubeletAnswers(node string) [][2]string {
	proxy := kindFor("nodes").path("") + "/" + url.PathEscape(node) + "/proxy"
	return [][2]string{{bundle.NodeSummary(node), proxy + "/stats/summary"}, {bundle.NodeConfig(node), proxy + "/configz"}}
}

func (k *kubelets) Promise() collect.Promise {
	p := collect.Promise{Priority: kubeletPriority}
	for _, h := range k.machines() {
		for _, answer := range kubeletAnswers(h.Name) {
			p.Entries = append(p.Entries, answer[0])
		}
	}
	p.Bytes = int64(len(p.Entries)) << 16
	return p
}

func (k *kubelets) calls() []call {
	var all []call
	for _, h := range k.machines() {
		for _, answer := range kubeletAnswers(h.Name) {
			all = append(all, get(answer[1]))
		}
	}
	return all
}

func (k *kubelets) Collect(ctx context.Context, b *collect.Batch) error {
	if g, any := k.s.VirtualGap(); any && k.s.Access.May("get", "", nodeProxy, "") {
		b.Gap(g)
	}
	var work sync.WaitGroup
	slots := make(chan struct{}, askedAtOnce)
	for _, h := range k.machines() {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			k.ask(ctx, b, h)
		})
	}
	work.Wait()
	return ctx.Err()
}

// ask reads the answers of one kubelet. One that does not answer at all is not asked again.
func (k *kubelets) ask(ctx context.Context, b *collect.Batch, h Host) {
	var silent error
	for _, answer := range kubeletAnswers(h.Name) {
		if b.Has(answer[0]) {
			continue
		}
		err := silent
		if err == nil {
			err = k.copy(ctx, b, answer[0], answer[1])
		}
		if err == nil {
			continue
		}
		b.Gap(bundle.Gap{Entry: answer[0], Reason: collect.ReasonOf(err), Detail: fmt.Sprintf("kubelet of node %q: %v", h.Name, err), Costs: kubeletCosts})
		if code(err) != http.StatusNotFound && code(err) != http.StatusMethodNotAllowed {
			silent = err
		}
	}
}

// copy passes an answer on as it comes. An error is that of the request; what fails later is recorded by the batch.
func (k *kubelets) copy(ctx context.Context, b *collect.Batch, name, path string) error {
	res, err := k.c.request(ctx, http.MethodGet, path, nil, "application/json", nil)
	if err != nil {
		return err
	}
	defer res.Close()
	res.within(k.c.o.RequestTimeout)
	if err := b.Copy(name, bundle.Meta{}, res); err != nil {
		b.Note("%v", err)
	}
	return nil
}

// VirtualGap tells of the nodes that are no machines, once for all; false where there are none.
func (s *Survey) VirtualGap() (g bundle.Gap, any bool) {
	var names []string
	why := ""
	for _, h := range s.Hosts {
		if h.Virtual != "" {
			names = append(names, h.Name)
			why = orElse(why, h.Virtual)
		}
	}
	return bundle.Gap{
		Reason: bundle.NotFound, Costs: "the state of the machines behind virtual nodes; whoever runs the containers there keeps it",
		Detail: fmt.Sprintf("no machine is to be asked behind %d nodes: %s: %s", len(names), strings.Join(names[:min(len(names), 8)], ", "), why),
	}, len(names) > 0
}
