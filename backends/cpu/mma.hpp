// The product of packed panels.
#pragma once

#include "backends/cpu/panels.hpp"

namespace moat::cpu {

// Addresses of cache lines that are fetched into the second cache while a microkernel runs.
struct FetchList {
  static constexpr int kMost = 2048;
  static constexpr int kLine = 64;

  const std::byte* lines[kMost];
  int count = 0;

  // `rows` rows of `width` elements.
  template <class T>
  void append(const T* from, std::int64_t stride, int rows, int width) {
    for (int r = 0; r < rows; ++r, from += stride) {
      const auto* line = reinterpret_cast<const std::byte*>(from);
      const auto* end = reinterpret_cast<const std::byte*>(from + width);
      for (; line < end && count < kMost; line += kLine) lines[count++] = line;
    }
  }
};

// Depth between two visits to the list of lines to fetch.
inline constexpr int kFetchInterval = 16;

// Elements of the left operand that are fetched ahead into the first cache.
inline constexpr int kLeftAhead = 8 * kSliverVectors * kLanes;

// acc += left · right, or acc = left · right if `fresh`, for a sliver of kVectors vectors of rows
// (stored kSliver rows apart) and kColumns columns. The sums stay in registers over the whole
// depth; what they are added to, and `count` other lines, are fetched meanwhile.
template <int kVectors, int kSliver>
HWY_NOINLINE void multiply_slivers(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right,
                                   int depth, bool fresh, float* HWY_RESTRICT acc,
                                   const std::byte* const* lines, int count) {
  constexpr int kLineFloats = FetchList::kLine / static_cast<int>(sizeof(float));
  const FloatTag d;
  hn::Vec<FloatTag> sum[kColumns][kVectors];
  unroll<kColumns>([&](auto c) {
    unroll<kVectors>([&](auto v) { sum[c][v] = hn::Zero(d); });
    for (int r = 0; r < kVectors * kLanes; r += kLineFloats) {
      __builtin_prefetch(acc + c * kSliver + r, 1);
    }
  });
  const int at_once = ceil_div(count * kFetchInterval, depth);
  for (int begin = 0; begin < depth; begin += kFetchInterval) {
    for (int i = 0; i < at_once && count > 0; ++i, --count) __builtin_prefetch(*lines++, 0, 2);
    const int end = std::min(begin + kFetchInterval, depth);
    for (int k = begin; k < end; ++k, left += kSliver, right += kColumns) {
      hn::Vec<FloatTag> l[kVectors];
      unroll<kVectors>([&](auto v) {
        if constexpr (v * kLanes % kLineFloats == 0)
          __builtin_prefetch(left + kLeftAhead + v * kLanes);
        l[v] = hn::Load(d, left + v * kLanes);
      });
      unroll<kColumns>([&](auto c) {
        const auto r = hn::Set(d, right[c]);
        unroll<kVectors>([&](auto v) { sum[c][v] = hn::MulAdd(l[v], r, sum[c][v]); });
      });
    }
  }
  if (!fresh) {
    unroll<kColumns>([&](auto c) {
      unroll<kVectors>([&](auto v) {
        sum[c][v] = hn::Add(sum[c][v], hn::Load(d, acc + c * kSliver + v * kLanes));
      });
    });
  }
  unroll<kColumns>([&](auto c) {
    unroll<kVectors>([&](auto v) { hn::Store(sum[c][v], d, acc + c * kSliver + v * kLanes); });
  });
}

// Adds the product of the sliver of `left` that begins with `row` and the sliver `right` to the
// columns of acc from `col` on.
template <class Acc, class L>
HWY_INLINE void multiply_sliver(Acc& acc, const L& left, int row, const float* right, int col,
                                int depth, bool fresh, const std::byte* const* lines = nullptr,
                                int count = 0) {
  constexpr int kSliver = Acc::kSliver;
  const int vectors = ceil_div(std::min(kSliver, left.rows - row), kLanes);
  const float* l = left.values + std::int64_t{row} * L::kDepth;
  float* to = acc.values + std::int64_t{row} * Acc::kCols + std::ptrdiff_t{col} * kSliver;
  if (kSliver == kLanes || vectors == 1) {
    multiply_slivers<1, kSliver>(l, right, depth, fresh, to, lines, count);
  } else if (vectors == 2) {
    multiply_slivers<2, kSliver>(l, right, depth, fresh, to, lines, count);
  } else {
    multiply_slivers<kSliver / kLanes, kSliver>(l, right, depth, fresh, to, lines, count);
  }
}

// acc += left · right, over the rows, depth and used columns that both panels hold. L is a Left or
// the operand that an accumulator became, R a Right, Acc an Accumulator of their tile. A sliver of
// the right operand stays in the first cache while those of the left one pass.
template <class Acc, class L, class R>
void multiply(Acc& acc, const L& left, const R& right) {
  static_assert(L::kDepth == R::kDepth && L::kRows == Acc::kRows && R::kCols == Acc::kCols);
  const int depth = std::min(left.depth, right.depth);
  const int cols = std::min(right.cols, acc.cols);
  const bool fresh = acc.reach(left.rows, cols);
  for (int col = 0; col < cols; col += kColumns) {
    for (int row = 0; row < left.rows; row += Acc::kSliver) {
      multiply_sliver(acc, left, row, right.values + std::int64_t{col} * R::kDepth, col, depth,
                      fresh);
    }
  }
}

// The same for a right operand that is packed on the way. While some of its columns are multiplied,
// the next ones are fetched, and a part of the left operand's next panel.
template <class Acc, class L, class T, int kK, int kN, Order kOrder>
void multiply(Acc& acc, const L& left, const StreamedRight<T, kK, kN, kOrder>& right) {
  using R = StreamedRight<T, kK, kN, kOrder>;
  static_assert(L::kDepth == kK && L::kRows == Acc::kRows && kN == Acc::kCols);
  alignas(64) float packed[kK * R::kTogether];
  FetchList list;
  const int depth = std::min(left.depth, right.depth);
  const bool fresh = acc.reach(left.rows, right.cols);
  const int groups = ceil_div(right.cols, R::kTogether);
  for (int group = 0; group < groups; ++group) {
    const int col = group * R::kTogether;
    right.pack(col, packed);
    list.count = 0;
    right.append_lines(col + R::kTogether, list);
    const int next_row = left.rows * group / groups;
    list.append(left.next.from + next_row * left.next.stride, left.next.stride,
                left.rows * (group + 1) / groups - next_row, left.next.bytes);
    const int slivers = ceil_div(std::min(R::kTogether, right.cols - col), kColumns);
    const int at_once = ceil_div(list.count, slivers * ceil_div(left.rows, Acc::kSliver));
    int fetched = 0;
    for (int row = 0; row < left.rows; row += Acc::kSliver) {
      for (int i = 0; i < slivers; ++i) {
        const int count = std::min(at_once, list.count - fetched);
        multiply_sliver(acc, left, row, packed + i * R::kStep, col + i * kColumns, depth, fresh,
                        list.lines + fetched, count);
        fetched += count;
      }
    }
  }
}

}  // namespace moat::cpu
