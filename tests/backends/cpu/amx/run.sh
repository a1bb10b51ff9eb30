#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh EXECUTABLE KERNEL: runs the kernel's tests, those in bf16 of which. Exits 77, which CTest
# reports as skipped, where the processor lacks what they are compiled for besides the matrix unit.
set -euo pipefail

for feature in avx512f avx512bw avx512dq avx512vl avx512cd avx512_bf16 avx512_vnni avx512vbmi avx512_vbmi2 \
  avx512ifma avx512_bitalg avx512_vpopcntdq gfni aes vaes pclmulqdq vpclmulqdq; do
  if ! grep -qw "$feature" /proc/cpuinfo; then
    printf 'skipped: the processor lacks %s\n' "$feature"
    exit 77
  fi
done
case $2 in
  gemm) filter='Cpu/GemmTest.*bf16*' ;;
  grouped_gemm) filter='Cpu/GroupedGemmTest.*bf16*' ;;
  scaled_gemm) filter='Cpu/ScaledGemmTest.*bf16*' ;;
  weight_gemm) filter='Cpu/WeightGemmTest.*bf16*' ;;
  attention) filter='Cpu/AttentionTest.*bf16*' ;;
  paged_attention) filter='Cpu/PagedAttentionTest.*bf16*' ;;
  indexer) filter='Cpu/IndexerTest.*bf16*' ;;
  modes) filter='CpuTiles*' ;;
  *)
    printf 'run.sh: no kernel %s\n' "$2" >&2
    exit 2
    ;;
esac
# A filter that fits no test would pass.
if [[ -z $("$1" --gtest_list_tests --gtest_filter="$filter") ]]; then
  printf 'run.sh: no test fits %s\n' "$filter" >&2
  exit 2
fi
"$1" --gtest_brief=1 --gtest_filter="$filter"
