// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512BF16__
#include <immintrin.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

// More sums than two pipelines of latency 6 need just about.
constexpr int kRows = 12;

#ifdef __AVX512BF16__
struct Products {
  using Factor = __m512bh;
  using Sum = __m512;
  static Factor row(const void* a, int i) {
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<const int*>(a)[i]));  // a pair
  }
  static Factor column(const void* b, int) {
    return reinterpret_cast<__m512bh>(_mm512_load_si512(b));
  }
  static Sum zero() { return _mm512_setzero_ps(); }
  static Sum add(Sum sum, Factor a, Factor b) { return _mm512_dpbf16_ps(sum, a, b); }
  static void store(void* sums, int i, int, Sum sum) {
    _mm512_store_ps(static_cast<float*>(sums) + 16 * i, sum);
  }
};
constexpr auto block = grid_block<Products, kRows, 1>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvx512Bf16{"avx512-bf16", UnitFactors::bf16, kRows, 16, 2, 2, 0, block};

}  // namespace moat::cpu
