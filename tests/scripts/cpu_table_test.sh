#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/cpu_table.sh with a moat that is made up: what it is asked for, and what becomes of its exit codes.
set -euo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
script=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf 'FAILED: %s\n' "$1"
  exit 1
}

expect 0 "usage: scripts/cpu_table.sh" "$script" --help
expect 2 'unknown argument "--frobnicate"' "$script" --frobnicate
expect 2 'unknown argument ""' "$script" ''
for option in --budget --min-samples --filter --out --cpu; do
  expect 2 "$option needs a value" "$script" "$option" ''
  expect 2 "$option needs a value" "$script" "$option" ' '
done
expect 2 "--budget needs a value" "$script" --budget
expect 2 "--cpu mmx: there are avx2, avx512 and amx" "$script" --cpu mmx
expect 2 "no case matches nothing" "$script" --filter nothing
expect 2 "is no program" "$script" --out "$work/out" "$work/absent"

# The cases of the table.
"$script" --list >"$work/list"
for name in gemm/f16/m512n512k512 gemm/bf16/m16n28672k4096bt gemm/f32/m512n4096k14336bt \
  attention/f32/b1q4096kv4096h28hkv4d128causal attention/f32/b1q1024kv1024h32hkv8d128 \
  attention/bf16/b1q1kv16384h28hkv4d128 argmax/bf16/n268435456 sum/f32/n16777216 \
  softmax/f16/r16c128256 rmsnorm/f32/r4096c4096; do
  grep -qx "$name" "$work/list" || fail "$name is not listed"
done
[[ $(sort "$work/list" | uniq -d) == '' ]] || fail 'a case is listed twice'
expect 0 rmsnorm/f32/r1c4096 "$script" --list --filter 'rmsnorm/*'

# Without Python, what is missing is said before anything is measured.
mkdir "$work/bin"
for tool in bash dirname sed nproc; do ln -s "$(command -v "$tool")" "$work/bin/$tool"; done
PATH=$work/bin expect 2 "apt-get install python3" "$work/bin/bash" "$script" "$work/absent"

# A moat that notes what it was asked for and leaves a record without cases.
cat >"$work/moat" <<'MOAT'
#!/usr/bin/env bash
case $1 in
  --version) echo "moat 0.1.0 ($COMMIT)" && exit ;;
  compare) echo '{"records": [{"cases": []}]}' && exit ;;
esac
printf '%s ' "$@" >>"$NOTES"
printf 'isa=%s,%s core=%s\n' "${DNNL_MAX_CPU_ISA-}" "${ONEDNN_MAX_CPU_ISA-}" "${OPENBLAS_CORETYPE-}" >>"$NOTES"
while (($#)); do
  case $1 in
    --out) out=$2 ;;
    --threads) threads=$2 ;;
  esac
  shift
done
# A run that was stopped half-way, or one that goes on with what that one left.
if [[ -n ${STOP_AT-} && $threads == "$STOP_AT" ]]; then
  echo half >"$out.half"
  exit 130
fi
[[ ! -e $out.half ]] || { rm "$out.half" && echo resumed >>"$NOTES"; }
cat >"$out" <<RECORD
{"schema": "moat-record", "run": {"started": "now"}, "build": {"commit": null, "dirty": ${DIRTY-false}},
 "libraries": [], "cases": [], "devices": [{"backend": "cpu", "name": "Abacus",
 "architecture": "${ARCHITECTURE-avx2}", "compute_units": $threads,
 "ceilings": {"read_bytes": null, "copy_bytes": null}}]}
RECORD
exit "${EXIT_CODE-0}"
MOAT
chmod +x "$work/moat"
export NOTES=$work/notes
unset DNNL_MAX_CPU_ISA ONEDNN_MAX_CPU_ISA OPENBLAS_CORETYPE

expect 0 "$work/out/cpu-targets.md" "$script" --filter 'sum/*' --budget 7 --out "$work/out" "$work/moat"
grep -q -- '--threads 1 --budget 7 .*--case sum/f32/n1048576 .*isa=, core=$' "$NOTES" ||
  fail "asked for: $(cat "$NOTES")"
grep -q 'gemm' "$NOTES" && fail 'the filter let GEMM through'
[[ $(wc -l <"$NOTES") == $(printf '1\n%s\n' "$(nproc)" | sort -un | wc -l) ]] || fail 'runs'
[[ -f $work/out/cpu-threads1.json ]] || fail 'no record'
grep -q '0 of 0 lines met' "$work/out/cpu-targets.md" || fail 'no table'

grep -q -- '--resume .*--min-samples 10 .*--out [^ ]*/out/unfinished/cpu-threads1.json' "$NOTES" ||
  fail "asked for: $(cat "$NOTES")"
[[ ! -e $work/out/unfinished ]] || fail 'what was unfinished is left'

# Stopped and started again it goes on, with the same program and options alone.
: >"$NOTES"
half() { "$script" --filter 'sum/*' --out "$work/half" "$@"; }
STOP_AT=1 expect 130 'stopped; the same command goes on' half "$work/moat"
[[ ! -e $work/half/cpu-threads1.json && ! -e $work/half/cpu-targets.md ]] || fail 'half a table'
cp "$work/moat" "$work/moat2"
echo '# another program' >>"$work/moat2"
expect 2 'holds measurements of another task' half "$work/moat2"
COMMIT=123456789abc expect 2 'version moat 0.1.0 (123456789abc)' half "$work/moat"
expect 2 'options --budget 9' half --budget 9 "$work/moat"
expect 2 'options --budget 0.3 --min-samples 20' half --min-samples 20 "$work/moat"
expect 2 'holds measurements of another task' "$script" --filter 'sum/f32/*' --out "$work/half" "$work/moat"
[[ -e $work/half/unfinished/cpu-threads1.json.half ]] || fail 'a refusal took what was measured'
expect 0 "going on with $work/half/unfinished" half "$work/moat"
grep -q resumed "$NOTES" || fail 'it began anew'
[[ -f $work/half/cpu-threads1.json && -f $work/half/cpu-targets.md ]] || fail 'no table'
[[ ! -e $work/half/unfinished ]] || fail 'what was unfinished is left'
rm "$work/half/cpu-targets.md"
mkdir "$work/half/unfinished"
expect 2 'unknown' half "$work/moat"
rm -r "$work/half/unfinished"

# AVX2: files of their own, libraries held to it, and no record of another build.
: >"$NOTES"
expect 0 "$work/out/cpu-targets-avx2.md" "$script" --cpu avx2 --filter 'sum/*' --out "$work/out" \
  "$work/moat"
grep -q 'isa=AVX2,AVX2 core=Haswell$' "$NOTES" || fail "libraries: $(cat "$NOTES")"
grep -q -- '--backend cpu --cpu avx2 --threads 1 ' "$NOTES" || fail "asked for: $(cat "$NOTES")"
[[ -f $work/out/cpu-avx2-threads1.json ]] || fail 'no record of AVX2'
ARCHITECTURE=avx512 expect 11 "for avx512, not avx2" "$script" --cpu avx2 --filter 'sum/*' \
  --out "$work/out" "$work/moat"
rm -r "$work/out/unfinished-avx2"

# AMX: the libraries choose.
: >"$NOTES"
ARCHITECTURE=amx expect 0 "$work/out/cpu-targets-amx.md" "$script" --cpu amx --filter 'sum/*' --out "$work/out" \
  "$work/moat"
grep -q -- '--cpu amx .*isa=, core=$' "$NOTES" || fail "libraries: $(cat "$NOTES")"

# Wrong, disturbed results and cases that could not run are rows of the table; without a record there
# is none.
for code in 1 5 6; do
  EXIT_CODE=$code expect "$code" cpu-targets.md "$script" --filter 'sum/*' --out "$work/out" "$work/moat"
  rm "$work/out/cpu-targets.md"
done
EXIT_CODE=4 expect 4 "" "$script" --filter 'sum/*' --out "$work/out" "$work/moat"
[[ ! -e $work/out/cpu-targets.md ]] || fail 'a table without records'
rm -r "$work/out/unfinished"

# A committed table: only of a clean tree, and of a moat that was built from it.
mkdir -p "$work/suite/scripts" "$work/suite/results/cpu"
cp "$(dirname "$script")"/*.sh "$(dirname "$script")/cpu_targets.py" "$work/suite/scripts"
own=$work/suite/scripts/cpu_table.sh
git() { command git -C "$work/suite" -c user.name=test -c user.email=test@example.org "$@"; }
git init -q
echo source >"$work/suite/kernel.hpp"
git add -A
git commit -qm first
COMMIT=$(git rev-parse HEAD)
export COMMIT=${COMMIT:0:12}
expect 0 cpu-targets.md "$own" --filter 'sum/*' "$work/moat"
git add -A
git commit -qm table
expect 2 'was not built from commit' "$own" --filter 'sum/*' "$work/moat"
COMMIT=$(git rev-parse HEAD)
export COMMIT=${COMMIT:0:12}
expect 0 cpu-targets.md "$own" --filter 'sum/*' --budget 1 "$work/moat"
echo more >>"$work/suite/results/cpu/cpu-targets.md"
expect 0 cpu-targets.md "$own" --filter 'sum/*' "$work/moat"
DIRTY=true expect 11 'not known to be those of a commit' "$own" --filter 'sum/*' "$work/moat"
rm -r "$work/suite/results/cpu/unfinished"
COMMIT="$COMMIT, modified" expect 2 'was not built from commit' "$own" --filter 'sum/*' "$work/moat"
echo change >>"$work/suite/kernel.hpp"
expect 2 ' M kernel.hpp' "$own" --filter 'sum/*' "$work/moat"
expect 2 ' M kernel.hpp' "$own" --filter 'sum/*' --out "$work/suite/results/../results/new" "$work/moat"
expect 0 cpu-targets.md "$own" --filter 'sum/*' --out "$work/elsewhere" "$work/moat"
rm -rf "$work/suite/.git"
GIT_CEILING_DIRECTORIES=$work expect 2 'is no git work tree' "$own" --filter 'sum/*' "$work/moat"
