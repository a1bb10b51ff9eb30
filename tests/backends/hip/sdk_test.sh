#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: sdk_test.sh ROOT CMAKE: what backends/hip/sdk.cmake decides on machines that are made up, with
# compilers that are fakes.
set -euo pipefail
root=$1
cmake=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# A compiler that knows no gfx950, whose trial fails with the error in $TRIAL_ERROR if there is one.
cat >"$work/clang++" <<'END'
#!/usr/bin/env bash
case " $* " in
  *gfx950*) echo "error: unknown target CPU 'gfx950'" >&2; exit 1 ;;
  *trial.hip*)
    if [[ -n ${TRIAL_ERROR:-} ]]; then
      echo "trial.hip:2:23: error: $TRIAL_ERROR" >&2
      exit 1
    fi ;;
esac
END
chmod +x "$work/clang++"

# node VERSION: a device of the driver; 90402 is gfx942.
node() {
  local folder=$work/root/sys/class/kfd/kfd/topology/nodes/$1
  mkdir -p "$folder"
  printf 'simd_count 304\ngfx_target_version %s\n' "$1" >"$folder/properties"
}

# configure [OPTION...]: what sdk.cmake prints and sets.
configure() {
  rm -rf "$work/build"
  mkdir "$work/build"
  cat >"$work/build/machine.cmake" <<END
cmake_minimum_required(VERSION 3.22)
include($root/cmake/MoatGpuSdk.cmake)
set(MOAT_HIP AUTO)
set(MOAT_HIP_COMPILER $work/clang++)
set(MOAT_HIP_INCLUDE $work)
set(MOAT_HIP_LIBRARY $work/libamdhip64.so)
include($root/backends/hip/sdk.cmake)
message(STATUS "for [\${MOAT_HIP_ARCHITECTURES}] absent [\${MOAT_HIP_ABSENT}]")
END
  (cd "$work/build" && MOAT_SYSROOT=$work/root "$cmake" "$@" -P machine.cmake) >"$work/out" 2>&1 ||
    echo "exit $?" >>"$work/out"
}
says() {
  grep -qE -- "$1" "$work/out" && return
  printf 'FAILED: %s: not said: %s\n' "$2" "$1"
  cat "$work/out"
  failures=1
}

configure
says 'for \[gfx90a;gfx942;gfx1100\] absent \[\]' 'no device'

node 90402
node 90500
node 120001
configure
says 'for \[gfx90a;gfx942;gfx1100;gfx1201\] absent \[\]' 'an unknown device beside known ones'
says 'gfx950, which is here, is left out: .*/clang\+\+ does not know it' 'the unknown device is named'

configure '-DMOAT_HIP_ARCHITECTURES=gfx942;gfx950'
says "absent \[.*clang\+\+ does not compile HIP here \(error: unknown target CPU 'gfx950'\)" \
  'an unknown architecture that is asked for'

for builtin in make_buffer_rsrc raw_buffer_load_b128; do
  TRIAL_ERROR="use of undeclared identifier '__builtin_amdgcn_$builtin'" configure
  says "absent \[.*clang\+\+ lacks __builtin_amdgcn_$builtin, which LLVM 19 and newer have; install" \
    'a compiler that is too old'
done
TRIAL_ERROR='no ROCm' configure
says 'absent \[.*does not compile HIP here \(error: no ROCm\)' 'another error of the trial'

((failures == 0)) && echo 'all checks passed'
exit $failures
