package checks

import (
	"fmt"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var diskSpace = analyze.Check{
	ID: "disk-space", Guide: "5",
	Title: say("磁盘容量与 inode", "disk space and inodes"),
	Doc: say("df -h 与 df -i：字节与 inode 分开判断，97% 以上为满，90% 以上提示。内存文件系统与只读镜像不算；同一设备挂载多处只算一次。",
		"df -h and df -i, bytes and inodes each for themselves: from 97 % a filesystem is full, from 90 % it is worth a word. Filesystems in memory and images do not count; a device that is mounted in several places counts once."),
	Needs: []string{"nodes/<node>/df.txt", "nodes/<node>/df-i.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Filesystems) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		seen := map[string]bool{}
		for _, fs := range f.Filesystems {
			device := fmt.Sprint(fs.Entry, " ", fs.Device, " ", fs.Inodes)
			if memoryFilesystem(fs.Device) || fs.Percent < 90 || seen[device] {
				continue
			}
			seen[device] = strings.HasPrefix(fs.Device, "/dev/")
			e := analyze.Evidence{
				Cause: "node-disk-full", Confidence: analyze.Certain, Subject: analyze.Subject{Node: fs.Node, Target: fs.Mount},
				Says:    say("文件系统已满或将满", "a filesystem is full or nearly so"),
				Samples: []analyze.Sighting{{Entry: fs.Entry, Line: fs.Line, Text: fs.Text}},
			}
			if fs.Inodes {
				e.Cause, e.Says = "node-inodes-exhausted", say("inode 用尽或将尽", "inodes are used up or nearly so")
			}
			if fs.Percent < 97 {
				e.Confidence = analyze.Possible
			}
			found = append(found, e)
		}
		return answer(found)
	},
}

func memoryFilesystem(device string) bool {
	for _, prefix := range []string{"tmpfs", "devtmpfs", "shm", "udev", "none", "/dev/loop", "/dev/sr", "overlay", "squashfs", "efivarfs"} {
		if strings.HasPrefix(device, prefix) {
			return true
		}
	}
	return false
}

var spaceOrInodes = analyze.Check{
	ID: "space-or-inodes", Guide: "5",
	Title: say("“空间不足”是字节还是 inode", "'no space left' means bytes or inodes"),
	Doc: say("日志报 no space left on device，而 df -h 的每个文件系统都有余量：那就是 inode 用尽，或 inotify 监视数用尽，不是磁盘满。",
		"A log says 'no space left on device' while df -h shows room on every filesystem: then inodes or inotify watches are used up, not the disk."),
	Needs: []string{"nodes/<node>/df.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		fullest, sized := 0, false
		for _, fs := range f.Filesystems {
			if !fs.Inodes && !memoryFilesystem(fs.Device) {
				fullest, sized = max(fullest, fs.Percent), true
			}
		}
		if !sized {
			return unknown()
		}
		var found []analyze.Evidence
		for _, e := range f.Evidence {
			if e.Cause != "node-disk-full" || fullest >= 85 {
				continue
			}
			e.Cause, e.Confidence, e.Count = "node-inodes-exhausted", analyze.Likely, 1
			e.Says = say("报空间不足而字节有余", "no space is left although bytes are free")
			found = append(found, e)
		}
		out := answer(found)
		if len(found) > 0 {
			out.Refutes = []analyze.Refutation{{Cause: "node-disk-full", Because: say("df -h 的每个文件系统都有余量", "df -h shows room on every filesystem")}}
		}
		return out
	},
}

var hostMemory = analyze.Check{
	ID: "host-memory", Guide: "5",
	Title: say("主机可用内存", "memory available on hosts"),
	Doc: say("free -h 的 available 列低于总量的 3%:free 列很小而 available 充足是正常的。",
		"The available column of free -h under 3 % of the total. A small free column beside ample available memory is ordinary."),
	Needs: []string{"nodes/<node>/free.txt"}, Collect: askHosts,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Memory) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, m := range f.Memory {
			if m.Available*100 < m.Total*3 {
				found = append(found, analyze.Evidence{
					Cause: "node-memory-pressure", Confidence: analyze.Likely, Subject: analyze.Subject{Node: m.Node},
					Says: say("主机可用内存不足", "the host is short of memory"), Samples: []analyze.Sighting{{Entry: m.Entry, Line: m.Line, Text: m.Text}},
				})
			}
		}
		return answer(found)
	},
}
