// SPDX-License-Identifier: Apache-2.0
// Instructions of NVIDIA GPUs (PTX ISA), and what the tile layer asks of any instruction set
// (backends/simt/atoms.hpp).
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "backends/simt/atoms.hpp"
#include "backends/simt/lanes.hpp"

namespace moat::cuda {

struct Ptx : simt::Lanes<32> {
  static constexpr unsigned kAllLanes = 0xffffffffu;

  // __launch_bounds__ counts blocks per multiprocessor.
  static constexpr int min_residency(int blocks, int /*waves*/) { return blocks; }

  static MOAT_FN int wave() { return static_cast<int>(threadIdx.x) / kWaveWidth; }
  static MOAT_FN int opaque(int x) {
    asm volatile("" : "+r"(x));
    return x;
  }

  static MOAT_FN int same_in_wave(int x) { return x; }
  // Arguments are read where they lie.
  template <class T>
  static MOAT_FN T aside(T x) {
    return x;
  }
  static MOAT_FN void syncwarp() { __syncwarp(); }

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

  using simt::Lanes<32>::widen;
  static MOAT_FN float widen(f16 x) { return __half2float(__ushort_as_half(x.bits)); }
  template <class T>
  static MOAT_FN T narrow(float x) {
    if constexpr (kDType<T> == DType::f16) {
      return {__half_as_ushort(__float2half_rn(x))};
    } else if constexpr (kDType<T> == DType::bf16) {
      return {__bfloat16_as_ushort(__float2bfloat16_rn(x))};
    } else {
      static_assert(kDType<T> == DType::f32);
      return x;
    }
  }

  template <class T>
  static MOAT_FN std::uint32_t pack(float lower, float upper) {
    static_assert(kDType<T> == DType::f16 || kDType<T> == DType::bf16);
    std::uint32_t word = 0;
    if constexpr (kDType<T> == DType::f16) {
      asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(upper), "f"(lower));
    } else {
      asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(upper), "f"(lower));
    }
    return word;
  }

  // c += a · b of a warp. Volatile, as is all that a warp does together: the compiler may not move
  // it to where only some lanes come.
  template <class T>
  static MOAT_FN void mma_m16n8k16(float (&c)[4], const std::uint32_t (&a)[4],
                                   const std::uint32_t (&b)[2]) {
    static_assert(kDType<T> == DType::f16 || kDType<T> == DType::bf16);
    if constexpr (kDType<T> == DType::f16) {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
          "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    } else {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
          "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
  }
  static MOAT_FN void mma_m16n8k8_tf32(float (&c)[4], const std::uint32_t (&a)[4],
                                       const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  // To nearest, ties away from 0; the lower 13 bits are 0.
  static MOAT_FN std::uint32_t to_tf32(float x) {
    std::uint32_t bits = 0;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
  }

  template <int kCount, bool kTransposed>
  static MOAT_FN void ldmatrix(std::uint32_t (&r)[kCount], const void* row) {
    static_assert(kCount == 1 || kCount == 2 || kCount == 4);
    const unsigned from = shared_window(row);
    if constexpr (kCount == 1 && !kTransposed) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(from));
    } else if constexpr (kCount == 1) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
                   : "=r"(r[0])
                   : "r"(from));
    } else if constexpr (kCount == 2 && !kTransposed) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                   : "=r"(r[0]), "=r"(r[1])
                   : "r"(from));
    } else if constexpr (kCount == 2) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                   : "=r"(r[0]), "=r"(r[1])
                   : "r"(from));
    } else if constexpr (!kTransposed) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                   : "r"(from));
    } else {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                   : "r"(from));
    }
  }

  // Past L1: what tiles copy is read once from there.
  static MOAT_FN void cp_async(void* to, const void* from, int valid_bytes) {
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(shared_window(to)),
                 "l"(__cvta_generic_to_global(from)), "r"(valid_bytes)
                 : "memory");
  }
  static MOAT_FN void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <int kPending>
  static MOAT_FN void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
  }

  // Subnormal results are flushed to zero, which exp2f would spend a comparison and two products
  // on. Weights lie beside one of 1, the maximum's: below 2^-126 they are lost in their sum, and
  // the bounds of results (problems/reference/bound.hpp) have room for them.
  static MOAT_FN float exp2(float x) {
    float power = 0;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
  }

 private:
  static MOAT_FN unsigned shared_window(const void* p) {
    return static_cast<unsigned>(__cvta_generic_to_shared(p));
  }

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
