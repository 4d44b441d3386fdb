#!/usr/bin/env bash
# The table of targets: builds the corpora and the peers (both are cached), then times whole processes alternately.
# ROUNDS (5), LIMIT of one run (400s); PEER=0 leaves troubleshoot out. Called by make bench after make build.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/imbundle-bench
mkdir -p "$cache/peers"

for tool in pigz igzip; do
  if ! command -v "$tool" >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
      echo "bench: $tool is missing: install the packages pigz and isal" >&2
      exit 1
    fi
    apt-get install -y -q pigz isal >&2
  fi
done

go build -o "$cache/gen" ./testdata/gen
(cd testdata/bench && go build -o "$cache/measure" ./measure)
peers=()
if [ "${PEER:-1}" != 0 ]; then
  (cd testdata/bench && go build -o "$cache/peers" ./tsanalyze ./tsredact)
  peers=(-peers "$cache/peers")
fi

# corpus NAME MB FILES: the folder; bundle NAME MB FILES: the same logs in a bundle of ours. Made anew when the generator changed.
made=$(cat testdata/gen/*.go testdata/gen/corpus/*.go | cksum | tr ' ' -)
stale() { [ "$(cat "$cache/$1.made" 2>/dev/null)" != "$made" ]; }
corpus() {
  if stale "$1"; then
    rm -rf "${cache:?}/$1" "$cache/$1.tgz" "$cache/$1.made"
    "$cache/gen" -o "$cache/$1" -mb "$2" -files "$3"
    tar czf "$cache/$1.tgz" -C "$cache" "$1"
    echo "$made" >"$cache/$1.made"
  fi
}
bundle() {
  if stale "$1"; then
    rm -f "$cache/$1.tgz" "$cache/$1.made"
    "$cache/gen" -bundle "$cache/$1.tgz" -mb "$2" -files "$3"
    echo "$made" >"$cache/$1.made"
  fi
}
corpus c100 100 60
corpus c200 200 200
corpus c1000 1000 300
bundle own1000 1000 300
bundle own5000 5000 1500
"$cache/gen" -rules "$cache/patterns.txt"
find "$cache/c100" -name '*.log' | sort | xargs tail -q -c 150000 >"$cache/sample.log"

"$cache/measure" -imbundle bin/imbundle -gen "$cache/gen" -cache "$cache" -rounds "${ROUNDS:-5}" -limit "${LIMIT:-400s}" "${peers[@]}"
