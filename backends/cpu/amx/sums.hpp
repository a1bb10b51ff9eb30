// SPDX-License-Identifier: Apache-2.0
// Sums of the matrix unit, and what is done with them.
#pragma once

#include "backends/cpu/amx/operands.hpp"

#if MOAT_CPU_TILES

#include <algorithm>

#include "backends/cpu/accumulator.hpp"

namespace moat::cpu {

// kM × kN sums, tile by tile: those of kTileRows rows after the other, in the order of columns. The
// first product sets `rows`, the rows that are in memory; all others are zeros. The first `cols`
// columns are used.
template <int kM, int kN>
class TileSums {
 public:
  static_assert(kM % kTileRows == 0 && kN % kTileCols == 0);
  static constexpr int kRows = kM;
  static constexpr int kCols = kN;

  explicit TileSums(Scratch& scratch, int used_cols = kN)
      : cols(used_cols), slot_(scratch, sizeof(float) * kM * kN) {
    values = static_cast<float*>(slot_.get());
  }

  // Sets every element to 0.
  void clear() { rows = 0; }

  // Of an accumulator of zeros: only the first `count` columns are needed.
  void use(int count) { cols = std::min(kN, ceil_div(count, kTileCols) * kTileCols); }

  // Called before a product of `new_rows` rows and `new_cols` columns is added. True if that
  // product is the first: it overwrites what is in memory, and the other columns of its rows were
  // cleared.
  bool reach(int new_rows, int new_cols) {
    if (rows > 0) return false;
    rows = new_rows;
    for (int row = 0; row < rows; row += kTileRows) {
      for (int col = ceil_div(new_cols, kTileCols) * kTileCols; col < cols; col += kTileCols) {
        std::fill_n(tile(row, col), kTileSums, 0.0f);
      }
    }
    return true;
  }

  // The tile that begins with this row and column.
  float* tile(int row, int col) const { return values + row * kN + col * kTileRows; }
  // kTileCols columns of a row, from `col` on.
  float* lanes(int row, int col) const {
    return tile(row / kTileRows * kTileRows, col) + row % kTileRows * kTileCols;
  }

  float* values;
  int rows = 0;
  int cols;

 private:
  Scratch::Slot slot_;
};

// Calls f(vector, row, its first column) → vector for all that products have reached.
template <int kM, int kN, class F>
HWY_INLINE void map_lanes(TileSums<kM, kN>& acc, F f) {
  for (int row = 0; row < acc.rows; ++row) {
    for (int col = 0; col < acc.cols; col += kTileCols) {
      float* x = acc.lanes(row, col);
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x)), row, col).v, FloatTag{}, x);
    }
  }
}

template <int kM, int kN, class F>
void map_rows(TileSums<kM, kN>& acc, const Rows<kM>& rows, F f) {
  map_lanes(acc, [&](FloatLanes x, int row, int) { return f(x, FloatLanes(rows.values[row])); });
}

template <int kM, int kN, class F>
void map_indexed(TileSums<kM, kN>& acc, F f) {
  map_lanes(acc, [&](FloatLanes x, int row, int col) { return f(x, row, IntLanes::iota(col)); });
}

// Of all that products have reached: f(element, the value of its column), 0 beyond the last.
template <int kM, int kN, class F>
void map_columns(TileSums<kM, kN>& acc, const Tensor<const float>& from, Coord at, F f) {
  alignas(64) float values[kN] = {};
  std::copy_n(address(from, at), live(from.cols, at.col, kN), values);
  map_lanes(acc, [&](FloatLanes x, int, int col) {
    return f(x, FloatLanes(hn::Load(FloatTag{}, values + col)));
  });
}

// sum += part · the value of its row · factor, of all that a product has reached; part becomes 0.
template <int kM, int kN>
void add_scaled(TileSums<kM, kN>& sum, TileSums<kM, kN>& part, const Rows<kM>& rows, float factor) {
  sum.reach(part.rows, 0);
  const FloatTag d;
  for (int row = 0; row < part.rows; ++row) {
    const auto scale = hn::Set(d, rows.values[row] * factor);
    for (int col = 0; col < part.cols; col += kTileCols) {
      float* to = sum.lanes(row, col);
      hn::Store(hn::MulAdd(hn::Load(d, part.lanes(row, col)), scale, hn::Load(d, to)), d, to);
    }
  }
  part.clear();
}

// Folds the columns of every row by the associative f. Rows that no product has reached give f of
// zeros.
template <int kM, int kN, class F>
Rows<kM> fold_columns(const TileSums<kM, kN>& acc, F f) {
  Rows<kM> result;
  for (int row = 0; row < kM; row += kTileRows) {
    if (row >= acc.rows) {
      result.set(row, f(FloatLanes(0.0f), FloatLanes(0.0f)));
      continue;
    }
    __m512i x[kTileRows];
    for (int r = 0; r < kTileRows; ++r) {
      FloatLanes folded(hn::Load(FloatTag{}, acc.lanes(row + r, 0)));
      for (int col = kTileCols; col < acc.cols; col += kTileCols) {
        folded = f(folded, FloatLanes(hn::Load(FloatTag{}, acc.lanes(row + r, col))));
      }
      x[r] = _mm512_castps_si512(folded.v.raw);
    }
    transpose_words(x);  // rows become lanes
    FloatLanes lanes[kTileCols];
    unroll<kTileCols>(
        [&](auto i) { lanes[i] = FloatLanes(hn::Vec<FloatTag>{_mm512_castsi512_ps(x[i])}); });
    merge_pairwise<kTileCols>([&](auto to, auto from) { lanes[to] = f(lanes[to], lanes[from]); });
    result.set(row, lanes[0]);
  }
  return result;
}

// Sums as a left operand, rounded to bfloat16.
template <int kM, int kN>
struct RoundedSums {
  static_assert(kN % kTileDepth == 0);
  static constexpr int kRows = kM;
  static constexpr int kDepth = kN;

  RoundedSums(Scratch& scratch, const TileSums<kM, kN>& acc)
      : rows(acc.rows), depth(acc.cols), slot_(scratch, sizeof(std::uint16_t) * kM * kN) {
    values = static_cast<std::uint16_t*>(slot_.get());
    for (int row = 0; row < ceil_div(rows, kTileRows) * kTileRows; ++row) {
      for (int k = 0; k < depth; k += kTileDepth) {
        const auto lanes = [&](int col) {
          return row < rows && col < depth ? hn::Load(FloatTag{}, acc.lanes(row, col))
                                           : hn::Zero(FloatTag{});
        };
        std::uint16_t* to = values + row / kTileRows * kTileRows * kN + k * kTileRows;
        _mm512_store_si512(to + row % kTileRows * kTileDepth,
                           narrow_two(lanes(k), lanes(k + kTileCols)));
      }
    }
  }

  const std::uint16_t* tiles(int row) const { return values + std::int64_t{row} * kN; }

  std::uint16_t* values;
  int rows;
  int depth;

 private:
  Scratch::Slot slot_;
};

// Rounds sums to T and writes what lies inside the tensor and the columns in use.
template <class T, int kM, int kN>
void store(const Tensor<T>& to, Coord at, const TileSums<kM, kN>& acc, int most_rows = kM) {
  const int rows = live(to.rows, at.row, most_rows);
  const int cols = live(to.cols, at.col, acc.cols);
  const FloatTag d;
  for (int row = 0; row < rows; ++row) {
    T* out = address(to, at) + row * to.row_stride;
    for (int col = 0; col < cols; col += kTileCols) {
      const FloatLanes x(row < acc.rows ? hn::Load(d, acc.lanes(row, col)) : hn::Zero(d));
      if (col + kTileCols <= cols) {
        store(d, x.v, out + col);
      } else {
        LastPosition{.offset = col, .count = cols - col}.store(out, x);
      }
    }
  }
}

}  // namespace moat::cpu

#endif
