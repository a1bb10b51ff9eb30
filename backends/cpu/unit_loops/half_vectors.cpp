// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
#include <arm_neon.h>
#endif

namespace moat::cpu {
namespace {

// Sums for four pipelines of latency 5, as many as 32 registers hold with their factors.
constexpr int kRows = 5;
constexpr int kVectors = 4;

#ifdef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const float16_t*>(a);
  const auto* right = static_cast<const float16_t*>(b);
  auto* out = static_cast<float*>(sums);
  for (int i = 0; i < kRows * kVectors * 8; ++i) out[i] = 0;
  for (int done = 0; done < steps; done += kStepsPerHalfSum) {
    float16x8_t factor[kRows];
    float16x8_t column[kVectors];
    float16x8_t sum[kRows][kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) column[j] = vld1q_f16(right + 8 * j);
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) {
      factor[i] = vdupq_n_f16(left[i]);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) sum[i][j] = vdupq_n_f16(0);
    }
    for (int s = 0; s < kStepsPerHalfSum; ++s) {
#pragma GCC unroll 5
      for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) {
          sum[i][j] = vfmaq_f16(sum[i][j], factor[i], column[j]);
        }
      }
    }
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) {
        float* part = out + 8 * (kVectors * i + j);
        const float32x4_t low = vcvt_f32_f16(vget_low_f16(sum[i][j]));
        const float32x4_t high = vcvt_f32_f16(vget_high_f16(sum[i][j]));
        vst1q_f32(part, vaddq_f32(vld1q_f32(part), low));
        vst1q_f32(part + 4, vaddq_f32(vld1q_f32(part + 4), high));
      }
    }
  }
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kHalfVectors{
    "half-vectors", UnitFactors::f16, kRows, 8 * kVectors, 1, 1, kStepsPerHalfSum, block};

}  // namespace moat::cpu
