// SPDX-License-Identifier: Apache-2.0
// Sums of products by BFMMLA, and what is done with them.
#pragma once

#include "backends/cpu/bfmmla/operands.hpp"

#if MOAT_CPU_BFMMLA

#include "backends/cpu/sums_by_rows.hpp"

namespace moat::cpu {

// Sums row by row: the blocks that products have in registers are taken apart when they are stored.
template <int kM, int kN>
class BlockSums : public SumsInScratch<kM, kN, 1, kBlockCols> {
 public:
  static_assert(kM % kBlockRows == 0 && kBlockCols % kLanes == 0);

  using BlockSums::SumsInScratch::SumsInScratch;

  // The sums of a row from column `col` on.
  float* lanes(int row, int col) const { return this->values + std::int64_t{row} * kN + col; }
};

// Folds the columns of every row by the associative and commutative f. Rows that no product has
// reached give f of zeros.
template <int kM, int kN, class F>
Rows<kM> fold_columns(const BlockSums<kM, kN>& acc, F f) {
  const FloatTag d;
  Rows<kM> result;
  for (int row = 0; row < kM; row += kLanes) {
    FloatLanes folded[kLanes];
    unroll<kLanes>([&](auto r) {
      if (row + r >= acc.rows) {
        folded[r] = f(FloatLanes(0.0f), FloatLanes(0.0f));
        return;
      }
      folded[r] = FloatLanes(hn::Load(d, acc.lanes(row + r, 0)));
      for (int col = kLanes; col < acc.cols; col += kLanes) {
        folded[r] = f(folded[r], FloatLanes(hn::Load(d, acc.lanes(row + r, col))));
      }
    });
    static_assert(kLanes == kPiece || kLanes == 2 * kPiece);
    hn::Vec<FloatTag> x[kPiece];
    unroll<kPiece>([&](auto r) {
      if constexpr (kLanes == kPiece) {
        x[r] = folded[r].v;
      } else {
        const auto low = folded[r].v, high = folded[r + kPiece].v;
        x[r] = f(FloatLanes(hn::ConcatLowerLower(d, high, low)),
                 FloatLanes(hn::ConcatUpperUpper(d, high, low)))
                   .v;
      }
    });
    transpose_blocks(d, x);  // rows become lanes
    result.set(row, f(f(x[0], x[2]), f(x[1], x[3])));
  }
  return result;
}

// Sums as a left operand, rounded to bfloat16.
template <int kM, int kN>
struct RoundedBlocks {
  static constexpr int kRows = kM;
  static constexpr int kDepth = kN;

  RoundedBlocks(Scratch& scratch, const BlockSums<kM, kN>& acc)
      : rows(acc.rows), depth(acc.cols), slot_(scratch, sizeof(std::uint16_t) * kM * kN) {
    values = static_cast<std::uint16_t*>(slot_.get());
    for (int r = 0; r < rows; r += 2) {
      const auto row = [&](int i) {
        return [&, i](int k) {
          if (i >= rows) return vdupq_n_u16(0);
          const float* const x = acc.lanes(i, k);
          return narrow_two(vld1q_f32(x), vld1q_f32(x + 4));
        };
      };
      pack_pair(row(r), row(r + 1), depth, left_block<kN>(values, r), kRowPairs * kBlockElements);
    }
  }

  const std::uint16_t* blocks(int row) const { return values + std::int64_t{row} * kN; }

  std::uint16_t* values;
  int rows;
  int depth;

 private:
  Scratch::Slot slot_;
};

}  // namespace moat::cpu

#endif
