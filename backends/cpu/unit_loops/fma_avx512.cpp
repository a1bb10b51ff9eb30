// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512F__
#include <immintrin.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

// More sums than two pipelines of latency 5 need.
constexpr int kRows = 12;

#ifdef __AVX512F__
struct Products {
  using Factor = __m512;
  using Sum = __m512;
  static Factor row(const void* a, int i) {
    return _mm512_set1_ps(static_cast<const float*>(a)[i]);
  }
  static Factor column(const void* b, int) { return _mm512_load_ps(b); }
  static Sum zero() { return _mm512_setzero_ps(); }
  static Sum add(Sum sum, Factor a, Factor b) { return _mm512_fmadd_ps(a, b, sum); }
  static void store(void* sums, int i, int, Sum sum) {
    _mm512_store_ps(static_cast<float*>(sums) + 16 * i, sum);
  }
};
constexpr auto block = grid_block<Products, kRows, 1>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kFmaAvx512{"fma-avx512", UnitFactors::f32, kRows, 16, 1, 1, 0, block};

}  // namespace moat::cpu
