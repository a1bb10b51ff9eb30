#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: packages_test.sh ROOT: every package that scripts/setup.sh installs is needed where it says,
# and what CMake asks for by name is what setup.sh installs.
set -euo pipefail
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
  printf 'FAILED: %s\n' "$1"
  failures=1
}

# CMake's own default is make, which is not installed where ninja is: who configures asks for ninja.
mapfile -t configure < <(grep -rlE 'cmake -S' scripts tests examples .ci)
((${#configure[@]} >= 4)) || fail "only ${configure[*]} configure"
for file in "${configure[@]}"; do
  grep -qE 'CMAKE_GENERATOR|-G Ninja|prefer_ninja' "$file" || fail "$file configures with CMake's default, make"
done
if [[ -z ${CMAKE_GENERATOR:-} ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi

scripts/setup.sh --tests --gpu-sdks --report --list >"$work/list"
(($(wc -l <"$work/list") > 20)) || fail "only a few packages: $(cat "$work/list")"
[[ -z $(cut -d' ' -f3 "$work/list" | sort | uniq -d) ]] || fail "a package is listed twice"
while read -r purpose necessity package _ where; do
  file=${where%%:*}
  word=${where#*:}
  [[ $necessity == need || $necessity == use ]] || fail "$package: $necessity"
  grep -qF -- "$word" "$file" || fail "$package for $purpose: no '$word' in $file"
done <"$work/list"

# Both ways, for libraries and for programs that CMake looks for.
named() { sed -n "s/.*DEBIAN \([a-z][a-z0-9+.-]*\).*/\1/p; s/^ *moat_missing_package(\"[^\$].*\" \(.*\))/\1/p" cmake/MoatPackages.cmake | sort -u; }
listed() { awk '$5 ~ /^cmake\/MoatPackages.cmake:/ { print $3 }' "$work/list" | sort; }
difference=$(diff <(named | grep -vxE 'g\+\+|libomp-dev') <(listed)) ||
  fail "CMake's packages (<) are not setup.sh's (>):"$'\n'"$difference"

# Without all of them: one error, which names each. An empty path counts as not found.
off=()
for name in OpenMP Threads hwy fmt nlohmann_json CLI11 benchmark pugixml GTest Python3 Boost; do
  off+=("-DCMAKE_DISABLE_FIND_PACKAGE_$name=ON")
done
status=0
cmake -S . -B "$work/build" -DMOAT_CUDA=OFF -DMOAT_HIP=OFF -DLIBGIT2_LIBRARY= "${off[@]}" \
  >"$work/out" 2>&1 || status=$?
((status == 1)) || fail "CMake without packages: exit $status"
for package in $(named | grep -vx libomp-dev); do
  grep -q "not found; on Debian: $package\$" "$work/out" || fail "$package is not named"
  grep -q "apt-get install .*$package" "$work/out" || fail "$package is not in the command"
done
grep -q 'Install with: scripts/setup.sh --tests' "$work/out" || fail 'no script is named'

# Without a compiler there is no project yet, and its package is named all the same.
if cmake -S . -B "$work/none" -DMOAT_CXX=MOAT_CXX-NOTFOUND -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF \
  -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF >"$work/out3" 2>&1; then
  fail "CMake configured without a compiler"
fi
grep -q 'on Debian: g++' "$work/out3" || fail "without a compiler: $(tail -n 5 "$work/out3")"

# The main job asks for nothing of the tests.
cmake -S . -B "$work/main" -DMOAT_CUDA=OFF -DMOAT_HIP=OFF -DMOAT_TESTS=OFF \
  -DCMAKE_DISABLE_FIND_PACKAGE_{GTest,Python3}=ON >"$work/out2" 2>&1 ||
  fail "configuring without the tests' packages: $(tail -n 20 "$work/out2")"

if ((failures)); then
  cat "$work/out"
  exit 1
fi
echo 'all checks passed'
