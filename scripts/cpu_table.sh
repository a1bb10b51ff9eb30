#!/usr/bin/env bash
# The CPU backend beside the libraries, on 1 thread and on all: one record each and the tables.
set -euo pipefail

if [[ ${1:-} == -h || ${1:-} == --help || $# -gt 1 ]]; then
  cat <<'HELP'
usage: scripts/cpu_table.sh [MOAT]

Times GEMM, attention, reductions, softmax and RMSNorm on the CPU with 1 thread and with all, each
beside its baselines in the same run, and writes records under results/. MOAT is the program
(default build/bin/moat). Run it on an otherwise idle machine.

exit codes: those of moat run
HELP
  exit $(($# > 1 ? 2 : 0))
fi

moat=${1:-$(dirname "${BASH_SOURCE[0]}")/../build/bin/moat}
cases=()
for shape in m512n512k512 m1024n1024k1024 m2048n2048k2048 m1n4096k4096bt m16n4096k4096bt \
  m512n4096k4096bt; do
  for type in f32 f16 bf16; do cases+=(--case "gemm/$type/$shape"); done
done
for heads in h32hkv8d128 h28hkv4d128; do
  for tokens in 512 2048; do
    cases+=(--case "attention/f32/b1q${tokens}kv${tokens}$heads"
      --case "attention/bf16/b1q${tokens}kv${tokens}${heads}causal")
  done
  cases+=(--case "attention/bf16/b1q1kv4096$heads" --case "attention/f16/b1q1kv65536$heads")
done
for op in sum max argmax; do
  for type in f32 f16 bf16; do cases+=(--case "$op/$type/n1048576" --case "$op/$type/n67108864"); done
done
for type in f32 bf16; do
  cases+=(--case "softmax/$type/r16c128256" --case "softmax/$type/r1024c4096"
    --case "rmsnorm/$type/r512c4096")
done
for threads in 1 "$(nproc)"; do
  printf '\n%s thread(s)\n' "$threads"
  OMP_NUM_THREADS=$threads "$moat" run --backend cpu --budget 4 "${cases[@]}"
done
