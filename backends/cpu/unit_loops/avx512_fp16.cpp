// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512FP16__
#include <immintrin.h>
#endif

namespace moat::cpu {
namespace {

constexpr int kRows = 12;

#ifdef __AVX512FP16__
void block(const void* a, const void* b, void* sums, int steps) {
  const auto* left = static_cast<const short*>(a);
  const __m512h right = _mm512_load_ph(b);
  auto* wide = static_cast<float*>(sums);
  for (int i = 0; i < 32 * kRows; ++i) wide[i] = 0;
  for (int done = 0; done < steps; done += kStepsPerHalfSum) {
    __m512h factor[kRows];
    __m512h sum[kRows];
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) {
      factor[i] = _mm512_castsi512_ph(_mm512_set1_epi16(left[i]));
      sum[i] = _mm512_setzero_ph();
    }
    for (int s = 0; s < kStepsPerHalfSum; ++s) {
#pragma GCC unroll 12
      for (int i = 0; i < kRows; ++i) sum[i] = _mm512_fmadd_ph(factor[i], right, sum[i]);
    }
#pragma GCC unroll 12
    for (int i = 0; i < kRows; ++i) {
      alignas(64) short halves[32];
      _mm512_store_ph(halves, sum[i]);
      for (int part = 0; part < 2; ++part) {
        const auto* half = reinterpret_cast<const __m256i*>(halves + 16 * part);
        float* to = wide + 32 * i + 16 * part;
        // With a mask, because the form without one starts from a vector that is not initialised.
        const __m512 add = _mm512_maskz_cvtph_ps(0xffff, _mm256_load_si256(half));
        _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), add));
      }
    }
  }
}
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvx512Fp16{
    "avx512-fp16", UnitFactors::f16, kRows, 32, 1, 1, kStepsPerHalfSum, block};

}  // namespace moat::cpu
