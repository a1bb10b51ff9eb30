// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace moat::cpu {
namespace {

// More sums than two pipelines of latency 6 need just about.
constexpr int kRows = 12;

#ifdef __AVX512BF16__
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const int*>(a);  // pairs
  const auto right = reinterpret_cast<__m512bh>(_mm512_load_si512(b));
  __m512bh factor[kRows];
  __m512 sum[kRows];
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) {
    factor[i] = reinterpret_cast<__m512bh>(_mm512_set1_epi32(left[i]));
    sum[i] = _mm512_setzero_ps();
  }
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], factor[i], right);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) _mm512_store_ps(static_cast<float*>(sums) + 16 * i, sum[i]);
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvx512Bf16{"avx512-bf16", UnitFactors::bf16, kRows, 16, 2, 2, 0, block};

}  // namespace moat::cpu
