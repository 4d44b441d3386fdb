package checks

import (
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var diskSpace = analyze.Check{
	ID: "disk-space", Guide: "5",
	Title: say("磁盘容量与 inode", "disk space and inodes"),
	Doc: say("df -h 与 df -i:字节与 inode 分开判断,97% 以上为满,90% 以上提示。内存文件系统不算。",
		"df -h and df -i, bytes and inodes each for themselves: from 97 % a filesystem is full, from 90 % it is worth a word. Memory filesystems do not count."),
	Needs: []string{"nodes/<node>/df.txt", "nodes/<node>/df-i.txt"}, Collect: "imbundle collect --attach df.txt",
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Filesystems) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, fs := range f.Filesystems {
			if memoryFilesystem(fs.Device) || fs.Percent < 90 {
				continue
			}
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
	for _, prefix := range []string{"tmpfs", "devtmpfs", "shm", "udev", "none", "/dev/loop", "overlay", "squashfs", "efivarfs"} {
		if strings.HasPrefix(device, prefix) {
			return true
		}
	}
	return false
}

var hostMemory = analyze.Check{
	ID: "host-memory", Guide: "5",
	Title: say("主机可用内存", "memory available on hosts"),
	Doc: say("free -h 的 available 列低于总量的 3%:free 列很小而 available 充足是正常的。",
		"The available column of free -h under 3 % of the total. A small free column beside ample available memory is ordinary."),
	Needs: []string{"nodes/<node>/free.txt"}, Collect: "imbundle collect --attach free.txt",
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
