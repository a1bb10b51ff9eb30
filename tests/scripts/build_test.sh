#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: build_test.sh SCRIPTS: what bench.sh and test.sh ask CMake for, in build folders of each other.
# CMake is a fake that keeps a cache as the real one does.
set -euo pipefail
scripts=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

mkdir -p "$work/bin"
cat >"$work/bin/cmake" <<'FAKE'
#!/usr/bin/env bash
printf 'CMAKE_GENERATOR=%s %s\n' "${CMAKE_GENERATOR-}" "$*" >>"$NOTES"
[[ $1 == -S ]] || exit 0
mkdir -p "$4"
cache=$4/CMakeCache.txt
touch "$cache"
for argument; do
  [[ $argument == -D* ]] || continue
  name=${argument#-D}
  name=${name%%=*}
  sed -i "/^$name:/d" "$cache"
  printf '%s:STRING=%s\n' "$name" "${argument#*=}" >>"$cache"
done
FAKE
cat >"$work/bin/setup" <<'FAKE'
#!/usr/bin/env bash
printf 'setup %s\n' "$*" >>"$NOTES"
printf '#!/bin/sh\n' >"${0%/*}/ninja"
chmod +x "${0%/*}/ninja"
FAKE
# A machine without ninja, until setup installs it.
for tool in bash dirname sed mkdir touch nproc rm cp grep chmod; do ln -s "$(command -v "$tool")" "$work/bin/$tool"; done
printf '#!/bin/sh\n' >"$work/bin/ctest"
chmod +x "$work"/bin/{cmake,setup,ctest}
cat=$(command -v cat)
export NOTES=$work/notes MOAT_BUILD_DIR=$work/build MOAT_SETUP=$work/bin/setup PATH=$work/bin
unset MOAT_CMAKE_ARGS CMAKE_GENERATOR

# run SCRIPT [ARGUMENT...]: in the build folder as it is.
run() {
  : >"$NOTES"
  "$scripts/$1" --configure-only "${@:2}" >"$work/out" 2>&1 || fail "$1: exit $?"
}
fail() {
  printf 'FAILED: %s\n' "$1"
  "$cat" "$NOTES" "$work/out" "$work/build/CMakeCache.txt" || true
  failures=1
}
fresh() { rm -rf "$work/build"; }
cached() { grep -q "^$1:STRING=$2\$" "$work/build/CMakeCache.txt" || fail "$3: $1 is not $2"; }
asked() { grep -qF -- "$1" "$NOTES" || fail "$2: not asked for '$1'"; }

fresh
run bench.sh
cached MOAT_TESTS OFF 'bench.sh'
cached MOAT_CUDA SEEN 'bench.sh'
cached MOAT_HIP SEEN 'bench.sh'
grep -qx 'setup ' "$NOTES" || fail 'bench.sh installs more than the build needs'
asked CMAKE_GENERATOR=Ninja 'ninja came with the installation'
grep -q -- --build "$NOTES" && fail '--configure-only builds'

run test.sh
cached MOAT_TESTS ON 'test.sh after bench.sh'
cached MOAT_CUDA AUTO 'test.sh after bench.sh'
cached MOAT_HIP AUTO 'test.sh after bench.sh'
asked 'setup --tests' 'test.sh'

run bench.sh
cached MOAT_TESTS ON 'bench.sh after test.sh keeps the tests'
cached MOAT_CUDA AUTO 'bench.sh after test.sh keeps the backends'
asked 'setup --tests' 'bench.sh in a folder with tests'

# What moat run would refuse is refused before anything is installed or built.
: >"$NOTES"
for option in --sute --suites=quick --no-baseline; do
  status=0
  "$scripts/bench.sh" --configure-only "$option" quick >"$work/out" 2>&1 || status=$?
  [[ $status == 2 ]] || fail "bench.sh $option: exit $status, not 2"
  grep -qF "unknown argument $option" "$work/out" || fail "bench.sh $option: not named"
done
[[ ! -s $NOTES ]] || fail 'bench.sh installs or configures before it refuses an option'
run bench.sh --case sum/f32/n1000 --seed=3 --out - --benchmark_filter=sum

# The user's word is the last.
fresh
MOAT_CMAKE_ARGS='-DMOAT_CUDA=ON -DMOAT_HIP=OFF' run bench.sh
cached MOAT_CUDA ON 'MOAT_CMAKE_ARGS'
run test.sh
cached MOAT_CUDA ON 'test.sh keeps a choice'
cached MOAT_HIP OFF 'test.sh keeps a choice'
run test.sh --gpu-sdks
cached MOAT_HIP ON '--gpu-sdks'

fresh
CMAKE_GENERATOR='Unix Makefiles' run bench.sh
asked 'CMAKE_GENERATOR=Unix Makefiles' "the user's generator"

# An archive of bundle.sh: the libraries are compiled from their sources, also by CMake 4.
mkdir -p "$work/archive/deps"
cp -r "$scripts" "$work/archive/scripts"
scripts=$work/archive/scripts
fresh
run bench.sh
asked "-S $work/archive/deps/nlohmann-json3" 'bench.sh of an archive'
grep -F -- '/deps/' "$NOTES" | grep -F -- ' -S ' | grep -vqF -- -DCMAKE_POLICY_VERSION_MINIMUM=3.5 &&
  fail 'a library is configured for CMake 3 only'
cached MOAT_EMULATOR OFF 'bench.sh of an archive'

((failures == 0)) && echo 'all checks passed'
exit $failures
