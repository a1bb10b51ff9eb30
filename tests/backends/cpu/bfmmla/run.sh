#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh EXECUTABLE KERNEL: runs the kernel's tests in bf16, of small shapes, on a processor with BFMMLA under
# qemu-user. Exits 77, which CTest reports as skipped, where that is missing.
set -euo pipefail

if ! command -v qemu-aarch64 >/dev/null; then
  printf 'skipped: qemu-aarch64 is missing; apt-get install qemu-user\n'
  exit 77
fi
case $2 in
  gemm) filter='Cpu/GemmTest.SmallAnd*/bf16_threads2:Cpu/GemmTest.Several*/bf16_threads2:Cpu/GemmTest.LeadingD*/bf16_threads2' ;;
  grouped_gemm) filter='Cpu/GroupedGemmTest.*/bf16_threads2' ;;
  scaled_gemm) filter='Cpu/ScaledGemmTest.*/bf16_threads5' ;;
  weight_gemm) filter='Cpu/WeightGemmTest.*/bf16_threads5' ;;
  attention) filter='Cpu/AttentionTest.SmallAnd*/bf16_threads2:Cpu/AttentionTest.Several*/bf16_threads2' ;;
  *)
    printf 'run.sh: no kernel %s\n' "$2" >&2
    exit 2
    ;;
esac
# The emulator keeps books of every page of a range of addresses; where data are limited none is set aside.
ulimit -d 1000000000
run() {
  OMP_NUM_THREADS=2 qemu-aarch64 -cpu max,sve=off -L /usr/aarch64-linux-gnu "$1" "${@:2}"
}
# A filter that fits no test would pass.
if [[ -z $(run "$1" --gtest_list_tests --gtest_filter="$filter") ]]; then
  printf 'run.sh: no test fits %s\n' "$filter" >&2
  exit 2
fi
run "$1" --gtest_brief=1 --gtest_filter="$filter"
