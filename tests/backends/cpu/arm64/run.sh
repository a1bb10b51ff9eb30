#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD-FOLDER: builds the CPU backend for arm64 and runs its tests under qemu-user, with each of its sets on a
# processor for which that set is chosen. Exits 77 where a tool is missing, which CTest reports as skipped.
set -euo pipefail

build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tool in aarch64-linux-gnu-g++ qemu-aarch64 cmake; do
  if ! command -v "$tool" >/dev/null; then
    printf 'skipped: %s is missing; apt-get install g++-aarch64-linux-gnu qemu-user\n' "$tool"
    exit 77
  fi
done
if [[ ! -f /usr/src/googletest/CMakeLists.txt ]]; then
  printf 'skipped: the sources of GoogleTest are missing from /usr/src/googletest (libgtest-dev)\n'
  exit 77
fi

# CMake's own default is make, which is not installed where ninja is.
if [[ -z ${CMAKE_GENERATOR:-} ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 \
  -DCMAKE_TOOLCHAIN_FILE="$here/../../../../cmake/aarch64-linux-gnu.cmake" "${launcher[@]}"
cmake --build "$build" --parallel "$(nproc)" --target moat_arm64_test moat_arm64_sve256_test
# /proc/cpuinfo is the build machine's. Emulation is slow: every kernel on small shapes and special values, on two threads. Long shapes
# and the exhaustive exp2 run on the build machine.
small='SmallAnd|EveryShort|LeadingD|Subnormals|LargeValues|WithoutKeys|LargeLogits|EqualKeys|MaskHides'
small+='|FirstOfEqual|Infinities|PassesOverNan|EqualElements|MinusInfinity'
# The emulator keeps books of every page of a range of addresses; where data are limited none is set aside.
ulimit -d 1000000000
# run CPU SET ...: on that processor, whose kernels are SET's.
run() {
  printf '%s on %s\n' "$2" "$1" >&2
  MOAT_TEST_SET=$2 OMP_NUM_THREADS=2 qemu-aarch64 -cpu "$1" -L /usr/aarch64-linux-gnu "$build/moat_arm64_test" "${@:3}"
}
# check CPU SET PATTERN ...: its tests of these names, of which each has to fit one.
check() {
  local names pattern
  names=$(run "$1" "$2" --gtest_list_tests 2>/dev/null | awk '/^[^ ]/ { suite = $1; next } { print suite $1 }')
  for pattern in "${@:3}"; do
    if ! grep -qx "${pattern//\*/.*}" <<<"$names"; then
      printf 'run.sh: no test of %s is left; adjust the names in run.sh\n' "$pattern" >&2
      exit 1
    fi
  done
  run "$1" "$2" --gtest_brief=1 --gtest_filter="$(IFS=:; printf '%s' "${*:3}")"
}

# Of the least set everything, on a processor that has no other instructions.
least=cortex-a72
tests=$(run $least neon --gtest_list_tests | awk -v small="$small" '
  /^[^ ]/ { suite = $1; next }
  suite ~ /^Cpu\// ? $1 ~ /threads2$/ && $1 ~ small : $1 !~ /^(WithinTwoUnitsForAllFloats|AreThereWhereTheSystemListsThem)$/ {
    printf "%s%s:", suite, $1
  }')
for kernel in Cpu/GemmTest Cpu/AttentionTest Cpu/ReductionTest Cpu/RowsTest Arm64Sets; do
  if [[ $tests != *${kernel}* ]]; then
    printf 'run.sh: no test of %s is left; adjust the names in run.sh\n' "$kernel" >&2
    exit 1
  fi
done
run $least neon --gtest_brief=1 --gtest_filter="$tests"

# Of neonbf16 the kernels that differ, and the loops over units that only its processors have.
own=('Arm64Sets.*' 'LoopsOfTheSet.*' 'UnitLoops.AddUpEveryProduct' 'Units.*')
check max,sve=off neonbf16 "${own[@]}" \
  'Cpu/GroupedGemmTest.*/bf16_threads2' 'Cpu/ScaledGemmTest.*/bf16_threads5' 'Cpu/WeightGemmTest.*/bf16_threads5' \
  Cpu/GemmTest.{SmallAnd,Several,LeadingD,Subnormals,LargeValues}*/bf16_threads2 \
  Cpu/AttentionTest.{SmallAnd,Several,QueriesWithout,LargeLogits,EqualKeys,Subnormals,MaskHides}*/bf16_threads2

# Of sve256 every kernel, because its vectors are others; in each type but where that takes long.
sve256=max,sve-max-vq=2
check $sve256 sve256 "${own[@]}" \
  Cpu/{AddNorm,AddNormQuantise,MoePermute,Quantise,Reduction,Rows,Swiglu}Test.EveryShort*/*_threads2 \
  Cpu/{Gather,Topk}Test.EveryShortRow/*_threads2 Cpu/RopeTest.EveryShortHead/*_threads2 \
  Cpu/QuantiseTest.{EveryBoundary,ScalesOf,Zeros,NaN,Infinity}*/bf16_threads2 \
  Cpu/ReductionTest.{FirstOf,Infinities,MaximumPasses,Subnormals}*/*_threads2 \
  Cpu/RowsTest.{EqualElements,LargeLogits,Subnormals,SoftmaxOf,NormOf}*/*_threads2 \
  Cpu/SwigluTest.{LargeGates,Zeros}*/*_threads2 Cpu/TopkTest.{Equals,NotANumber,Infinities}*/*_threads2 \
  Cpu/SampleTest.{LogitsNear,Ends}*/*_threads2 'Cpu/MoeRoutingTest.*/1' Cpu/IndexerTest.{Heads,Rectifies}/*_threads2 \
  Cpu/GemmTest.{SmallAnd,Subnormals,LargeValues}*/*_threads2 'Cpu/GroupedGemmTest.ExpertsOfAll*/*_threads2' \
  Cpu/ScaledGemmTest.{RowsColumns*/bf16,SumsOf*/f16,PowersOf*/f16}_threads1 \
  Cpu/WeightGemmTest.{RowsColumns*/bf16,EveryPlace*/f16}_threads1 \
  Cpu/AttentionTest.{SmallAnd,QueriesWithout,LargeLogits,EqualKeys,Subnormals,MaskHides}*/*_threads2 \
  Cpu/PagedAttentionTest.{Sinks,QueriesWithout*}/*_threads2 Cpu/PagedAttentionTest.{Decode,Latent*}/bf16_threads2
qemu-aarch64 -cpu $sve256 -L /usr/aarch64-linux-gnu "$build/moat_arm64_sve256_test" --gtest_brief=1 \
  --gtest_filter=-Exp2.WithinTwoUnitsForAllFloats
# It is that of the process's vectors, not of what the processor has; beside other lengths it is not chosen.
check max,sve-default-vector-length=32 sve256 'Arm64Sets.*'
MOAT_TEST_VECTOR_BITS=128 check max,sve-max-vq=1 neonbf16 'Arm64Sets.*'
MOAT_TEST_VECTOR_BITS=512 check max,sve-max-vq=4 neonbf16 'Arm64Sets.*'
