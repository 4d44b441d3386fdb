package node

// command is what is asked of a host.
type command struct {
	entry string // nodes/<node>/<entry>.txt
	body  string // of the script; it may exit with absent
	costs string // what cannot be told without it
	shape func(host, []byte) []byte
}

// absent is the exit code of a body whose tool or file the host does not have.
const absent = 127

// inodeBudget is how many inodes a file system may have in use for its folders to be measured: reading so many takes tens of
// seconds from a cold disk.
const inodeBudget = 4_000_000

// commands are asked in this order. Words that the script knows, beside those of sh: $R is where the host's root lies, $F and
// $T are the window in Unix seconds; t SECONDS COMMAND… ends a command that takes longer; have TOOL; p COMMAND… prints
// the command before it runs it; human makes "KILOBYTES<tab>PATH" what du -h prints; slow COMMAND… runs at the lowest priority.
var commands = []command{
	{
		entry: "clock", costs: "whether the host's clock is right", shape: withOffset,
		body: `p date
if have timedatectl; then p t 5 timedatectl 2>/dev/null; fi
if have chronyc; then p t 5 chronyc -n tracking 2>/dev/null; fi
if have ntpq; then p t 5 ntpq -pn 2>/dev/null; fi
:`,
	},
	{
		entry: "load", costs: "how busy the host's processors are",
		body: `p uptime
p cat /proc/loadavg
printf '$ nproc\n'; nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo`,
	},
	{entry: "df", costs: "how full the host's disks are", shape: ofHost, body: `t 10 df -h`},
	{entry: "df-i", costs: "whether inodes are left", shape: ofHost, body: `t 10 df -i`},
	{entry: "free", costs: "how much memory the host has left", body: `have free || exit 127; t 5 free -h`},
	{
		entry: "pressure", costs: "whether processes wait for CPU, memory or disks",
		body: `[ -r /proc/pressure/cpu ] || exit 127; t 5 grep . /proc/pressure/*`,
	},
	{
		entry: "files", costs: "how many descriptors are in use, of how many",
		body: `p cat /proc/sys/fs/file-nr
p cat /proc/sys/fs/nr_open
printf 'PID\tOPEN\tLIMIT\tCOMMAND\n'
for d in /proc/[0-9]*; do
	{ read -r c <"$d/comm"; } 2>/dev/null || continue
	set -- "$d"/fd/*
	[ -L "$1" ] || continue
	l=-
	while read -r a b e soft rest; do [ "$a $b $e" = "Max open files" ] && l=$soft && break; done 2>/dev/null <"$d/limits"
	printf '%s\t%s\t%s\t%s\n' "${d#/proc/}" "$#" "$l" "$c"
done 2>/dev/null | sort -rnk2 | head -n 30`,
	},
	{
		entry: "inotify", costs: "whether inotify instances and watches are left",
		body: `for f in max_user_instances max_user_watches max_queued_events; do
	{ read -r v <"/proc/sys/fs/inotify/$f"; } 2>/dev/null || exit 127
	printf 'fs.inotify.%s = %s\n' "$f" "$v"
done
if [ -r /proc/1/fd ] && ls /proc/1/fd >/dev/null 2>&1 && find /proc/self/fd -maxdepth 0 -lname x >/dev/null 2>&1; then
	printf 'instances of root in use: %s\n' "$(t 15 find /proc/[0-9]*/fd -maxdepth 1 -user 0 -lname 'anon_inode:*inotify*' 2>/dev/null | wc -l)"
fi`,
	},
	{
		entry: "kernel", costs: "what the kernel killed, and which disks fail", shape: ofWindow,
		body: `k='oom-kill|[Oo]ut of memory|Killed process|I/O error|[Mm]edium [Ee]rror|blk_update_request|EXT4-fs (error|warning)|Remounting filesystem|XFS .*([Ee]rror|[Cc]orruption|[Ss]hut)|BTRFS.*(error|critical)|nvme.*(timeout|reset)|blocked for more than|soft lockup|table full|SLUB: Unable'
if have journalctl && [ -n "$(t 5 journalctl -k -q --no-pager -n 1 2>/dev/null)" ]; then
	printf '# journalctl -k of the window: killed processes, disks, file systems, hung tasks\n'
	t 20 journalctl -k -q --no-pager -o short-iso --since "@$F" --until "@$T" 2>/dev/null | grep -E "$k" | tail -n 400
	exit 0
fi
have dmesg && t 5 dmesg >/dev/null 2>&1 || exit 127
printf '# dmesg of the window: killed processes, disks, file systems, hung tasks\n'
t 10 dmesg 2>/dev/null | grep -E "$k" | tail -n 400
exit 0`,
	},
	{
		entry: "kubelet", costs: "what the kubelet complained of",
		body: `have journalctl && [ -n "$(t 5 journalctl -q --no-pager -n 1 2>/dev/null)" ] || exit 127
printf '# errors of the kubelet in the window\n'
t 20 journalctl -u kubelet -u k3s -u rke2-server -u rke2-agent -q --no-pager -o short-iso --since "@$F" --until "@$T" 2>/dev/null | grep -E ' [EF][0-9]{4} ' | tail -n 300
exit 0`,
	},
	{
		entry: "runtime", costs: "what the container runtime complained of",
		body: `have journalctl && [ -n "$(t 5 journalctl -q --no-pager -n 1 2>/dev/null)" ] || exit 127
printf '# errors of the container runtime in the window\n'
t 20 journalctl -u containerd -u docker -u crio -q --no-pager -o short-iso --since "@$F" --until "@$T" 2>/dev/null | grep -E 'level=(error|fatal)' | tail -n 200
exit 0`,
	},
	{
		entry: "versions", costs: "versions of kernel, system, kubelet and runtime",
		body: `p uname -a
if [ -r "$R/etc/os-release" ]; then printf '$ cat /etc/os-release\n'; cat "$R/etc/os-release"; fi
for c in kubelet containerd dockerd runc crictl; do if have "$c"; then p t 5 "$c" --version 2>/dev/null; fi; done
:`,
	},
	{entry: "top", costs: "which processes take the CPU", shape: lastTop, body: `have top || exit 127; t 10 top -b -d 1 -n 2`},
	{
		entry: "ps", costs: "which processes take the memory",
		body: `t 10 ps -eo pid,user,rss,pcpu,etime,comm --sort=-rss 2>/dev/null | head -n 30 | grep . || t 10 ps -o pid,user,vsz,rss,comm`,
	},
	{
		entry: "du", costs: "which of logs, images and containers fill the disk",
		body: `{
for d in /var/log /var/lib/docker /var/lib/containerd /var/lib/kubelet; do measure "$d"; done
affordable "$R/var/log/pods" && t 10 slow du -xsk "$R"/var/log/pods/* 2>/dev/null
t 10 slow find "$R/var/log/pods" "$R/var/lib/docker/containers" -xdev -type f -size +204800k -exec du -k {} + 2>/dev/null
} | human`,
	},
	{
		entry: "largest", costs: "the largest folders of each file system",
		body: `for d in / /var/lib/docker /var/lib/containerd /var/lib/kubelet /var/log; do
	set -- $(t 5 df -Pk "$R$d" 2>/dev/null | tail -n 1)
	[ -n "$6" ] && printf '%s\n' "$6"
done | sort -u | while read -r m; do
	affordable "$m" && t 15 slow du -xk -d 3 "$m" 2>/dev/null
done | sort -rnk1 | head -n 40 | human`,
	},
}
