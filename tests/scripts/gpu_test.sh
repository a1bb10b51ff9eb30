#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/gpu.sh on machines that are made up: without a GPU, and with one whose programs are fakes.
set -euo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
gpu=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program PATH: a script with the lines on standard input.
program() {
  mkdir -p "$(dirname "$1")"
  { echo '#!/bin/sh'; cat; } >"$1"
  chmod +x "$1"
}

mkdir -p "$work/root/dev"
export MOAT_SYSROOT=$work/root MOAT_BUILD_DIR=$work/build
expect 0 "usage: scripts/gpu.sh" "$gpu" --help
expect 2 "--only frobnicate is no step" "$gpu" --only frobnicate
expect 2 "--minutes soon" "$gpu" --minutes soon
expect 4 "no GPU here" "$gpu"

# A GPU of compute capability 9.0; building does nothing.
touch "$work/root/dev/nvidiactl"
program "$work/bin/nvidia-smi" <<<'echo 9.0; echo 9.0'
program "$work/bin/cmake" <<<"echo \"\$@\" >>$work/cmake.log"
program "$work/bin/compute-sanitizer" <<<'echo watched'
program "$work/build/bin/moat" <<<'echo "moat $*"'
device_test=$work/build/tests/backends/cuda/cuda_device_test
program "$device_test" <<<'echo "[  PASSED  ] 3 tests."'
program "$work/build/tests/bench/baselines/gpu_baselines_test" <<<'echo "[  PASSED  ] 1 test."'
export PATH=$work/bin:$PATH
# What is installed here is not this test's subject.
run() { MOAT_SETUP=true "$gpu" "$@"; }

expect 0 "device tests: passed" run
expect 0 "library tests: passed" run
expect 0 "racecheck: passed" run
# Of the machine's devices only the GPU; each case is written, and named as it begins.
expect 0 "moat run --suite llama3-8b --backend cuda --progress --resume --out " \
  run --only bench --suite llama3-8b
expect 0 "moat run --device cuda:1 --out mine.json --progress
" run --only bench --device cuda:1 --out mine.json
expect 0 "moat run --backend=cpu --ab other --progress
" run --only bench --backend=cpu --ab other
grep -qE -- "-DMOAT_CUDA_ARCHITECTURES=90a( |$)" "$work/cmake.log"
grep -q -- "-DMOAT_HIP=OFF" "$work/cmake.log"

program "$device_test" <<<'echo "[  FAILED  ] 1 test"; exit 1'
expect 1 "device tests: FAILED (exit 1)" run
expect 1 "moat run: passed" run
program "$device_test" <<<'echo "[  SKIPPED ] 2 tests, listed below:"'
expect 1 "device tests: FAILED (exit 77)" run

rm "$work/root/dev/nvidiactl"
touch "$work/root/dev/kfd"
program "$work/build/tests/backends/hip/hip_device_test" <<<'echo "[  PASSED  ] 3 tests."'
# NVIDIA's libraries have nothing to be tested on.
program "$work/build/tests/bench/baselines/gpu_baselines_test" <<<'echo "[  SKIPPED ] 1 test"'
expect 0 "compute-sanitizer is NVIDIA's" run
expect 0 "moat run --backend hip --progress" run --only bench
echo "gpu.sh: all as expected"
