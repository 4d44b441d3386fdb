package analyze

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
)

// What a kubelet tells: stats/summary and configz.

// The signals by which kubelets evict.
const (
	NodeDisk    = "nodefs.available"
	NodeInodes  = "nodefs.inodesFree"
	ImageDisk   = "imagefs.available"
	ImageInodes = "imagefs.inodesFree"
	NodeMemory  = "memory.available"
)

// Space is what a node has left of something, as its kubelet measures it: bytes, or inodes.
type Space struct {
	Entry, Node string
	Signal      string
	Free, Total int64
}

// Eviction is at which levels a kubelet evicts at once: a quantity or a share ("10%"), by signal.
type Eviction struct {
	Entry, Node string
	Hard        map[string]string
}

// PodSpace is the ephemeral storage that a pod uses, in bytes.
type PodSpace struct {
	Entry, Node, Namespace, Name string
	Used                         int64
}

// isKubelet recognises the answers of a kubelet.
func isKubelet(head []byte) bool {
	return bytes.Contains(head, []byte(`"kubeletconfig"`)) || bytes.Contains(head, []byte(`"nodeName"`)) && bytes.Contains(head, []byte(`"systemContainers"`))
}

type fsStats struct {
	Free   *int64 `json:"availableBytes"`
	Total  *int64 `json:"capacityBytes"`
	Used   *int64 `json:"usedBytes"`
	Inodes *int64 `json:"inodes"`
	Left   *int64 `json:"inodesFree"`
}

type psiStats struct {
	PSI *struct {
		Some, Full struct {
			Avg60 float64 `json:"avg60"`
		}
	} `json:"psi"`
}

type kubeletAnswer struct {
	Node struct {
		Name    string   `json:"nodeName"`
		CPU     psiStats `json:"cpu"`
		IO      psiStats `json:"io"`
		FS      fsStats  `json:"fs"`
		Runtime struct {
			Images fsStats `json:"imageFs"`
		} `json:"runtime"`
		Memory struct {
			psiStats
			Free    *int64 `json:"availableBytes"`
			Working *int64 `json:"workingSetBytes"`
		} `json:"memory"`
	} `json:"node"`
	Pods []struct {
		Ref     objectRef `json:"podRef"`
		Storage fsStats   `json:"ephemeral-storage"`
	} `json:"pods"`
	Config *struct {
		Hard map[string]string `json:"evictionHard"`
	} `json:"kubeletconfig"`
}

// maxKubelet bounds an answer: of the largest nodes a few MB.
const maxKubelet = 32 << 20

func (s *snapshots) readKubelet(r io.Reader, src source) error {
	var a kubeletAnswer
	if err := json.NewDecoder(io.LimitReader(r, maxKubelet)).Decode(&a); err != nil {
		return fmt.Errorf("reading what a kubelet says: %w", err)
	}
	node := cmp.Or(src.Node, a.Node.Name)
	if a.Config != nil {
		s.Evictions = append(s.Evictions, Eviction{Entry: src.Entry, Node: node, Hard: a.Config.Hard})
		return nil
	}
	space := func(signal string, free, total *int64) {
		if free != nil && total != nil && *total > 0 {
			s.Spaces = append(s.Spaces, Space{Entry: src.Entry, Node: node, Signal: signal, Free: *free, Total: *total})
		}
	}
	space(NodeDisk, a.Node.FS.Free, a.Node.FS.Total)
	space(NodeInodes, a.Node.FS.Left, a.Node.FS.Inodes)
	space(ImageDisk, a.Node.Runtime.Images.Free, a.Node.Runtime.Images.Total)
	space(ImageInodes, a.Node.Runtime.Images.Left, a.Node.Runtime.Images.Inodes)
	if m := a.Node.Memory; m.Free != nil && m.Working != nil {
		total := *m.Free + *m.Working
		space(NodeMemory, m.Free, &total)
	}
	s.takePSI(src, node, &a)
	for _, p := range a.Pods {
		if p.Storage.Used != nil {
			s.PodSpaces = append(s.PodSpaces, PodSpace{Entry: src.Entry, Node: node, Namespace: p.Ref.Namespace, Name: p.Ref.Name, Used: *p.Storage.Used})
		}
	}
	return nil
}

// takePSI takes over the pressure that a kubelet measures.
func (s *snapshots) takePSI(src source, node string, a *kubeletAnswer) {
	gauge := func(what string, from psiStats, full bool) {
		if from.PSI == nil {
			return
		}
		share, kind := from.PSI.Some.Avg60, "some"
		if full {
			share, kind = from.PSI.Full.Avg60, "full"
		}
		s.Gauges = append(s.Gauges, Gauge{
			Entry: src.Entry, Node: node, What: what, Value: share, Of: 100, Text: fmt.Sprintf("%s %s avg60=%.2f", what, kind, share),
		})
	}
	gauge(GaugeCPUWait, a.Node.CPU, false)
	gauge(GaugeMemoryWait, a.Node.Memory.psiStats, true)
	gauge(GaugeDiskWait, a.Node.IO, true)
}

// Threshold is the free amount below which the kubelet of the space's node evicts: as it is set up where that is known, else
// as kubelets are by default; 0 where it does not.
func (f *Facts) Threshold(s Space) int64 {
	hard := defaultEviction
	for _, e := range f.Evictions {
		if e.Node == s.Node && e.Hard != nil {
			hard = e.Hard
		}
	}
	return amountOf(hard[s.Signal], s.Total)
}

var defaultEviction = map[string]string{NodeMemory: "100Mi", NodeDisk: "10%", NodeInodes: "5%", ImageDisk: "15%", ImageInodes: "5%"}

// amountOf reads a quantity, or a share of a total.
func amountOf(text string, total int64) int64 {
	if share := percent(text); share >= 0 && text[len(text)-1] == '%' {
		return total * int64(share) / 100
	}
	return max(0, quantity(text))
}
