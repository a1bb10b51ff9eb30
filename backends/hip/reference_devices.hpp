// SPDX-License-Identifier: Apache-2.0
// Devices that stand for their families where there is none: in the emulator and in tests.
#pragma once

#include "backends/simt/device_facts.hpp"

namespace moat::hip {

// ROCm documentation, "Accelerator and GPU hardware specifications".
inline constexpr simt::DeviceFacts kMi300x{.compute_units = 304, .shared_bytes = 64 << 10};
inline constexpr simt::DeviceFacts kRx7900Xtx{.compute_units = 96, .shared_bytes = 64 << 10};
inline constexpr simt::DeviceFacts kMi100{.compute_units = 120, .shared_bytes = 64 << 10};

}  // namespace moat::hip
