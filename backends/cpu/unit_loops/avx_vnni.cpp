// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVXVNNI__
#include <immintrin.h>
#endif

namespace moat::cpu {
namespace {

// With their factors as many sums as 16 registers hold.
constexpr int kRows = 3;
constexpr int kVectors = 3;

#ifdef __AVXVNNI__
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const int*>(a);  // four bytes each
  const auto* right = static_cast<const __m256i*>(b);
  __m256i factor[kRows];
  __m256i column[kVectors];
  __m256i sum[kRows][kVectors];
  for (int j = 0; j < kVectors; ++j) column[j] = _mm256_load_si256(right + j);
#pragma GCC unroll 3
  for (int i = 0; i < kRows; ++i) {
    factor[i] = _mm256_set1_epi32(left[i]);
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; ++j) sum[i][j] = _mm256_setzero_si256();
  }
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 3
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
      for (int j = 0; j < kVectors; ++j) {
        sum[i][j] = _mm256_dpbusd_avx_epi32(sum[i][j], factor[i], column[j]);
      }
    }
  }
  auto* out = static_cast<__m256i*>(sums);
#pragma GCC unroll 3
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; ++j) _mm256_store_si256(out + kVectors * i + j, sum[i][j]);
  }
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvxVnni{"avx-vnni", UnitFactors::int8, kRows, 8 * kVectors, 4, 4, 0,
                                  block};

}  // namespace moat::cpu
