// SPDX-License-Identifier: Apache-2.0
// What device code spells alike for GPUs of both vendors: a lane's place, barriers, functions of
// floats.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat::simt {

template <int kLanes>
struct Lanes {
  static constexpr int kWaveWidth = kLanes;

  static MOAT_FN int lane() { return static_cast<int>(threadIdx.x) % kLanes; }
  static MOAT_FN int block() { return static_cast<int>(blockIdx.x); }
  static MOAT_FN int blocks() { return static_cast<int>(gridDim.x); }
  static MOAT_FN void barrier() { __syncthreads(); }
  static MOAT_FN void fence() { __threadfence(); }
  static MOAT_FN unsigned atomic_add(unsigned* p, unsigned v) { return atomicAdd(p, v); }

  static MOAT_FN float widen(float x) { return x; }
  static MOAT_FN float widen(bf16 x) {
    return __builtin_bit_cast(float, std::uint32_t{x.bits} << 16);
  }

  static MOAT_FN float log2(float x) { return log2f(x); }
  static MOAT_FN float rsqrt(float x) { return rsqrtf(x); }
  static MOAT_FN float max(float a, float b) { return fmaxf(a, b); }
};

}  // namespace moat::simt
