// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_MATMUL_INT8
#include <arm_neon.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

// 2 × 2 sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_MATMUL_INT8
struct Products {
  using Factor = int8x16_t;
  using Sum = int32x4_t;
  static Factor row(const void* a, int i) {
    return vld1q_s8(static_cast<const signed char*>(a) + 16 * i);
  }
  static Factor column(const void* b, int j) { return row(b, j); }
  static Sum zero() { return vdupq_n_s32(0); }
  static Sum add(Sum sum, Factor a, Factor b) { return vmmlaq_s32(sum, a, b); }
  // Two rows of two sums.
  static void store(void* sums, int i, int j, Sum sum) {
    int* corner = static_cast<int*>(sums) + 2 * i * 2 * kVectors + 2 * j;
    vst1_s32(corner, vget_low_s32(sum));
    vst1_s32(corner + 2 * kVectors, vget_high_s32(sum));
  }
};
constexpr auto block = grid_block<Products, kRows, kVectors>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kSmmla{"smmla", UnitFactors::int8, 2 * kRows, 2 * kVectors, 8, 8, 0,
                                block};

}  // namespace moat::cpu
