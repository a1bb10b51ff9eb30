# SPDX-License-Identifier: Apache-2.0
# Numbers on the command line and in records: refused unless they are what they must be.
# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2317
. "$(dirname "$0")/common.sh"

refused() {
  ends 2 "$@"
  grep -qiE "from [0-9.e+-]+ to |its value is empty" said || fail "no range: $* $(cat said)"
}
run() { "$QUICK" run --case sum/f32/n1000 --no-baselines --out r.json "$@"; }
# What no number on the command line may be.
for value in "" " " " 1" "1 " +1 -1 -0 0x10 1,5 1.5.1 x 1x nan inf -nan 99999999999999999999999; do
  for option in --seed --threads --samples --budget; do
    refused run "$option=$value" 
  done
  refused run "--benchmark_repetitions=$value"
  for option in --seed --resamples; do refused "$MOAT" compare a b "$option=$value"; done
  refused "$MOAT" port scan . "--places=$value"
  refused "$MOAT" port scan . "--threads=$value"
  refused "$MOAT" port diff a b "--files=$value"
  refused "$MOAT" port history . --green true "--time-limit=$value"
done
for value in 1e3 1.0 1.5 010; do
  for option in --seed --threads --samples; do refused run "$option=$value"; done
done
for value in 1e400 0 1e9 0.0009; do refused run "--budget=$value"; done
refused run --samples 0
refused run --seed 18446744073709551616
refused run --benchmark_repetitions=0
[[ ! -e r.json ]] || fail "a refused run left a record"
ends 0 short --out r.json --seed 18446744073709551615 > /dev/null
grep -q '"seed": 18446744073709551615,' r.json || fail "the largest seed"

# Records. `edited` changes the text of a right one.
unreadable() {
  ends 5 "$MOAT" compare r.json edited.json
  says "edited.json"
  says "$1"
}
edited() { sed "$1" r.json > edited.json; }
edited 's/"status": "ok"/"status": "failed", "status": "ok"/' && unreadable 'at "/cases/0/status": the name stands twice'
edited 's/"seed":/"planned": 1, "seed":/' && unreadable 'at "/run/planned": the name stands twice'
for number in 99999999999999999999999 1e23 1.0 -0 -1 4294967297; do
  edited "s/\"calls_per_sample\": [0-9]*/\"calls_per_sample\": $number/"
  unreadable 'at "/cases/0/series/0/calls_per_sample"'
done
for number in NaN Infinity -Infinity 1e400 0x1 01 +1 .5; do
  edited "s/\"duration_seconds\": [0-9.e-]*/\"duration_seconds\": $number/" && unreadable "(byte "
done
edited 's/"cpu\/moat"/"\\ud800"/; s/"host": {/"host": {"x": "\\ud800",/' && unreadable "(byte "
edited 's/"host": {/"host": {"x": "\xff",/' && unreadable "(byte "
for tail in '\0' '\0x' '{}' ',' 'x'; do
  { cat r.json && printf '%b' "$tail"; } > edited.json && unreadable "(byte "
done
{ printf '\xef\xbb\xbf' && cat r.json; } > edited.json
"$MOAT" report --table edited.json > /dev/null || fail "a byte order mark keeps a record from being read"
head -c 1000 r.json > edited.json && unreadable "(byte "
: > edited.json && unreadable "edited.json: no record of moat run: it is empty"
echo '<html>' > edited.json && unreadable "it begins with what no JSON begins with (byte 1)"
{ printf '{"schema": "moat-record", "porting": ' && printf '[%.0s' $(seq 100000); } > edited.json
unreadable "nested more than"
finish
