// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#include <arm_neon.h>
#endif

namespace moat::cpu {
namespace {

// Sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const int*>(a);  // pairs
  const auto* right = static_cast<const bfloat16_t*>(b);
  bfloat16x8_t factor[kRows];
  bfloat16x8_t column[kVectors];
  float32x4_t sum[kRows][kVectors];
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
    factor[i] = vreinterpretq_bf16_s32(vdupq_n_s32(left[i]));
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
        sum[i][j] = vbfdotq_f32(sum[i][j], factor[i], column[j]);
      }
    }
  }
  auto* out = static_cast<float*>(sums);
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      vst1q_f32(out + 4 * (kVectors * i + j), sum[i][j]);
    }
  }
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kBfdot{"bfdot", UnitFactors::bf16, kRows, 4 * kVectors, 2, 2, 0, block};

}  // namespace moat::cpu
