// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#include <arm_neon.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

// 2 × 2 sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
struct Products {
  using Factor = bfloat16x8_t;
  using Sum = float32x4_t;
  static Factor row(const void* a, int i) {
    return vld1q_bf16(static_cast<const bfloat16_t*>(a) + 8 * i);
  }
  static Factor column(const void* b, int j) { return row(b, j); }
  static Sum zero() { return vdupq_n_f32(0); }
  static Sum add(Sum sum, Factor a, Factor b) { return vbfmmlaq_f32(sum, a, b); }
  // Two rows of two sums.
  static void store(void* sums, int i, int j, Sum sum) {
    float* corner = static_cast<float*>(sums) + 2 * i * 2 * kVectors + 2 * j;
    vst1_f32(corner, vget_low_f32(sum));
    vst1_f32(corner + 2 * kVectors, vget_high_f32(sum));
  }
};
constexpr auto block = grid_block<Products, kRows, kVectors>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kBfmmla{"bfmmla", UnitFactors::bf16, 2 * kRows, 2 * kVectors, 4, 4, 0,
                                 block};

}  // namespace moat::cpu
