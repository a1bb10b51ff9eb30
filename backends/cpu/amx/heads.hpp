// SPDX-License-Identifier: Apache-2.0
// Products of few queries with the keys and values of all heads of a sequence, as in heads.hpp, by
// the matrix unit. Keys are the left operand as they lie in memory, with queries as columns; only
// values are packed.
#pragma once

#include "backends/cpu/amx/operands.hpp"
#include "backends/cpu/heads.hpp"

#if MOAT_CPU_TILES

#include <algorithm>

namespace moat::cpu {

// Rows of queries as they lie in the tensor, of which row 0 is row `first`.
template <class T, int kM, int kK>
struct TileQueries : LeftInMemory<T, kM, kK> {
  static_assert(kK % kTileDepth == 0);
  int first;

  void load(const Tensor<const T>& source, Coord at) {
    LeftInMemory<T, kM, kK>::load(source, at);
    first = at.row;
  }
};

// Fetches the panel that is read after this one into the second cache, from end to end, as fast as
// this one is read: head by head its lines lie too far apart for the processor's own fetching.
template <class Right>
class PanelAhead {
 public:
  // For a tile of `rows` rows of queries, of which the first is row `first` of the tensor.
  PanelAhead(const Right& right, int first, int rows) : right_(right) {
    const int head = first / right.rows_per_head;
    const int heads = (first + rows - 1) / right.rows_per_head - head + 1;
    at_ = head * right.next_head_stride;
    lines_ = heads * right.next_head_dim / kTileDepth;
    from_ = right_.next_row(0) + at_;
  }

  HWY_INLINE void fetch(int lines) {
    for (int i = 0; i < lines; ++i) {
      __builtin_prefetch(from_ + line_ * kTileDepth, 0, 2);
      if (++line_ == lines_) {
        line_ = 0;
        row_ = std::min(row_ + 1, Right::kKeys - 1);
        from_ = right_.next_row(row_) + at_;
      }
    }
  }

 private:
  const Right& right_;
  std::int64_t at_;
  int lines_;  // of a row of all heads of the tile
  const typename Right::T* from_;
  int row_ = 0;
  int line_ = 0;
};

// Calls for every turn prepare(turn), multiply(turn) and finish(turn), each a call behind the one
// before it: what vectors have stored is loaded as tiles only when it is in the cache, and the
// other way round, because the store buffer passes on neither.
template <class Prepare, class Multiply, class Finish>
HWY_INLINE void overlap(int turns, Prepare prepare, Multiply multiply, Finish finish) {
  for (int t = 0; t < turns + 2; ++t) {
    if (t < turns) prepare(t);
    if (t >= 2) finish(t - 2);
    if (t >= 1 && t <= turns) multiply(t - 1);
  }
}

// Where kTileRows rows of a left operand lie.
struct RowsInMemory {
  const void* from;
  std::int64_t bytes;  // between them
};

// kTileRows keys from `key` on, of which some exist, of the head at `at`: where they lie if they
// are evenly apart, else copied to `room`. Missing ones are 0.
template <int kK, class Right>
RowsInMemory keys_of_head(const Right& right, int key, std::int64_t at, bf16* room) {
  constexpr std::int64_t kBytes = sizeof(bf16);
  const int count = std::min(kTileRows, right.keys - key);
  const std::int64_t stride = right.row(key + 1) - right.row(key);
  bool even = count == kTileRows;
  for (int i = 2; even && i < kTileRows; ++i) {
    even = right.row(key + i) == right.row(key) + i * stride;
  }
  if (even) return {right.row(key) + at, stride * kBytes};
  for (int i = 0; i < kTileRows; ++i) {
    for (int k = 0; k < kK; k += kTileDepth) {
      _mm512_store_si512(
          room + std::int64_t{i} * kK + k,
          i < count ? load_tile_row(right.row(key + i) + at + k, kTileDepth) : zero_bits());
    }
  }
  return {room, kK * kBytes};
}

// Tiles of keys that are multiplied at once, each with sums of its own.
inline constexpr int kKeyTiles = 4;

// sums = keys · queries for kTiles tiles of keys: `steps` tiles along the depth.
template <int kTiles, class Next>
HWY_NOINLINE void score_tiles(const RowsInMemory (&keys)[kKeyTiles], const std::uint16_t* queries,
                              int steps, float* sums, Next& next) {
  asm volatile("" ::: "memory");
  _tile_zero(0);
  if constexpr (kTiles > 1) _tile_zero(1);
  if constexpr (kTiles > 2) _tile_zero(2);
  if constexpr (kTiles > 3) _tile_zero(3);
  for (int step = 0; step < steps; ++step, queries += kTileElements) {
    const auto at = [&](int i) {
      return static_cast<const std::byte*>(keys[i].from) + step * kTileBytes;
    };
    _tile_loadd(4, queries, kTileBytes);
    _tile_loadd(5, at(0), keys[0].bytes);
    _tile_dpbf16ps(0, 5, 4);
    next.fetch(kTileRows);
    if constexpr (kTiles > 1) {
      _tile_loadd(6, at(1), keys[1].bytes);
      _tile_dpbf16ps(1, 6, 4);
      next.fetch(kTileRows);
    }
    if constexpr (kTiles > 2) {
      _tile_loadd(7, at(2), keys[2].bytes);
      _tile_dpbf16ps(2, 7, 4);
      next.fetch(kTileRows);
    }
    if constexpr (kTiles > 3) {
      _tile_loadd(5, at(3), keys[3].bytes);
      _tile_dpbf16ps(3, 5, 4);
      next.fetch(kTileRows);
    }
  }
  _tile_stored(0, sums, kTileBytes);
  if constexpr (kTiles > 1) _tile_stored(1, sums + kTileSums, kTileBytes);
  if constexpr (kTiles > 2) _tile_stored(2, sums + 2 * kTileSums, kTileBytes);
  if constexpr (kTiles > 3) _tile_stored(3, sums + 3 * kTileSums, kTileBytes);
}

// Scores: acc += queries · keysᵀ, head by head.
template <int kM, int kN, class T, int kK, PanelOfHeads Right>
void multiply_by_unit(RowAccumulator<kM, kN>& acc, const TileQueries<T, kM, kK>& left,
                      const Right& right) {
  static_assert(Right::kIsKey && Right::kDepth == kK && Right::kCols == kN);
  static_assert(std::is_same_v<T, bf16> && kN % kTileRows == 0);
  constexpr int kSteps = kK / kTileDepth;
  acc.rows = std::max(acc.rows, left.rows);
  acc.first = left.first;
  const int tiles = ceil_div(std::min(right.keys, kN), kTileRows);
  if (tiles == 0) return;
  alignas(64) std::uint16_t queries[2][kSteps * kTileElements];
  alignas(64) bf16 room[2][kKeyTiles][kTileRows * kK];
  alignas(64) float sums[2][kKeyTiles * kTileSums];
  RowsInMemory keys[2][kKeyTiles];
  const RowsByHead<kM, kTileRows> heads(right, left.first, left.rows);
  PanelAhead<Right> next(right, left.first, left.rows);
  const int turns_a_head = ceil_div(tiles, kKeyTiles);
  const auto head_of = [&](int turn) { return turn / turns_a_head; };
  const auto tile_of = [&](int turn) { return turn % turns_a_head * kKeyTiles; };
  const auto tiles_of = [&](int turn) { return std::min(kKeyTiles, tiles - tile_of(turn)); };

  const auto prepare = [&](int turn) {
    const HeadRows& rows = heads.groups[head_of(turn)];
    if (tile_of(turn) == 0) {
      for (int step = 0; step < kSteps; ++step) {
        const T* const from = left.from + rows.row * left.stride + step * kTileDepth;
        pack_pairs_of_columns(
            [&](int i) __attribute__((always_inline)) {
              return i < rows.count ? load_tile_row(from + i * left.stride, kTileDepth)
                                    : zero_bits();
            },
            queries[head_of(turn) % 2] + step * kTileElements);
      }
    }
    for (int i = 0; i < tiles_of(turn); ++i) {
      keys[turn % 2][i] =
          keys_of_head<kK>(right, (tile_of(turn) + i) * kTileRows, rows.at, room[turn % 2][i]);
    }
  };
  const auto multiply = [&](int turn) {
    with_count<kKeyTiles>(tiles_of(turn), [&](auto count) {
      score_tiles<count>(keys[turn % 2], queries[head_of(turn) % 2], kSteps, sums[turn % 2], next);
    });
  };
  const auto finish = [&](int turn) {
    const HeadRows& rows = heads.groups[head_of(turn)];
    for (int i = 0; i < tiles_of(turn); ++i) {
      __m512i x[kTileRows];
      const float* const from = sums[turn % 2] + i * kTileSums;
      unroll<kTileRows>([&](auto r) { x[r] = _mm512_load_si512(from + r * kTileCols); });
      transpose_words(x);  // rows become those of queries
      for (int r = 0; r < rows.count; ++r) {
        float* const to = acc.row(rows.row + r) + (tile_of(turn) + i) * kTileRows;
        _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), _mm512_castsi512_ps(x[r])));
      }
    }
  };
  overlap(heads.size * turns_a_head, prepare, multiply, finish);
}

// Columns of values that are multiplied at once.
inline constexpr int kValueColumns = 2 * kBlock;

// sums = weights · values for kValueColumns columns: `steps` tiles along the depth, of which each
// has a tile of weights and four of values.
HWY_NOINLINE inline void value_tiles(const std::uint16_t* weights, const std::uint16_t* values,
                                     int steps, float* sums) {
  asm volatile("" ::: "memory");
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int step = 0; step < steps; ++step) {
    _tile_loadd(4, weights, kTileBytes);
    _tile_loadd(5, values, kTileBytes);
    _tile_dpbf16ps(0, 4, 5);
    _tile_loadd(6, values + kTileElements, kTileBytes);
    _tile_dpbf16ps(1, 4, 6);
    _tile_loadd(7, values + 2 * kTileElements, kTileBytes);
    _tile_dpbf16ps(2, 4, 7);
    _tile_loadd(5, values + 3 * kTileElements, kTileBytes);
    _tile_dpbf16ps(3, 4, 5);
    weights += kTileElements;
    values += 4 * kTileElements;
  }
  _tile_stored(0, sums, kTileBytes);
  _tile_stored(1, sums + kTileSums, kTileBytes);
  _tile_stored(2, sums + 2 * kTileSums, kTileBytes);
  _tile_stored(3, sums + 3 * kTileSums, kTileBytes);
}

// A row of two tiles of the right operand from two rows of kBlock columns. Pairs are made within
// 128 bits, which takes one instruction a tile: of the columns c, those with c mod 8 < 4 make up
// the first.
HWY_INLINE void pack_pairs_of_values(__m512i even, __m512i odd, std::uint16_t* to) {
  _mm512_store_si512(to, _mm512_unpacklo_epi16(even, odd));
  _mm512_store_si512(to + kTileElements, _mm512_unpackhi_epi16(even, odd));
}

// Where, in two vectors of sums, the columns of a block lie then.
struct SplitColumns {
  alignas(64) std::int32_t at[kBlock];
};
inline constexpr SplitColumns kSplitColumns = [] {
  SplitColumns columns{};
  for (int c = 0; c < kBlock; ++c) {
    columns.at[c] = c / 8 * 4 + c % 4 + (c % 8 < 4 ? 0 : kTileCols);
  }
  return columns;
}();

// acc += weights · values, head by head; weights become bfloat16.
template <int kM, int kN, int kK, PanelOfHeads Right>
void multiply_by_unit(RowAccumulator<kM, kN>& acc, const AccumulatedRows<kM, kK>& left,
                      const Right& right) {
  static_assert(!Right::kIsKey && Right::kDepth == kK && Right::kCols == kN);
  static_assert(kK % kTileDepth == 0 && kN % kValueColumns == 0);
  constexpr int kTurnsAHead = kN / kValueColumns;
  acc.rows = std::max(acc.rows, left.rows);
  acc.first = left.first;
  alignas(64) std::uint16_t weights[2][kK * kTileRows];
  alignas(64) std::uint16_t values[2][kK * kValueColumns];
  alignas(64) float sums[2][4 * kTileSums];
  const int keys = std::min(right.keys, kK);
  const int steps = ceil_div(keys, kTileDepth);
  const RowsByHead<kM, kTileRows> heads(right, left.first, left.rows);
  PanelAhead<Right> next(right, left.first, left.rows);
  const auto head_of = [](int turn) { return turn / kTurnsAHead; };
  const auto col_of = [](int turn) { return turn % kTurnsAHead * kValueColumns; };

  const auto prepare = [&](int turn) {
    const HeadRows& rows = heads.groups[head_of(turn)];
    if (col_of(turn) == 0) {
      std::uint16_t* to = weights[head_of(turn) % 2];
      for (int k = 0; k < steps * kTileDepth; k += kTileDepth) {
        for (int r = 0; r < kTileRows; ++r, to += kTileDepth) {
          const FloatTag d;
          const float* const row = left.values + std::int64_t{rows.row + r} * kK + k;
          _mm512_store_si512(to, r < rows.count
                                     ? narrow_two(hn::Load(d, row), hn::Load(d, row + kTileCols))
                                     : zero_bits());
        }
      }
    }
    std::uint16_t* to = values[turn % 2];
    const std::int64_t at = rows.at + col_of(turn);
    for (int key = 0; key < keys; key += kTileDepth, to += 4 * kTileElements) {
      const auto pack = [&](auto row) __attribute__((always_inline)) {
        for (int r = 0; r < kTileRows; ++r) {
          std::uint16_t* const pairs = to + r * kTileDepth;
          next.fetch(4);
          pack_pairs_of_values(row(2 * r, 0), row(2 * r + 1, 0), pairs);
          pack_pairs_of_values(row(2 * r, kBlock), row(2 * r + 1, kBlock),
                               pairs + 2 * kTileElements);
        }
      };
      const auto load = [&](int i, int c) __attribute__((always_inline)) {
        return _mm512_loadu_si512(right.row(key + i) + at + c);
      };
      if (key + kTileDepth <= keys) {
        pack(load);
      } else {
        pack([&](int i, int c) { return key + i < keys ? load(i, c) : zero_bits(); });
      }
    }
  };
  const auto multiply = [&](int turn) {
    value_tiles(weights[head_of(turn) % 2], values[turn % 2], steps, sums[turn % 2]);
  };
  const __m512i first = _mm512_load_si512(kSplitColumns.at);
  const __m512i second = _mm512_load_si512(kSplitColumns.at + kTileCols);
  const auto finish = [&](int turn) {
    const HeadRows& rows = heads.groups[head_of(turn)];
    for (int r = 0; r < rows.count; ++r) {
      float* const out = acc.row(rows.row + r) + col_of(turn);
      unroll<2>([&](auto block) {
        const float* const from = sums[turn % 2] + block * 2 * kTileSums + r * kTileCols;
        const __m512 lower = _mm512_load_ps(from);
        const __m512 upper = _mm512_load_ps(from + kTileSums);
        const auto add = [&](float* x, __m512i where) {
          _mm512_store_ps(
              x, _mm512_add_ps(_mm512_load_ps(x), _mm512_permutex2var_ps(lower, where, upper)));
        };
        add(out + block * kBlock, first);
        add(out + block * kBlock + kTileCols, second);
      });
    }
  };
  overlap(heads.size * kTurnsAHead, prepare, multiply, finish);
}

}  // namespace moat::cpu

#endif
