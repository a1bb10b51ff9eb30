// SPDX-License-Identifier: Apache-2.0
// Panels of operands for BFMMLA: blocks of two rows, or two columns, by four elements along the
// depth, 16 bits an element. The blocks of kBlockRows rows, or kBlockCols columns, that one step of
// the depth multiplies follow one another.
#pragma once

#include "backends/cpu/bfmmla/unit.hpp"

#if MOAT_CPU_BFMMLA

#include <algorithm>
#include <type_traits>

#include "backends/cpu/grouped.hpp"
#include "backends/cpu/panels.hpp"

namespace moat::cpu {

// Vectors of four floats, whatever the length of others.
using FourTag = hn::FixedTag<float, 4>;

// The same as a register of NEON, whose lanes share their place with the first ones of a vector of
// SVE; GCC 12 has no name for that.
HWY_INLINE float32x4_t four_of(hn::Vec<FourTag> x) {
#if HWY_HAVE_SCALABLE
  alignas(16) float lanes[4];
  hn::Store(x, FourTag{}, lanes);
  return vld1q_f32(lanes);
#else
  return x.raw;
#endif
}

// Eight floats as elements, rounded to nearest even.
HWY_INLINE uint16x8_t narrow_two(float32x4_t first, float32x4_t second) {
  return vreinterpretq_u16_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(first), second));
}

// The same of floats that are exact in 16 bits.
HWY_INLINE uint16x8_t upper_halves(float32x4_t first, float32x4_t second) {
  return vuzp2q_u16(vreinterpretq_u16_f32(first), vreinterpretq_u16_f32(second));
}

// Eight elements from p on, of which `count` exist; the others are 0. Floats of 8 bits become the
// same numbers.
template <class E>
HWY_INLINE uint16x8_t load_eight(const E* p, int count) {
  E edge[kBlockElements] = {};
  if (count < kBlockElements) {
    std::copy_n(p, std::max(count, 0), edge);
    p = edge;
  }
  if constexpr (std::is_same_v<E, bf16>) {
    return vld1q_u16(reinterpret_cast<const std::uint16_t*>(p));
  } else {
    static_assert(Float8<E>, "blocks take bfloat16 and what is exact in it");
    const FourTag d;
    return upper_halves(four_of(load(d, p)), four_of(load(d, p + kBlockDepth)));
  }
}

// The blocks of a pair of rows or columns, `step` elements apart; first(k) and second(k) give eight
// elements of each from k on.
template <class First, class Second>
HWY_INLINE void pack_pair(First first, Second second, int depth, std::uint16_t* to, int step) {
  for (int k = 0; k < depth; k += 2 * kBlockDepth, to += 2 * step) {
    const auto a = vreinterpretq_u64_u16(first(k));
    const auto b = vreinterpretq_u64_u16(second(k));
    vst1q_u16(to, vreinterpretq_u16_u64(vzip1q_u64(a, b)));
    vst1q_u16(to + step, vreinterpretq_u16_u64(vzip2q_u64(a, b)));
  }
}

// The first block of the pair of rows that begins with `row`, in a left panel of depth kK.
template <int kK>
HWY_INLINE std::uint16_t* left_block(std::uint16_t* values, int row) {
  return values + std::int64_t{row / kBlockRows * kBlockRows} * kK +
         row % kBlockRows / 2 * kBlockElements;
}

// kM × kK elements.
template <class E, int kM, int kK>
struct BlockLeft {
  static_assert(kM % kBlockRows == 0 && kK % kBlockElements == 0);
  static constexpr int kRows = kM;
  static constexpr int kDepth = kK;
  using Source = Tensor<const E>;

  alignas(64) std::uint16_t values[kM * kK];
  int rows;
  int depth;
  PanelTag tag;

  static Source bind(Tensor<const E> t) { return t; }

  void load(const Source& source, Coord at, int most_rows = kM) {
    rows = live(source.rows, at.row, most_rows);
    depth = live(source.cols, at.col, kK);
    const E* const from = address(source, at);
    for (int r = 0; r < rows; r += 2) {
      const auto row = [&](int i) {
        return [&, p = from + i * source.row_stride, exists = i < rows](int k) {
          if (!exists) return vdupq_n_u16(0);
          __builtin_prefetch(p + 2 * source.row_stride + k);
          return load_eight(p + k, depth - k);
        };
      };
      pack_pair(row(r), row(r + 1), depth, left_block<kK>(values, r), kRowPairs * kBlockElements);
    }
  }

  // The first block of kBlockRows rows from `row` on.
  const std::uint16_t* blocks(int row) const { return values + std::int64_t{row} * kK; }
};

// Packs columns that elements(column, k) gives, eight from k on.
template <class Elements>
HWY_INLINE void pack_column_pairs(Elements elements, int col, int cols, int depth,
                                  std::uint16_t* to) {
  for (int c = col; c < col + kBlockCols; c += 2, to += kBlockElements) {
    const auto column = [&](int i) {
      return [&, i](int k) { return i < cols ? elements(i, k) : vdupq_n_u16(0); };
    };
    pack_pair(column(c), column(c + 1), depth, to, kColumnPairs * kBlockElements);
  }
}

// Packed as it is multiplied, kBlockCols columns at a time, which stay in L1 for all rows.
template <class E, int kK, int kN, Order kOrder>
struct StreamedBlocks : RightInMemory<E, kK, kN, kOrder> {
  static_assert(kK % kBlockElements == 0 && kN % kBlockCols == 0);
  static constexpr int kTogether = kBlockCols;
  using Base = RightInMemory<E, kK, kN, kOrder>;
  using Base::cols;
  using Base::depth;

  void pack(int col, std::uint16_t* to) const {
    if constexpr (kOrder == Order::transposed) {
      pack_column_pairs(
          [&](int i, int k) {
            const E* const column = Base::from + i * Base::stride;
            __builtin_prefetch(column + kBlockCols * Base::stride + k);
            return load_eight(column + k, depth - k);
          },
          col, cols, depth, to);
    } else {
      for (int k = 0; k < depth; k += kBlockDepth, to += kColumnPairs * kBlockElements) {
        pack_rows_of_step(k, col, to);
      }
    }
  }

 private:
  // Transposes the elements of a step, four rows of kBlockCols columns.
  void pack_rows_of_step(int k, int col, std::uint16_t* to) const {
    const auto row = [&](int i) {
      if (i >= depth) return vdupq_n_u16(0);
      const E* const elements = Base::from + i * Base::stride + col;
      __builtin_prefetch(elements + kBlockCols);
      return load_eight(elements, cols - col);
    };
    const uint16x8_t rows[kBlockDepth] = {row(k), row(k + 1), row(k + 2), row(k + 3)};
    const auto pairs = [](uint16x8_t a) { return vreinterpretq_u32_u16(a); };
    const auto store = [&](int i, uint32x4_t block) {
      vst1q_u16(to + i * kBlockElements, vreinterpretq_u16_u32(block));
    };
    const auto low01 = pairs(vzip1q_u16(rows[0], rows[1]));
    const auto low23 = pairs(vzip1q_u16(rows[2], rows[3]));
    const auto high01 = pairs(vzip2q_u16(rows[0], rows[1]));
    const auto high23 = pairs(vzip2q_u16(rows[2], rows[3]));
    store(0, vzip1q_u32(low01, low23));
    store(1, vzip2q_u32(low01, low23));
    store(2, vzip1q_u32(high01, high23));
    store(3, vzip2q_u32(high01, high23));
  }
};

// Codes with a scale for each group likewise, scaled in f32 and rounded.
template <class C, class Scale, int kK, int kN>
struct GroupedBlocks : GroupedInMemory<C, Scale, kK, kN> {
  static_assert(kGroup<C> % kBlockElements == 0 && kN % kBlockCols == 0);
  static constexpr int kTogether = kBlockCols;
  using Base = GroupedInMemory<C, Scale, kK, kN>;
  using Base::cols;
  using Base::depth;

  void pack(int col, std::uint16_t* to) const {
    pack_column_pairs(
        [&](int i, int k) {
          const FourTag d;
          const C* const part = Base::codes_of(i) + k / kPerUnit<C>;
          const auto scale = scale_lanes(d, Base::scales_of(i)[k / kGroup<C>]);
          const auto four = [&](const C* from) {
            return four_of(hn::Mul(decode_lanes(d, from), scale));
          };
          return narrow_two(four(part), four(part + kBlockDepth / kPerUnit<C>));
        },
        col, cols, depth, to);
  }
};

}  // namespace moat::cpu

#endif
