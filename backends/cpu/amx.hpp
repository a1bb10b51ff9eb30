// SPDX-License-Identifier: Apache-2.0
// Products of bfloat16 by the matrix unit of x86 (AMX): panels, sums and what is done with them.
//
// A tile register holds 16 rows of 64 bytes. TDPBF16PS adds the product of a tile of the left
// operand, 16 rows of 32 elements, and one of the right operand, whose row r holds the elements 2r
// and 2r + 1 of 16 columns as pairs, to 16 × 16 sums in f32.
//
// Blocking, by Intel's Optimization Reference Manual (chapter "Intel Advanced Matrix Extensions",
// table of throughputs): a TDPBF16PS every 16 cycles, a TILELOADD from L1 every 8, a TILESTORED
// every 16. One sum at a time needs two loads a product: 16 cycles of each. 2 × 2 sums, with two
// tiles of each operand all 8 registers, need one: 64 cycles of products beside 32 of loads, in
// which 2 KiB come from L2 and 2 KiB from L1. Over a depth of 512 that is 64 products; loading and
// storing the four sums takes 96 cycles of 1024 unless it overlaps. Nothing of this was measured.
#pragma once

#include <algorithm>

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/grouped.hpp"

#if HWY_MAX_BYTES == 64 && defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AVX512BF16__)
#define MOAT_CPU_TILES 1
#else
#define MOAT_CPU_TILES 0
#endif

#if MOAT_CPU_TILES

#include <immintrin.h>

#include <bit>
#include <concepts>

#include "backends/cpu/tile_permission.hpp"

namespace moat::cpu {

inline constexpr int kTileRows = 16;
inline constexpr int kTileBytes = 64;  // of a row
// Elements of a row of the left operand, and columns of the right one and of sums.
inline constexpr int kTileDepth = kTileBytes / 2;
inline constexpr int kTileCols = kTileBytes / 4;
inline constexpr int kTileElements = kTileRows * kTileDepth;
inline constexpr int kTileSums = kTileRows * kTileCols;
static_assert(kTileCols == kLanes);

// Rows and columns of a block of 2 × 2 tiles.
inline constexpr int kBlock = 2 * kTileRows;

// As kPackingCost: the 2 bytes of an element take 0.4 cycles at 5 bytes a cycle, in which TDPBF16PS
// does 205 of its 512 multiply-adds a cycle.
inline constexpr std::int64_t kTilePackingCost = 205;

// What LDTILECFG reads: all tiles are whole, edges are filled with zeros.
struct TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  constexpr TileConfiguration() {
    for (int i = 0; i < 8; ++i) {
      row_bytes[i] = kTileBytes;
      rows[i] = kTileRows;
    }
  }
};
inline constexpr TileConfiguration kWholeTiles;

// The tiles of this thread are configured as long as this lives. Throws DeviceError where the
// system refuses them.
class TilesInUse {
 public:
  TilesInUse() {
    require_tiles();
    _tile_loadconfig(&kWholeTiles);
  }
  ~TilesInUse() { _tile_release(); }
  TilesInUse(const TilesInUse&) = delete;
  TilesInUse& operator=(const TilesInUse&) = delete;
};

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

// The same from `depth` rows of the matrix, of which `cols` columns exist.
HWY_INLINE void pack_pairs_of_rows(const bf16* from, std::int64_t stride, int depth, int cols,
                                   std::uint16_t* to) {
  const __mmask16 exist =
      cols >= kTileCols ? ~__mmask16{0} : static_cast<__mmask16>((1 << cols) - 1);
  for (int r = 0; r < kTileRows; ++r, to += kTileDepth) {
    const auto row = [&](int k) {
      return _mm512_cvtepu16_epi32(k < depth ? _mm256_maskz_loadu_epi16(exist, from + k * stride)
                                             : _mm256_setzero_si256());
    };
    _mm512_store_si512(to, _mm512_or_si512(row(2 * r), _mm512_slli_epi32(row(2 * r + 1), 16)));
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
        _mm512_store_si512(to, r < rows ? load_tile_row(from + k, depth - k) : zero_bits());
      }
    }
  }

  // The first tile of the rows from `row` on.
  const std::uint16_t* tiles(int row) const { return values + std::int64_t{row} * kK; }
};

// kCols columns of the right operand from `col` on, for the whole depth, tile by tile of kTileCols.
// P has pack_tile(col, k, to), for columns and elements of which some exist.
template <int kCols, int kK, class P>
void pack_tiles(const P& panel, int col, int cols, int depth, std::uint16_t* to) {
  for (int c = 0; c < std::min(kCols, cols - col); c += kTileCols) {
    for (int k = 0; k < depth; k += kTileDepth) {
      panel.pack_tile(col + c, k, to + c * kK + k / kTileDepth * kTileElements);
    }
  }
}

// Packed as it is multiplied, a block of columns at a time, which stays in L1 for all rows.
template <class E, int kK, int kN, Order kOrder>
struct StreamedTiles : RightInMemory<E, kK, kN, kOrder> {
  static_assert(kK % kTileDepth == 0 && kN % kBlock == 0);
  using Base = RightInMemory<E, kK, kN, kOrder>;
  using Base::cols;
  using Base::depth;

  void pack_tile(int col, int k, std::uint16_t* to) const {
    if constexpr (kOrder == Order::transposed) {
      const E* const columns = Base::from + col * Base::stride + k;
      pack_pairs_of_columns(
          [&](int c) __attribute__((always_inline)) {
            return col + c < cols ? load_tile_row(columns + c * Base::stride, depth - k)
                                  : zero_bits();
          },
          to);
    } else {
      pack_pairs_of_rows(Base::from + k * Base::stride + col, Base::stride, depth - k, cols - col,
                         to);
    }
  }

  // A block of columns, packed to `room`.
  const std::uint16_t* block(int col, std::uint16_t* room) const {
    pack_tiles<kBlock, kK>(*this, col, cols, depth, room);
    return room;
  }
};

// Codes with a scale for each group likewise, scaled in f32 and rounded.
template <class C, class Scale, int kK, int kN>
struct GroupedTiles : GroupedInMemory<C, Scale, kK, kN> {
  static_assert(kGroup<C> % kTileDepth == 0 && kN % kBlock == 0);
  using Base = GroupedInMemory<C, Scale, kK, kN>;
  using Base::cols;
  using Base::depth;

  void pack_tile(int col, int k, std::uint16_t* to) const {
    pack_pairs_of_columns(
        [&](int c) __attribute__((always_inline)) {
          if (col + c >= cols) return zero_bits();
          const FloatTag d;
          const C* const part = Base::codes_of(col + c) + k / kPerUnit<C>;
          const auto scale = scale_lanes(d, Base::scales_of(col + c)[k / kGroup<C>]);
          return narrow_two(hn::Mul(decode_lanes(d, part), scale),
                            hn::Mul(decode_lanes(d, part + kLanes / kPerUnit<C>), scale));
        },
        to);
  }

  const std::uint16_t* block(int col, std::uint16_t* room) const {
    pack_tiles<kBlock, kK>(*this, col, cols, depth, room);
    return room;
  }
};

// Packed as a whole, to be kept.
template <class T, int kK, int kN, Order kOrder>
struct PackedTiles {
  static_assert(kK % kTileDepth == 0 && kN % kBlock == 0);
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  using Source = Tensor<const T>;

  alignas(64) std::uint16_t values[kK * kN];
  int depth;
  int cols;
  PanelTag tag;

  static Source bind(Tensor<const T> t) { return t; }
  // A tile's rows share a head, that of the coordinate.
  static Source bind(Tensor<const T> t, int /*rows_per_head*/) { return t; }

  void load(const Source& source, Coord at) {
    StreamedTiles<T, kK, kN, kOrder> seen;
    seen.load(source, at);
    depth = seen.depth;
    cols = seen.cols;
    pack_tiles<kN, kK>(seen, 0, cols, depth, values);
  }

  const std::uint16_t* block(int col, std::uint16_t* /*room*/) const {
    return values + std::int64_t{col} * kK;
  }
};

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
// operand that sums became, R one of the right operands above.
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
    const std::uint16_t* const columns = right.block(col, room);
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
