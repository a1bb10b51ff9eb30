// SPDX-License-Identifier: Apache-2.0
// MFMA of 16-bit types on gfx90a: subnormal operands and results count as zero (ROCm, MIOpen,
// "MI200 matrix fused multiply-add (MFMA) behavior specifics").
#pragma once

#include <cmath>

#include "problems/dtype.hpp"

namespace moat::emulator::amd {

// While one lives, the emulated MFMA is that of gfx90a.
class FlushedSubnormals {
 public:
  FlushedSubnormals() { ++count; }
  ~FlushedSubnormals() { --count; }
  FlushedSubnormals(const FlushedSubnormals&) = delete;
  FlushedSubnormals& operator=(const FlushedSubnormals&) = delete;

  static bool any() { return count > 0; }

 private:
  static inline int count = 0;
};

// An element of an operand: 0 where the exponent's bits are.
template <class T>
struct Flushed {
  T stored;
};
inline float to_float(Flushed<f16> x) {
  return (x.stored.bits & 0x7c00u) == 0 ? 0.0f : moat::to_float(x.stored);
}
inline float to_float(Flushed<bf16> x) {
  return (x.stored.bits & 0x7f80u) == 0 ? 0.0f : moat::to_float(x.stored);
}

// A result, in f32.
inline float flushed(float x) { return std::abs(x) < 0x1p-126f ? 0.0f : x; }

}  // namespace moat::emulator::amd
