// SPDX-License-Identifier: Apache-2.0
// Devices that stand for their families where there is none: in the emulator and in tests.
#pragma once

#include "backends/simt/device_facts.hpp"

namespace moat::cuda {

// NVIDIA A100 and H100 (SXM) Tensor Core GPU Architecture, tables of their whitepapers; shared
// memory: CUDA C++ Programming Guide, Technical Specifications per Compute Capability.
inline constexpr simt::DeviceFacts kA100{.compute_units = 108, .shared_bytes = 163 << 10};
inline constexpr simt::DeviceFacts kH100{.compute_units = 132, .shared_bytes = 227 << 10};

}  // namespace moat::cuda
