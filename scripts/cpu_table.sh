#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The CPU backend beside the libraries, on 1 thread and on all: a record each and the table of targets.
set -euo pipefail
# shellcheck source=scripts/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

usage() {
  cat <<'HELP'
usage: scripts/cpu_table.sh [--cpu SET] [--budget SECONDS] [--min-samples N] [--filter GLOB]
                            [--out FOLDER] [MOAT]

Times GEMM, attention, reductions, softmax and RMSNorm on the CPU with 1 thread and with all, each
beside its baselines and yardsticks in the same run. Writes a record of each run and cpu-targets.md,
which holds every case against its target, into FOLDER. Run it on an otherwise idle machine. It
takes long: a call of the longest cases takes seconds, and every one is sampled ten times at least,
for fewer samples are no verdict.

Stopped (Ctrl-C, a reboot) and started again with the same program and options it goes on with the
cases that are not yet measured. Until all are, the records are in FOLDER/unfinished, and what another
program or other options left there is refused.

  MOAT              the program (default build/bin/moat)
  --cpu SET         avx2, avx512 or amx: builds moat for that instruction set in build/cpu-SET,
                    unless MOAT is given, and measures it; a MOAT of several sets is told to use
                    this one. With avx2 and avx512 oneDNN and OpenBLAS are held to the same vectors
                    (DNNL_MAX_CPU_ISA, OPENBLAS_CORETYPE), oneDNN with avx512 to those without AMX;
                    the records tell which kernels they used. The files are named
                    cpu-SET-threads1.json, … and cpu-targets-SET.md
  --budget SECONDS  per implementation of a case (default 0.3)
  --min-samples N   of each implementation, whatever the budget (default 10)
  --filter GLOB     only the cases whose name matches, such as 'attention/*'
  --out FOLDER      (default results/cpu, beside this script's folder). In results/, which is
                    committed, only of a clean tree and a moat built from it
  --list            print the cases and exit

exit codes: 0 all was verified, timed and written, whether or not targets were met; 2 bad usage, or
changed sources; 10 the build failed; 11 no table could be made of the records; else the first that
moat run gave, which says why
HELP
}

moat=
cpu=
budget=0.3
min_samples=10
filter='*'
out=$root/results/cpu
list=0
while (($#)); do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --list) list=1 ;;
    --budget | --min-samples | --filter | --out | --cpu)
      if (($# < 2)) || [[ $2 != *[![:space:]]* ]]; then
        printf 'cpu_table.sh: %s needs a value; see scripts/cpu_table.sh --help\n' "$1" >&2
        exit 2
      fi
      case $1 in
        --budget) budget=$2 ;;
        --min-samples) min_samples=$2 ;;
        --filter) filter=$2 ;;
        --out) out=$2 ;;
        --cpu) cpu=$2 ;;
      esac
      shift
      ;;
    *)
      if [[ $1 == -* || -n $moat || $1 != *[![:space:]]* ]]; then
        printf 'cpu_table.sh: unknown argument "%s"; see scripts/cpu_table.sh --help\n' "$1" >&2
        exit 2
      fi
      moat=$1
      ;;
  esac
  shift
done
if [[ -n $cpu && $cpu != avx2 && $cpu != avx512 && $cpu != amx ]]; then
  printf 'cpu_table.sh: --cpu %s: there are avx2, avx512 and amx\n' "$cpu" >&2
  exit 2
fi

names=()
# Squares; the projections of a llama3-8b layer (qkv, o, gate and up, down) for 1 and 16 tokens of
# decode and 512 of prefill.
shapes=(m512n512k512 m1024n1024k1024 m2048n2048k2048)
for tokens in 1 16 512; do
  for projection in n6144k4096 n4096k4096 n28672k4096 n4096k14336; do
    shapes+=("m$tokens${projection}bt")
  done
done
for shape in "${shapes[@]}"; do
  for type in f32 f16 bf16; do names+=("gemm/$type/$shape"); done
done
# The heads of llama3-8b and qwen2.5-7b.
for heads in h32hkv8d128 h28hkv4d128; do
  for tokens in 512 1024 2048 4096; do
    for mask in '' causal; do
      names+=("attention/f32/b1q${tokens}kv${tokens}$heads$mask")
      # oneDNN's chain takes minutes for bf16 at 4096 tokens.
      if ((tokens == 512)); then names+=("attention/bf16/b1q512kv512$heads$mask"); fi
    done
  done
  for tokens in 4096 16384 65536; do
    for type in f32 f16 bf16; do names+=("attention/$type/b1q1kv$tokens$heads"); done
  done
done
for op in sum max argmax; do
  for type in f32 f16 bf16; do
    for elements in 1048576 16777216 268435456; do names+=("$op/$type/n$elements"); done
  done
done
# Rows of llama3-8b: logits of 1 and 16 tokens, scores of attention; hidden states.
for type in f32 f16 bf16; do
  names+=("softmax/$type/r1c128256" "softmax/$type/r16c128256" "softmax/$type/r1024c4096")
  for tokens in 1 16 512 4096; do names+=("rmsnorm/$type/r${tokens}c4096"); done
done
cases=()
for name in "${names[@]}"; do
  # shellcheck disable=SC2053 # the filter is a pattern
  if [[ $name == $filter ]]; then cases+=(--case "$name"); fi
done
if ((${#cases[@]} == 0)); then
  printf 'cpu_table.sh: no case matches %s; the first is %s\n' "$filter" "${names[0]}" >&2
  exit 2
fi
if ((list)); then
  for ((i = 1; i < ${#cases[@]}; i += 2)); do printf '%s\n' "${cases[i]}"; done
  exit 0
fi

# Before an hour of measuring.
if ! command -v python3 >/dev/null; then
  printf 'cpu_table.sh: python3 is missing, which makes the table; on Debian: apt-get install python3\n' >&2
  exit 2
fi
# A committed table is of sources that everybody can have.
refuse() {
  printf 'cpu_table.sh: tables in %s are committed, but %s\nTo try things, give --out another folder.\n' \
    "$out" "$1" >&2
  exit 2
}
clean=()
if [[ $(realpath -m "$out")/ == "$(realpath -m "$root/results")"/* ]]; then
  clean=(--clean)
  # What this script writes is no source.
  changes=$(git -C "$root" status --porcelain --untracked-files=no -- . ':(exclude)results/cpu') ||
    refuse "$root is no git work tree"
  [[ -z $changes ]] || refuse "these files are changed, commit or undo that:
$changes
"
fi

if [[ -n $cpu && -z $moat ]]; then
  build=$root/build/cpu-$cpu
  cmake_options+=("-DMOAT_CPU=$cpu" -DMOAT_CUDA=OFF -DMOAT_HIP=OFF -DMOAT_TESTS=OFF)
  (build moat) || exit 10
  moat=$build/bin/moat
fi
moat=${moat:-$root/build/bin/moat}
if [[ ! -x $moat ]]; then
  printf 'cpu_table.sh: %s is no program; scripts/bench.sh builds it\n' "$moat" >&2
  exit 2
fi
if ((${#clean[@]})); then
  version=$("$moat" --version)
  commit=$(git -C "$root" rev-parse HEAD)
  [[ $version == *"(${commit:0:12})"* ]] ||
    refuse "$moat, $version, was not built from commit ${commit:0:12}: build it again"
fi
# The libraries would choose by the processor, and a comparison with their kernels for more than
# ours may use says nothing about ours. ONEDNN_ is the name of newer releases.
case $cpu in
  avx2) export DNNL_MAX_CPU_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell ;;
  avx512)
    export DNNL_MAX_CPU_ISA=AVX512_CORE_BF16 ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16
    export OPENBLAS_CORETYPE=SkylakeX
    ;;
  amx) unset DNNL_MAX_CPU_ISA ONEDNN_MAX_CPU_ISA OPENBLAS_CORETYPE ;;
esac

# No target asks for the plain loops, nor for oneDNN's chain in decode.
unasked='-(/plain|q1kv[0-9a-z]*/cpu/onednn)$'
# What is measured, by what and how: it goes on with measurements of the same alone.
unfinished=$out/unfinished${cpu:+-$cpu}
task=$(
  printf 'program %s\n' "$(sha256sum <"$moat" | cut -d ' ' -f 1)"
  printf 'version %s\n' "$("$moat" --version)"
  printf 'options --budget %s --min-samples %s --filter %s%s\n' \
    "$budget" "$min_samples" "$filter" "${cpu:+ --cpu $cpu}"
  printf 'cases %s\n' "$(printf '%s\n' "${cases[@]}" | sha256sum | cut -d ' ' -f 1)"
  printf 'processors %s\n' "$(nproc)"
)
if [[ -e $unfinished ]]; then
  begun=$(cat "$unfinished/task" 2>/dev/null) || begun=unknown
  if [[ $begun != "$task" ]]; then
    printf 'cpu_table.sh: %s holds measurements of another task.\nThere:\n%s\nHere:\n%s\n%s\n' \
      "$unfinished" "$begun" "$task" \
      'Finish that one, with its program and options, or remove the folder.' >&2
    exit 2
  fi
  printf 'cpu_table.sh: going on with %s\n' "$unfinished" >&2
else
  mkdir -p "$unfinished"
  printf '%s\n' "$task" >"$unfinished/task"
fi
table=$out/cpu-targets${cpu:+-$cpu}.md
first_error=0
records=()
for threads in $(printf '1\n%s\n' "$(nproc)" | sort -un); do
  record=$unfinished/cpu${cpu:+-$cpu}-threads$threads.json
  printf 'cpu_table.sh: %s case(s) with %s thread(s)\n' "$((${#cases[@]} / 2))" "$threads" >&2
  code=0
  "$moat" run --resume --progress --backend cpu ${cpu:+--cpu "$cpu"} --threads "$threads" --budget "$budget" \
    --min-samples "$min_samples" --out "$record" --benchmark_filter="$unasked" "${cases[@]}" ||
    code=$?
  if ((code)) && ((first_error == 0)); then first_error=$code; fi
  # Without a record there is nothing to hold against the targets; with one, failures are rows.
  if ((code != 0 && code != 1 && code != 5 && code != 6)); then
    printf 'cpu_table.sh: stopped; the same command goes on with what is in %s\n' "$unfinished" >&2
    exit "$code"
  fi
  records+=("$record")
done
python3 "$root/scripts/cpu_targets.py" --moat "$moat" ${cpu:+--cpu "$cpu"} "${clean[@]}" \
  "${records[@]}" >"$table.part" || exit 11
mv "${records[@]}" "$out"
mv "$table.part" "$table"
rm -r "$unfinished"
printf '%s\n' "$table"
exit "$first_error"
