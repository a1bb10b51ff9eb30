// SPDX-License-Identifier: Apache-2.0
// Matrices in shared memory as wgmma reads them (PTX ISA, "Asynchronous Warpgroup Level Matrix
// Shared Memory Layout" and "Matrix Descriptor Format").
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/emulator/tensor_map.hpp"

namespace moat::emulator::ptx {

struct Descriptor {
  std::size_t start;    // in the shared window
  std::size_t leading;  // leading dimension byte offset
  std::size_t stride;   // stride dimension byte offset
  unsigned base_offset;
  Swizzle swizzle;

  explicit constexpr Descriptor(std::uint64_t bits)
      : start((bits & 0x3fff) << 4),
        leading((bits >> 16 & 0x3fff) << 4),
        stride((bits >> 32 & 0x3fff) << 4),
        base_offset(static_cast<unsigned>(bits >> 49 & 7)),
        swizzle(mode(static_cast<unsigned>(bits >> 62))) {}

  static constexpr Swizzle mode(unsigned bits) {
    switch (bits) {
      case 1:
        return Swizzle::b128;
      case 2:
        return Swizzle::b64;
      case 3:
        return Swizzle::b32;
      default:
        return Swizzle::none;
    }
  }

  // Where 16 bytes begin that hold, K-major, row `row` of A or column `row` of B at the eight
  // contraction indices from 8 · unit on, of codes the sixteen from 16 · unit on; MN-major, its
  // eight rows from 8 · unit on at the contraction index `k`. The canonical layouts.
  constexpr std::size_t k_major(std::size_t row, std::size_t unit) const {
    const std::size_t group = start + row / 8 * stride;
    if (swizzle == Swizzle::none) return group + row % 8 * 16 + unit * leading;
    return swizzled(swizzle, group + row % 8 * bytes_of(swizzle) + unit * 16);
  }
  constexpr std::size_t mn_major(std::size_t unit, std::size_t k) const {
    if (swizzle == Swizzle::none) return start + unit * stride + k % 8 * 16 + k / 8 * leading;
    const std::size_t span = bytes_of(swizzle);
    const std::size_t units = span / 16;
    return swizzled(swizzle, start + unit / units * leading + unit % units * 16 + k % 8 * span +
                                 k / 8 * stride);
  }

  // Whether the swizzle's pattern begins at a multiple of its size, as base_offset 0 says.
  constexpr bool aligned() const {
    return base_offset == 0 &&
           (swizzle == Swizzle::none || start / 128 % (bytes_of(swizzle) / 16) == 0);
  }
};

}  // namespace moat::emulator::ptx
