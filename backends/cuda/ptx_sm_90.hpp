// SPDX-License-Identifier: Apache-2.0
// Instructions of sm_90a (PTX ISA): mbarriers, bulk copies of tensors, products of warpgroups.
#pragma once

#include <cuda.h>

#include <cstddef>

#include "backends/cuda/ptx.hpp"
#include "backends/cuda/tensor_map.hpp"
#include "backends/simt/fragment.hpp"
#include "problems/codes.hpp"

namespace moat::cuda {

// What an asm statement says of the accumulators of a warpgroup's product: 32, 64 or 128 registers.
#define MOAT_TEXT_32                                                                      \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23" \
  ",%24,%25,%26,%27,%28,%29,%30,%31"
#define MOAT_TEXT_64                                                                     \
  MOAT_TEXT_32                                                                           \
  ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52" \
  ",%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define MOAT_TEXT_128                                                                     \
  MOAT_TEXT_64                                                                            \
  ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84"  \
  ",%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,%101,%102,%103,%104" \
  ",%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121" \
  ",%122,%123,%124,%125,%126,%127"
#define MOAT_REGISTERS_8(i)                                                                   \
  "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3]), "+f"(c[i + 4]), "+f"(c[i + 5]), \
      "+f"(c[i + 6]), "+f"(c[i + 7])
#define MOAT_REGISTERS_AT_32(i) \
  MOAT_REGISTERS_8(i), MOAT_REGISTERS_8(i + 8), MOAT_REGISTERS_8(i + 16), MOAT_REGISTERS_8(i + 24)
#define MOAT_REGISTERS_32 MOAT_REGISTERS_AT_32(0)
#define MOAT_REGISTERS_64 MOAT_REGISTERS_32, MOAT_REGISTERS_AT_32(32)
#define MOAT_REGISTERS_128 MOAT_REGISTERS_64, MOAT_REGISTERS_AT_32(64), MOAT_REGISTERS_AT_32(96)

// m64n`n`k16, c += a · b: `count` accumulators, operands numbered after them. MOAT_WGMMA_SHARED
// reads a through a descriptor, MOAT_WGMMA_REGISTERS from four registers.
#define MOAT_WGMMA_SHARED(n, type, count, na, nb, nt)                                \
  asm volatile("wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." type "." type       \
               " {" MOAT_TEXT_##count "}, %" #na ", %" #nb ", 1, 1, 1, 0, %" #nt ";" \
               : MOAT_REGISTERS_##count                                              \
               : "l"(a), "l"(b), "n"(int{kTransB}))
#define MOAT_WGMMA_REGISTERS(n, type, count, n0, n1, n2, n3, nb, nt)                    \
  asm volatile("wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." type "." type          \
               " {" MOAT_TEXT_##count "}, {%" #n0 ",%" #n1 ",%" #n2 ",%" #n3 "}, %" #nb \
                                      ", 1, 1, 1, %" #nt ";"                            \
               : MOAT_REGISTERS_##count                                                 \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(int{kTransB}))

// The same for codes, m64n`n`k32, whose contraction runs along the rows of both: c is added to if
// `adds`.
#define MOAT_WGMMA_CODES(n, type, count, na, nb, nadds)                                      \
  asm volatile(                                                                              \
      "{\n"                                                                                  \
      ".reg .pred adds;\n"                                                                   \
      "setp.ne.b32 adds, %" #nadds                                                           \
      ", 0;\n"                                                                               \
      "wgmma.mma_async.sync.aligned.m64n" #n "k32.f32." type "." type " {" MOAT_TEXT_##count \
      "}, %" #na ", %" #nb                                                                   \
      ", adds, 1, 1;\n"                                                                      \
      "}"                                                                                    \
      : MOAT_REGISTERS_##count                                                               \
      : "l"(a), "l"(b), "r"(int{adds}))

struct Ptx90a : Ptx {
  using TensorMap = CUtensorMap;
  static TensorMap make_tensor_map(const simt::TmaTensor& t) { return cuda::make_tensor_map(t); }

  static MOAT_FN void bar_sync(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
  }
  static MOAT_FN void bar_arrive(int id, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
  }

  static MOAT_FN void mbarrier_init(std::uint64_t* b, unsigned arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared(b)), "r"(arrivals)
                 : "memory");
  }
  static MOAT_FN void mbarrier_fence_init() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    fence_async_shared();
  }
  static MOAT_FN void mbarrier_arrive(std::uint64_t* b) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared(b)) : "memory");
  }
  static MOAT_FN void mbarrier_arrive_expect(std::uint64_t* b, unsigned bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared(b)),
                 "r"(bytes)
                 : "memory");
  }
  static MOAT_FN void mbarrier_wait(std::uint64_t* b, unsigned parity) {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@!done bra again;\n"
        "}" ::"r"(shared(b)),
        "r"(parity)
        : "memory");
  }
  static MOAT_FN void fence_async_shared() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }

  template <int kRank>
  static MOAT_FN void tma_load(void* to, const TensorMap* map, std::uint64_t* b,
                               const int (&c)[kRank]) {
    static_assert(kRank == 4);
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes"
        " [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(shared(to)),
        "l"(map), "r"(shared(b)), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3])
        : "memory");
  }

  template <class T, int kN, bool kTransB>
  static MOAT_FN void wgmma(float (&c)[kN / 2], std::uint64_t a, std::uint64_t b) {
    static_assert(kN == 64 || kN == 128 || kN == 256);
    static_assert(kDType<T> == DType::f16 || kDType<T> == DType::bf16);
    constexpr bool kHalf = kDType<T> == DType::f16;
    if constexpr (kN == 64 && kHalf) {
      MOAT_WGMMA_SHARED(64, "f16", 32, 32, 33, 34);
    } else if constexpr (kN == 64) {
      MOAT_WGMMA_SHARED(64, "bf16", 32, 32, 33, 34);
    } else if constexpr (kN == 128 && kHalf) {
      MOAT_WGMMA_SHARED(128, "f16", 64, 64, 65, 66);
    } else if constexpr (kN == 128) {
      MOAT_WGMMA_SHARED(128, "bf16", 64, 64, 65, 66);
    } else if constexpr (kHalf) {
      MOAT_WGMMA_SHARED(256, "f16", 128, 128, 129, 130);
    } else {
      MOAT_WGMMA_SHARED(256, "bf16", 128, 128, 129, 130);
    }
  }
  template <class T, int kN, bool kTransB>
  static MOAT_FN void wgmma(float (&c)[kN / 2], const std::uint32_t (&a)[4], std::uint64_t b) {
    static_assert(kN == 64 || kN == 128);
    static_assert(kDType<T> == DType::f16 || kDType<T> == DType::bf16);
    constexpr bool kHalf = kDType<T> == DType::f16;
    if constexpr (kN == 64 && kHalf) {
      MOAT_WGMMA_REGISTERS(64, "f16", 32, 32, 33, 34, 35, 36, 37);
    } else if constexpr (kN == 64) {
      MOAT_WGMMA_REGISTERS(64, "bf16", 32, 32, 33, 34, 35, 36, 37);
    } else if constexpr (kHalf) {
      MOAT_WGMMA_REGISTERS(128, "f16", 64, 64, 65, 66, 67, 68, 69);
    } else {
      MOAT_WGMMA_REGISTERS(128, "bf16", 64, 64, 65, 66, 67, 68, 69);
    }
  }

  template <class C, int kN>
  static MOAT_FN void wgmma(float (&c)[kN / 2], std::uint64_t a, std::uint64_t b, bool adds) {
    static_assert(std::is_same_v<C, e4m3> && (kN == 64 || kN == 128));
    if constexpr (kN == 64) {
      MOAT_WGMMA_CODES(64, "e4m3", 32, 32, 33, 34);
    } else {
      MOAT_WGMMA_CODES(128, "e4m3", 64, 64, 65, 66);
    }
  }

  static MOAT_FN std::uint64_t shared_address(const void* p) { return __cvta_generic_to_shared(p); }
  static MOAT_FN void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
  static MOAT_FN void wgmma_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  }
  template <int kPending>
  static MOAT_FN void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
  }
  // Nothing that uses these registers moves across: the compiler does not know that products run on
  // after their instruction.
  template <int kCount>
  static MOAT_FN void wgmma_fence_registers(float (&c)[kCount]) {
    simt::unroll<kCount>([&](auto i) { asm volatile("" : "+f"(c[i])::"memory"); });
  }

  template <int kCount>
  static MOAT_FN void set_registers_more() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
  }
  template <int kCount>
  static MOAT_FN void set_registers_less() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
  }

 private:
  static MOAT_FN unsigned shared(const void* p) {
    return static_cast<unsigned>(__cvta_generic_to_shared(p));
  }
};

#undef MOAT_TEXT_32
#undef MOAT_TEXT_64
#undef MOAT_TEXT_128
#undef MOAT_REGISTERS_8
#undef MOAT_REGISTERS_AT_32
#undef MOAT_REGISTERS_32
#undef MOAT_REGISTERS_64
#undef MOAT_REGISTERS_128
#undef MOAT_WGMMA_SHARED
#undef MOAT_WGMMA_REGISTERS
#undef MOAT_WGMMA_CODES

}  // namespace moat::cuda
