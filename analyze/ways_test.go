package analyze

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// factsOf reads one text as a file of that name.
func factsOf(t *testing.T, name, text string) (*Facts, *Report) {
	t.Helper()
	dir := t.TempDir()
	writeTo(t, dir, name, text)
	return factsIn(t, dir)
}

func factsIn(t *testing.T, dir string) (*Facts, *Report) {
	t.Helper()
	r, err := bundle.Open(dir, bundle.ReadOptions{Inside: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, report, err := Examine(context.Background(), r, testSpecs(), Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return f, report
}

const describedPod = "Name:             openim-api-0\nNamespace:        openim\nNode:             n1/10.0.0.1\nLabels:           app=x\nStatus:           Running\nContainers:\n  openim-api:\n    Image:          openim/openim-api:v3.8.3\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Ready:          False\n    Restart Count:  7\n"

const yamlPods = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: openim-api-0\n    namespace: openim\n  status:\n    phase: Running\n    containerStatuses:\n    - name: openim-api\n      restartCount: 7\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: redis-0\nkind: List\nmetadata:\n  resourceVersion: \"\"\n"

// TestPodsHoweverShown reads one pod from every form in which kubectl shows pods, under misleading names too.
func TestPodsHoweverShown(t *testing.T) {
	for name, text := range map[string]string{
		"get.txt":        "NAME           READY   STATUS             RESTARTS      AGE\nopenim-api-0   0/1     CrashLoopBackOff   7 (2m ago)    3d\n",
		"all.txt":        "NAME               READY   STATUS             RESTARTS      AGE\npod/openim-api-0   0/1     CrashLoopBackOff   7 (2m ago)    3d\n\nNAME                         READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/openim-api   0/1     1            0           3d\n",
		"no-headers.txt": "openim   openim-api-0   0/1   CrashLoopBackOff   7 (2m ago)   3d\n",
		"squeezed.txt":   "NAME READY STATUS RESTARTS AGE\nopenim-api-0 0/1 CrashLoopBackOff 7 3d\n",
		"get.log":        "Wed Nov 25 08:00:00 UTC 2026\nNAME           READY   STATUS             RESTARTS   AGE\nopenim-api-0   0/1     CrashLoopBackOff   7          3d\n",
		"describe.log":   describedPod,
		"pasted.txt":     "[root@node1 ~]# kubectl describe pod openim-api-0\n" + describedPod,
		"pods.yaml":      yamlPods,
		"two.txt":        "---\n" + strings.ReplaceAll(yamlPods, "\n", "\r\n") + "---\n",
		"x.dat":          `{"apiVersion":"v1","kind":"List","items":[` + podJSONOf("openim-api-0", 7) + `]}`,
	} {
		f, report := factsOf(t, name, text)
		if len(f.Pods) == 0 || f.Pods[0].Name != "openim-api-0" || f.Pods[0].Restarts() != 7 {
			t.Errorf("%s: %+v", name, f.Pods)
		}
		if len(report.Unread) > 0 || len(f.Malformed) > 0 {
			t.Errorf("%s: not understood: %v %v", name, report.Unread, f.Malformed)
		}
	}
}

func podJSONOf(name string, restarts int) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"},"status":{"containerStatuses":[{"name":"c","restartCount":` + string(rune('0'+restarts)) + `}]}}`
}

func TestHostTables(t *testing.T) {
	f, _ := factsOf(t, "host.txt", `Filesystem                Size      Used Available Use% Mounted on
/dev/mapper/a-very-long-name-of-a-volume
                         50.0G     46.5G      3.5G  93% /data
Filesystem              Inodes      Used Available Use% Mounted on
/dev/sda1              6553600   6553600         0 100% /
文件系统        容量  已用  可用 已用% 挂载点
/dev/sdb1        50G   49G  1.0G   98% /var
文件系统         Inode 已用(I)  可用(I) 已用(I)% 挂载点
/dev/sdb1      3276800   32768  3244032       1% /var
             total       used       free     shared    buffers     cached
Mem:         15885      15000        200          0         85        600
12G	logs
4.0K	/var/log/x
`)
	if len(f.Filesystems) != 4 || len(f.Memory) != 1 || len(f.Sizes) != 2 {
		t.Fatalf("%+v %+v %+v", f.Filesystems, f.Memory, f.Sizes)
	}
	want := []struct {
		mount   string
		percent int
		inodes  bool
	}{{"/data", 93, false}, {"/", 100, true}, {"/var", 98, false}, {"/var", 1, true}}
	for i, w := range want {
		if got := f.Filesystems[i]; got.Mount != w.mount || got.Percent != w.percent || got.Inodes != w.inodes {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if m := f.Memory[0]; m.Total != 15885 || m.Available != 885 {
		t.Errorf("memory %+v", m)
	}
	if f.Filesystems[0].Device != "/dev/mapper/a-very-long-name-of-a-volume" || f.Sizes[0].Path != "logs" {
		t.Errorf("%+v %+v", f.Filesystems[0], f.Sizes)
	}
}

func TestEventsOldAndWide(t *testing.T) {
	f, _ := factsOf(t, "e.txt", `LAST SEEN   FIRST SEEN   COUNT     NAME                           KIND      SUBOBJECT   TYPE      REASON      SOURCE             MESSAGE
2m          1h           12        openim-api-0.17a4b2c3d4e5f6    Pod                   Warning   BackOff     kubelet, node1     Back-off restarting failed container

LAST SEEN   TYPE      REASON    OBJECT       SUBOBJECT   SOURCE           MESSAGE         FIRST SEEN   COUNT   NAME
3m          Normal    Pulled    pod/redis-0  spec        kubelet, node1   already there   3h           4       redis-0.17
`)
	if len(f.Events) != 2 {
		t.Fatalf("%+v", f.Events)
	}
	for _, e := range f.Events {
		switch {
		case e.Object == "pod/openim-api-0" && e.Count == 12 && e.Reason == "BackOff" && e.firstAge == time.Hour && e.lastAge == 2*time.Minute:
		case e.Object == "pod/redis-0" && e.Count == 4:
		default:
			t.Errorf("%+v", e)
		}
	}
}

// TestUnread lists what told nothing, and nothing else.
func TestUnread(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"letter.txt": "Dear support,\nplease help us.\n", "empty.log": "", "core": "\x7fELF\x00\x01\x02\x03" + strings.Repeat("\x00\x01", 200),
		"openim.yml": "address: [ 127.0.0.1 ]\nport:\n  - 10002\n", ".env": "A=1\nB=2\n", "svc.txt": "NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n",
		"rollout.txt": "deployment \"openim-api\" successfully rolled out\n", "x.7z": "7z\xbc\xaf\x27\x1c\x00\x04",
		"openim-push.log": "2026-11-25 08:00:00.000\tINFO\t[PID:1]\topenim-push\t[v3.8.3]\t[a/b.go:1]\tx\t{}\n",
	} {
		writeTo(t, dir, name, text)
	}
	_, report := factsIn(t, dir)
	got := map[string]string{}
	for _, u := range report.Unread {
		got[u.Entry] = u.Reason
	}
	want := map[string]string{"letter.txt": UnreadUnknown, "empty.log": UnreadEmpty, "core": UnreadBinary, "x.7z": UnreadPacked}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for name, reason := range want {
		if got[name] != reason {
			t.Errorf("%s is %q, want %s", name, got[name], reason)
		}
	}
}

func TestOtherProduct(t *testing.T) {
	_, report := factsOf(t, "shop.log", strings.Repeat("2026-11-25 08:00:00.123  ERROR 1 --- [main] c.e.shop.Orders : Connection refused\n", 20))
	if v := report.Verdict; v.Status != StatusUnknown || !strings.Contains(v.Why.EN, "nothing of OpenIM") || v.Why.ZH == "" || len(v.Causes) > 0 {
		t.Errorf("%+v", v)
	}
	if next := report.Verdict.CollectNext; len(next) != 1 || next[0] != "imbundle collect --ask" {
		t.Errorf("to collect next: %q", next)
	}
}

func TestTwoClusters(t *testing.T) {
	dir := t.TempDir()
	const header = "NAME    STATUS   ROLES    AGE   VERSION\n"
	writeTo(t, dir, "prod/nodes.txt", header+"node1   Ready    <none>   1d    v1.30.0\n")
	writeTo(t, dir, "test/nodes.txt", header+"node1   Ready    <none>   1d    v1.30.0\n")
	if _, report := factsIn(t, dir); len(report.Bundle.Warnings) > 0 {
		t.Errorf("one cluster: %v", report.Bundle.Warnings)
	}
	writeTo(t, dir, "test/nodes.txt", header+"vm9     Ready    <none>   1d    v1.30.0\n")
	_, report := factsIn(t, dir)
	if w := report.Bundle.Warnings; len(w) != 1 || !strings.Contains(w[0].EN, "prod/nodes.txt and test/nodes.txt are of different clusters") || w[0].ZH == "" {
		t.Errorf("two clusters: %v", w)
	}
}

func TestClockThatJumpsBack(t *testing.T) {
	const line = "\tINFO\t[PID:1]\topenim-push\t[v3.8.3]\t[a/b.go:1]\tx\t{}\n"
	_, report := factsOf(t, "openim-push.log", "2026-11-25 08:00:00.000"+line+"2026-11-25 07:20:00.000"+line)
	if w := report.Bundle.Warnings; len(w) != 1 || !strings.Contains(w[0].EN, "openim-push.log go back, by up to 40m0s") {
		t.Errorf("%v", w)
	}
}

func writeTo(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
