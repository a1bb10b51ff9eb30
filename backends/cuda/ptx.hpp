// Instructions of NVIDIA GPUs (PTX ISA), and what the tile layer asks of any instruction set
// (backends/simt/atoms.hpp).
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "backends/simt/atoms.hpp"

namespace moat::cuda {

struct Ptx {
  static constexpr int kWaveWidth = 32;
  static constexpr unsigned kAllLanes = 0xffffffffu;

  // __launch_bounds__ counts blocks per multiprocessor.
  static constexpr int min_residency(int blocks, int /*waves*/) { return blocks; }

  static MOAT_FN int lane() { return static_cast<int>(threadIdx.x) % kWaveWidth; }
  static MOAT_FN int wave() { return static_cast<int>(threadIdx.x) / kWaveWidth; }
  static MOAT_FN int block() { return static_cast<int>(blockIdx.x); }
  static MOAT_FN int blocks() { return static_cast<int>(gridDim.x); }
  static MOAT_FN int opaque(int x) {
    asm volatile("" : "+r"(x));
    return x;
  }
  static MOAT_FN void barrier() { __syncthreads(); }
  static MOAT_FN void fence() { __threadfence(); }
  static MOAT_FN unsigned atomic_add(unsigned* p, unsigned v) { return atomicAdd(p, v); }

  template <class T>
  static MOAT_FN T shuffle_xor(T x, int mask) {
    return __shfl_xor_sync(kAllLanes, x, mask);
  }
  template <class T>
  static MOAT_FN T shuffle(T x, int source) {
    return __shfl_sync(kAllLanes, x, source);
  }

  template <class V>
  static MOAT_FN V load_global(const void* p) {
    return load<V>(p);
  }
  template <class V>
  static MOAT_FN void store_global(void* p, V v) {
    store(p, v);
  }
  template <class V>
  static MOAT_FN V load_shared(const void* p) {
    return load<V>(p);
  }
  template <class V>
  static MOAT_FN void store_shared(void* p, V v) {
    store(p, v);
  }

  static MOAT_FN float widen(float x) { return x; }
  static MOAT_FN float widen(f16 x) { return __half2float(__ushort_as_half(x.bits)); }
  static MOAT_FN float widen(bf16 x) { return __uint_as_float(unsigned{x.bits} << 16); }
  template <class T>
  static MOAT_FN T narrow(float x) {
    if constexpr (kDType<T> == DType::f16) {
      return {__half_as_ushort(__float2half_rn(x))};
    } else if constexpr (kDType<T> == DType::bf16) {
      return {__bfloat16_as_ushort(__float2bfloat16_rn(x))};
    } else {
      return x;
    }
  }

  static MOAT_FN float exp2(float x) { return exp2f(x); }
  static MOAT_FN float log2(float x) { return log2f(x); }
  static MOAT_FN float rsqrt(float x) { return rsqrtf(x); }
  static MOAT_FN float max(float a, float b) { return fmaxf(a, b); }

 private:
  // A struct is moved word by word unless the compiler happens to see its alignment; a uint4 never.
  template <class V>
  using Register = std::conditional_t<sizeof(V) == 16, uint4, uint2>;
  template <class V>
  static constexpr bool kWide = sizeof(V) == alignof(V) && (sizeof(V) == 16 || sizeof(V) == 8);

  template <class V>
  static MOAT_FN V load(const void* p) {
    if constexpr (kWide<V>) {
      return __builtin_bit_cast(V, *static_cast<const Register<V>*>(p));
    } else {
      return *static_cast<const V*>(p);
    }
  }
  template <class V>
  static MOAT_FN void store(void* p, V v) {
    if constexpr (kWide<V>) {
      *static_cast<Register<V>*>(p) = __builtin_bit_cast(Register<V>, v);
    } else {
      *static_cast<V*>(p) = v;
    }
  }
};

}  // namespace moat::cuda
