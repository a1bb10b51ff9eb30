#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: gpu_seen_test.sh SCRIPT: scripts/gpu_seen.sh on machines that are made of a few files.
set -euo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
script=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export MOAT_SYSROOT=$work
unset LD_LIBRARY_PATH

# machine FILE...: a machine that has these files, none of them empty.
machine() {
  local file
  rm -rf "${work:?}"/*
  for file; do
    mkdir -p "$work/$(dirname "$file")"
    printf 'x\n' >"$work/$file"
  done
}
# pci VENDOR CLASS: a machine with this PCI device.
pci() {
  machine sys/bus/pci/devices/0000:01:00.0/vendor sys/bus/pci/devices/0000:01:00.0/class
  printf '%s\n' "$1" >"$work/sys/bus/pci/devices/0000:01:00.0/vendor"
  printf '%s\n' "$2" >"$work/sys/bus/pci/devices/0000:01:00.0/class"
}
nvidia() { expect "$1" "$2" "$script" nvidia; }
amd() { expect "$1" "$2" "$script" amd; }

expect 0 "usage: scripts/gpu_seen.sh" "$script" --help
expect 2 "whose GPU" "$script"
expect 2 "unknown argument intel" "$script" intel

machine
nvidia 1 ""
amd 1 ""

# What the kernel sees, with and without a driver.
pci 0x10de 0x030200
nvidia 0 /sys/bus/pci/devices/0000:01:00.0
amd 1 ""
expect 1 "" "$script" --driver nvidia
pci 0x10de 0x040300 # a graphics card's sound device
nvidia 1 ""
pci 0x1002 0x120000
amd 0 /sys/bus/pci/devices/0000:01:00.0
expect 1 "" "$script" --driver amd

# Containers: PCI is hidden, device files or the driver's library are put in.
machine dev/nvidiactl
nvidia 0 /dev/nvidiactl
expect 0 /dev/nvidiactl "$script" --driver nvidia
machine dev/nvidia3
nvidia 0 /dev/nvidia3
machine usr/lib/x86_64-linux-gnu/libcuda.so.1
nvidia 0 /usr/lib/x86_64-linux-gnu/libcuda.so.1
machine usr/local/nvidia/lib64/libcuda.so.1
nvidia 0 /usr/local/nvidia/lib64/libcuda.so.1
machine dev/kfd
amd 0 /dev/kfd
nvidia 1 ""
# An image that was once run with a GPU keeps an empty file; a toolkit has a stub for the linker.
machine usr/lib/x86_64-linux-gnu/libcuda.so.1
: >"$work/usr/lib/x86_64-linux-gnu/libcuda.so.1"
nvidia 1 ""
machine usr/local/cuda/lib64/stubs/libcuda.so
nvidia 1 ""

# WSL: one device file for every vendor.
machine dev/dxg
nvidia 1 ""
machine dev/dxg usr/lib/wsl/lib/libcuda.so.1
nvidia 0 /usr/lib/wsl/lib/libcuda.so.1

# Tegra.
machine dev/nvhost-gpu
nvidia 0 /dev/nvhost-gpu
echo "gpu_seen.sh: all as expected"
