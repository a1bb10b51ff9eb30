// SPDX-License-Identifier: Apache-2.0
// Products of bfloat16 by the matrix unit of x86.
#pragma once

#include "backends/cpu/amx/sums.hpp"

#if MOAT_CPU_TILES

#include <algorithm>
#include <type_traits>

#include "backends/cpu/tiling.hpp"

namespace moat::cpu {

// acc += left · right, or acc = left · right if `fresh`, for kDown × kAcross tiles of sums: `steps`
// tiles along the depth of each row and column of tiles, which are `left_next` and `right_next`
// elements apart. Rows of sums are `acc_next` floats apart, columns follow one another.
template <int kDown, int kAcross>
HWY_NOINLINE void multiply_tiles(const std::uint16_t* left, std::int64_t left_next,
                                 const std::uint16_t* right, std::int64_t right_next, int steps,
                                 bool fresh, float* acc, std::int64_t acc_next) {
  // Compilers do not know that loads of tiles read memory (GCC 12 declares none).
  asm volatile("" ::: "memory");
  constexpr int kStride = kTileBytes;
  if (fresh) {
    _tile_zero(0);
    if constexpr (kAcross == 2) _tile_zero(1);
    if constexpr (kDown == 2) _tile_zero(2);
    if constexpr (kDown == 2 && kAcross == 2) _tile_zero(3);
  } else {
    _tile_loadd(0, acc, kStride);
    if constexpr (kAcross == 2) _tile_loadd(1, acc + kTileSums, kStride);
    if constexpr (kDown == 2) _tile_loadd(2, acc + acc_next, kStride);
    if constexpr (kDown == 2 && kAcross == 2) {
      _tile_loadd(3, acc + acc_next + kTileSums, kStride);
    }
  }
  for (int step = 0; step < steps; ++step, left += kTileElements, right += kTileElements) {
    _tile_loadd(4, left, kStride);
    _tile_loadd(6, right, kStride);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kAcross == 2) {
      _tile_loadd(7, right + right_next, kStride);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kDown == 2) {
      _tile_loadd(5, left + left_next, kStride);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (kDown == 2 && kAcross == 2) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, acc, kStride);
  if constexpr (kAcross == 2) _tile_stored(1, acc + kTileSums, kStride);
  if constexpr (kDown == 2) _tile_stored(2, acc + acc_next, kStride);
  if constexpr (kDown == 2 && kAcross == 2) {
    _tile_stored(3, acc + acc_next + kTileSums, kStride);
  }
}

// acc += left · right, over the rows, depth and used columns that both hold. L is a TileLeft or the
// operand that sums became, R one of the right operands.
template <int kM, int kN, class L, class R>
void multiply(TileSums<kM, kN>& acc, const L& left, const R& right) {
  constexpr int kK = R::kDepth;
  static_assert(L::kDepth == kK && L::kRows == kM && R::kCols == kN);
  alignas(64) std::uint16_t room[kK * kBlock];
  const int cols = std::min(right.cols, acc.cols);
  const int steps = ceil_div(std::min(left.depth, right.depth), kTileDepth);
  const bool fresh = acc.reach(left.rows, cols);
  constexpr std::int64_t kNext = std::int64_t{kTileRows} * kK;
  constexpr std::int64_t kNextSums = std::int64_t{kTileRows} * kN;
  for (int col = 0; col < cols; col += kBlock) {
    const std::uint16_t* const columns = packed_columns(right, col, room);
    const bool both_cols = cols - col > kTileCols;
    for (int row = 0; row < left.rows; row += kBlock) {
      const bool both_rows = left.rows - row > kTileRows;
      const auto run = [&](auto down, auto across) {
        multiply_tiles<down, across>(left.tiles(row), kNext, columns, kNext, steps, fresh,
                                     acc.tile(row, col), kNextSums);
      };
      const std::integral_constant<int, 1> one;
      const std::integral_constant<int, 2> two;
      if (both_rows) {
        both_cols ? run(two, two) : run(two, one);
      } else {
        both_cols ? run(one, two) : run(one, one);
      }
    }
  }
}

// What modes/tiles.hpp knows of this unit.
struct MatrixUnit {
  template <class E, int kM, int kK>
  using Left = TileLeft<E, kM, kK>;
  template <class E, int kK, int kN, Order kOrder>
  using Right = StreamedTiles<E, kK, kN, kOrder>;
  template <class C, class Scale, int kK, int kN>
  using GroupedRight = GroupedTiles<C, Scale, kK, kN>;
  template <class T, int kK, int kN, Order kOrder>
  using KeptRight = PackedWhole<StreamedTiles<T, kK, kN, kOrder>, std::uint16_t>;
  template <int kM, int kN>
  using Sums = TileSums<kM, kN>;
  template <int kM, int kN>
  using Rounded = RoundedSums<kM, kN>;
  using InUse = TilesInUse;

  // Tiles of a matrix are multiples of it.
  static constexpr TileSize kUnit{kBlock, kBlock};
  static constexpr std::int64_t kPackingCost = kTilePackingCost;
  // Rows that are multiplied in place: packing an element of B takes as long as the products of so
  // many. Where B's columns are contiguous, it is packed at the rate of memory; codes are packed
  // sooner than they are decoded again for a few rows at a time.
  static constexpr int kRowsInPlace = 16;
  static constexpr int kRowsOfColumnsInPlace = 8;
  static constexpr int kRowsOfCodesInPlace = 4;
};

}  // namespace moat::cpu

#endif
