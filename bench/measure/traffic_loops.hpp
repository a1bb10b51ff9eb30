// SPDX-License-Identifier: Apache-2.0
// Reading and copying memory as fast as the vectors of the chosen instruction set and the processor
// allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backends/cpu/sets.hpp"

namespace moat {

struct Region {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

// Compiled for each instruction set.
struct TrafficLoops {
  std::uint32_t (*xor_words)(std::span<const Region> regions, int threads);
  void (*copy_bytes)(const void* from, void* to, std::size_t bytes, int threads);
};

// Exclusive or of the regions' 32-bit words; a region's last word is filled with zeros.
inline std::uint32_t xor_words(std::span<const Region> regions, int threads) {
  return cpu::chosen<TrafficLoops>().xor_words(regions, threads);
}

inline void copy_bytes(const void* from, void* to, std::size_t bytes, int threads) {
  cpu::chosen<TrafficLoops>().copy_bytes(from, to, bytes, threads);
}

}  // namespace moat
