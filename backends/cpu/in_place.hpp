// SPDX-License-Identifier: Apache-2.0
// Tiles of few rows. Every element of the right operand is used once per row, so packing it would
// cost more than it saves: it is read where it lies, widened in registers, and rows of the tile
// stay rows in memory.
#pragma once

#include <array>
#include <cstring>

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/reduce.hpp"

namespace moat::cpu {

// Rows of a left operand that a microkernel takes at once, against four columns or vectors. With 32
// registers 7 rows of sums would fit beside the right operand; 8 spill a little, but take 16 rows
// in two rounds. The 16 registers of AVX2 hold 3.
#if HWY_MAX_BYTES == 64 || HWY_ARCH_ARM_A64
inline constexpr int kRowsAtOnce = 8;
#else
inline constexpr int kRowsAtOnce = 3;
#endif

// Rows of a row-major right operand whose sums are kept in registers.
inline constexpr int kDepthAtOnce = 32;

// Bytes of a right operand that are fetched ahead of their use.
inline constexpr int kFetchAhead = 4096;

// Columns of a right operand that pass all rows of the left one before the next columns do.
inline constexpr int kColumnsAtOnce = 16;

// kM × kK elements as f32, row by row; the last vector of a row is filled up with zeros.
template <class T, int kM, int kK>
struct RowLeft {
  static_assert(kK % kLanes == 0);
  static constexpr int kRows = kM;
  static constexpr int kDepth = kK;
  using Source = Tensor<const T>;

  alignas(64) float values[kM * kK];
  int rows;
  int depth;

  static Source bind(Tensor<const T> t) { return t; }

  void load(const Source& source, Coord at) {
    rows = live(source.rows, at.row, kM);
    depth = live(source.cols, at.col, kK);
    for (int r = 0; r < rows; ++r) {
      const T* from = address(source, at) + r * source.row_stride;
      float* to = values + std::int64_t{r} * kK;
      int k = 0;
      for (; k + kLanes <= depth; k += kLanes) {
        hn::Store(load_lanes(from + k).v, FloatTag{}, to + k);
      }
      if (k < depth) hn::Store(load_some(from + k, depth - k).v, FloatTag{}, to + k);
    }
  }
};

// Which element is fetched while element k of a row is in use: the one `near` elements further
// where k < turn, else, beyond the end of the row, the one `far` elements further.
struct FetchAhead {
  std::int64_t near, far;
  int turn;

  // For rows of `depth` elements, of which four are read in step and the next four are `group`
  // elements further.
  FetchAhead(int depth, std::int64_t group, int elements) {
    const int rest = elements / kPiece % depth;
    near = elements / kPiece / depth * group + rest;
    far = near + group - depth;
    turn = depth - rest;
  }
};

// The columns of a row as they lie in memory.
template <int kN>
inline constexpr auto kInOrder = [] {
  std::array<int, kN> column{};
  for (int i = 0; i < kN; ++i) column[i] = i;
  return column;
}();

// kM × kN sums, row by row. `rows` counts the rows that a product has reached; the others are
// zeros. A product may leave its columns in an order of its own: position i holds columns[i].
template <int kM, int kN>
class RowAccumulator {
 public:
  static_assert(kN % kLanes == 0);
  static constexpr int kRows = kM;
  static constexpr int kCols = kN;

  explicit RowAccumulator(Scratch& scratch) : slot_(scratch, sizeof(float) * kM * kN) {
    values = static_cast<float*>(slot_.get());
    std::memset(values, 0, sizeof(float) * kM * kN);
  }

  // Sets every element to 0.
  void clear() {
    std::memset(values, 0, sizeof(float) * rows * kN);
    rows = 0;
  }

  // What reads a tile in place reads whole rows of it.
  void use(int) {}

  float* row(int r) const { return values + std::int64_t{r} * kN; }

  float* values;
  int rows = 0;
  int first = 0;  // row of the left operand's tensor that is row 0, where a product needs to know
  const int* columns = kInOrder<kN>.data();

 private:
  Scratch::Slot slot_;
};

// A row accumulator as a left operand: it lies as a RowLeft does.
template <int kM, int kN>
struct AccumulatedRows {
  const float* values;
  int rows;
  int first;
};

// Adds the halves of a vector until four lanes are left.
template <class D>
HWY_INLINE hn::Vec<hn::FixedTag<float, kPiece>> fold_to_four(D, hn::Vec<D> x) {
  if constexpr (hn::MaxLanes(D{}) == 4) {
    return x;
  } else {
    const hn::Half<D> half;
    return fold_to_four(half, hn::Add(hn::LowerHalf(half, x), hn::UpperHalf(half, x)));
  }
}

// Lane i of the result is the sum of all lanes of x[i]; x is destroyed.
HWY_INLINE hn::Vec<hn::FixedTag<float, kPiece>> sums_of_lanes(hn::Vec<FloatTag> (&x)[kPiece]) {
  const FloatTag d;
  transpose_blocks(d, x);
  return fold_to_four(d, hn::Add(hn::Add(x[0], x[1]), hn::Add(x[2], x[3])));
}

// sum[r][c] += a(r) · b(c). Of the operands, those that are fewer are kept in registers.
template <int kRows, int kCols, class A, class B>
HWY_INLINE void add_products(hn::Vec<FloatTag> (&sum)[kRows][kCols], A a, B b) {
  hn::Vec<FloatTag> kept[std::min(kRows, kCols)];
  if constexpr (kRows < kCols) {
    unroll<kRows>([&](auto r) __attribute__((always_inline)) { kept[r] = a(r); });
    unroll<kCols>([&](auto c) __attribute__((always_inline)) {
      const auto y = b(c);
      unroll<kRows>([&](auto r) { sum[r][c] = hn::MulAdd(kept[r], y, sum[r][c]); });
    });
  } else {
    unroll<kCols>([&](auto c) __attribute__((always_inline)) { kept[c] = b(c); });
    unroll<kRows>([&](auto r) __attribute__((always_inline)) {
      const auto x = a(r);
      unroll<kCols>([&](auto c) { sum[r][c] = hn::MulAdd(x, kept[c], sum[r][c]); });
    });
  }
}

// acc[r · acc_stride + c] += Σₖ left[r · left_stride + k] · right[c · right_stride + k] for kRows
// rows and `cols` columns.
template <int kRows, class T>
HWY_NOINLINE void dot_columns(const float* HWY_RESTRICT left, std::int64_t left_stride,
                              const T* HWY_RESTRICT right, std::int64_t right_stride, int cols,
                              int depth, FetchAhead ahead, float* HWY_RESTRICT acc,
                              std::int64_t acc_stride) {
  const FloatTag d;
  const hn::FixedTag<float, kPiece> four;
  for (int col = 0; col < cols; col += kPiece) {
    // Columns beyond the last repeat it, and their sums are dropped.
    const int inside = std::min(kPiece, cols - col);
    const T* column[kPiece];
    for (int c = 0; c < kPiece; ++c) {
      column[c] = right + (col + std::min(c, inside - 1)) * right_stride;
    }
    hn::Vec<FloatTag> sum[kRows][kPiece];
    unroll<kRows>([&](auto r) { unroll<kPiece>([&](auto c) { sum[r][c] = hn::Zero(d); }); });
    const auto add = [&](int k, auto load_right) __attribute__((always_inline)) {
      add_products<kRows, kPiece>(
          sum,
          [&](auto r)
              __attribute__((always_inline)) { return hn::Load(d, left + r * left_stride + k); },
          [&](auto c) __attribute__((always_inline)) { return load_right(column[c] + k); });
    };
    const auto whole = [&](const T* p) __attribute__((always_inline)) { return load(d, p); };
    int k = 0;
    for (; k + kLine<T> <= depth; k += kLine<T>) {
      const std::int64_t fetched = k + (k < ahead.turn ? ahead.near : ahead.far);
      // Not in a lambda: GCC 12 takes a function that only fetches for one without effect.
      for (const T* p : column) __builtin_prefetch(p + fetched);
      unroll<kLine<T> / kLanes>([&](auto v)
                                    __attribute__((always_inline)) { add(k + v * kLanes, whole); });
    }
    for (; k + kLanes <= depth; k += kLanes) add(k, whole);
    if (k < depth) add(k, [&](const T* p) { return load_some(p, depth - k).v; });
    const auto kept = hn::FirstN(four, inside);
    unroll<kRows>([&](auto r) {
      float* to = acc + r * acc_stride + col;
      const auto sums = hn::IfThenElseZero(kept, sums_of_lanes(sum[r]));
      hn::Store(hn::Add(hn::Load(four, to), sums), four, to);
    });
  }
}

// acc[r · acc_stride + c] += Σₖ left[r · left_stride + k] · right[k · right_stride + c] for kRows
// rows and kVectors vectors of columns, of which `cols` lie in the right operand. Fetches what lies
// `ahead` elements further.
template <int kRows, int kVectors, bool kWhole, class T>
HWY_NOINLINE void add_rows(const float* HWY_RESTRICT left, std::int64_t left_stride,
                           const T* HWY_RESTRICT right, std::int64_t right_stride,
                           std::int64_t ahead, int cols, int depth, float* HWY_RESTRICT acc,
                           std::int64_t acc_stride) {
  const FloatTag d;
  hn::Vec<FloatTag> sum[kRows][kVectors];
  unroll<kRows>([&](auto r) {
    unroll<kVectors>([&](auto v) { sum[r][v] = hn::Load(d, acc + r * acc_stride + v * kLanes); });
  });
  for (int k = 0; k < depth; ++k, right += right_stride) {
    for (int v = 0; v < kVectors * kLanes; v += kLine<T>) __builtin_prefetch(right + ahead + v);
    add_products<kRows, kVectors>(
        sum,
        [&](auto r)
            __attribute__((always_inline)) { return hn::Set(d, left[r * left_stride + k]); },
        [&](auto v) __attribute__((always_inline)) {
          if constexpr (kWhole) {
            return load(d, right + v * kLanes);
          } else {
            return load_some(right + v * kLanes, cols - v * kLanes).v;
          }
        });
  }
  unroll<kRows>([&](auto r) {
    unroll<kVectors>([&](auto v) { hn::Store(sum[r][v], d, acc + r * acc_stride + v * kLanes); });
  });
}

// Calls f(integral_constant count) for a count of 1 … kMost that is known at run time.
template <int kMost, class F>
HWY_INLINE void with_count(int count, F f) {
  unroll<kMost>([&](auto less) {
    if (count == less + 1) f(std::integral_constant<int, less + 1>{});
  });
}

// Calls f(count, first row) for groups of at most kMost rows of like size.
template <int kMost, class F>
void for_each_row_group(int rows, F f) {
  const int size = ceil_div(rows, ceil_div(rows, kMost));
  for (int row = 0; row < rows; row += size) f(std::min(size, rows - row), row);
}

template <int kM, int kN, class L, class R>
void multiply_transposed(RowAccumulator<kM, kN>& acc, const L& left, const R& right, int depth) {
  if (depth == 0) return;
  constexpr int kElements = kFetchAhead / static_cast<int>(sizeof(*right.from));
  const FetchAhead ahead(depth, kPiece * right.stride, kElements);
  for (int col = 0; col < right.cols; col += kColumnsAtOnce) {
    const int cols = std::min(kColumnsAtOnce, right.cols - col);
    for_each_row_group<kRowsAtOnce>(left.rows, [&](int rows, int row) {
      with_count<kRowsAtOnce>(rows, [&](auto count) {
        dot_columns<count>(left.values + std::int64_t{row} * L::kDepth, L::kDepth,
                           right.from + col * right.stride, right.stride, cols, depth, ahead,
                           acc.row(row) + col, kN);
      });
    });
  }
}

template <int kM, int kN, class L, class R>
void multiply_row_major(RowAccumulator<kM, kN>& acc, const L& left, const R& right, int depth) {
  constexpr int kVectors = 4;
  constexpr int kRowBytes = kN * static_cast<int>(sizeof(*right.from));
  const std::int64_t ahead = ceil_div(kFetchAhead, kRowBytes) * right.stride;
  for (int k = 0; k < depth; k += kDepthAtOnce) {
    const int deep = std::min(kDepthAtOnce, depth - k);
    const auto* from = right.from + k * right.stride;
    for (int col = 0; col < right.cols;) {
      const int cols = right.cols - col;
      for_each_row_group<kRowsAtOnce>(left.rows, [&](int rows, int row) {
        const float* a = left.values + std::int64_t{row} * L::kDepth + k;
        with_count<kRowsAtOnce>(rows, [&](auto count) {
          if (cols >= kVectors * kLanes) {
            add_rows<count, kVectors, true>(a, L::kDepth, from + col, right.stride, ahead, cols,
                                            deep, acc.row(row) + col, kN);
          } else if (cols >= kLanes) {
            add_rows<count, 1, true>(a, L::kDepth, from + col, right.stride, ahead, cols, deep,
                                     acc.row(row) + col, kN);
          } else {
            add_rows<count, 1, false>(a, L::kDepth, from + col, right.stride, ahead, cols, deep,
                                      acc.row(row) + col, kN);
          }
        });
      });
      col += cols >= kVectors * kLanes ? kVectors * kLanes : kLanes;
    }
  }
}

// acc += left · right, over the rows, columns and depth that both hold.
template <int kM, int kN, class L, class R>
void multiply(RowAccumulator<kM, kN>& acc, const L& left, const R& right) {
  static_assert(L::kDepth == R::kDepth && L::kRows == kM && R::kCols == kN);
  acc.rows = std::max(acc.rows, left.rows);
  const int depth = std::min(left.depth, right.depth);
  if constexpr (R::kStored == Order::transposed) {
    multiply_transposed(acc, left, right, depth);
  } else {
    multiply_row_major(acc, left, right, depth);
  }
}

template <int kM, int kN, class F>
void map_rows(RowAccumulator<kM, kN>& acc, const Rows<kM>& rows, F f) {
  for (int row = 0; row < acc.rows; ++row) {
    const FloatLanes r(rows.values[row]);
    float* x = acc.row(row);
    for (int c = 0; c < kN; c += kLanes) {
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x + c)), r).v, FloatTag{}, x + c);
    }
  }
}

// The values are those of a row of the tensor.
template <int kM, int kN, class F>
void map_columns(RowAccumulator<kM, kN>& acc, const Tensor<const float>& from, Coord at, F f) {
  const float* const row_of = address(from, at);
  alignas(64) float values[kN];
  for (int c = 0; c < kN; ++c) {
    values[c] = acc.columns[c] < from.cols - at.col ? row_of[acc.columns[c]] : 0.0f;
  }
  for (int row = 0; row < acc.rows; ++row) {
    float* x = acc.row(row);
    for (int c = 0; c < kN; c += kLanes) {
      const FloatLanes value(hn::Load(FloatTag{}, values + c));
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x + c)), value).v, FloatTag{}, x + c);
    }
  }
}

// sum += part · the value of its row · factor; part becomes 0.
template <int kM, int kN>
void add_scaled(RowAccumulator<kM, kN>& sum, RowAccumulator<kM, kN>& part, const Rows<kM>& rows,
                float factor) {
  sum.rows = std::max(sum.rows, part.rows);
  for (int row = 0; row < part.rows; ++row) {
    const auto scale = hn::Set(FloatTag{}, rows.values[row] * factor);
    for (int c = 0; c < kN; c += kLanes) {
      const auto x = hn::Load(FloatTag{}, part.row(row) + c);
      float* to = sum.row(row) + c;
      hn::Store(hn::MulAdd(x, scale, hn::Load(FloatTag{}, to)), FloatTag{}, to);
    }
  }
  part.clear();
}

template <int kM, int kN, class F>
void map_indexed(RowAccumulator<kM, kN>& acc, F f) {
  for (int row = 0; row < acc.rows; ++row) {
    float* x = acc.row(row);
    for (int c = 0; c < kN; c += kLanes) {
      const IntLanes column(hn::LoadU(IntTag{}, acc.columns + c));
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x + c)), row, column).v, FloatTag{}, x + c);
    }
  }
}

// Folds the columns of every row by the associative and commutative f. Rows that no product has
// reached give 0.
template <int kM, int kN, class F>
Rows<kM> fold_columns(const RowAccumulator<kM, kN>& acc, F f) {
  Rows<kM> result{};
  for (int row = 0; row < acc.rows; ++row) {
    const float* x = acc.row(row);
    FloatLanes folded(hn::Load(FloatTag{}, x));
    for (int c = kLanes; c < kN; c += kLanes) {
      folded = f(folded, FloatLanes(hn::Load(FloatTag{}, x + c)));
    }
    for (int distance = kLanes / 2; distance > 0; distance /= 2) {
      folded = f(folded, rotate(folded, distance));
    }
    result.values[row] = folded.first();
  }
  return result;
}

// Rounds the accumulator to T and writes what lies inside the tensor.
template <class T, int kM, int kN>
void store(const Tensor<T>& to, Coord at, const RowAccumulator<kM, kN>& acc) {
  const int rows = live(to.rows, at.row, kM);
  const int cols = live(to.cols, at.col, kN);
  for (int row = 0; row < rows; ++row) {
    T* out = address(to, at) + row * to.row_stride;
    const float* x = acc.row(row);
    alignas(64) float in_order[kN];
    if (acc.columns != kInOrder<kN>.data()) {
      for (int i = 0; i < kN; ++i) in_order[acc.columns[i]] = x[i];
      x = in_order;
    }
    int c = 0;
    for (; c + kLanes <= cols; c += kLanes) store(FloatTag{}, hn::Load(FloatTag{}, x + c), out + c);
    for (; c < cols; ++c) out[c] = from_float<T>(x[c]);
  }
}

}  // namespace moat::cpu
