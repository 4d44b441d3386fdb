package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// readHosts reads texts of hosts by the names of their entries.
func readHosts(t *testing.T, texts map[string]string) *snapshots {
	t.Helper()
	s := &snapshots{}
	for name, text := range texts {
		src := classify(name, []byte(text))
		var err error
		switch src.Form {
		case formHost:
			err = s.readHost(strings.NewReader(text), src)
		case formKubelet:
			err = s.readKubelet(strings.NewReader(text), src)
		case formTable:
			err = s.readTable(strings.NewReader(text), &src)
		default:
			t.Errorf("%s is read as form %d", name, src.Form)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return s
}

func TestHostTexts(t *testing.T) {
	s := readHosts(t, map[string]string{
		"nodes/n1/load.txt":     "$ uptime\n 14:44:25 up 61 days,  4:11,  1 user,  load average: 9.20, 8.31, 4.02\n$ cat /proc/loadavg\n9.20 8.31 4.02 2/345 12345\n$ nproc\n4\n",
		"nodes/n1/pressure.txt": "/proc/pressure/cpu:some avg10=1.00 avg60=85.50 avg300=2.00 total=1\n/proc/pressure/cpu:full avg10=0.00 avg60=99.00 avg300=0.00 total=0\n/proc/pressure/memory:some avg10=0.00 avg60=77.00 avg300=0 total=0\n/proc/pressure/memory:full avg10=0.00 avg60=12.00 avg300=0 total=0\n",
		"nodes/n1/files.txt":    "$ cat /proc/sys/fs/file-nr\n1452\t0\t2466170\n$ cat /proc/sys/fs/nr_open\n1048576\nPID\tOPEN\tLIMIT\tCOMMAND\n12\t65000\t65536\topenim-api\n1\t9\t-\tinit\n",
		"nodes/n1/inotify.txt":  "fs.inotify.max_user_instances = 128\nfs.inotify.max_user_watches = 8192\ninstances of root in use: 127\n",
		"nodes/n1/clock.txt":    "$ date\nFri Nov 27 08:46:31 UTC 2026\nclock of this host minus the collector's: 15m0.27s ± 509ms\n",
	})
	slices.SortFunc(s.Gauges, func(a, b Gauge) int { return strings.Compare(a.What+a.Target, b.What+b.Target) })
	var got []string
	for _, g := range s.Gauges {
		if g.Node != "n1" || g.Line == 0 || g.Text == "" {
			t.Errorf("%+v says not where it is from", g)
		}
		got = append(got, fmt.Sprintf("%s %s %v %v", g.What, g.Target, g.Value, g.Of))
	}
	want := []string{"clock  900.27 0.509", "descriptors  1452 2.46617e+06", "inotify  127 128", "load  8.31 4", "open-files openim-api 65000 65536", "psi-cpu  85.5 100", "psi-memory  12 100"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// TestBusyboxTables reads df as busybox prints it: its own heading for inodes, rows broken behind long devices.
func TestBusyboxTables(t *testing.T) {
	s := readHosts(t, map[string]string{
		"nodes/n1/df.txt":   "Filesystem                Size      Used Available Use% Mounted on\n/dev/mapper/a-very-long-name\n                        252.0G    251.0G      1.0G  99% /data\n/dev/vda1 9.0G 1.0G 8.0G 11% /\n",
		"nodes/n1/df-i.txt": "Filesystem              Inodes      Used Available Use% Mounted on\n/dev/vdb                    20        20         0 100% /data\n",
	})
	slices.SortFunc(s.Filesystems, func(a, b Filesystem) int { return strings.Compare(a.Device, b.Device) })
	if len(s.Filesystems) != 3 || s.Filesystems[0].Percent != 99 || s.Filesystems[0].Inodes || s.Filesystems[2].Percent != 100 || !s.Filesystems[2].Inodes {
		t.Errorf("%+v", s.Filesystems)
	}
}

func TestKubeletAnswers(t *testing.T) {
	summary := `{"node":{"nodeName":"n1","systemContainers":[],"cpu":{"psi":{"some":{"avg60":90.5},"full":{"avg60":1}}},
"memory":{"availableBytes":100,"workingSetBytes":900},"fs":{"availableBytes":50,"capacityBytes":1000,"inodes":100,"inodesFree":4},"runtime":{"imageFs":{"availableBytes":140,"capacityBytes":1000}}},
"pods":[{"podRef":{"name":"p","namespace":"im"},"ephemeral-storage":{"usedBytes":7}},{"podRef":{"name":"q","namespace":"im"}}]}`
	s := readHosts(t, map[string]string{
		"nodes/n1/summary.json": summary,
		"nodes/n1/configz.json": `{"kubeletconfig":{"evictionHard":{"nodefs.available":"60","memory.available":"15%"}}}`,
	})
	f := &Facts{Spaces: s.Spaces}
	want := map[string]int64{NodeDisk: 100, NodeInodes: 5, ImageDisk: 150, NodeMemory: 100 << 20}
	for _, sp := range f.Spaces {
		if f.Threshold(sp) != want[sp.Signal] {
			t.Errorf("by default %s evicts below %d, want %d", sp.Signal, f.Threshold(sp), want[sp.Signal])
		}
	}
	f.Evictions = s.Evictions
	want = map[string]int64{NodeDisk: 60, NodeMemory: 150}
	for _, sp := range f.Spaces {
		if f.Threshold(sp) != want[sp.Signal] {
			t.Errorf("as set up %s evicts below %d, want %d", sp.Signal, f.Threshold(sp), want[sp.Signal])
		}
	}
	if len(s.Spaces) != 4 || len(s.PodSpaces) != 1 || len(s.Gauges) != 1 || s.Gauges[0].Value != 90.5 {
		t.Errorf("%+v %+v %+v", s.Spaces, s.PodSpaces, s.Gauges)
	}
	if err := (&snapshots{}).readKubelet(strings.NewReader(summary[:60]), source{}); err == nil {
		t.Error("half an answer is none")
	}
}

// TestOwnPodsAreNoFacts: what an earlier run made, and what happened to it, says nothing of the installation.
func TestOwnPodsAreNoFacts(t *testing.T) {
	s := &snapshots{}
	_, err := readObjects(strings.NewReader(`{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"imbundle-node-1"}},{"kind":"Pod","metadata":{"name":"api"}},
{"kind":"Event","metadata":{"name":"x"},"reason":"Failed","involvedObject":{"kind":"Pod","name":"imbundle-node-1"}}]}`), "e.json", func(o *object) error {
		s.addObject("e.json", o)
		return nil
	})
	if err != nil || len(s.Pods) != 1 || len(s.Events) != 0 {
		t.Errorf("%v: %+v %+v", err, s.Pods, s.Events)
	}
}
