// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVX512VNNI__
#include <immintrin.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

constexpr int kRows = 12;

#ifdef __AVX512VNNI__
struct Products {
  using Factor = __m512i;
  using Sum = __m512i;
  static Factor row(const void* a, int i) {
    return _mm512_set1_epi32(static_cast<const int*>(a)[i]);  // four bytes
  }
  static Factor column(const void* b, int) { return _mm512_load_si512(b); }
  static Sum zero() { return _mm512_setzero_si512(); }
  static Sum add(Sum sum, Factor a, Factor b) { return _mm512_dpbusd_epi32(sum, a, b); }
  static void store(void* sums, int i, int, Sum sum) {
    _mm512_store_si512(static_cast<int*>(sums) + 16 * i, sum);
  }
};
constexpr auto block = grid_block<Products, kRows, 1>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvx512Vnni{"avx512-vnni", UnitFactors::int8, kRows, 16, 4, 4, 0, block};

}  // namespace moat::cpu
