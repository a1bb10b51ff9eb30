// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#include <arm_neon.h>
#endif

namespace moat::cpu {
namespace {

// 2 × 2 sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const bfloat16_t*>(a);
  const auto* right = static_cast<const bfloat16_t*>(b);
  bfloat16x8_t factor[kRows];
  bfloat16x8_t column[kVectors];
  float32x4_t sum[kRows][kVectors];
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
    factor[i] = vld1q_bf16(left + 8 * i);
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) sum[i][j] = vdupq_n_f32(0);
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) column[j] = vld1q_bf16(right + 8 * j);
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) {
        sum[i][j] = vbfmmlaq_f32(sum[i][j], factor[i], column[j]);
      }
    }
  }
  auto* out = static_cast<float*>(sums);
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      // Two rows of two sums.
      float* corner = out + 2 * i * 2 * kVectors + 2 * j;
      vst1_f32(corner, vget_low_f32(sum[i][j]));
      vst1_f32(corner + 2 * kVectors, vget_high_f32(sum[i][j]));
    }
  }
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kBfmmla{"bfmmla", UnitFactors::bf16, 2 * kRows, 2 * kVectors, 4, 4, 0,
                                 block};

}  // namespace moat::cpu
