#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tells whether this machine has a GPU of a vendor. setup.sh, gpu.sh and CMake (MOAT_CUDA=SEEN,
# MOAT_HIP=SEEN) ask it. When in doubt the answer is yes: a backend that is built for nothing costs
# minutes, one that is left out costs the measurement.
set -euo pipefail

usage() {
  cat <<'END'
usage: scripts/gpu_seen.sh [--driver] nvidia|amd

Prints what shows that such a GPU is here: a device file, a driver's library, a PCI device.

  --driver    only what a driver shows, not the PCI device alone
  -h, --help  this text

exit codes: 0 seen, 1 not seen, 2 bad usage
END
}

driver_only=0
vendor=
while (($#)); do
  case $1 in
    --driver) driver_only=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    nvidia | amd) vendor=$1 ;;
    *)
      printf 'gpu_seen.sh: unknown argument %s; see scripts/gpu_seen.sh --help\n' "$1" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ -z $vendor ]]; then
  printf 'gpu_seen.sh: whose GPU? nvidia or amd; see scripts/gpu_seen.sh --help\n' >&2
  exit 2
fi

# A prefix for all paths, so that tests can show other machines.
sysroot=${MOAT_SYSROOT:-}

seen() {
  printf '%s\n' "${1#"$sysroot"}"
  exit 0
}

# exists PATH...: the first that exists is what was seen. Unmatched patterns do not exist.
exists() {
  local path
  for path; do
    if [[ -e $path ]]; then seen "$path"; fi
  done
}

# library FOLDER...: libcuda.so.1 of NVIDIA's driver. Images that were once run with a GPU keep an
# empty file.
library() {
  local folder
  for folder; do
    if [[ -s $folder/libcuda.so.1 ]]; then seen "$folder/libcuda.so.1"; fi
  done
}

# pci ID: a display (03) or accelerator (12) device of that vendor; not a graphics card's sound device.
pci() {
  local device id class
  for device in "$sysroot"/sys/bus/pci/devices/*; do
    [[ -r $device/vendor && -r $device/class ]] || continue
    read -r id <"$device/vendor"
    read -r class <"$device/class"
    if [[ $id == "$1" && $class =~ ^0x(03|12) ]]; then seen "$device"; fi
  done
}

case $vendor in
  nvidia)
    exists "$sysroot"/dev/nvidiactl "$sysroot"/dev/nvidia[0-9]* "$sysroot"/proc/driver/nvidia/version
    # Tegra: no PCI device, another driver.
    exists "$sysroot"/dev/nvhost-gpu "$sysroot"/dev/nvgpu
    # WSL has one device file for every vendor's GPU.
    if [[ -e $sysroot/dev/dxg ]]; then library "$sysroot/usr/lib/wsl/lib"; fi
    # Containers hide PCI; the driver's library is put in from outside.
    library "$sysroot"/usr/lib/*-linux-gnu "$sysroot"/usr/lib64 "$sysroot"/usr/lib \
      "$sysroot"/usr/local/nvidia/lib64 "$sysroot"/run/opengl-driver/lib
    if [[ -z $sysroot && -n ${LD_LIBRARY_PATH:-} ]]; then
      IFS=: read -r -a folders <<<"$LD_LIBRARY_PATH"
      library "${folders[@]}"
    fi
    if ((!driver_only)); then pci 0x10de; fi
    ;;
  amd)
    exists "$sysroot/dev/kfd"
    if ((!driver_only)); then pci 0x1002; fi
    ;;
esac
exit 1
