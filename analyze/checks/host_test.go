package checks

import (
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

func gauge(what string, value, of float64) analyze.Gauge {
	return analyze.Gauge{Entry: "nodes/n1/x.txt", Node: "n1", Text: what, What: what, Value: value, Of: of}
}

// TestHosts judges single numbers of hosts, and those that only look like trouble.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		name       string
		check      analyze.Check
		in         []analyze.Gauge
		cause      string
		confidence string
		status     string
	}{
		{"five times the processors", hostLoad, []analyze.Gauge{gauge(analyze.GaugeLoad, 21, 4)}, "node-cpu-saturated", analyze.Likely, analyze.Warn},
		{"twice the processors", hostLoad, []analyze.Gauge{gauge(analyze.GaugeLoad, 8, 4)}, "node-cpu-saturated", analyze.Possible, analyze.Warn},
		{"a busy host", hostLoad, []analyze.Gauge{gauge(analyze.GaugeLoad, 70, 64)}, "", "", analyze.Pass},
		{"load that waits for disks", hostLoad, []analyze.Gauge{gauge(analyze.GaugeLoad, 40, 4), gauge(analyze.GaugeDiskWait, 60, 100)}, "", "", analyze.Pass},
		{"waiting for CPU", hostPressure, []analyze.Gauge{gauge(analyze.GaugeCPUWait, 91, 100)}, "node-cpu-saturated", analyze.Possible, analyze.Warn},
		{"waiting for memory", hostPressure, []analyze.Gauge{gauge(analyze.GaugeMemoryWait, 30, 100)}, "node-memory-pressure", analyze.Likely, analyze.Warn},
		{"waiting for disks", hostPressure, []analyze.Gauge{gauge(analyze.GaugeDiskWait, 50, 100)}, "", "", analyze.Warn},
		{"hardly waiting", hostPressure, []analyze.Gauge{gauge(analyze.GaugeCPUWait, 30, 100), gauge(analyze.GaugeMemoryWait, 1, 100)}, "", "", analyze.Pass},
		{"descriptors used up", hostDescriptors, []analyze.Gauge{gauge(analyze.GaugeProcess, 65530, 65536)}, "node-fd-limit", analyze.Likely, analyze.Fail},
		{"descriptors nearly used up", hostDescriptors, []analyze.Gauge{gauge(analyze.GaugeDescriptors, 91, 100), gauge(analyze.GaugeDescriptors, 9100, 10000)}, "node-fd-limit", analyze.Possible, analyze.Warn},
		{"a limit without end", hostDescriptors, []analyze.Gauge{gauge(analyze.GaugeDescriptors, 14528, 9.2e18)}, "", "", analyze.Pass},
		{"a small process at its small limit", hostDescriptors, []analyze.Gauge{gauge(analyze.GaugeProcess, 64, 64)}, "", "", analyze.Pass},
		{"inotify used up", hostInotify, []analyze.Gauge{gauge(analyze.GaugeInotify, 128, 128)}, "node-inotify-limit", analyze.Likely, analyze.Fail},
		{"the usual limit of inotify", hostInotify, []analyze.Gauge{gauge(analyze.GaugeInotify, 31, 128)}, "", "", analyze.Pass},
		{"a clock far off", hostClock, []analyze.Gauge{gauge(analyze.GaugeClock, 0.2, 0.6), gauge(analyze.GaugeClock, -0.1, 0.6), gauge(analyze.GaugeClock, 960, 0.6)}, "node-clock-skew", analyze.Likely, analyze.Fail},
		{"the collector's own clock", hostClock, []analyze.Gauge{gauge(analyze.GaugeClock, 600, 0.6), gauge(analyze.GaugeClock, 600.4, 0.6), gauge(analyze.GaugeClock, 599.8, 0.6)}, "", "", analyze.Pass},
		{"one clock alone", hostClock, []analyze.Gauge{gauge(analyze.GaugeClock, 600, 0.6)}, "node-clock-skew", analyze.Possible, analyze.Warn},
		{"one clock alone that is behind", hostClock, []analyze.Gauge{gauge(analyze.GaugeClock, -600, 0.6)}, "node-clock-skew", analyze.Possible, analyze.Warn},
		{"two against two", hostClock, []analyze.Gauge{gauge(analyze.GaugeClock, -600, 0.6), gauge(analyze.GaugeClock, -600, 0.6), gauge(analyze.GaugeClock, 0, 0.6)}, "node-clock-skew", analyze.Possible, analyze.Warn},
		{"a slow answer", hostClock, []analyze.Gauge{gauge(analyze.GaugeClock, 8, 9)}, "", "", analyze.Pass},
	} {
		got := c.check.Run(&analyze.Facts{Gauges: c.in, Collected: noon})
		if got.Status != c.status || len(got.Evidence) > 0 != (c.cause != "") || c.cause != "" && causesOf(got)[c.cause] != c.confidence {
			t.Errorf("%s: %s %v, want %s %s %s", c.name, got.Status, causesOf(got), c.status, c.cause, c.confidence)
		}
	}
}

// TestClockAgainstTheAPIServer lets the server's clock count as one of those that are compared.
func TestClockAgainstTheAPIServer(t *testing.T) {
	f := &analyze.Facts{Gauges: []analyze.Gauge{gauge(analyze.GaugeClock, 300, 1), gauge(analyze.GaugeClock, 300, 1)}, Clock: []bundle.ClockOffset{{Offset: 5 * time.Minute}}}
	if got := hostClock.Run(f); got.Status != analyze.Pass {
		t.Errorf("all differ from the collector alike: %s %v", got.Status, causesOf(got))
	}
	f = &analyze.Facts{Gauges: []analyze.Gauge{gauge(analyze.GaugeClock, -600, 1)}, Clock: []bundle.ClockOffset{{Offset: time.Second}}}
	if got := hostClock.Run(f); causesOf(got)["node-clock-skew"] != analyze.Likely {
		t.Errorf("the only host is behind the collector and the server: %v", causesOf(got))
	}
	f = &analyze.Facts{Gauges: []analyze.Gauge{gauge(analyze.GaugeClock, 0, 1), gauge(analyze.GaugeClock, 300, 1), gauge(analyze.GaugeClock, 300, 1)}, Clock: []bundle.ClockOffset{{Offset: 5 * time.Minute}}}
	if got := hostClock.Run(f); causesOf(got)["node-clock-skew"] != analyze.Likely {
		t.Errorf("one differs from two others: %v", causesOf(got))
	}
}

func TestEvictionLevels(t *testing.T) {
	const gib = 1 << 30
	space := func(signal string, free, total int64) analyze.Space {
		return analyze.Space{Entry: "nodes/n1/summary.json", Node: "n1", Signal: signal, Free: free, Total: total}
	}
	for _, c := range []struct {
		name              string
		in                analyze.Space
		cause, confidence string
	}{
		{"disk below the level", space(analyze.NodeDisk, 9*gib, 100*gib), "node-disk-full", analyze.Certain},
		{"disk close to it", space(analyze.NodeDisk, 12*gib, 100*gib), "node-disk-full", analyze.Possible},
		{"disk with room", space(analyze.NodeDisk, 30*gib, 100*gib), "", ""},
		{"images below the level", space(analyze.ImageDisk, 14*gib, 100*gib), "node-disk-full", analyze.Certain},
		{"inodes below the level", space(analyze.NodeInodes, 4, 100), "node-inodes-exhausted", analyze.Certain},
		{"little memory of much", space(analyze.NodeMemory, gib, 256*gib), "", ""},
		{"no memory", space(analyze.NodeMemory, 50<<20, 256*gib), "node-memory-pressure", analyze.Certain},
	} {
		f := &analyze.Facts{Spaces: []analyze.Space{c.in}, PodSpaces: []analyze.PodSpace{{Node: "n1", Name: "big", Used: 8 * gib}, {Node: "n2", Name: "elsewhere", Used: 9 * gib}, {Node: "n1", Name: "small", Used: 1}}}
		got := kubeletEviction.Run(f)
		if len(got.Evidence) > 0 != (c.cause != "") || c.cause != "" && causesOf(got)[c.cause] != c.confidence {
			t.Errorf("%s: %v", c.name, causesOf(got))
		}
		if c.cause == "node-disk-full" && len(got.Evidence[0].Samples) != 2 {
			t.Errorf("%s: the pods that use it are not named: %+v", c.name, got.Evidence[0].Samples)
		}
	}
	set := &analyze.Facts{Spaces: []analyze.Space{space(analyze.NodeDisk, 9*gib, 100*gib)}, Evictions: []analyze.Eviction{{Node: "n1", Hard: map[string]string{"nodefs.available": "5%"}}}}
	if got := kubeletEviction.Run(set); got.Status != analyze.Pass {
		t.Errorf("above the level that is set: %v", causesOf(got))
	}
}

// TestDisksThatLookFull: memory, images and overlays are full by nature or by another's fault, and one device counts once.
func TestDisksThatLookFull(t *testing.T) {
	f := &analyze.Facts{}
	for _, device := range []string{"tmpfs", "shm", "overlay", "/dev/loop3", "/dev/sr0", "squashfs"} {
		f.Filesystems = append(f.Filesystems, analyze.Filesystem{Device: device, Mount: "/m", Percent: 100})
	}
	if got := diskSpace.Run(f); got.Status != analyze.Pass {
		t.Errorf("%v", causesOf(got))
	}
	for _, mount := range []string{"/", "/var/lib/kubelet", "/var/lib/kubelet/pods/1"} {
		f.Filesystems = append(f.Filesystems, analyze.Filesystem{Device: "/dev/vda1", Mount: mount, Percent: 99})
	}
	if got := diskSpace.Run(f); len(got.Evidence) != 1 || got.Evidence[0].Subject.Target != "/" {
		t.Errorf("one device in three places: %+v", got.Evidence)
	}
}

func TestKernelLines(t *testing.T) {
	f := &analyze.Facts{Texts: []analyze.Text{{Entry: "attachments/kernel.txt"}}}
	if got := kernelLines.Run(f); got.Status != analyze.Unknown {
		t.Errorf("without a host's text: %s", got.Status)
	}
	f.Texts = []analyze.Text{{Entry: "nodes/n1/kernel.txt"}}
	if got := kernelLines.Run(f); got.Status != analyze.Pass {
		t.Errorf("with nothing in it: %s", got.Status)
	}
	f.Evidence = []analyze.Evidence{{Check: "device-io-error", Cause: "node-io-error"}}
	if got := kernelLines.Run(f); got.Status != analyze.Fail {
		t.Errorf("with a failing device: %s", got.Status)
	}
}

// TestPodLogFolders: a pod's folder of logs counts, the folder of all does not.
func TestPodLogFolders(t *testing.T) {
	for path, want := range map[string]bool{"/var/log/pods/im_api_1": true, "/var/log/pods": false, "/var/log": false, "/var/lib/docker/containers/9f2c": true, "/var/lib/docker/containers": false, "/var/lib/docker/containers/9f2c/mounts": false, "/var/lib/containerd": false} {
		got := logSize.Run(&analyze.Facts{Sizes: []analyze.Size{{Path: path, Bytes: 9 << 30}}})
		if (causesOf(got)["log-flood"] != "") != want {
			t.Errorf("%s: %v", path, causesOf(got))
		}
	}
}

// TestConditionsOfDetectors: a detector adds conditions of its own; most of them are good news.
func TestConditionsOfDetectors(t *testing.T) {
	node := func(kind, status string) *analyze.Facts {
		return &analyze.Facts{Nodes: []analyze.Node{{Name: "n1", Conditions: []analyze.Condition{{Type: kind, Status: status}}}}}
	}
	for _, c := range []struct{ kind, status, cause, confidence string }{
		{"InodesPressure", "True", "node-inodes-exhausted", analyze.Certain},
		{"ReadonlyFilesystem", "True", "node-io-error", analyze.Certain},
		{"NTPProblem", "True", "node-clock-skew", analyze.Possible},
		{"InodesPressure", "False", "", ""},
		{"SufficientIP", "True", "", ""},
	} {
		if got := causesOf(nodeConditions.Run(node(c.kind, c.status))); got[c.cause] != c.confidence || len(got) > 0 != (c.cause != "") {
			t.Errorf("%s %s: %v", c.kind, c.status, got)
		}
	}
}
