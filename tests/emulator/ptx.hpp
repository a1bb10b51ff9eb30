// SPDX-License-Identifier: Apache-2.0
// NVIDIA's instructions, executed by the emulator: the static functions of cuda::Ptx.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "problems/codes.hpp"
#include "problems/dtype.hpp"
#include "tests/emulator/lanes.hpp"
#include "tests/emulator/ptx/async.hpp"
#include "tests/emulator/ptx/ldmatrix.hpp"
#include "tests/emulator/ptx/mma.hpp"
#include "tests/emulator/table.hpp"
#include "tests/emulator/tensor_map.hpp"

namespace moat::emulator {

struct Ptx : Lanes<32> {
  using TensorMap = emulator::TensorMap;

  template <class T>
  static void mma_m16n8k16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                           const Where& where = Where::current()) {
    multiply_together<ptx::MmaM16N8K16, T>({"mma.sync.m16n8k16", where}, c, a, b);
  }
  static void mma_m16n8k8_tf32(float (&c)[4], const std::uint32_t (&a)[4],
                               const std::uint32_t (&b)[2], const Where& where = Where::current()) {
    multiply_together<ptx::MmaM16N8K8, Tf32>({"mma.sync.m16n8k8.tf32", where}, c, a, b);
  }
  // cvt.rna.tf32.f32: to nearest, ties away from zero.
  static std::uint32_t to_tf32(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return std::isfinite(x) ? (bits + 0x1000u) & 0xffffe000u : bits;
  }
  // ex2.approx.ftz.f32: subnormal results are flushed to zero.
  static float exp2(float x) {
    const float power = std::exp2(x);
    return power < std::numeric_limits<float>::min() ? 0 : power;
  }

  template <int kCount, bool kTransposed>
  static void ldmatrix(std::uint32_t (&r)[kCount], const void* row,
                       const Where& where = Where::current()) {
    static_assert(kCount == 1 || kCount == 2 || kCount == 4);
    constexpr const char* kName = kCount == 1 ? (kTransposed ? "ldmatrix.x1.trans" : "ldmatrix.x1")
                                  : kCount == 2
                                      ? (kTransposed ? "ldmatrix.x2.trans" : "ldmatrix.x2")
                                      : (kTransposed ? "ldmatrix.x4.trans" : "ldmatrix.x4");
    ptx::LdMatrix mine{r, row};
    together(
        {kName, where}, &mine,
        [](std::span<void* const> lanes, const Operation& operation) {
          ptx::ldmatrix(lanes, operation, kCount, kTransposed);
        },
        false);
  }

  static void cp_async(void* to, const void* from, int valid_bytes,
                       const Where& where = Where::current()) {
    ptx::cp_async(to, from, valid_bytes, {"cp.async", where});
  }
  static void cp_async_commit() { ptx::cp_async_commit(); }
  template <int kPending>
  static void cp_async_wait() {
    ptx::cp_async_wait(kPending);
  }

  static void bar_sync(int id, int threads, const Where& where = Where::current()) {
    named_barrier(id, threads, true, {"bar.sync", where});
  }
  static void bar_arrive(int id, int threads, const Where& where = Where::current()) {
    named_barrier(id, threads, false, {"bar.arrive", where});
  }

  static void mbarrier_init(std::uint64_t* b, unsigned arrivals,
                            const Where& where = Where::current()) {
    ptx::mbarrier_init(b, arrivals, {"mbarrier_init", where});
  }
  static void mbarrier_fence_init() { ptx::mbarrier_fence_init(); }
  static void mbarrier_arrive(std::uint64_t* b, const Where& where = Where::current()) {
    ptx::mbarrier_arrive(b, 0, {"mbarrier_arrive", where});
  }
  static void mbarrier_arrive_expect(std::uint64_t* b, unsigned bytes,
                                     const Where& where = Where::current()) {
    ptx::mbarrier_arrive(b, bytes, {"mbarrier_arrive_expect", where});
  }
  static void mbarrier_wait(std::uint64_t* b, unsigned parity,
                            const Where& where = Where::current()) {
    ptx::mbarrier_wait(b, parity, {"mbarrier_wait", where});
  }
  static void fence_async_shared() { ptx::fence_async_shared(); }

  // What cuTensorMapEncodeTiled makes, with zeros outside: dimensions innermost first, sizes and
  // box in elements, strides in bytes (the first is that of an element). Called by the host.
  // Throws std::invalid_argument.
  template <class T, int kRank>
  static TensorMap make_tensor_map(const T* data, const std::uint64_t (&sizes)[kRank],
                                   const std::uint64_t (&strides)[kRank],
                                   const std::uint32_t (&box)[kRank], Swizzle swizzle) {
    TensorMap map{.address = data,
                  .element_bytes = static_cast<int>(sizeof(T)),
                  .rank = kRank,
                  .swizzle = swizzle};
    std::ranges::copy(sizes, map.sizes.begin());
    std::ranges::copy(strides, map.strides.begin());
    std::ranges::copy(box, map.box.begin());
    check(map);
    return map;
  }
  template <int kRank>
  static void tma_load(void* to, const TensorMap* map, std::uint64_t* b, const int (&c)[kRank],
                       const Where& where = Where::current()) {
    std::array<int, kMaxRank> at{};
    std::ranges::copy(c, at.begin());
    ptx::tma_load(to, *map, b, at, kRank, {"tma_load", where});
  }

  template <class T, int kN, bool kTransB>
  static void wgmma(float (&c)[kN / 2], std::uint64_t a, std::uint64_t b,
                    const Where& where = Where::current()) {
    ptx::issue_wgmma({.shape = shape<T, kN, kTransB>(false), .c = c, .a = a, .b = b},
                     {"wgmma", where});
  }
  template <class T, int kN, bool kTransB>
  static void wgmma(float (&c)[kN / 2], const std::uint32_t (&a)[4], std::uint64_t b,
                    const Where& where = Where::current()) {
    ptx::issue_wgmma({.shape = shape<T, kN, kTransB>(true),
                      .c = c,
                      .a_registers = {a[0], a[1], a[2], a[3]},
                      .b = b},
                     {"wgmma", where});
  }
  // wgmma.mma_async.m64nNk32 of codes, K-major both; c = a · b, added to c if `adds`.
  template <class C, int kN>
  static void wgmma(float (&c)[kN / 2], std::uint64_t a, std::uint64_t b, bool adds,
                    const Where& where = Where::current()) {
    static_assert(kN % 8 == 0 && kN >= 8 && kN <= 256);
    ptx::issue_wgmma({.shape = {.type = wgmma_type(C{}),
                                .n = kN,
                                .n_major = false,
                                .a_in_registers = false,
                                .adds = adds},
                      .c = c,
                      .a = a,
                      .b = b},
                     {"wgmma", where});
  }
  static std::uint64_t shared_address(const void* p, const Where& where = Where::current()) {
    return ptx::shared_address(p, {"shared_address", where});
  }
  static void wgmma_fence(const Where& where = Where::current()) {
    ptx::wgmma_fence({"wgmma_fence", where});
  }
  static void wgmma_commit(const Where& where = Where::current()) {
    ptx::wgmma_commit({"wgmma_commit", where});
  }
  template <int kPending>
  static void wgmma_wait(const Where& where = Where::current()) {
    ptx::wgmma_wait(kPending, {"wgmma_wait", where});
  }
  template <class Array>
  static void wgmma_fence_registers(Array& /*c*/) {}

  template <int kCount>
  static void set_registers_more(const Where& where = Where::current()) {
    ptx::set_registers(kCount, true, {"setmaxnreg.inc", where});
  }
  template <int kCount>
  static void set_registers_less(const Where& where = Where::current()) {
    ptx::set_registers(kCount, false, {"setmaxnreg.dec", where});
  }

 private:
  template <class T, int kN, bool kTransB>
  static constexpr WgmmaShape shape(bool a_in_registers) {
    static_assert(kN % 8 == 0 && kN >= 8 && kN <= 256);
    static_assert(sizeof(T) == 2);
    return {.type = wgmma_type(T{}), .n = kN, .n_major = kTransB, .a_in_registers = a_in_registers};
  }
  static constexpr WgmmaType wgmma_type(f16) { return WgmmaType::f16; }
  static constexpr WgmmaType wgmma_type(bf16) { return WgmmaType::bf16; }
  static constexpr WgmmaType wgmma_type(e4m3) { return WgmmaType::e4m3; }
  static constexpr WgmmaType wgmma_type(e5m2) { return WgmmaType::e5m2; }
};

}  // namespace moat::emulator
