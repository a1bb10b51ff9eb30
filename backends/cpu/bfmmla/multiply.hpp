// SPDX-License-Identifier: Apache-2.0
// Products of bfloat16 by BFMMLA.
#pragma once

#include "backends/cpu/bfmmla/sums.hpp"

#if MOAT_CPU_BFMMLA

#include <algorithm>

#include "backends/cpu/tiling.hpp"

namespace moat::cpu {

// acc += left · right, or acc = left · right if `fresh`, for kPairs pairs of rows and kBlockCols
// columns: `steps` steps along the depth. Rows of sums are `acc_stride` floats apart.
template <int kPairs>
HWY_NOINLINE void multiply_blocks(const std::uint16_t* HWY_RESTRICT left,
                                  const std::uint16_t* HWY_RESTRICT right, int steps, bool fresh,
                                  float* HWY_RESTRICT acc, std::int64_t acc_stride) {
  const auto block = [](const std::uint16_t* p) { return vreinterpretq_bf16_u16(vld1q_u16(p)); };
  // Two blocks of sums are four columns of two rows, and back.
  const auto first = [](float32x4_t a, float32x4_t b) {
    return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
  };
  const auto second = [](float32x4_t a, float32x4_t b) {
    return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
  };
  float32x4_t sum[kPairs][kColumnPairs];
  unroll<kPairs>([&](auto p) {
    const float* const upper = acc + 2 * p * acc_stride;
    const float* const lower = upper + acc_stride;
    unroll<kColumnPairs / 2>([&](auto c) {
      const auto a = fresh ? vdupq_n_f32(0) : vld1q_f32(upper + 4 * c);
      const auto b = fresh ? vdupq_n_f32(0) : vld1q_f32(lower + 4 * c);
      sum[p][2 * c] = first(a, b);
      sum[p][2 * c + 1] = second(a, b);
    });
  });
  for (int step = 0; step < steps; ++step) {
    bfloat16x8_t columns[kColumnPairs];
    unroll<kColumnPairs>([&](auto c) { columns[c] = block(right + c * kBlockElements); });
    unroll<kPairs>([&](auto p) {
      const auto rows = block(left + p * kBlockElements);
      unroll<kColumnPairs>([&](auto c) { sum[p][c] = vbfmmlaq_f32(sum[p][c], rows, columns[c]); });
    });
    left += kRowPairs * kBlockElements;
    right += kColumnPairs * kBlockElements;
  }
  unroll<kPairs>([&](auto p) {
    float* const upper = acc + 2 * p * acc_stride;
    float* const lower = upper + acc_stride;
    unroll<kColumnPairs / 2>([&](auto c) {
      vst1q_f32(upper + 4 * c, first(sum[p][2 * c], sum[p][2 * c + 1]));
      vst1q_f32(lower + 4 * c, second(sum[p][2 * c], sum[p][2 * c + 1]));
    });
  });
}

// acc += left · right, over the rows, depth and used columns that both hold. L is a BlockLeft or
// the operand that sums became, R one of the right operands.
template <int kM, int kN, class L, class R>
void multiply(BlockSums<kM, kN>& acc, const L& left, const R& right) {
  constexpr int kK = R::kDepth;
  static_assert(L::kDepth == kK && L::kRows == kM && R::kCols == kN);
  alignas(64) std::uint16_t room[kK * kBlockCols];
  const int cols = std::min(right.cols, acc.cols);
  const int steps = ceil_div(std::min(left.depth, right.depth), kBlockDepth);
  const bool fresh = acc.reach(left.rows, cols);
  for (int col = 0; col < cols; col += kBlockCols) {
    const std::uint16_t* const columns = packed_columns(right, col, room);
    for (int row = 0; row < left.rows; row += kBlockRows) {
      const int pairs = ceil_div(std::min(kBlockRows, left.rows - row), 2);
      with_count<kRowPairs>(pairs, [&](auto count) {
        multiply_blocks<count>(left.blocks(row), columns, steps, fresh, acc.lanes(row, col), kN);
      });
    }
  }
}

// What modes/tiles.hpp knows of this unit.
struct MatrixUnit {
  template <class E, int kM, int kK>
  using Left = BlockLeft<E, kM, kK>;
  template <class E, int kK, int kN, Order kOrder>
  using Right = StreamedBlocks<E, kK, kN, kOrder>;
  template <class C, class Scale, int kK, int kN>
  using GroupedRight = GroupedBlocks<C, Scale, kK, kN>;
  template <class T, int kK, int kN, Order kOrder>
  using KeptRight = PackedWhole<StreamedBlocks<T, kK, kN, kOrder>, std::uint16_t>;
  template <int kM, int kN>
  using Sums = BlockSums<kM, kN>;
  template <int kM, int kN>
  using Rounded = RoundedBlocks<kM, kN>;
  struct InUse {};

  // Tiles of a matrix are multiples of it.
  static constexpr TileSize kUnit{kBlockRows, kBlockCols};
  static constexpr std::int64_t kPackingCost = kBlockPackingCost;
  // Rows that are multiplied in place: packing an element of B takes as long as the products of so
  // many.
  static constexpr int kRowsInPlace = 16;
  static constexpr int kRowsOfColumnsInPlace = 16;
  static constexpr int kRowsOfCodesInPlace = 16;
};

}  // namespace moat::cpu

#endif
