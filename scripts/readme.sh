#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures, and writes README's generated parts, its picture and the record that they come from.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'EOF'
usage: scripts/readme.sh [--max-spread PERCENT] [RECORD]
       scripts/readme.sh --check

Runs the quick suite (scripts/bench.sh) from a tree without changes, keeps its record as the only one
of its device under results/, and writes from it the parts of README.md between <!-- moat:…:begin -->
and <!-- moat:…:end --> and the picture beside the record. A run that was disturbed, a case that is not
ok or whose spread is too wide is refused, and everything stays as it was: run it on an idle machine.
The table of ported lines comes from results/porting/porting.json (moat port --update).

  RECORD                  do not measure, take this one
  --max-spread PERCENT    widest interquartile range ÷ median of a case (default 10)
  --check                 only see whether README.md is what the record that it links gives
  --moat PROGRAM          (default build/bin/moat; what is measured is always built)

exit codes: 0 done, 1 refused or, with --check, different; 2 bad usage; else the first that
scripts/bench.sh gave
EOF
}

fail() {
  printf 'scripts/readme.sh: %s\n' "$2" >&2
  exit "$1"
}

moat=${MOAT_BUILD_DIR:-$root/build}/bin/moat
check=0
record=
limit=()
while (($#)); do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --check) check=1 ;;
    --max-spread | --moat)
      if (($# < 2)); then fail 2 "$1 needs a value; see scripts/readme.sh --help"; fi
      if [[ $1 == --moat ]]; then moat=$2; else limit=(--max-spread "$2"); fi
      shift
      ;;
    -*) fail 2 "unknown option $1; see scripts/readme.sh --help" ;;
    *)
      if [[ -n $record ]]; then fail 2 "one RECORD is all it takes; see scripts/readme.sh --help"; fi
      record=$(realpath -- "$1")
      ;;
  esac
  shift
done
cd "$root"

if ((check)); then
  record=$(sed -n 's|.*(\[record\](\(results/[^)]*\.json\))).*|\1|p' README.md)
  if [[ ! -f $record ]]; then fail 1 "README.md links no record that is there: '$record'"; fi
  exec "$moat" report --readme README.md --check "$record"
fi

if [[ -n $record ]]; then
  exec "$moat" report --readme README.md "${limit[@]}" "$record"
fi

if [[ -n $(git status --porcelain --untracked-files=no) ]]; then
  fail 1 "there are changes that are not committed: the record would not say what was measured"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && "$root/scripts/bench.sh") || exit $?
found=("$work"/results/*/*.json)
folder=results/$(basename "$(dirname "${found[0]}")")
record=$folder/$(basename "${found[0]}")
mkdir -p "$folder"
cp "${found[0]}" "$record"
if ! "$moat" report --readme README.md "${limit[@]}" "$record"; then
  rm -f "$record"
  exit 1
fi
for old in "$folder"/*.json; do
  if [[ $old != "$record" ]]; then rm -f "$old"; fi
done
printf 'README.md, %s and %s/speed.svg are written; commit them\n' "$record" "$folder" >&2
