// SPDX-License-Identifier: Apache-2.0
// Devices that stand for their families where there is none: in the emulator and in tests.
#pragma once

#include "backends/simt/device_facts.hpp"

namespace moat::hip {

// ROCm documentation, "Accelerator and GPU hardware specifications"; the L2 of an MI300X is that of
// one of its eight dies.
inline constexpr simt::DeviceFacts kMi300x{
    .compute_units = 304, .shared_bytes = 64 << 10, .cache_bytes = 4 << 20};
inline constexpr simt::DeviceFacts kRx7900Xtx{
    .compute_units = 96, .shared_bytes = 64 << 10, .cache_bytes = 6 << 20};
inline constexpr simt::DeviceFacts kMi100{
    .compute_units = 120, .shared_bytes = 64 << 10, .cache_bytes = 8 << 20};

}  // namespace moat::hip
