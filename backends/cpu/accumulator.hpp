// SPDX-License-Identifier: Apache-2.0
// Tiles of f32 that products add to, and one float per row of a tile. Rows are lanes: what a row
// needs of its columns is computed for kLanes rows at once, without any exchange between lanes.
#pragma once

#include <cstring>

#include "backends/cpu/math.hpp"
#include "backends/cpu/panels.hpp"
#include "backends/cpu/reduce.hpp"
#include "backends/cpu/scratch.hpp"

namespace moat::cpu {

// kM × kN sums: kTall rows after the other, each from its first column to its last, of which the
// first `cols` are used, kWide at a time. The first product sets `rows`, the rows that are in
// memory; all others are zeros.
template <int kM, int kN, int kTall, int kWide>
class SumsInScratch {
 public:
  static_assert(kM % kTall == 0 && kN % kWide == 0);
  static constexpr int kRows = kM;
  static constexpr int kCols = kN;

  explicit SumsInScratch(Scratch& scratch, int used_cols = kN)
      : cols(used_cols), slot_(scratch, sizeof(float) * kM * kN) {
    values = static_cast<float*>(slot_.get());
  }

  // Sets every element to 0.
  void clear() { rows = 0; }

  // Of an accumulator of zeros: only the first `count` columns are needed.
  void use(int count) { cols = std::min(kN, ceil_div(count, kWide) * kWide); }

  // Called before a product of `new_rows` rows and `new_cols` columns is added. True if that
  // product is the first: it overwrites what is in memory, and the other columns of its rows were
  // cleared.
  bool reach(int new_rows, int new_cols) {
    if (rows > 0) return false;
    rows = new_rows;
    const int written = ceil_div(new_cols, kWide) * kWide;
    for (int row = 0; row < rows && written < cols; row += kTall) {
      std::memset(values + std::int64_t{row} * kN + std::int64_t{written} * kTall, 0,
                  sizeof(float) * (cols - written) * kTall);
    }
    return true;
  }

  float* values;
  int rows = 0;
  int cols;

 private:
  Scratch::Slot slot_;
};

// Sums in slivers like those of a left panel.
template <int kM, int kN>
class Accumulator : public SumsInScratch<kM, kN, sliver_rows(kM), kColumns> {
 public:
  static_assert(kM % kLanes == 0);
  static constexpr int kSliver = sliver_rows(kM);

  using Accumulator::SumsInScratch::SumsInScratch;

  // Address of the vector that holds column 0 of the rows from `row` on; the next column is
  // kSliver floats further.
  float* column(int row) const {
    return this->values + std::int64_t{row / kSliver} * kSliver * kN + row % kSliver;
  }
};

// An accumulator as a left operand: it lies as a panel does.
template <int kM, int kN>
struct AccumulatedOperand {
  static constexpr int kRows = kM;
  static constexpr int kDepth = kN;
  const float* values;
  int rows;
  int depth;
};

template <int kM>
struct Rows {
  alignas(64) float values[kM];

  FloatLanes at(int row) const { return hn::Load(FloatTag{}, values + row); }
  void set(int row, FloatLanes x) { hn::Store(x.v, FloatTag{}, values + row); }
};

template <int kM, int kN, class F>
void map_rows(Accumulator<kM, kN>& acc, const Rows<kM>& rows, F f) {
  for (int row = 0; row < acc.rows; row += kLanes) {
    const FloatLanes r = rows.at(row);
    float* x = acc.column(row);
    for (int c = 0; c < acc.cols; ++c, x += acc.kSliver) {
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x)), r).v, FloatTag{}, x);
    }
  }
}

// The values are those of a row of the tensor.
template <int kM, int kN, class F>
void map_columns(Accumulator<kM, kN>& acc, const Tensor<const float>& from, Coord at, F f) {
  const float* const values = address(from, at);
  const int last = from.cols - at.col;
  for (int row = 0; row < acc.rows; row += kLanes) {
    float* x = acc.column(row);
    for (int c = 0; c < acc.cols; ++c, x += acc.kSliver) {
      const FloatLanes value(c < last ? values[c] : 0.0f);
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x)), value).v, FloatTag{}, x);
    }
  }
}

// sum += part · the value of its row · factor, of all that a product has reached; part becomes 0.
template <int kM, int kN>
void add_scaled(Accumulator<kM, kN>& sum, Accumulator<kM, kN>& part, const Rows<kM>& rows,
                float factor) {
  sum.reach(part.rows, 0);
  for (int row = 0; row < part.rows; row += kLanes) {
    const auto scale = hn::Mul(rows.at(row).v, hn::Set(FloatTag{}, factor));
    float* to = sum.column(row);
    const float* from = part.column(row);
    for (int c = 0; c < part.cols; ++c, to += sum.kSliver, from += sum.kSliver) {
      const auto x = hn::Load(FloatTag{}, from);
      hn::Store(hn::MulAdd(x, scale, hn::Load(FloatTag{}, to)), FloatTag{}, to);
    }
  }
  part.clear();
}

template <int kM, int kN, class F>
void map_indexed(Accumulator<kM, kN>& acc, F f) {
  for (int row = 0; row < acc.rows; row += kLanes) {
    const auto index = IntLanes::iota(row);
    float* x = acc.column(row);
    for (int c = 0; c < acc.cols; ++c, x += acc.kSliver) {
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x)), index, c).v, FloatTag{}, x);
    }
  }
}

// Folds the columns of every row by the associative f, in kColumns chains. Rows that no product has
// reached give f of zeros.
template <int kM, int kN, class F>
Rows<kM> fold_columns(const Accumulator<kM, kN>& acc, F f) {
  Rows<kM> result;
  for (int row = 0; row < kM; row += kLanes) {
    if (row >= acc.rows) {
      result.set(row, f(FloatLanes(0.0f), FloatLanes(0.0f)));
      continue;
    }
    const float* x = acc.column(row);
    FloatLanes chain[kColumns];
    unroll<kColumns>([&](auto i) { chain[i] = hn::Load(FloatTag{}, x + i * acc.kSliver); });
    for (int c = kColumns; c < acc.cols; c += kColumns) {
      x += kColumns * acc.kSliver;
      unroll<kColumns>([&](auto i) {
        chain[i] = f(chain[i], FloatLanes(hn::Load(FloatTag{}, x + i * acc.kSliver)));
      });
    }
    merge_pairwise<kColumns>([&](auto to, auto from) { chain[to] = f(chain[to], chain[from]); });
    result.set(row, chain[0]);
  }
  return result;
}

template <int kM, class F, class... R>
Rows<kM> map_each_row(F f, const R&... rows) {
  Rows<kM> result;
  for (int row = 0; row < kM; row += kLanes) result.set(row, f(rows.at(row)...));
  return result;
}

// Rounds the accumulator to T and writes what lies inside the tensor and the columns in use.
template <class T, int kM, int kN>
void store(const Tensor<T>& to, Coord at, const Accumulator<kM, kN>& acc, int most_rows = kM) {
  constexpr int kSliver = Accumulator<kM, kN>::kSliver;
  constexpr int kWidth = kGroups * kPiece;
  const int rows = live(to.rows, at.row, most_rows);
  const int cols = live(to.cols, at.col, acc.cols);
  const FloatTag d;
  for (int row = 0; row < rows; row += kLanes) {
    const bool whole = row + kLanes <= rows;
    T* out = address(to, at) + row * to.row_stride;
    const auto column = [&](int c) {
      return row < acc.rows ? hn::Load(d, acc.column(row) + std::int64_t{c} * kSliver)
                            : hn::Zero(d);
    };
    int c = 0;
    for (; whole && c + kWidth <= cols; c += kWidth) {
      for (int r = 0; r < kLanes; ++r) __builtin_prefetch(out + r * to.row_stride + c + 4 * kWidth);
      hn::Vec<FloatTag> columns[kGroups][kPiece];
      unroll<kWidth>([&](auto i) { columns[i / kPiece][i % kPiece] = column(c + i); });
      store_columns(d, columns, out + c, to.row_stride);
    }
    for (; c < cols; c += kPiece) {
      hn::Vec<FloatTag> columns[1][kPiece];
      unroll<kPiece>([&](auto i) { columns[0][i] = column(c + i); });
      if (whole && c + kPiece <= cols) {
        store_columns(d, columns, out + c, to.row_stride);
      } else {
        T edge[kLanes * kPiece];
        store_columns(d, columns, edge, kPiece);
        for (int r = 0; r < std::min(kLanes, rows - row); ++r) {
          std::copy_n(edge + r * kPiece, std::min(kPiece, cols - c), out + r * to.row_stride + c);
        }
      }
    }
  }
}

// The same for a tensor that holds the transposed product: rows of the tile are columns of it. Some
// of its rows are written in step, because processors keep more writes in flight for several
// streams than for one.
template <class T, int kM, int kN>
void store_transposed(const Tensor<T>& to, Coord at, const Accumulator<kM, kN>& acc,
                      int most_rows = kM) {
  constexpr int kSliver = Accumulator<kM, kN>::kSliver;
  const int rows = live(to.cols, at.col, most_rows);
  const int cols = live(to.rows, at.row, acc.cols);
  const bool streamed = std::int64_t{to.rows} * to.cols >= kStreamedElements;
  for (int begin = 0; begin < cols; begin += kRowsTogether) {
    const int end = std::min(begin + kRowsTogether, cols);
    for (int row = 0; row < rows; row += kLanes) {
      for (int c = begin; c < end; ++c) {
        T* out = address(to, at) + c * to.row_stride;
        FloatLanes x(0.0f);
        if (row < acc.rows) {
          x = hn::Load(FloatTag{}, acc.column(row) + std::int64_t{c} * kSliver);
        }
        if (row + kLanes > rows) {
          LastPosition{.offset = row, .count = rows - row}.store(out, x);
        } else if (streamed) {
          StreamedPosition{{row}}.store(out, x);
        } else {
          __builtin_prefetch(out + kRowsTogether * to.row_stride + row, 1);
          FullPosition{row}.store(out, x);
        }
      }
    }
  }
  if (streamed) hwy::FlushStream();
}

}  // namespace moat::cpu
