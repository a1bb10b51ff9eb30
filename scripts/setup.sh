#!/usr/bin/env bash
# Installs what building needs with apt (Debian 12, Ubuntu 22.04 and 24.04). Fast when nothing is
# missing: it only asks dpkg.
set -euo pipefail

usage() {
  cat <<EOF
usage: scripts/setup.sh [--no-install] [--gpu-sdks] [--report] [--dry-run]

Installs the packages that building and testing need and that are missing.

  --no-install    never install; list what is missing and exit 3
  --gpu-sdks      also what compiles the HIP backend where there is no AMD GPU; where one is
                  seen, that is installed anyway. NVIDIA's CUDA Toolkit is never installed.
  --report        also npm, which bundles the charts of moat report, and the headless Chromium that
                  tests it; where apt has none, the report has tables only, and its test is skipped
  --dry-run       print the commands instead of running them
  -h, --help      this text

exit codes: 0 nothing is missing (any more), 1 apt failed, 2 bad option, 3 something is missing
EOF
}

install=1
gpu_sdks=0
report=0
dry_run=0
while (($#)); do
  case $1 in
    --no-install) install=0 ;;
    --gpu-sdks) gpu_sdks=1 ;;
    --report) report=1 ;;
    --dry-run) dry_run=1 ;;
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

has() { command -v "$1" >/dev/null; }

# gpu_seen VENDOR: a display or accelerator device of that PCI vendor.
gpu_seen() {
  local device vendor class
  for device in "$sysroot"/sys/bus/pci/devices/*; do
    [[ -r $device/vendor && -r $device/class ]] || continue
    read -r vendor <"$device/vendor"
    read -r class <"$device/class"
    if [[ $vendor == "$1" && $class =~ ^0x(03|12) ]]; then return 0; fi
  done
  return 1
}

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

if gpu_seen 0x10de && ! has nvcc && [[ ! -x $sysroot/usr/local/cuda/bin/nvcc ]]; then
  cat >&2 <<EOF
An NVIDIA GPU is here, but nvcc is not: the CUDA backend is left out. To include it install the
CUDA Toolkit 12 or newer from https://developer.nvidia.com/cuda-downloads and run this again.
EOF
fi

if ! has dpkg-query || ! has apt-get; then
  cat >&2 <<EOF
setup.sh knows apt only. Building needs: a C++20 compiler, cmake 3.22, ninja or make, git, Highway,
Google Benchmark, GoogleTest, fmt, nlohmann-json, CLI11, Boost.Context, libgit2; for the
baselines oneDNN and OpenBLAS. CMake names what it does not find.
EOF
  exit 0
fi

# find_missing: fills `missing` with what is needed and `missing_useful` with what can be left out.
find_missing() {
  local useful wanted clang version='' present package
  # Tools count wherever they come from, libraries only as packages.
  wanted=(libhwy-dev libbenchmark-dev libgtest-dev libfmt-dev nlohmann-json3-dev libcli11-dev
    libboost-context-dev libgit2-dev)
  has g++ || wanted+=(g++)
  has cmake || wanted+=(cmake)
  has git || wanted+=(git)
  has python3 || wanted+=(python3)
  has ninja || has make || wanted+=(ninja-build)
  if ((gpu_sdks)) && [[ ! -x $sysroot/opt/rocm/llvm/bin/clang++ ]]; then
    clang=$(first_known clang-19 clang-18 clang-17)
    version=${clang#clang-}
    # clang-offload-bundler, which compiles HIP's host and device parts into one object, is in the tools.
    wanted+=("$clang" "clang-tools-$version" "lld-$version" "llvm-$version" libamdhip64-dev
      "$(first_known rocm-device-libs "rocm-device-libs-$version")")
  fi
  # The build leaves out the baselines that are not there.
  useful=(libdnnl-dev libopenblas0-openmp)
  # What the lexer's fuzz test is linked with.
  if [[ $version ]]; then useful+=("libclang-rt-$version-dev"); fi
  # The tests of the CPU backend for arm64; skipped by name without them.
  has aarch64-linux-gnu-g++ || useful+=(g++-aarch64-linux-gnu)
  has qemu-aarch64 || useful+=(qemu-user)
  if ((report)); then
    has npm || useful+=(npm)
    has chromium || has google-chrome || useful+=(chromium-headless-shell fonts-dejavu-core)
  fi

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

# An AMD driver without ROCm: the distribution's HIP will do.
if gpu_seen 0x1002 && [[ -e $sysroot/dev/kfd ]]; then gpu_sdks=1; fi

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
