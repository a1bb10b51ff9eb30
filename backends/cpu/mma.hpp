// The product of packed panels.
#pragma once

#include "backends/cpu/panels.hpp"

namespace moat::cpu {

// acc += left · right for a sliver of kVectors vectors of rows (stored kSliver rows apart) and
// kColumns columns. The accumulators stay in registers over the whole depth.
template <int kVectors, int kSliver>
HWY_NOINLINE void multiply_slivers(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right,
                                   int depth, float* HWY_RESTRICT acc) {
  const FloatTag d;
  hn::Vec<FloatTag> sum[kColumns][kVectors];
  unroll<kColumns>([&](auto c) {
    unroll<kVectors>([&](auto v) { sum[c][v] = hn::Load(d, acc + c * kSliver + v * kLanes); });
  });
  for (int k = 0; k < depth; ++k, left += kSliver, right += kColumns) {
    hn::Vec<FloatTag> l[kVectors];
    unroll<kVectors>([&](auto v) { l[v] = hn::Load(d, left + v * kLanes); });
    unroll<kColumns>([&](auto c) {
      const auto r = hn::Set(d, right[c]);
      unroll<kVectors>([&](auto v) { sum[c][v] = hn::MulAdd(l[v], r, sum[c][v]); });
    });
  }
  unroll<kColumns>([&](auto c) {
    unroll<kVectors>([&](auto v) { hn::Store(sum[c][v], d, acc + c * kSliver + v * kLanes); });
  });
}

// acc += left · right, over the rows, columns and depth that both panels hold. L is a Left or the
// operand that an accumulator became, R a Right, Acc an Accumulator of their tile.
template <class Acc, class L, class R>
void multiply(Acc& acc, const L& left, const R& right) {
  static_assert(L::kDepth == R::kDepth && L::kRows == Acc::kRows && R::kCols == Acc::kCols);
  constexpr int kSliver = Acc::kSliver;
  const int depth = std::min(left.depth, right.depth);
  acc.rows = std::max(acc.rows, left.rows);
  for (int row = 0; row < left.rows; row += kSliver) {
    const int vectors = ceil_div(std::min(kSliver, left.rows - row), kLanes);
    const float* l = left.values + std::int64_t{row} * L::kDepth;
    float* sum = acc.values + std::int64_t{row} * Acc::kCols;
    for (int col = 0; col < right.cols; col += kColumns) {
      const float* r = right.values + std::int64_t{col} * R::kDepth;
      float* to = sum + std::ptrdiff_t{col} * kSliver;
      if (kSliver == kLanes || vectors == 1) {
        multiply_slivers<1, kSliver>(l, r, depth, to);
      } else if (vectors == 2) {
        multiply_slivers<2, kSliver>(l, r, depth, to);
      } else {
        multiply_slivers<kSliver / kLanes, kSliver>(l, r, depth, to);
      }
    }
  }
}

}  // namespace moat::cpu
