// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_MATMUL_INT8
#include <arm_neon.h>
#endif

namespace moat::cpu {
namespace {

// 2 × 2 sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_MATMUL_INT8
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const signed char*>(a);
  const auto* right = static_cast<const signed char*>(b);
  int8x16_t factor[kRows];
  int8x16_t column[kVectors];
  int32x4_t sum[kRows][kVectors];
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
    factor[i] = vld1q_s8(left + 16 * i);
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) sum[i][j] = vdupq_n_s32(0);
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) column[j] = vld1q_s8(right + 16 * j);
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) {
        sum[i][j] = vmmlaq_s32(sum[i][j], factor[i], column[j]);
      }
    }
  }
  auto* out = static_cast<int*>(sums);
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      // Two rows of two sums.
      int* corner = out + 2 * i * 2 * kVectors + 2 * j;
      vst1_s32(corner, vget_low_s32(sum[i][j]));
      vst1_s32(corner + 2 * kVectors, vget_high_s32(sum[i][j]));
    }
  }
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kSmmla{"smmla", UnitFactors::int8, 2 * kRows, 2 * kVectors, 8, 8, 0,
                                block};

}  // namespace moat::cpu
