// SPDX-License-Identifier: Apache-2.0
// Right operands whose rows lie in pages, packed for the matrix unit.
#pragma once

#include "backends/cpu/amx/operands.hpp"
#include "backends/cpu/coded_pages.hpp"

#if MOAT_CPU_TILES

#include <algorithm>

namespace moat::cpu {

// Up to kBlock neighbouring rows of a paged source as bfloat16, wherever they lie.
template <class E, int kWidth>
class RowsOfPages {
 public:
  // `count` rows from at.row on, of each `width` elements from at.col on.
  RowsOfPages(const PagedSource<E>& source, Coord at, int count, int width)
      : count_(count), width_(width) {
    const std::int64_t stride = source.view.pages.row_stride;
    source.for_each_run(at, count, [&](int i, int run, const E* p) {
      for (int r = 0; r < run; ++r) rows_[i + r] = p + r * stride;
    });
  }

  // kTileDepth elements from `col` on; what is missing is 0.
  HWY_INLINE __m512i load(int row, int col) const {
    return row < count_ ? load_tile_row(rows_[row] + col, width_ - col) : zero_bits();
  }

 private:
  const E* rows_[kBlock];
  int count_;
  int width_;
};

// Keys in codes are decoded.
template <int kWidth>
class RowsOfPages<CodedKey, kWidth> {
 public:
  RowsOfPages(const PagedSource<CodedKey>& source, Coord at, int count, int width)
      : count_(count), width_(width) {
    const int first = at.col;
    at.col = 0;  // of which a key is one element
    const std::int64_t stride = source.view.pages.row_stride;
    source.for_each_run(at, count, [&](int i, int run, const CodedKey* p) {
      for (int r = 0; r < run; ++r) decode_key(p[r * stride], first, width, values_[i + r]);
    });
  }

  HWY_INLINE __m512i load(int row, int col) const {
    return row < count_ ? load_tile_row(values_[row] + col, width_ - col) : zero_bits();
  }

 private:
  alignas(64) bf16 values_[kBlock][kWidth];
  int count_;
  int width_;
};

// As PackedTiles.
template <class E, int kK, int kN, Order kOrder>
struct PagedTiles {
  static_assert(kK % kTileDepth == 0 && kN % kBlock == 0);
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  using Source = PagedSource<E>;

  alignas(64) std::uint16_t values[kK * kN];
  int depth;
  int cols;
  PanelTag tag;

  static Source bind(const Paged<E>& view) { return Source::bind(view); }
  // A tile's rows share a head, that of the coordinate.
  static Source bind(const Paged<E>& view, int /*rows_per_head*/) { return bind(view); }

  void load(const Source& source, Coord at) {
    const Coord first = kIsKey ? flipped(at) : at;  // key, and its first number
    const int keys = source.rows_from(first.row, first.batch, kIsKey ? kN : kK);
    const int numbers = live(source.view.pages.cols, first.col, kWidth);
    depth = kIsKey ? numbers : keys;
    cols = kIsKey ? keys : numbers;
    for (int key = 0; key < keys; key += kBlock) {
      const RowsOfPages<E, kWidth> rows(
          source,
          {.row = first.row + key, .col = first.col, .head = first.head, .batch = first.batch},
          std::min(kBlock, keys - key), numbers);
      if constexpr (kIsKey) {
        pack_columns(rows, key, std::min(kBlock, keys - key));
      } else {
        pack_rows(rows, key);
      }
    }
  }

  const std::uint16_t* block(int col, std::uint16_t* /*room*/) const {
    return values + std::int64_t{col} * kK;
  }

 private:
  static constexpr bool kIsKey = kOrder == Order::transposed;
  static constexpr int kWidth = kIsKey ? kK : kN;  // numbers of a key

  // The tile of the columns from `col` on and the depth from `k` on.
  std::uint16_t* tile(int col, int k) {
    return values + std::int64_t{col} * kK + k / kTileDepth * kTileElements;
  }

  template <class R>
  void pack_columns(const R& rows, int col, int count) {
    for (int c = 0; c < count; c += kTileCols) {
      for (int k = 0; k < depth; k += kTileDepth) {
        pack_pairs_of_columns(
            [&](int i) __attribute__((always_inline)) { return rows.load(c + i, k); },
            tile(col + c, k));
      }
    }
  }

  template <class R>
  void pack_rows(const R& rows, int k) {
    for (int c = 0; c < cols; c += kBlock) {
      pack_pairs_of_rows(
          [&](int i) __attribute__((always_inline)) { return rows.load(i, c); }, tile(c, k),
          std::int64_t{kTileCols} * kK);
    }
  }
};

}  // namespace moat::cpu

#endif
