// SPDX-License-Identifier: Apache-2.0
// Sums of the matrix unit, and what is done with them.
#pragma once

#include "backends/cpu/amx/operands.hpp"

#if MOAT_CPU_TILES

#include "backends/cpu/sums_by_rows.hpp"

namespace moat::cpu {

// Sums tile by tile.
template <int kM, int kN>
class TileSums : public SumsInScratch<kM, kN, kTileRows, kTileCols> {
 public:
  using TileSums::SumsInScratch::SumsInScratch;

  // The tile that begins with this row and column.
  float* tile(int row, int col) const { return this->values + row * kN + col * kTileRows; }
  // kTileCols columns of a row, from `col` on.
  float* lanes(int row, int col) const {
    return tile(row / kTileRows * kTileRows, col) + row % kTileRows * kTileCols;
  }
};

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

}  // namespace moat::cpu

#endif
