#!/usr/bin/env bash
# The table of targets: builds the corpus and the peer (both are cached), then times whole processes alternately.
# ROUNDS (5), LIMIT of one run (400s); PEER=0 leaves troubleshoot out. Called by make bench after make build.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/imbundle-bench
mkdir -p "$cache"

for tool in pigz igzip; do
  if ! command -v "$tool" >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
      echo "bench: $tool is missing: install the packages pigz and isal" >&2
      exit 1
    fi
    apt-get install -y -q pigz isal >&2
  fi
done

# corpus NAME MB FILES: the folder and its .tgz, made anew when the generator changed.
made=$(cat testdata/gen/*.go testdata/gen/corpus/*.go | cksum | tr ' ' -)
corpus() {
  if [ "$(cat "$cache/$1.made" 2>/dev/null)" != "$made" ]; then
    rm -rf "${cache:?}/$1" "$cache/$1.tgz" "$cache/$1.made"
    go run ./testdata/gen -o "$cache/$1" -mb "$2" -files "$3"
    tar czf "$cache/$1.tgz" -C "$cache" "$1"
    echo "$made" >"$cache/$1.made"
  fi
}
corpus c100 100 60
corpus c1000 1000 300
go run ./testdata/gen -rules "$cache/patterns.txt"

(cd testdata/bench && go build -o "$cache/measure" ./measure)
peer=()
if [ "${PEER:-1}" != 0 ]; then
  (cd testdata/bench && go build -o "$cache/tsanalyze" ./tsanalyze)
  peer=(-tsanalyze "$cache/tsanalyze")
fi
"$cache/measure" -imbundle bin/imbundle -cache "$cache" -rounds "${ROUNDS:-5}" -limit "${LIMIT:-400s}" "${peer[@]}"
