// SPDX-License-Identifier: Apache-2.0
// Panels of operands for the matrix unit: tile after tile, 16 bits an element.
#pragma once

#include "backends/cpu/amx/unit.hpp"

#if MOAT_CPU_TILES

#include <algorithm>
#include <bit>
#include <type_traits>

#include "backends/cpu/grouped.hpp"
#include "backends/cpu/panels.hpp"

namespace moat::cpu {

HWY_INLINE __m512i zero_bits() { return _mm512_setzero_si512(); }

// Two vectors as kTileDepth elements, rounded to nearest even.
HWY_INLINE __m512i narrow_two(hn::Vec<FloatTag> first, hn::Vec<FloatTag> second) {
  return std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(second.raw, first.raw));
}

// kTileDepth elements from p on, of which `count` exist; the others are 0. Floats of 8 bits become
// the same numbers.
template <class E>
HWY_INLINE __m512i load_tile_row(const E* p, int count) {
  const __mmask32 exist = count >= kTileDepth ? ~__mmask32{0} : (__mmask32{1} << count) - 1;
  if constexpr (std::is_same_v<E, bf16>) {
    return _mm512_maskz_loadu_epi16(exist, p);
  } else {
    static_assert(Float8<E>, "tiles take bfloat16 and what is exact in it");
    const __m256i codes = _mm256_maskz_loadu_epi8(exist, p);
    using Codes = hn::Vec<hn::Rebind<std::uint8_t, FloatTag>>;
    return narrow_two(widen<E>(FloatTag{}, Codes{_mm256_castsi256_si128(codes)}),
                      widen<E>(FloatTag{}, Codes{_mm256_extracti128_si256(codes, 1)}));
  }
}

// Which elements of two rows of kTileDepth make pairs.
struct PairsOfRows {
  alignas(64) std::uint16_t first[kTileDepth];

  // Those of kTileCols columns from `col` on; the second row's elements are kTileDepth further.
  __m512i of(int col) const {
    return _mm512_add_epi16(_mm512_load_si512(first), _mm512_set1_epi16(static_cast<short>(col)));
  }
};
inline constexpr PairsOfRows kPairsOfRows = [] {
  PairsOfRows pairs{};
  for (int i = 0; i < kTileDepth; ++i) {
    pairs.first[i] = static_cast<std::uint16_t>(i / 2 + i % 2 * kTileDepth);
  }
  return pairs;
}();

// Transposes 16 × 16 words.
HWY_INLINE void transpose_words(__m512i (&x)[16]) {
  __m512i t[16];
  __m512i u[16];
  unroll<8>([&](auto i) {
    t[2 * i] = _mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]);
  });
  // Lane l of u[4i + c] holds the column 4l + c of the rows 4i … 4i + 3.
  unroll<4>([&](auto i) {
    u[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    u[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  });
  constexpr int kEven = 0x88;
  constexpr int kOdd = 0xdd;
  unroll<4>([&](auto c) {
    const __m512i even = _mm512_shuffle_i32x4(u[c], u[c + 4], kEven);
    const __m512i odd = _mm512_shuffle_i32x4(u[c], u[c + 4], kOdd);
    const __m512i even_below = _mm512_shuffle_i32x4(u[c + 8], u[c + 12], kEven);
    const __m512i odd_below = _mm512_shuffle_i32x4(u[c + 8], u[c + 12], kOdd);
    x[c] = _mm512_shuffle_i32x4(even, even_below, kEven);
    x[c + 4] = _mm512_shuffle_i32x4(odd, odd_below, kEven);
    x[c + 8] = _mm512_shuffle_i32x4(even, even_below, kOdd);
    x[c + 12] = _mm512_shuffle_i32x4(odd, odd_below, kOdd);
  });
}

// Rows of a tile of the right operand from kTileCols columns of kTileDepth elements, which
// column(c) gives.
template <class Column>
HWY_INLINE void pack_pairs_of_columns(Column column, std::uint16_t* to) {
  __m512i x[kTileCols];
  unroll<kTileCols>([&](auto c) __attribute__((always_inline)) { x[c] = column(c); });
  transpose_words(x);
  unroll<kTileRows>([&](auto r) { _mm512_store_si512(to + r * kTileDepth, x[r]); });
}

// Two tiles of the right operand, `next` elements apart, from kTileDepth rows of kBlock columns,
// which row(k) gives: whole lines of memory are read.
template <class Row>
HWY_INLINE void pack_pairs_of_rows(Row row, std::uint16_t* to, std::int64_t next) {
  static_assert(kBlock == kTileDepth);
  const __m512i first = kPairsOfRows.of(0);
  const __m512i second = kPairsOfRows.of(kTileCols);
  for (int r = 0; r < kTileRows; ++r, to += kTileDepth) {
    const __m512i even = row(2 * r);
    const __m512i odd = row(2 * r + 1);
    _mm512_store_si512(to, _mm512_permutex2var_epi16(even, first, odd));
    _mm512_store_si512(to + next, _mm512_permutex2var_epi16(even, second, odd));
  }
}

// kM × kK elements: kTileRows rows after the other, tile by tile along the depth. What is missing
// of the last tiles is 0.
template <class E, int kM, int kK>
struct TileLeft {
  static_assert(kM % kTileRows == 0 && kK % kTileDepth == 0);
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
    const E* from = address(source, at);
    for (int r = 0; r < ceil_div(rows, kTileRows) * kTileRows; ++r, from += source.row_stride) {
      std::uint16_t* to = values + r / kTileRows * kTileRows * kK + r % kTileRows * kTileDepth;
      for (int k = 0; k < depth; k += kTileDepth, to += kTileElements) {
        __builtin_prefetch(from + source.row_stride + k);
        _mm512_store_si512(to, r < rows ? load_tile_row(from + k, depth - k) : zero_bits());
      }
    }
  }

  // The first tile of the rows from `row` on.
  const std::uint16_t* tiles(int row) const { return values + std::int64_t{row} * kK; }
};

// A block of columns of the right operand from `col` on, for the whole depth, tile by tile of
// kTileCols. P has pack_block(col, k, to, next), for kBlock columns and elements of which some
// exist.
template <class P>
void pack_tiles(const P& panel, int col, std::uint16_t* to) {
  for (int k = 0; k < panel.depth; k += kTileDepth, to += kTileElements) {
    panel.pack_block(col, k, to, std::int64_t{kTileCols} * P::kDepth);
  }
}

// Packed as it is multiplied, a block of columns at a time, which stays in L1 for all rows.
template <class E, int kK, int kN, Order kOrder>
struct StreamedTiles : RightInMemory<E, kK, kN, kOrder> {
  static_assert(kK % kTileDepth == 0 && kN % kBlock == 0);
  static constexpr int kTogether = kBlock;
  using Base = RightInMemory<E, kK, kN, kOrder>;
  using Base::cols;
  using Base::depth;

  void pack_block(int col, int k, std::uint16_t* to, std::int64_t next) const {
    if constexpr (kOrder == Order::transposed) {
      for (int c = col; c < std::min(cols, col + kBlock); c += kTileCols, to += next) {
        const E* const columns = Base::from + c * Base::stride + k;
        pack_pairs_of_columns(
            [&](int i) __attribute__((always_inline)) {
              __builtin_prefetch(columns + (kTileCols + i) * Base::stride);
              return c + i < cols ? load_tile_row(columns + i * Base::stride, depth - k)
                                  : zero_bits();
            },
            to);
      }
    } else {
      pack_pairs_of_rows(
          [&](int i) __attribute__((always_inline)) {
            if (k + i >= depth) return zero_bits();
            const E* const row = Base::from + (k + i) * Base::stride + col;
            __builtin_prefetch(row + kBlock);
            return load_tile_row(row, cols - col);
          },
          to, next);
    }
  }

  void pack(int col, std::uint16_t* to) const { pack_tiles(*this, col, to); }
};

// Codes with a scale for each group likewise, scaled in f32 and rounded.
template <class C, class Scale, int kK, int kN>
struct GroupedTiles : GroupedInMemory<C, Scale, kK, kN> {
  static_assert(kGroup<C> % kTileDepth == 0 && kN % kBlock == 0);
  static constexpr int kTogether = kBlock;
  using Base = GroupedInMemory<C, Scale, kK, kN>;
  using Base::cols;
  using Base::depth;

  void pack_block(int col, int k, std::uint16_t* to, std::int64_t next) const {
    for (int c = col; c < std::min(cols, col + kBlock); c += kTileCols, to += next) {
      pack_pairs_of_columns(
          [&](int i) __attribute__((always_inline)) {
            if (c + i >= cols) return zero_bits();
            const FloatTag d;
            const C* const part = Base::codes_of(c + i) + k / kPerUnit<C>;
            const auto scale = scale_lanes(d, Base::scales_of(c + i)[k / kGroup<C>]);
            return narrow_two(hn::Mul(decode_lanes(d, part), scale),
                              hn::Mul(decode_lanes(d, part + kLanes / kPerUnit<C>), scale));
          },
          to);
    }
  }

  void pack(int col, std::uint16_t* to) const { pack_tiles(*this, col, to); }
};

}  // namespace moat::cpu

#endif
