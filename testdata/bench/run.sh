#!/usr/bin/env bash
# Prints the table of speed and memory. Whole processes, alternating in the same rounds; quote the ratios, not the seconds.
#
#   ROUNDS=3 SIZES="100 1000" testdata/bench/run.sh
#
# The corpus is generated once and cached; so is troubleshoot's analyzer library, the peer, built from its own module here.
# Needs pigz and igzip (Debian: pigz, isal), GNU time and tar; as root it installs them.
set -euo pipefail
cd "$(dirname "$0")/../.."

ROUNDS=${ROUNDS:-3}
SIZES=${SIZES:-100 1000}
RULES=${RULES:-200}
cache=${IMBUNDLE_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/imbundle-bench}
mkdir -p "$cache"

need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null && return
  [ "$(id -u)" -eq 0 ] && apt-get install -y -q "$2" >/dev/null && return
  echo "bench: $1 is not installed (Debian package $2)" >&2
  exit 1
}
need pigz pigz
need igzip isal
[ -x /usr/bin/time ] || need /usr/bin/time time

gen=$(sha256sum testdata/gen/*.go | sha256sum | cut -c1-12)
corpus() { # MB FILES: the folder $cache/GEN-MB/bundle and its .tgz by GNU tar
  local dir=$cache/$gen-$1
  [ -f "$dir.tgz" ] && return
  rm -rf "$dir" && mkdir -p "$dir"
  go run ./testdata/gen -o "$dir/bundle" -mb "$1" -files "$2"
  tar czf "$dir.tgz.part" -C "$dir" bundle && mv "$dir.tgz.part" "$dir.tgz"
}

# run NAME COMMAND...: one line "NAME wall cpu rss-MB" in the results file
results=$(mktemp)
trap 'rm -f "$results" "$results.t"' EXIT
run() {
  local name=$1
  shift
  /usr/bin/time -f '%e %U %S %M' -o "$results.t" "$@" >/dev/null 2>"$results.err" || {
    code=$?
    # analyze answers with 3 or 4 when it found something; that is no failure of the run
    [ "$code" -eq 3 ] || [ "$code" -eq 4 ] || { echo "bench: $name ended with $code" >&2; cat "$results.err" >&2; exit 1; }
  }
  tail -1 "$results.t" | awk -v n="$name" '{printf "%s %.2f %.2f %.0f\n", n, $1, $2+$3, $4/1024}' | tee -a "$results" >&2
}

median() { # NAME COLUMN
  awk -v n="$1" -v c="$2" '$1==n{print $c}' "$results" | sort -n | awk '{a[NR]=$1} END{if(NR) print a[int((NR+1)/2)]; else print "-"}'
}
ratio() { # NAME NAME: median over the rounds of the ratio of wall times
  paste <(awk -v n="$1" '$1==n{print $2}' "$results") <(awk -v n="$2" '$1==n{print $2}' "$results") |
    awk '$2>0{print $1/$2}' | sort -n | awk '{a[NR]=$1} END{if(NR) printf "%.2f", a[int((NR+1)/2)]; else print "-"}'
}

(cd testdata/bench && go build -o "$cache/tsanalyze" ./tsanalyze)
for n in 10 50 "$RULES"; do go run ./testdata/gen -rules "$n" -o "$cache/rules-$n.yaml"; done

for mb in $SIZES; do
  files=60
  [ "$mb" -ge 1000 ] && files=300
  corpus "$mb" "$files"
  tgz=$cache/$gen-$mb.tgz
  for round in $(seq "$ROUNDS"); do
    echo "round $round of $ROUNDS, $mb MB" >&2
    run "analyze-$mb" bin/imbundle analyze "$tgz" -o json
    run "pigz-$mb" bash -c "pigz -dc '$tgz' | wc -l"
    run "igzip-$mb" bash -c "igzip -dc '$tgz' | wc -l"
  done
done
run start bin/imbundle version
run ts-10-100 timeout 600 "$cache/tsanalyze" "$cache/rules-10.yaml" "$cache/$gen-100"
run ts-50-100 timeout 600 "$cache/tsanalyze" "$cache/rules-50.yaml" "$cache/$gen-100"
run "ts-$RULES-100" timeout 900 "$cache/tsanalyze" "$cache/rules-$RULES.yaml" "$cache/$gen-100"
if [ -n "${FULL:-}" ]; then
  run ts-50-1000 timeout 1200 "$cache/tsanalyze" "$cache/rules-50.yaml" "$cache/$gen-1000"
fi

echo
echo "| what | wall s | CPU s | peak MB |"
echo "|---|---|---|---|"
for name in $(awk '!seen[$1]++{print $1}' "$results"); do
  echo "| $name | $(median "$name" 2) | $(median "$name" 3) | $(median "$name" 4) |"
done
echo
for mb in $SIZES; do
  echo "analyze / pigz -dc | wc -l, $mb MB: $(ratio "analyze-$mb" "pigz-$mb") (target <= 1.0)"
  echo "analyze / igzip -dc | wc -l, $mb MB: $(ratio "analyze-$mb" "igzip-$mb") (stretch <= 1.0)"
  echo "peak memory above start, $mb MB: $(( $(median "analyze-$mb" 4) - $(median start 4) )) MB (target <= 64)"
done
awk -v a="$(median analyze-100 2)" -v t="$(median "ts-$RULES-100" 2)" -v r="$RULES" 'BEGIN{printf "troubleshoot / analyze, %s rules, 100 MB: %.0f (target >= 150)\n", r, t/a}'
if [ -n "${FULL:-}" ]; then
  awk -v a="$(median analyze-1000 2)" -v t="$(median ts-50-1000 2)" 'BEGIN{printf "troubleshoot / analyze, 50 rules, 1 GB: %.0f (target >= 30; ours always with every rule)\n", t/a}'
fi
