#!/bin/sh
# Collects what the OpenIM troubleshooting guide looks at, with the guide's own commands only: kubectl, and df, du, free of
# this machine. Made by: imbundle specs script. Analyze the result with: imbundle analyze FILE
#
# It only reads. It NEVER asks for Secrets. It MASKS NOTHING: logs and descriptions may hold addresses, user IDs and, where
# passwords are given as environment variables or arguments, those. Look through the folder before you pass it on.
#
# Usage: sh collect.sh [-n NAMESPACE] [-s SINCE] [-o FOLDER] [-k BROKER:PORT]
#   -n  namespace of OpenIM (default @NAMESPACE@)
#   -s  how far back logs go, as for kubectl logs --since (default @SINCE@)
#   -o  folder that is written and packed (default openim-diag-DATE)
#   -k  also ask Kafka for the lag of its consumer groups, where kafka-consumer-groups.sh is installed here
set -u
umask 077
LC_ALL=C
export LC_ALL

namespace='@NAMESPACE@'
since='@SINCE@'
out=openim-diag-$(date -u +%Y%m%dT%H%M%SZ)
kafka=''
lines=200000 # of one log, the newest

usage() { sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p;}' "$0" >&2; exit 2; }
while getopts n:s:o:k:h opt; do
    case $opt in
    n) namespace=$OPTARG ;;
    s) since=$OPTARG ;;
    o) out=$OPTARG ;;
    k) kafka=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || usage

mkdir -p "$out/imbundle" || exit 1
record=$out/imbundle/collect.log

note() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$record"; }

# keep FILE COMMAND...: the answer goes into the file, a failure into the record; the rest goes on.
keep() {
    file=$out/$1
    shift
    mkdir -p "${file%/*}"
    "$@" >>"$file" 2>"$out/imbundle/error" </dev/null
    status=$?
    if [ "$status" -eq 0 ]; then
        note "ok: $*"
    elif grep -q 'previous terminated container .* not found' "$out/imbundle/error"; then
        note "none: $*" # it never restarted
    else
        note "failed ($status): $*: $(head -c 500 "$out/imbundle/error" | tr '\n' ' ')"
    fi
    rm -f "$out/imbundle/error"
    [ -s "$file" ] || rm -f "$file"
}

# names KIND: the names of the objects of a kind in the namespace.
names() { kubectl get "$1" -n "$namespace" -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' 2>/dev/null </dev/null; }

note "namespace $namespace, since $since"
if command -v kubectl >/dev/null 2>&1; then
    for kind in pods deployments statefulsets daemonsets replicasets services persistentvolumeclaims; do
        keep "get/$kind.txt" kubectl get "$kind" -n "$namespace" -o wide
    done
    keep get/events.txt kubectl get events -n "$namespace" -o wide
    keep get/nodes.txt kubectl get nodes -o wide
    keep describe/nodes.txt kubectl describe nodes
    for kind in pods deployments statefulsets; do
        keep "describe/$kind.txt" kubectl describe "$kind" -n "$namespace"
    done
    keep top/pods.txt kubectl top pods -n "$namespace" --containers
    keep top/nodes.txt kubectl top nodes
    names deployments | while IFS= read -r name; do
        keep "rollout/$name.txt" kubectl rollout status "deployment/$name" -n "$namespace" --watch=false
        keep "rollout/$name.history.txt" kubectl rollout history "deployment/$name" -n "$namespace"
    done
    names pods | while IFS= read -r pod; do
        echo "logs of $pod" >&2
        for container in $(kubectl get pod "$pod" -n "$namespace" -o 'jsonpath={.spec.initContainers[*].name} {.spec.containers[*].name}' 2>/dev/null </dev/null); do
            log=logs/$namespace/$pod/$container
            keep "$log.log" kubectl logs "$pod" -n "$namespace" -c "$container" --timestamps --since="$since" --tail="$lines"
            keep "$log-previous.log" kubectl logs "$pod" -n "$namespace" -c "$container" --timestamps --tail="$lines" --previous
        done
    done
else
    note 'failed: kubectl is not installed here'
fi

host=$(uname -n)
keep "nodes/$host/df.txt" df -h
keep "nodes/$host/df-i.txt" df -i
keep "nodes/$host/free.txt" free -m
for folder in /var/log /var/lib/docker /var/lib/containerd; do
    if [ -d "$folder" ]; then
        keep "nodes/$host/du.txt" du -sh "$folder"
    fi
done

if [ -n "$kafka" ]; then
    tool=$(command -v kafka-consumer-groups.sh || command -v kafka-consumer-groups || echo /opt/kafka/bin/kafka-consumer-groups.sh)
    for _ in 1 2 3; do # one sample shows a lag, several whether it grows
        keep kafka/groups.txt date -u '+%Y-%m-%dT%H:%M:%SZ'
        keep kafka/groups.txt "$tool" --bootstrap-server "$kafka" --describe --all-groups
        sleep 5
    done
fi

note "done"
lacks=''
if ! command -v kubectl >/dev/null 2>&1; then
    lacks='kubectl is not installed here: only this machine was looked at. / 本机没有 kubectl，只采集了本机信息。'
elif [ ! -d "$out/logs" ]; then
    lacks="Namespace $namespace gave no log: name that of OpenIM with -n (kubectl get pods -A). / 命名空间 $namespace 没有取到日志，请用 -n 指定 OpenIM 所在的命名空间。"
fi
if tar -cf - "$out" | gzip -c >"$out.tar.gz"; then
    echo "$out.tar.gz holds what was collected, $out is the same as a folder."
else
    echo "$out holds what was collected; it could not be packed." >&2
fi
echo "What failed is in $record: $(grep -c ' failed' "$record")."
echo 'Nothing in it is masked. Look through it before you pass it on. / 未做任何脱敏，外发前请先检查内容。'
if [ -n "$lacks" ]; then
    echo "$lacks" >&2
    exit 1
fi
