// SPDX-License-Identifier: Apache-2.0
// The product of packed panels.
#pragma once

#include <concepts>

#include "backends/cpu/panels.hpp"

namespace moat::cpu {

// Cache lines that are fetched into the second cache while microkernels run.
class FetchList {
 public:
  static constexpr int kLine = 64;

  // `rows` rows of `width` elements.
  template <class T>
  void append(const T* from, std::int64_t stride, int rows, int width) {
    if (rows <= 0 || width <= 0) return;
    constexpr int kBytes = static_cast<int>(sizeof(T));
    parts_[count_++] = {reinterpret_cast<const std::byte*>(from), stride * kBytes,
                        ceil_div(width * kBytes, kLine), rows};
  }

  int lines() const {
    int sum = 0;
    for (int i = 0; i < count_; ++i) sum += parts_[i].rows * parts_[i].lines;
    return sum;
  }

  // The next line; there has to be one.
  HWY_INLINE void fetch() {
    Part& part = parts_[current_];
    __builtin_prefetch(part.from + line_ * kLine, 0, 2);
    if (++line_ < part.lines) return;
    line_ = 0;
    part.from += part.stride;
    if (--part.rows == 0) ++current_;
  }

 private:
  struct Part {
    const std::byte* from;
    std::int64_t stride;
    int lines;  // of each row
    int rows;
  };
  Part parts_[2] = {};
  int count_ = 0;
  int current_ = 0;
  int line_ = 0;
};

// Depth between two visits to the list of lines to fetch.
inline constexpr int kFetchInterval = 16;

// Elements of the left operand that are fetched ahead into the first cache.
inline constexpr int kLeftAhead = 8 * kSliverVectors * kLanes;

// acc += left · right, or acc = left · right if `fresh`, for a sliver of kVectors vectors of rows
// (stored kSliver rows apart) and kColumns columns. Columns of the right operand are kAcross floats
// apart, its rows kAlong. The sums stay in registers over the whole depth; what they are added to,
// and `count` lines of the list, are fetched meanwhile.
template <int kVectors, int kSliver, int kAcross, int kAlong>
HWY_NOINLINE void multiply_slivers(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right,
                                   int depth, bool fresh, float* HWY_RESTRICT acc, FetchList* list,
                                   int count) {
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
    for (int i = 0; i < at_once && count > 0; ++i, --count) list->fetch();
    const int end = std::min(begin + kFetchInterval, depth);
    for (int k = begin; k < end; ++k, left += kSliver, right += kAlong) {
      hn::Vec<FloatTag> l[kVectors];
      unroll<kVectors>([&](auto v) {
        if constexpr (v * kLanes % kLineFloats == 0)
          __builtin_prefetch(left + kLeftAhead + v * kLanes);
        l[v] = hn::Load(d, left + v * kLanes);
      });
      unroll<kColumns>([&](auto c) {
        const auto r = hn::Set(d, right[c * kAcross]);
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
template <int kAcross, int kAlong, class Acc, class L>
HWY_INLINE void multiply_sliver(Acc& acc, const L& left, int row, const float* right, int col,
                                int depth, bool fresh, FetchList* list = nullptr, int count = 0) {
  constexpr int kSliver = Acc::kSliver;
  const int vectors = ceil_div(std::min(kSliver, left.rows - row), kLanes);
  const float* l = left.values + std::int64_t{row} * L::kDepth;
  float* to = acc.values + std::int64_t{row} * Acc::kCols + std::ptrdiff_t{col} * kSliver;
  if (kSliver == kLanes || vectors == 1) {
    multiply_slivers<1, kSliver, kAcross, kAlong>(l, right, depth, fresh, to, list, count);
  } else if (vectors == 2) {
    multiply_slivers<2, kSliver, kAcross, kAlong>(l, right, depth, fresh, to, list, count);
  } else {
    multiply_slivers<kSliver / kLanes, kSliver, kAcross, kAlong>(l, right, depth, fresh, to, list,
                                                                 count);
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
    const float* from = right.values + std::int64_t{col} * R::kDepth;
    for (int row = 0; row < left.rows; row += Acc::kSliver) {
      multiply_sliver<1, kColumns>(acc, left, row, from, col, depth, fresh);
    }
  }
}

// A right operand that is packed on the way, kTogether columns at a time.
template <class R>
concept PackedOnTheWay = requires(const R& right, float* to, FetchList& list) {
  { R::kTogether } -> std::same_as<const int&>;
  right.pack(0, to);
  right.append_lines(0, list);
};

// The same for such an operand. While some of its columns are multiplied,
// the next ones are fetched, and a part of the left operand's next panel.
template <class Acc, class L, PackedOnTheWay R>
void multiply(Acc& acc, const L& left, const R& right) {
  constexpr int kK = R::kDepth;
  static_assert(L::kDepth == kK && L::kRows == Acc::kRows && R::kCols == Acc::kCols);
  alignas(64) float packed[kK * R::kTogether];
  const int depth = std::min(left.depth, right.depth);
  const bool fresh = acc.reach(left.rows, right.cols);
  const int groups = ceil_div(right.cols, R::kTogether);
  for (int group = 0; group < groups; ++group) {
    const int col = group * R::kTogether;
    right.pack(col, packed);
    FetchList list;
    right.append_lines(col + R::kTogether, list);
    const int next_row = left.next.rows * group / groups;
    list.append(left.next.from + next_row * left.next.stride, left.next.stride,
                left.next.rows * (group + 1) / groups - next_row, left.next.bytes);
    int lines = list.lines();
    const int slivers = ceil_div(std::min(R::kTogether, right.cols - col), kColumns);
    const int at_once = ceil_div(lines, slivers * ceil_div(left.rows, Acc::kSliver));
    for (int row = 0; row < left.rows; row += Acc::kSliver) {
      for (int i = 0; i < slivers; ++i) {
        const int count = std::min(at_once, lines);
        multiply_sliver<kK, 1>(acc, left, row, packed + i * kColumns * kK, col + i * kColumns,
                               depth, fresh, &list, count);
        lines -= count;
      }
    }
  }
}

}  // namespace moat::cpu
