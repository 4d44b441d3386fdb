package node

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// The words of the script. A command under t is killed at its limit, not asked to end: one that hangs in the kernel would not
// hear. Where the machine has no timeout, the shell watches itself. slow comes behind t, so that what is killed is the command.
const words = `LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
have() { command -v "$1" >/dev/null 2>&1; }
if [ -n "$R" ] && have busybox && ! { have sort && have tail && have df; }; then
	d=/tmp/imbundle-tools; mkdir -p "$d" 2>/dev/null && busybox --install -s "$d" 2>/dev/null && PATH=$PATH:$d
fi
low="nice -n 19"; have nice || low=
if have ionice && ionice -c 3 true 2>/dev/null; then low="ionice -c 3 $low"; fi
if timeout -s KILL 5 true 2>/dev/null; then limit() { timeout -s KILL "$@"; }
elif timeout -t 5 -s KILL true 2>/dev/null; then limit() { n=$1; shift; timeout -t "$n" -s KILL "$@"; }
else limit() {
	n=$1; shift; "$@" & c=$!
	( sleep "$n"; kill -9 "$c" ) >/dev/null 2>&1 & w=$!
	wait "$c"; r=$?; kill "$w" 2>/dev/null; return "$r"
}; fi
t() {
	seconds=$1; shift
	if [ "$1" = slow ]; then shift; limit "$seconds" $low "$@"; else limit "$seconds" "$@"; fi
}
p() {
	if [ "$1" = t ]; then shift 2; printf '$ %s\n' "$*"; t 5 "$@"; else printf '$ %s\n' "$*"; "$@"; fi
}
affordable() {
	set -- "$1" $(t 5 df -Pi "$1" 2>/dev/null | tail -n 1)
	case $4 in ''|*[!0-9]*) return 0;; esac
	[ "$4" -le "$inodes" ] && return 0
	printf '# %s was not measured: its file system has %s inodes in use, more than %s\n' "$1" "$4" "$inodes"
	return 1
}
measure() {
	[ -d "$R$1/" ] && affordable "$R$1" || return 0
	t 10 slow du -xsk "$R$1" 2>/dev/null
	[ $? -lt 124 ] || printf '# %s was not measured: du took longer than 10 seconds\n' "$1"
}
human() {
	tab=$(printf '\t')
	while IFS= read -r l; do
		k=${l%%"$tab"*}; f=${l#*"$tab"}; f=${f#"$R"}
		case $k in ''|*[!0-9]*) printf '%s\n' "$l"; continue;; esac
		if [ "$k" -ge 1048576 ]; then printf '%d.%dG\t%s\n' $((k / 1048576)) $((k % 1048576 * 10 / 1048576)) "${f:-/}"
		elif [ "$k" -ge 1024 ]; then printf '%d.%dM\t%s\n' $((k / 1024)) $((k % 1024 * 10 / 1024)) "${f:-/}"
		else printf '%dK\t%s\n' "$k" "${f:-/}"; fi
	done
}
hello() {
	read -r u rest </proc/uptime 2>/dev/null
	printf '\n%s hello %s %s %s %s\n' "$M" "$(date +%s)" "$(date +%z)" "${u:-0}" "${R:-/}"
}
`

// script is what is run on a host to answer the given commands; mark begins the lines that are the script's own.
func script(mark string, w bundle.Window, asked []command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M=%s; F=%d; T=%d; inodes=%d\n%s", mark, w.From.Unix(), w.To.Add(time.Second).Unix(), inodeBudget, words)
	b.WriteString("all() {\nhello\n")
	for _, c := range asked {
		fmt.Fprintf(&b, "printf '\\n%%s begin %s\\n' \"$M\"\n(\n%s\n) 2>&1\nprintf '\\n%%s end %s %%s\\n' \"$M\" \"$?\"\n", c.entry, c.body, c.entry)
	}
	b.WriteString("printf '\\n%s done\\n' \"$M\"\n}\nall </dev/null\n")
	return b.String()
}

// entering wraps a script so that it runs within the host's own root where that lies in a folder and has a shell, else beside it.
func entering(root, script string) string {
	if root == "" {
		return "R=; export R\n" + script
	}
	quoted := "'" + strings.ReplaceAll(script, "'", `'\''`) + "'"
	return "s=" + quoted + "\nif chroot " + root + " /bin/sh -c : 2>/dev/null; then\n\tR= exec chroot " + root + " /bin/sh -c \"$s\"\nfi\nR=" + root + "; export R\neval \"$s\"\n"
}

// host is what a script says of itself and its machine first.
type host struct {
	now    time.Time // of its clock
	zone   *time.Location
	uptime time.Duration
	root   string // where its root lies for who answers; empty: at /
	offset string // of its clock, as the line of clock.txt
	window bundle.Window
}

// readHello reads what hello prints: Unix seconds, zone as +0800, seconds since boot, root.
func readHello(fields []string) (host, error) {
	h := host{zone: time.UTC}
	if len(fields) < 4 {
		return h, fmt.Errorf("reading what the script says of its host: %q", fields)
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return h, fmt.Errorf("reading the host's time: %w", err)
	}
	if at, err := time.Parse("-0700", fields[1]); err == nil {
		_, east := at.Zone()
		h.zone = time.FixedZone(fields[1], east)
	}
	if up, err := strconv.ParseFloat(fields[2], 64); err == nil {
		h.uptime = time.Duration(up * float64(time.Second))
	}
	h.now = time.Unix(seconds, 0).In(h.zone)
	if fields[3] != "/" {
		h.root = fields[3]
	}
	return h, nil
}
