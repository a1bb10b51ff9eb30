#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building needs with apt (Debian 12, Ubuntu 22.04 and 24.04). Fast when nothing is
# missing: it only asks dpkg.
set -euo pipefail

usage() {
  cat <<END
usage: scripts/setup.sh [--tests] [--gpu-sdks] [--report] [--no-install | --dry-run | --list]

Installs the packages that building moat for this machine needs and that are missing.

  --tests         also what building and running the tests needs
  --gpu-sdks      also what compiles the HIP backend where there is no AMD GPU; where one is
                  seen, that is installed anyway. NVIDIA's CUDA Toolkit is never installed.
  --report        also npm, which bundles the charts of moat report, and the headless Chromium that
                  tests it; where apt has none, the report has tables only, and its test is skipped
  --no-install    never install; list what is missing and exit 3
  --dry-run       print the commands instead of running them
  --list          print the packages for these purposes, installed or not, each with what needs it
  -h, --help      this text

exit codes: 0 nothing is missing (any more), 1 apt failed, 2 bad option, 3 something is missing
END
}

# One package a line: its purpose; 'need' if nothing is built without it, 'use' if only what needs it
# is left out, by name; the programs of which one will do, wherever it comes from ('-': a library,
# which counts only as a package); FILE:WORD, where the need is. A package with '%' is the compiler's
# for HIP, in the version that is found.
packages() {
  cat <<'END'
build     need  g++                      g++                      CMakeLists.txt:CXX
build     need  cmake                    cmake                    scripts/build.sh:cmake
build     need  ninja-build              ninja,make               scripts/build.sh:ninja
build     need  libhwy-dev               -                        cmake/MoatPackages.cmake:hwy
build     need  libbenchmark-dev         -                        cmake/MoatPackages.cmake:benchmark
build     need  libfmt-dev               -                        cmake/MoatPackages.cmake:fmt
build     need  nlohmann-json3-dev       -                        cmake/MoatPackages.cmake:nlohmann_json
build     need  libcli11-dev             -                        cmake/MoatPackages.cmake:CLI11
build     need  libpugixml-dev           -                        cmake/MoatPackages.cmake:pugixml
build     need  libboost-dev             -                        cmake/MoatPackages.cmake:Boost
build     need  libgit2-dev              -                        cmake/MoatPackages.cmake:git2
build     use   libdnnl-dev              -                        bench/baselines/onednn.cmake:dnnl
build     use   libopenblas0-openmp      -                        bench/baselines/openblas.cpp:libopenblas
tests     need  libgtest-dev             -                        cmake/MoatPackages.cmake:GTest
tests     need  libgmock-dev             -                        cmake/MoatPackages.cmake:gmock
tests     need  libboost-context-dev     -                        cmake/MoatPackages.cmake:context
tests     need  python3                  python3                  cmake/MoatPackages.cmake:Python3
tests     need  git                      git                      tests/bench/migration/history/history_test.cpp:git
tests     use   g++-aarch64-linux-gnu    aarch64-linux-gnu-g++    tests/backends/cpu/arm64/run.sh:aarch64-linux-gnu-g++
tests     use   qemu-user                qemu-aarch64             tests/backends/cpu/arm64/run.sh:qemu-aarch64
tests     use   libblis4-openmp          -                        tests/bench/baselines/blis_test.cpp:libblis
tests     use   python3-jsonschema       -                        tests/results/schema_test.py:jsonschema
tests     use   jq                       jq                       tests/documents/commands_test.py:jq
tests     use   ccache                   ccache                   scripts/build.sh:ccache
tests     use   xz-utils                 xz                       scripts/bundle.sh:xz
tests     use   bzip2                    bzip2                    scripts/bundle.sh:bzip2
tests     use   shellcheck               shellcheck               tests/scripts/CMakeLists.txt:shellcheck
tests     use   debootstrap              debootstrap              scripts/bare_root.sh:debootstrap
gpu-sdks  need  clang-%                  -                        backends/hip/sdk.cmake:clang++
gpu-sdks  need  clang-tools-%            -                        backends/hip/sdk.cmake:clang-tools
gpu-sdks  need  lld-%                    -                        backends/hip/sdk.cmake:lld
gpu-sdks  need  llvm-%                   -                        bench/codegen/report.cpp:llvm-objdump
gpu-sdks  need  libamdhip64-dev          -                        backends/hip/sdk.cmake:amdhip64
gpu-sdks  need  rocm-device-libs         -                        backends/hip/sdk.cmake:rocm-device-libs
gpu-sdks  use   libclang-rt-%-dev        -                        tests/bench/migration/diff/CMakeLists.txt:fsanitize
report    use   npm                      npm                      bench/report/CMakeLists.txt:npm
report    use   chromium-headless-shell  chromium,google-chrome   tests/bench/report/browser_test.mjs:chromium-headless-shell
report    use   fonts-dejavu-core        chromium,google-chrome   tests/bench/report/browser_test.mjs:chromium-headless-shell
END
}

install=1
purposes=(build)
dry_run=0
list=0
while (($#)); do
  case $1 in
    --no-install) install=0 ;;
    --tests | --gpu-sdks | --report) purposes+=("${1#--}") ;;
    --dry-run) dry_run=1 ;;
    --list) list=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      printf 'setup.sh: unknown option %s; see scripts/setup.sh --help\n' "$1" >&2
      exit 2
      ;;
  esac
  shift
done

# A prefix for /dev, /sys, /opt and /usr/local, so that tests can show other machines.
sysroot=${MOAT_SYSROOT:-}
gpu_seen=$(dirname "${BASH_SOURCE[0]}")/gpu_seen.sh

has() { command -v "$1" >/dev/null; }
# for_purpose NAME: the packages are installed for it, among others.
for_purpose() { [[ " ${purposes[*]} " == *" $1 "* ]]; }

installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }
apt_knows() { [[ -n $(apt-cache show "$1" 2>/dev/null) ]]; }

# first_known PACKAGE...: the first that is installed or that apt knows; else the first.
first_known() {
  local package
  for package; do
    if installed "$package" || apt_knows "$package"; then
      printf '%s\n' "$package"
      return
    fi
  done
  printf '%s\n' "$1"
}

if ((list)); then
  printf '# purpose necessity package programs needed-by\n' >&2
  packages | while read -r purpose necessity package programs where; do
    if for_purpose "$purpose"; then printf '%s\n' "$purpose $necessity $package $programs $where"; fi
  done
  exit 0
fi

if "$gpu_seen" nvidia >/dev/null && ! has nvcc && [[ ! -x $sysroot/usr/local/cuda/bin/nvcc ]]; then
  cat >&2 <<END
An NVIDIA GPU is here, but nvcc is not: the CUDA backend is left out. To include it install the
CUDA Toolkit 12 or newer from https://developer.nvidia.com/cuda-downloads and run this again.
END
fi

if ! has dpkg-query || ! has apt-get; then
  cat >&2 <<END
setup.sh knows apt only. Building needs: a C++20 compiler, cmake 3.22, ninja or make, Highway,
Google Benchmark, fmt, nlohmann-json, CLI11, pugixml, libgit2, Boost's headers; for the baselines
oneDNN and OpenBLAS; for the tests GoogleTest and GoogleMock, Boost.Context, Python 3 and git. CMake names what it does
not find.
END
  exit 0
fi

# An AMD driver without ROCm: the distribution's HIP compiles for its GPU, and runs on it if it is
# no older.
if "$gpu_seen" --driver amd >/dev/null; then
  purposes+=(gpu-sdks)
  if [[ ! -x $sysroot/opt/rocm/llvm/bin/clang++ ]]; then
    cat >&2 <<END
An AMD GPU is here, but ROCm is not: the distribution's HIP takes its place. Where that is older than
the GPU (5.2 of Debian 12 knows neither gfx942 nor gfx11), moat list names it as not seen; for those
install ROCm from https://rocm.docs.amd.com.
END
  fi
fi

# find_missing: fills `missing` with what is needed and `missing_useful` with what can be left out.
find_missing() {
  local purpose necessity package programs where program version='' present
  local wanted=() useful=()
  if for_purpose gpu-sdks; then
    version=$(first_known clang-19 clang-20 clang-21)
    version=${version#clang-}
  fi
  while read -r purpose necessity package programs where; do
    for_purpose "$purpose" || continue
    if [[ $purpose == gpu-sdks && -x $sysroot/opt/rocm/llvm/bin/clang++ ]]; then continue; fi
    for program in ${programs//,/ }; do
      if [[ $program != - ]] && has "$program"; then continue 2; fi
    done
    package=${package//%/$version}
    if [[ $package == rocm-device-libs ]]; then
      package=$(first_known "$package" "$package-$version")
    fi
    if [[ $necessity == need ]]; then wanted+=("$package"); else useful+=("$package"); fi
  done < <(packages)

  present=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" "${useful[@]}" \
    2>/dev/null | sed -n 's/^ii *//p') || true
  missing=()
  for package in "${wanted[@]}"; do
    grep -qxF -- "$package" <<<"$present" || missing+=("$package")
  done
  missing_useful=()
  for package in "${useful[@]}"; do
    grep -qxF -- "$package" <<<"$present" && continue
    # Not every distribution has them. Without package lists apt knows nothing.
    if apt_knows "$package" || ! apt_knows cmake; then missing_useful+=("$package"); fi
  done
}

find_missing
all=("${missing[@]}" "${missing_useful[@]}")
if ((${#all[@]} == 0)); then exit 0; fi

printf 'Missing packages: %s\n' "${all[*]}" >&2
how="Install them with:
  sudo apt-get install --no-install-recommends ${all[*]}"

# stop: nothing may be installed. The build works without what is only useful.
stop() {
  printf '%s\n' "$how" >&2
  if ((${#missing[@]} == 0)); then
    printf 'The build works without these; going on.\n' >&2
    exit 0
  fi
  exit 3
}

if ((!install)); then stop; fi

as_root=()
if ((EUID != 0)); then
  as_root=(sudo)
  if ((!dry_run)); then
    if [[ ! -t 0 ]] || ! has sudo; then stop; fi
    read -r -p "Install them now with sudo apt-get? [Y/n] " answer
    if [[ ! ${answer:-y} =~ ^[Yy] ]]; then stop; fi
  fi
fi

run() {
  if ((dry_run)); then
    printf '%s\n' "$*"
  else
    "$@"
  fi
}

run "${as_root[@]}" apt-get update ||
  printf 'apt-get update failed; trying with the package lists that are here\n' >&2
# Package names are certain only now.
if ((!dry_run)); then find_missing; fi
all=("${missing[@]}" "${missing_useful[@]}")
if ((${#all[@]} == 0)); then exit 0; fi
apt_install() {
  run "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "$@"
}
if ! apt_install "${all[@]}"; then
  # What can be left out must not stop what is needed.
  if ((${#missing_useful[@]})) && { ((${#missing[@]} == 0)) || apt_install "${missing[@]}"; }; then
    printf 'apt-get could not install: %s; going on without them\n' "${missing_useful[*]}" >&2
    exit 0
  fi
  printf 'apt-get could not install: %s\n' "${all[*]}" >&2
  exit 1
fi
