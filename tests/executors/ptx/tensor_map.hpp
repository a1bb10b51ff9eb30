// SPDX-License-Identifier: Apache-2.0
// The 128 bytes of a CUtensorMap, whose meaning only the driver and the copying unit know: here
// those of the stand-in for the driver and of this executor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/emulator/tensor_map.hpp"

namespace moat::ptx {

inline constexpr std::size_t kTensorMapBytes = 128;
inline constexpr std::size_t kTensorMapAlignment = 64;

// `map` must be one that emulator::check allows.
void encode(const emulator::TensorMap& map, unsigned char* to);
// Nothing if these bytes are no encoded map.
std::optional<emulator::TensorMap> decode(const unsigned char* from);

}  // namespace moat::ptx
