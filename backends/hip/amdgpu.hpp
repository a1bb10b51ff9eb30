// Instructions of AMD GPUs, and what the tile layer asks of any instruction set
// (backends/simt/atoms.hpp).
#pragma once

#include <hip/hip_runtime.h>

#include "backends/simt/atoms.hpp"

namespace moat::hip {

// CDNA has waves of 64 lanes, RDNA of 32.
template <int kLanes>
struct Amdgpu : simt::FlatMemory {
  static constexpr int kWaveWidth = kLanes;

  // __launch_bounds__ counts waves per SIMD; a compute unit has four, RDNA's pair of them as well.
  static constexpr int min_residency(int blocks, int waves) { return ceil_div(blocks * waves, 4); }

  static MOAT_FN int lane() { return static_cast<int>(threadIdx.x) % kWaveWidth; }
  // The same in all lanes of a wave, which the compiler cannot know.
  static MOAT_FN int wave() {
    return __builtin_amdgcn_readfirstlane(static_cast<int>(threadIdx.x) / kWaveWidth);
  }
  static MOAT_FN int block() { return static_cast<int>(blockIdx.x); }
  static MOAT_FN int blocks() { return static_cast<int>(gridDim.x); }
  static MOAT_FN int opaque(int x) {
    asm volatile("" : "+v"(x));
    return x;
  }
  static MOAT_FN void barrier() { __syncthreads(); }
  static MOAT_FN void fence() { __threadfence(); }
  static MOAT_FN unsigned atomic_add(unsigned* p, unsigned v) { return atomicAdd(p, v); }

  template <class T>
  static MOAT_FN T shuffle_xor(T x, int mask) {
    return __shfl_xor(x, mask, kWaveWidth);
  }
  template <class T>
  static MOAT_FN T shuffle(T x, int source) {
    return __shfl(x, source, kWaveWidth);
  }

  static MOAT_FN float widen(float x) { return x; }
  static MOAT_FN float widen(f16 x) {
    return static_cast<float>(__builtin_bit_cast(_Float16, x.bits));
  }
  static MOAT_FN float widen(bf16 x) {
    return __builtin_bit_cast(float, std::uint32_t{x.bits} << 16);
  }
  template <class T>
  static MOAT_FN T narrow(float x) {
    if constexpr (kDType<T> == DType::f16) {
      return {__builtin_bit_cast(std::uint16_t, static_cast<_Float16>(x))};
    } else if constexpr (kDType<T> == DType::bf16) {
      const auto u = __builtin_bit_cast(std::uint32_t, x);
      const std::uint32_t quiet = u >> 16 | 0x40u;
      const std::uint32_t rounded = u + 0x7fffu + (u >> 16 & 1u);
      return {static_cast<std::uint16_t>(__builtin_isnan(x) ? quiet : rounded >> 16)};
    } else {
      return x;
    }
  }

  static MOAT_FN float exp2(float x) { return exp2f(x); }
  static MOAT_FN float log2(float x) { return log2f(x); }
  static MOAT_FN float rsqrt(float x) { return rsqrtf(x); }
  static MOAT_FN float max(float a, float b) { return fmaxf(a, b); }
};

}  // namespace moat::hip
