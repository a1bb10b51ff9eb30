// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/unit_loops/unit_loop.hpp"

#ifdef __AVXVNNI__
#include <immintrin.h>

#include "backends/cpu/unit_loops/grid.hpp"
#endif

namespace moat::cpu {
namespace {

// With their factors as many sums as 16 registers hold.
constexpr int kRows = 3;
constexpr int kVectors = 3;

#ifdef __AVXVNNI__
struct Products {
  using Factor = __m256i;
  using Sum = __m256i;
  static Factor row(const void* a, int i) {
    return _mm256_set1_epi32(static_cast<const int*>(a)[i]);  // four bytes
  }
  static Factor column(const void* b, int j) {
    return _mm256_load_si256(static_cast<const __m256i*>(b) + j);
  }
  static Sum zero() { return _mm256_setzero_si256(); }
  static Sum add(Sum sum, Factor a, Factor b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
  static void store(void* sums, int i, int j, Sum sum) {
    _mm256_store_si256(static_cast<__m256i*>(sums) + kVectors * i + j, sum);
  }
};
constexpr auto block = grid_block<Products, kRows, kVectors>;
#else
constexpr decltype(UnitLoop::block) block = nullptr;
#endif

}  // namespace

constinit const UnitLoop kAvxVnni{"avx-vnni", UnitFactors::int8, kRows, 8 * kVectors, 4, 4, 0,
                                  block};

}  // namespace moat::cpu
