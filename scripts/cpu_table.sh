#!/usr/bin/env bash
# The CPU backend beside the libraries, on 1 thread and on all: a record each and the table of targets.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: scripts/cpu_table.sh [--budget SECONDS] [--filter GLOB] [--out FOLDER] [MOAT]

Times GEMM, attention, reductions, softmax and RMSNorm on the CPU with 1 thread and with all, each
beside its baselines in the same run. Writes a record of each run and cpu-targets.md, which holds
every case against its target, into FOLDER. Run it on an otherwise idle machine.

  MOAT              the program (default build/bin/moat)
  --budget SECONDS  per implementation of a case (default 1)
  --filter GLOB     only the cases whose name matches, such as 'attention/*'; give the GEMM
                    gemm/f32/m2048n2048k2048 as well where attention is held against it
  --out FOLDER      (default results/cpu, beside this script's folder)

exit codes: 0 all was verified, timed and written, whether or not targets were met; 2 bad usage;
else the first that moat run gave, which says why
HELP
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
moat=$root/build/bin/moat
budget=1
filter='*'
out=$root/results/cpu
named=0
while (($#)); do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --budget | --filter | --out)
      if (($# < 2)); then
        printf 'cpu_table.sh: %s needs a value; see scripts/cpu_table.sh --help\n' "$1" >&2
        exit 2
      fi
      case $1 in
        --budget) budget=$2 ;;
        --filter) filter=$2 ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    *)
      if [[ $1 == -* ]] || ((named)); then
        printf 'cpu_table.sh: unknown argument %s; see scripts/cpu_table.sh --help\n' "$1" >&2
        exit 2
      fi
      moat=$1
      named=1
      ;;
  esac
  shift
done
if [[ ! -x $moat ]]; then
  printf 'cpu_table.sh: %s is no program; build it with scripts/build.sh\n' "$moat" >&2
  exit 2
fi

names=()
for shape in m512n512k512 m1024n1024k1024 m2048n2048k2048 m1n4096k4096bt m16n4096k4096bt \
  m512n4096k4096bt; do
  for type in f32 f16 bf16; do names+=("gemm/$type/$shape"); done
done
for heads in h32hkv8d128 h28hkv4d128; do
  for tokens in 512 2048 4096; do
    for mask in '' causal; do
      names+=("attention/f32/b1q${tokens}kv${tokens}$heads$mask")
    done
  done
  # oneDNN's chain takes minutes for bf16 at 4096 tokens.
  names+=("attention/bf16/b1q512kv512$heads" "attention/bf16/b1q512kv512${heads}causal")
  for type in f32 bf16; do
    names+=("attention/$type/b1q1kv4096$heads" "attention/$type/b1q1kv65536$heads")
  done
done
for op in sum max argmax; do
  for type in f32 f16 bf16; do names+=("$op/$type/n1048576" "$op/$type/n268435456"); done
done
for type in f32 f16 bf16; do
  names+=("softmax/$type/r16c128256" "softmax/$type/r1024c4096"
    "rmsnorm/$type/r512c4096" "rmsnorm/$type/r4096c4096")
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

mkdir -p "$out"
first_error=0
records=()
for threads in $(printf '1\n%s\n' "$(nproc)" | sort -un); do
  record=$out/cpu-threads$threads.json
  code=0
  "$moat" run --backend cpu --threads "$threads" --budget "$budget" --out "$record" "${cases[@]}" ||
    code=$?
  if ((code)) && ((first_error == 0)); then first_error=$code; fi
  # Without a record there is nothing to hold against the targets; with one, failures are rows.
  if ((code != 0 && code != 1 && code != 5)); then exit "$code"; fi
  records+=("$record")
done
python3 "$root/scripts/cpu_targets.py" "${records[@]}" >"$out/cpu-targets.md.part"
mv "$out/cpu-targets.md.part" "$out/cpu-targets.md"
printf '%s\n' "$out/cpu-targets.md"
exit "$first_error"
