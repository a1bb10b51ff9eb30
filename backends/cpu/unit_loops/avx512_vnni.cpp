// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

namespace moat::cpu {
namespace {

constexpr int kRows = 12;

#ifdef __AVX512VNNI__
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const int*>(a);  // four bytes each
  const __m512i right = _mm512_load_si512(b);
  __m512i factor[kRows];
  __m512i sum[kRows];
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) {
    factor[i] = _mm512_set1_epi32(left[i]);
    sum[i] = _mm512_setzero_si512();
  }
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) sum[i] = _mm512_dpbusd_epi32(sum[i], factor[i], right);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kRows; ++i) _mm512_store_si512(static_cast<int*>(sums) + 16 * i, sum[i]);
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvx512Vnni{"avx512-vnni", UnitFactors::int8, kRows, 16, 4, 4, 0, block};

}  // namespace moat::cpu
