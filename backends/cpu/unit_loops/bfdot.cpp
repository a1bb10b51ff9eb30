// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#include <arm_neon.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

// Sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
struct Products {
  using Factor = bfloat16x8_t;
  using Sum = float32x4_t;
  static Factor row(const void* a, int i) {
    return vreinterpretq_bf16_s32(vdupq_n_s32(static_cast<const int*>(a)[i]));  // a pair
  }
  static Factor column(const void* b, int j) {
    return vld1q_bf16(static_cast<const bfloat16_t*>(b) + 8 * j);
  }
  static Sum zero() { return vdupq_n_f32(0); }
  static Sum add(Sum sum, Factor a, Factor b) { return vbfdotq_f32(sum, a, b); }
  static void store(void* sums, int i, int j, Sum sum) {
    vst1q_f32(static_cast<float*>(sums) + 4 * (kVectors * i + j), sum);
  }
};
constexpr auto block = grid_block<Products, kRows, kVectors>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kBfdot{"bfdot", UnitFactors::bf16, kRows, 4 * kVectors, 2, 2, 0, block};

}  // namespace moat::cpu
