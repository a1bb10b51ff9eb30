#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs scripts/setup.sh on machines made of fake dpkg-query, apt-get, apt-cache and sudo.
set -euo pipefail

setup=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# Everything that the script may call, and nothing else, is on its PATH.
mkdir -p "$work/bin" "$work/root"
for tool in bash sed grep cat env dirname; do ln -s "$(command -v "$tool")" "$work/bin/$tool"; done
cp "$setup" "$(dirname "$setup")/gpu_seen.sh" "$work/"

fake() {
  cat >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

# Knows what $work/installed lists, as dpkg-query does: prints the known, fails if one is unknown.
fake dpkg-query <<EOF
#!/usr/bin/env bash
format=\$3
shift 3
status=0
for package; do
  if grep -qxF -- "\$package" "$work/installed"; then
    format_one=\${format//'\${db:Status-Abbrev}'/ii }
    format_one=\${format_one//'\${Package}'/\$package}
    printf "\$format_one"
  else
    status=1
  fi
done
exit \$status
EOF
# Knows what $work/available lists.
fake apt-cache <<EOF
#!/usr/bin/env bash
grep -qxF -- "\$2" "$work/available" && printf 'Package: %s\n' "\$2"
EOF
# Logs its arguments; an install of what is not available, or is broken, fails as apt-get does, else it installs.
fake apt-get <<EOF
#!/usr/bin/env bash
printf 'apt-get %s\n' "\$*" >>"$work/log"
if [[ \$1 == update ]]; then cat "$work/upstream" >"$work/available"; exit 0; fi
for package; do
  [[ \$package == install || \$package == -* ]] && continue
  grep -qxF -- "\$package" "$work/available" || exit 100
  if grep -qxF -- "\$package" "$work/broken"; then exit 100; fi
  printf '%s\n' "\$package" >>"$work/installed"
done
EOF
fake sudo <<EOF
#!/usr/bin/env bash
printf 'sudo %s\n' "\$*" >>"$work/log"
exec "\$@"
EOF

libraries=(libhwy-dev libbenchmark-dev libfmt-dev nlohmann-json3-dev libcli11-dev libpugixml-dev
  libboost-dev libgit2-dev)
for_tests=(libgtest-dev libgmock-dev libboost-context-dev)
baselines=(libdnnl-dev libopenblas0-openmp)

words() { printf '%s\n' "$@"; }

# machine: one that misses nothing, whose apt knows everything.
machine() {
  words "${libraries[@]}" "${baselines[@]}" >"$work/installed"
  words cmake g++ git python3 ninja-build "${libraries[@]}" "${for_tests[@]}" "${baselines[@]}" clang-19 clang-tools-19 lld-19 llvm-19 libamdhip64-dev \
    rocm-device-libs >"$work/upstream"
  cp "$work/upstream" "$work/available"
  rm -rf "$work/root"
  mkdir -p "$work/root"
  : >"$work/log"
  : >"$work/broken"
  for tool in g++ cmake git python3 ninja; do printf '#!/bin/sh\n' | fake $tool; done
}

without() {
  for package; do sed -i "/^$package\$/d" "$work/installed"; done
}

# gpu VENDOR CLASS: a PCI device.
gpu() {
  mkdir -p "$work/root/sys/bus/pci/devices/0000:01:00.0"
  printf '%s\n' "$1" >"$work/root/sys/bus/pci/devices/0000:01:00.0/vendor"
  printf '%s\n' "$2" >"$work/root/sys/bus/pci/devices/0000:01:00.0/class"
}

as_user=()
# run ARGUMENT...: as root, if the test is.
run() {
  status=0
  output=$(cd "$work" && MOAT_SYSROOT=$work/root PATH=$work/bin \
    "${as_user[@]}" "$work/bin/bash" "$work/setup.sh" "$@" 2>&1 </dev/null) || status=$?
}

check() {
  local name=$1
  shift
  if ! "$@"; then
    printf 'FAILED: %s\n  exit %d, output:\n%s\n  calls:\n%s\n' "$name" "$status" "$output" \
      "$(cat "$work/log")"
    failures=$((failures + 1))
  fi
}
exits() { [[ $status == "$1" ]]; }
says() { [[ $output == *"$1"* ]]; }
silent() { [[ -z $output ]]; }
calls() { grep -qF -- "$1" "$work/log"; }
calls_nothing() { [[ ! -s $work/log ]]; }
negate() { ! "$@"; }

machine
run
check "nothing missing: exit 0" exits 0
check "nothing missing: says nothing" silent
check "nothing missing: no apt-get" calls_nothing

machine
without libfmt-dev libgit2-dev
run --no-install
check "--no-install: exit 3" exits 3
check "--no-install: names what is missing" says "Missing packages: libfmt-dev libgit2-dev"
check "--no-install: the command to type" says \
  "sudo apt-get install --no-install-recommends libfmt-dev libgit2-dev"
check "--no-install: no apt-get" calls_nothing

machine
without libdnnl-dev
run --no-install
check "a missing baseline does not stop --no-install" exits 0
check "a missing baseline is named" says "libdnnl-dev"

machine
without libdnnl-dev
sed -i /libdnnl-dev/d "$work/available" "$work/upstream"
run
check "a baseline that apt does not have is left out" exits 0
check "a baseline that apt does not have: no apt-get" calls_nothing

machine
without libfmt-dev
run --dry-run
check "--dry-run: exit 0" exits 0
check "--dry-run: prints the command" says "apt-get install -y --no-install-recommends libfmt-dev"
check "--dry-run: no apt-get" calls_nothing

# The tests' packages.
machine
run --tests --no-install
check "--tests: exit 3" exits 3
check "--tests: names what is missing" says "Missing packages: libgtest-dev libgmock-dev libboost-context-dev"
words "${for_tests[@]}" >>"$work/installed"
run --tests
check "--tests: nothing missing: no apt-get" calls_nothing
words g++-aarch64-linux-gnu qemu-user xz-utils shellcheck debootstrap >>"$work/available"
run --tests --no-install
check "--tests: what single tests need" says "g++-aarch64-linux-gnu qemu-user xz-utils shellcheck debootstrap"
check "--tests: the build works without" exits 0
rm "$work/bin/git" "$work/bin/python3"
run --no-install
check "the build needs neither git nor Python" silent
run --tests --no-install
check "the tests do" says "python3 git"

machine
run --list
check "--list: the build's packages, installed or not" says "build need libfmt-dev - cmake/MoatPackages.cmake:fmt"
check "--list: no others" negate says libgtest-dev
check "--list: its columns have names" says "# purpose necessity package programs needed-by"
run --tests --list
check "--list: of the purposes that are named" says "tests need libgmock-dev"

machine
rm "$work/bin/ninja" "$work/bin/cmake"
run --no-install
check "a missing tool is a missing package" says "cmake ninja-build"
printf '#!/bin/sh\n' | fake make
run --no-install
check "make will do for ninja" negate says ninja-build
rm "$work/bin/make"

machine
run --gpu-sdks --no-install
check "--gpu-sdks: exit 3" exits 3
check "--gpu-sdks: clang and HIP" says \
  "clang-19 clang-tools-19 lld-19 llvm-19 libamdhip64-dev rocm-device-libs"
sed -i '/-19$/d' "$work/available"
words clang-18 clang-20 clang-tools-20 lld-20 llvm-20 >>"$work/available"
run --gpu-sdks --no-install
check "--gpu-sdks: a newer clang where there is no 19" says "clang-20 clang-tools-20 lld-20 llvm-20"
mkdir -p "$work/root/opt/rocm/llvm/bin"
printf '#!/bin/sh\n' >"$work/root/opt/rocm/llvm/bin/clang++"
chmod +x "$work/root/opt/rocm/llvm/bin/clang++"
run --gpu-sdks --no-install
check "--gpu-sdks: ROCm needs nothing" exits 0

machine
words npm chromium-headless-shell fonts-dejavu-core >>"$work/available"
run --no-install
check "without --report no browser is asked for" silent
run --report --no-install
check "--report: npm and Chromium" says "npm chromium-headless-shell fonts-dejavu-core"
check "--report: the build works without" exits 0
sed -i /chromium/d "$work/available"
run --report --no-install
check "--report: no Chromium in apt: left out" negate says chromium
printf '#!/bin/sh\n' | fake npm
words fonts-dejavu-core >>"$work/installed"
run --report
check "--report: nothing missing: no apt-get" calls_nothing
rm "$work/bin/npm"

machine
gpu 0x1002 0x120000
mkdir -p "$work/root/dev"
: >"$work/root/dev/kfd"
run --no-install
check "an AMD GPU asks for HIP" says libamdhip64-dev
check "an AMD GPU without ROCm: told that the distribution's HIP may be too old" says "for those
install ROCm"

machine
gpu 0x10de 0x030200
run --no-install
check "an NVIDIA GPU without nvcc: exit 0" exits 0
check "an NVIDIA GPU without nvcc: how to get it" says \
  "https://developer.nvidia.com/cuda-downloads"
mkdir -p "$work/root/usr/local/cuda/bin"
printf '#!/bin/sh\n' >"$work/root/usr/local/cuda/bin/nvcc"
chmod +x "$work/root/usr/local/cuda/bin/nvcc"
run
check "an NVIDIA GPU with a toolkit off PATH: nothing to say" silent

machine
gpu 0x10de 0x040300
run
check "the sound device of an NVIDIA card is no GPU" silent

machine
run --frobnicate
check "unknown option: exit 2" exits 2
check "unknown option: named" says "--frobnicate"

machine
mv "$work/bin/apt-get" "$work/apt-get"
run
check "no apt: exit 0" exits 0
check "no apt: says what building needs" says "Building needs"
mv "$work/apt-get" "$work/bin/apt-get"

if ((EUID == 0)); then
  machine
  without libfmt-dev libcli11-dev
  : >"$work/available" # a fresh container has no package lists
  run
  check "root: exit 0" exits 0
  check "root: lists are updated" calls "apt-get update"
  check "root: installs" calls "apt-get install -y --no-install-recommends libfmt-dev libcli11-dev"
  check "root: no sudo" negate calls sudo
  : >"$work/log"
  run
  check "installed: nothing more to do" calls_nothing

  machine
  without libfmt-dev
  sed -i /libfmt-dev/d "$work/upstream"
  run
  check "apt-get fails: exit 1" exits 1
  check "apt-get fails: named" says "could not install: libfmt-dev"

  machine
  without libfmt-dev libdnnl-dev
  words libdnnl-dev >"$work/broken"
  run
  : >"$work/broken"
  check "a broken baseline does not stop the rest: exit 0" exits 0
  check "a broken baseline: named" says "could not install: libdnnl-dev; going on without"
  check "a broken baseline: the rest is installed" grep -qx libfmt-dev "$work/installed"

  # The rest needs another user.
  chmod -R a+rwX "$work"
  as_user=("$(command -v setpriv)" --reuid=65534 --regid=65534 --clear-groups)
fi

machine
without libfmt-dev
chmod -R a+rwX "$work"
run
check "not root, no terminal: exit 3" exits 3
check "not root, no terminal: the command to type" says \
  "sudo apt-get install --no-install-recommends libfmt-dev"
check "not root, no terminal: no apt-get" calls_nothing

run --dry-run
check "not root: --dry-run shows sudo" says "sudo env DEBIAN_FRONTEND=noninteractive apt-get install"

# With a terminal the user is asked.
if command -v script >/dev/null; then
  answer() {
    status=0
    output=$(printf '%s\n' "$1" | MOAT_SYSROOT=$work/root PATH=$work/bin "$(command -v script)" \
      -qec "${as_user[*]} $work/bin/bash $work/setup.sh" /dev/null 2>&1) || status=$?
  }
  answer n
  check "asked and declined: exit 3" exits 3
  check "asked and declined: no apt-get" calls_nothing
  answer y
  check "asked and agreed: exit 0" exits 0
  check "asked and agreed: sudo" calls "sudo env DEBIAN_FRONTEND=noninteractive apt-get install"
fi

if ((failures)); then
  printf '%d checks failed\n' "$failures"
  exit 1
fi
printf 'all checks passed\n'
