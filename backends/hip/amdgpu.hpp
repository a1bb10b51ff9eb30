// SPDX-License-Identifier: Apache-2.0
// Instructions of AMD GPUs, and what the tile layer asks of any instruction set
// (backends/simt/atoms.hpp).
#pragma once

#include <hip/hip_runtime.h>

#include "backends/simt/atoms.hpp"
#include "backends/simt/lanes.hpp"

namespace moat::hip {

// CDNA has waves of 64 lanes, RDNA of 32.
template <int kLanes>
struct Amdgpu : simt::Lanes<kLanes>, simt::FlatMemory {
  // __launch_bounds__ counts waves per SIMD; a compute unit has four, RDNA's pair of them as well.
  // With two waves a lane has 256 registers, and LLVM keeps accumulators among them; with one it
  // puts them into CDNA's other 256 (AGPRs), from which every use of them by other instructions
  // moves them.
  static constexpr int min_residency(int blocks, int waves) {
    const int per_simd = ceil_div(blocks * waves, 4);
    return per_simd < 2 ? 2 : per_simd;
  }

  // The same in all lanes of a wave, which the compiler cannot know.
  static MOAT_FN int wave() { return same_in_wave(static_cast<int>(threadIdx.x) / kLanes); }
  static MOAT_FN int opaque(int x) {
    asm volatile("" : "+v"(x));
    return x;
  }
  static MOAT_FN int same_in_wave(int x) { return __builtin_amdgcn_readfirstlane(x); }
  // A wave has about 100 registers that its lanes share.
  template <class T>
  static MOAT_FN T aside(T x) {
    asm volatile("" : "+v"(x));
    return x;
  }
  // Of global memory, as the compiler would not know of any pointer.
  template <class T>
  static MOAT_FN T* aside(T* p) {
    auto* global = (__attribute__((address_space(1))) T*)p;  // NOLINT: no other cast converts it
    asm volatile("" : "+v"(global));
    return (T*)global;  // NOLINT
  }

  // Lanes of a wave run in step, and their accesses stay in order.
  static MOAT_FN void syncwarp() {
    __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "wavefront");
    __builtin_amdgcn_wave_barrier();
  }

  template <class T>
  static MOAT_FN T shuffle_xor(T x, int mask) {
    return __shfl_xor(x, mask, kLanes);
  }
  template <class T>
  static MOAT_FN T shuffle(T x, int source) {
    if constexpr (sizeof(T) == 2) {
      return {static_cast<std::uint16_t>(__shfl(int{x.bits}, source, kLanes))};
    } else {
      return __shfl(x, source, kLanes);
    }
  }

  using simt::Lanes<kLanes>::widen;
  static MOAT_FN float widen(f16 x) {
    return static_cast<float>(__builtin_bit_cast(_Float16, x.bits));
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
      static_assert(kDType<T> == DType::f32);
      return x;
    }
  }

  // Sixteen bytes as a vector: words of a struct LLVM stores one by one where a branch beside it
  // stores some of them too.
  template <class V>
  static MOAT_FN void store_global(void* p, V v) {
    if constexpr (sizeof(V) == 16 && alignof(V) == 16) {
      *static_cast<Integers<4>*>(p) = __builtin_bit_cast(Integers<4>, v);
    } else {
      *static_cast<V*>(p) = v;
    }
  }

  // buffer_load_dwordx4 at an offset per lane in the buffer of `bytes` bytes that begins at `base`:
  // what lies behind it is 0. kFormat, the descriptor's last word, depends on the architecture.
  template <std::uint32_t kFormat>
  static MOAT_FN simt::Words<16> buffer_load(const void* base, unsigned bytes, unsigned offset) {
    const auto buffer =
        __builtin_amdgcn_make_buffer_rsrc(const_cast<void*>(base), 0, bytes, kFormat);
    return __builtin_bit_cast(simt::Words<16>,
                              __builtin_amdgcn_raw_buffer_load_b128(buffer, offset, 0, 0));
  }

  // v_exp_f32 flushes denormal results to zero, which exp2f would spend three more instructions on.
  static MOAT_FN float exp2(float x) { return __builtin_amdgcn_exp2f(x); }

  // Matrix instructions, c += a · b, of a whole wave. Words hold the lower element in bits 0 … 15.
  // v_mfma_f32_16x16x16_f16 and _bf16 (gfx90a and newer): CDNA3 ISA, 7.1 "Matrix core".
  template <class T>
  static MOAT_FN void mfma_16x16x16(float (&c)[4], const std::uint32_t (&a)[2],
                                    const std::uint32_t (&b)[2]) {
    static_assert(kDType<T> == DType::f16 || kDType<T> == DType::bf16);
    auto sum = __builtin_bit_cast(Floats<4>, c);
    if constexpr (kDType<T> == DType::f16) {
      sum = __builtin_amdgcn_mfma_f32_16x16x16f16(__builtin_bit_cast(Halves<4>, a),
                                                  __builtin_bit_cast(Halves<4>, b), sum, 0, 0, 0);
    } else {
      sum = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(
          __builtin_bit_cast(Shorts<4>, a), __builtin_bit_cast(Shorts<4>, b), sum, 0, 0, 0);
    }
    MOAT_UNROLL
    for (int i = 0; i < 4; ++i) c[i] = sum[i];
  }

  static MOAT_FN void mfma_16x16x4(float (&c)[4], float a, float b) {
    const auto sum =
        __builtin_amdgcn_mfma_f32_16x16x4f32(a, b, __builtin_bit_cast(Floats<4>, c), 0, 0, 0);
    MOAT_UNROLL
    for (int i = 0; i < 4; ++i) c[i] = sum[i];
  }

  // v_wmma_f32_16x16x16_f16 and _bf16 (gfx11, 32 lanes): RDNA3 ISA, 7.9 "WMMA".
  template <class T>
  static MOAT_FN void wmma_16x16x16(float (&c)[8], const std::uint32_t (&a)[8],
                                    const std::uint32_t (&b)[8]) {
    static_assert(kDType<T> == DType::f16 || kDType<T> == DType::bf16);
    auto sum = __builtin_bit_cast(Floats<8>, c);
    if constexpr (kDType<T> == DType::f16) {
      sum = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(__builtin_bit_cast(Halves<16>, a),
                                                       __builtin_bit_cast(Halves<16>, b), sum);
    } else {
      sum = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(__builtin_bit_cast(Shorts<16>, a),
                                                        __builtin_bit_cast(Shorts<16>, b), sum);
    }
    MOAT_UNROLL
    for (int i = 0; i < 8; ++i) c[i] = sum[i];
  }

 private:
  template <int kCount>
  using Integers = std::uint32_t __attribute__((ext_vector_type(kCount)));
  template <int kCount>
  using Floats = float __attribute__((ext_vector_type(kCount)));
  template <int kCount>
  using Halves = _Float16 __attribute__((ext_vector_type(kCount)));
  template <int kCount>
  using Shorts = short __attribute__((ext_vector_type(kCount)));
};

}  // namespace moat::hip
