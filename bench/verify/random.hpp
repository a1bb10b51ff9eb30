// SPDX-License-Identifier: Apache-2.0
// Random numbers by counter: element i of stream s needs no state, so that any thread can make it.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

// Bits of SplitMix64 (Steele, Lea and Flood 2014) at position `index` of the stream that `seed`
// starts.
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Seed of an independent stream.
constexpr std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t stream) {
  return random_bits(random_bits(seed, 0), stream);
}

// Uniform in (−1, 1), an odd multiple of 2⁻²⁴: never 0, and as likely negative as positive.
constexpr float symmetric_uniform(std::uint32_t bits) {
  const auto magnitude = static_cast<float>((bits >> 8) | 1u) * 0x1p-24f;
  return (bits & 1u) != 0 ? -magnitude : magnitude;
}

// 1 or −1.
constexpr double random_sign(std::uint64_t seed, std::uint64_t index) {
  return (random_bits(seed, index) & 1u) != 0 ? -1.0 : 1.0;
}

// Fills an array of `dtype` on the host with symmetric_uniform, rounded to the type. The values
// depend on the seed alone, not on the number of threads.
void fill_uniform(void* data, DType dtype, std::int64_t count, std::uint64_t seed);

// Fills `count` bytes with random bits, likewise.
void fill_bits(void* data, std::int64_t count, std::uint64_t seed);

}  // namespace moat
