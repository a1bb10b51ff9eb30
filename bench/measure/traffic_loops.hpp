// SPDX-License-Identifier: Apache-2.0
// Reading and copying memory as fast as this build's vectors and the processor allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace moat {

struct Region {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

// Exclusive or of the regions' 32-bit words; a region's last word is filled with zeros.
std::uint32_t xor_words(std::span<const Region> regions, int threads);

void copy_bytes(const void* from, void* to, std::size_t bytes, int threads);

}  // namespace moat
