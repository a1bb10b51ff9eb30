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
    decode_keys(source, at, count, width, values_[0], kWidth);
  }

  HWY_INLINE __m512i load(int row, int col) const {
    return row < count_ ? load_tile_row(values_[row] + col, width_ - col) : zero_bits();
  }

 private:
  alignas(64) bf16 values_[kBlock][kWidth];
  int count_;
  int width_;
};

// As a PackedWhole.
template <class E, int kK, int kN, Order kOrder>
struct PagedTiles : PagedPanel<std::uint16_t, E, kK, kN, kOrder> {
  static_assert(kK % kTileDepth == 0 && kN % kBlock == 0);
  using Panel = PagedPanel<std::uint16_t, E, kK, kN, kOrder>;

  void load(const PagedSource<E>& source, Coord at) {
    const KeysOfPages part = this->keys_from(source, at);
    for (int key = 0; key < part.keys; key += kBlock) {
      const int count = std::min(kBlock, part.keys - key);
      const RowsOfPages<E, Panel::kWidth> rows(source, part.at(key), count, part.numbers);
      if constexpr (Panel::kIsKey) {
        pack_columns(rows, key, count);
      } else {
        pack_rows(rows, key);
      }
    }
  }

 private:
  // The tile of the columns from `col` on and the depth from `k` on.
  std::uint16_t* tile(int col, int k) {
    return this->values + std::int64_t{col} * kK + k / kTileDepth * kTileElements;
  }

  template <class R>
  void pack_columns(const R& rows, int col, int count) {
    for (int c = 0; c < count; c += kTileCols) {
      for (int k = 0; k < this->depth; k += kTileDepth) {
        pack_pairs_of_columns(
            [&](int i) __attribute__((always_inline)) { return rows.load(c + i, k); },
            tile(col + c, k));
      }
    }
  }

  template <class R>
  void pack_rows(const R& rows, int k) {
    for (int c = 0; c < this->cols; c += kBlock) {
      pack_pairs_of_rows(
          [&](int i) __attribute__((always_inline)) { return rows.load(i, c); }, tile(c, k),
          std::int64_t{kTileCols} * kK);
    }
  }
};

}  // namespace moat::cpu

#endif
