// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace moat::cpu {
namespace {

// More sums than two pipelines of latency 5 need.
constexpr int kRows = 12;

#ifdef __AVX512F__
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const float*>(a);
  const __m512 right = _mm512_load_ps(b);
  __m512 factor[kRows];
  __m512 sum[kRows];
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) {
    factor[i] = _mm512_set1_ps(left[i]);
    sum[i] = _mm512_setzero_ps();
  }
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) sum[i] = _mm512_fmadd_ps(factor[i], right, sum[i]);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) _mm512_store_ps(static_cast<float*>(sums) + 16 * i, sum[i]);
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kFmaAvx512{"fma-avx512", UnitFactors::f32, kRows, 16, 1, 1, 0, block};

}  // namespace moat::cpu
