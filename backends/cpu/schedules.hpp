// SPDX-License-Identifier: Apache-2.0
// Tile sizes of every kernel. Data that the inner loops repeat stays in L1 (32 KiB or more), tiles
// in L2 (512 KiB to 2 MiB on the processors that this was written for). They are template arguments
// and for the least of these caches; what is known of larger ones would choose among further
// instances of every kernel. By the last-level cache, which differs most, workers decide when they
// run (kept_bytes_ in runtime.hpp).
#pragma once

#include <string>
#include <tuple>

#include "backends/cpu/modes/all_heads.hpp"
#include "backends/cpu/modes/in_place.hpp"
#include "backends/cpu/modes/packed.hpp"
#include "backends/cpu/modes/pairs_in_place.hpp"
#include "backends/cpu/modes/streamed.hpp"
#include "backends/cpu/modes/swapped.hpp"
#include "backends/cpu/modes/tiles.hpp"
#include "backends/vocabulary/menu.hpp"
#include "backends/vocabulary/schedule.hpp"
#include "problems/attention.hpp"
#include "problems/gemm.hpp"
#include "problems/grouped_gemm.hpp"
#include "problems/indexer.hpp"
#include "problems/paged_attention.hpp"
#include "problems/reduction.hpp"
#include "problems/scaled_gemm.hpp"
#include "problems/weight_gemm.hpp"

namespace moat::cpu {

// Rows that the microkernel takes at once.
inline constexpr int kFullSliver = kSliverVectors * kLanes;

// A panel of A, 288 KiB, stays in L2 for all columns of the tile; packing an element of it serves
// up to n columns, of B up to m rows. A sliver of A and the columns of B that it meets, 24 and 8 to
// 16 KiB with AVX-512, half of the former with AVX2, fit L1. At kPackingCost per element, packing A
// is 2 % of the multiply-adds with 1024 columns, and B 4 % with 576 rows.
struct TiledGemm {
  using Mode = Streamed;
  static constexpr int m = 576;
  static constexpr int n = 1024;
  static constexpr int k = 128;
  static constexpr bool kDynamic = true;
};

// The same with a panel of B, where B's rows are contiguous: neither operand nor the result is
// transposed on its way.
struct SwappedGemm {
  using Mode = Swapped;
  static constexpr int m = TiledGemm::n;
  static constexpr int n = TiledGemm::m;
  static constexpr int k = TiledGemm::k;
  static constexpr bool kDynamic = true;
};

// Few rows: the right operand is read once, long pieces of its rows at a time. A panel of the left
// one stays in L1, or with 16 rows, 32 to 64 KiB, in L2. All of its panels are read again for each
// tile, the more seldom the more columns that has.
template <int kRows, int kCols, int kDepth, class ItsMode = InPlace>
struct SkinnyGemm {
  using Mode = ItsMode;
  static constexpr int m = kRows;
  static constexpr int n = kCols;
  static constexpr int k = kDepth;
  static constexpr bool kDynamic = true;
};

// Blocks of 128 steps and columns, each with its scales. Panels of both operands, 288 KiB of A and
// 64 KiB of B, stay packed.
struct ScaledTiles {
  using Mode = Packed;
  static constexpr int m = 576;
  static constexpr int n = 128;
  static constexpr int k = 128;
  static constexpr bool kDynamic = true;
};

// Prefill of up to kKeptKeys keys, which stay packed: one sliver, so that a mask's diagonal cuts
// through few products. Beyond, packing a key again has to serve more queries: kPackingCost is half
// of the multiply-adds of one sliver with AVX-512, and an eighth of those of four. Scores of a
// sliver and 128 keys, 24 KiB, stay in L1; of 48 to 96 keys a step and of two slivers, 512 queries
// under a mask were 4 and 9 % slower.
template <int kSlivers>
struct ManyQueries {
  using Mode = Packed;
  static constexpr int m = kSlivers * kFullSliver;
  static constexpr int n = 128;
  static constexpr bool all_heads = false;
  static constexpr bool kDynamic = true;
};
// Of head_dim 128, packed keys and values of so many are 8 MiB; what a worker's share of the
// last-level cache does not hold is packed again for each tile.
inline constexpr int kKeptKeys = 8192;

// Few queries, as in decode: the rows of all heads make up a tile. Up to kFewQueries of one head
// are cheaper to multiply with keys in place than packed: an element would serve fewer products
// than its kPackingCost. 64 rows are the query heads of a Llama of 70 billion parameters; their
// scores with 128 keys, 32 KiB, and 128 keys and values of 16 bits, 64 KiB, stay in L2.
struct FewQueries {
  using Mode = AllHeads;
  static constexpr int m = 64;
  static constexpr int n = 128;
  static constexpr bool all_heads = true;
  static constexpr bool kDynamic = true;
};
inline constexpr int kFewQueries = 16;

// The same over pages, with all columns of the values in a tile.
template <class Dense, int kValues>
struct OverPages : Dense {
  static constexpr int k = kValues;
};

// Latent keys meet all heads, the 128 of DeepSeek-V3 in one tile of whole slivers: packing an
// element of a key serves them all. Keys and values of a step, 144 and 128 KiB, and sums, 288 KiB,
// stay in L2.
struct LatentHeads {
  using Mode = Packed;
  static constexpr int m = 144;
  static_assert(m % kFullSliver == 0);
  static constexpr int n = 64;
  static constexpr int k = kLatentValues;
  static constexpr bool all_heads = false;
  static constexpr bool kDynamic = true;
};

// Keys meet the queries of DeepSeek-V3.2's 64 heads at once: packing an element of a key serves
// them all. 96 KiB of keys and 32 KiB of queries with AVX-512 stay in L2.
struct KeysOfIndexer {
  using Mode = Packed;
  static constexpr int m = 4 * kFullSliver;
  static constexpr int n = 64;
  static constexpr bool kDynamic = true;
};

// Memory is read once and in order. 12 chains hide the latency of two FMA units and fit the 16
// registers of AVX2.
struct Streaming {
  using Mode = Packed;  // of tiles, which no kernel of this schedule has
  static constexpr bool kDynamic = false;
  static constexpr int chains = 12;
};

#if MOAT_CPU_TILES
// A panel of A, 512 KiB, its sums, 1 MiB, and a block of columns of B, 32 KiB, stay in L2 (2 MiB on
// the processors that have the unit); a block of B nearly fills L1. Packing an element of it, at
// kTilePackingCost, is 40 % of its multiply-adds with 512 rows where it comes from memory, and less
// where it is in a cache: more rows would leave L2.
struct UnitGemm {
  using Mode = Tiles;
  static constexpr int m = 512;
  static constexpr int n = 512;
  static constexpr int k = 512;
  static constexpr bool kDynamic = true;
};

// Blocks of 128 steps and columns, each with its scales: 16 products for 4 tiles of sums, which
// are stored and added to others.
struct UnitScaledTiles {
  using Mode = TilesOfOneSize;
  static constexpr int m = 512;
  static constexpr int n = 128;
  static constexpr int k = 128;
  static constexpr bool kDynamic = true;
};

inline constexpr int kQueriesOfKept = 2 * kBlock;
inline constexpr int kQueriesOfMore = 6 * kBlock;
#elif MOAT_CPU_BFMMLA
// A panel of A, 288 KiB, stays in L2, and some rows of it, 9 KiB, with the columns of B that they
// meet, 6 KiB, in L1. An element of B, at kBlockPackingCost, is packed for 384 rows; sums, 768 KiB,
// are read and written once in 384 steps.
struct UnitGemm {
  using Mode = Tiles;
  static constexpr int m = 384;
  static constexpr int n = 512;
  static constexpr int k = 384;
  static constexpr bool kDynamic = true;
};

// As ScaledTiles, of half as many bytes an element.
struct UnitScaledTiles {
  using Mode = TilesOfOneSize;
  static constexpr int m = 576;
  static constexpr int n = 128;
  static constexpr int k = 128;
  static constexpr bool kDynamic = true;
};

// A packed key is read, 2 bytes an element, for so many rows.
inline constexpr int kQueriesOfKept = 2 * kBlockRows;
inline constexpr int kQueriesOfMore = 8 * kBlockRows;
#endif

#if MOAT_CPU_MATRIX_UNIT
// As ManyQueries, by a matrix unit.
template <int kQueries>
struct ManyQueriesByUnit {
  using Mode = KeptTiles;
  static constexpr int m = kQueries;
  static constexpr int n = 128;
  static constexpr bool all_heads = false;
  static constexpr bool kDynamic = true;
};

template <class T>
using ManyRows = std::conditional_t<kByTiles<T>, UnitGemm, TiledGemm>;
using ManyScaledRows = UnitScaledTiles;
template <class T>
using PrefillOfKept =
    std::conditional_t<kByTiles<T>, ManyQueriesByUnit<kQueriesOfKept>, ManyQueries<1>>;
template <class T>
using PrefillOfMore =
    std::conditional_t<kByTiles<T>, ManyQueriesByUnit<kQueriesOfMore>, ManyQueries<4>>;
#else
template <class T>
using ManyRows = TiledGemm;
using ManyScaledRows = ScaledTiles;
template <class T>
using PrefillOfKept = ManyQueries<1>;
template <class T>
using PrefillOfMore = ManyQueries<4>;
#endif

#if MOAT_CPU_TILES
// As FewQueries, with so many rows of a head that vectors would multiply longer than read.
struct FewQueriesByUnit : FewQueries {
  using Mode = AllHeadsByUnit;
};

// As LatentHeads. Keys and values of a step, 144 and 128 KiB, and sums, 256 KiB, stay in L2.
struct LatentHeadsByUnit {
  using Mode = KeptTiles;
  static constexpr int m = 128;
  static constexpr int n = 128;
  static constexpr int k = kLatentValues;
  static constexpr bool all_heads = false;
  static constexpr bool kDynamic = true;
};

// As KeysOfIndexer. 32 KiB of keys and of products, and 16 KiB of queries.
struct KeysOfIndexerByUnit {
  using Mode = KeptTiles;
  static constexpr int m = 128;
  static constexpr int n = 64;
  static constexpr bool kDynamic = true;
};

template <class T>
using PrefillOfPages = PrefillOfKept<T>;
template <class T>
using FewQueriesOfHeads = std::conditional_t<kByTiles<T>, FewQueriesByUnit, FewQueries>;
template <class T>
using LatentQueries = std::conditional_t<kByTiles<T>, LatentHeadsByUnit, LatentHeads>;
template <class T>
using IndexerKeys = std::conditional_t<kByTiles<T>, KeysOfIndexerByUnit, KeysOfIndexer>;
#else
template <class T>
using PrefillOfPages = ManyQueries<1>;
template <class T>
using FewQueriesOfHeads = FewQueries;
template <class T>
using LatentQueries = LatentHeads;
template <class T>
using IndexerKeys = KeysOfIndexer;
#endif

// The least rows of a head whose products FewQueriesOfHeads does: up to 8, the unit that it is for
// (AMX) and vectors were equally fast.
inline constexpr int kLeastRowsByUnit = 9;

// Rows that are multiplied in place: packing an element of B takes as long as the products of so
// many rows, by vectors kPackingCost each.
template <class T>
constexpr int rows_in_place(Order order_b) {
#if MOAT_CPU_MATRIX_UNIT
  if (kByTiles<T>) {
    return order_b == Order::transposed ? MatrixUnit::kRowsOfColumnsInPlace
                                        : MatrixUnit::kRowsInPlace;
  }
#endif
  static_cast<void>(order_b);
  return 16;
}
template <class T>
constexpr int rows_of_codes_in_place() {
#if MOAT_CPU_MATRIX_UNIT
  if (kByTiles<T>) return MatrixUnit::kRowsOfCodesInPlace;
#endif
  return 16;
}

// More rows are not multiplied in place: all of B would be read again for each 16 of them.
inline constexpr int kMostRowsInPlace = 64;

// How menus tell schedules apart: "in-place-16x128x1024", by mode and sizes.
template <class S>
std::string schedule_name(Type<S>) {
  std::string name = S::Mode::kName;
  name += '-';
  if constexpr (requires { S::k; }) {
    name += sizes_text(S::m, S::n, S::k);
  } else {
    name += sizes_text(S::m, S::n);
  }
  return name;
}

struct Schedules {
  const ScheduleChoice* choice = nullptr;

  // Two rows of 2048 steps are 16 KiB, half of L1.
  template <class T, class F>
  void gemm(const GemmProblem& p, F f) const {
    using Two = SkinnyGemm<2, 64, 2048>;
    using Few = SkinnyGemm<16, 128, 2048 / sizeof(T)>;
    const auto skinny = in_place<Two, Few>(p.m, rows_in_place<T>(p.order_b));
    if constexpr (kByTiles<T>) {
      choose(choice, std::tuple_cat(skinny, Menu<ManyRows<T>>{}), f);
    } else {
      const Menu<ManyRows<T>, SwappedGemm> many{{.best = p.order_b == Order::transposed}, {}};
      choose(choice, std::tuple_cat(skinny, many), f);
    }
  }

  template <class T, class F>
  void weight_gemm(const WeightGemmProblem& p, F f) const {
    using Mode = FewRowsOfCodes<T>;
    using Two = SkinnyGemm<2, 64, 2048, Mode>;
    using Few = SkinnyGemm<16, 128, 1024, Mode>;
    const auto skinny = in_place<Two, Few>(p.m, rows_of_codes_in_place<T>());
    choose(choice, std::tuple_cat(skinny, Menu<ManyRows<T>>{}), f);
  }

  template <class T, class C, class F>
  void scaled_gemm(const ScaledGemmProblem& p, F f) const {
    using Mode = FewRowsOfCodes<e4m3>;
    using Two = SkinnyGemm<2, 64, 128, Mode>;
    using Few = SkinnyGemm<16, 128, 128, Mode>;
    const auto skinny = in_place<Two, Few>(p.m, rows_of_codes_in_place<bf16>());
    choose(choice, std::tuple_cat(skinny, Menu<ManyScaledRows>{}), f);
  }

  // Each group as the GEMM that it is.
  template <class T, class F>
  static void grouped_gemm(const GroupedGemmProblem& p, F f) {
    f(Type<SkinnyGemm<2, 64, 2048>>{}, RowRange{.least = 1, .most = 2});
    constexpr int kInPlace = rows_in_place<T>(Order::transposed);
    if (most_rows(p) > 2) {
      f(Type<SkinnyGemm<16, 128, 2048 / sizeof(T)>>{}, RowRange{.least = 3, .most = kInPlace});
    }
    if (most_rows(p) > kInPlace) f(Type<ManyRows<T>>{}, RowRange{.least = kInPlace + 1});
  }

  template <class T, int kHeadDim, class F>
  void attention(const AttentionProblem& p, F f) const {
    using Kept = PrefillOfKept<T>;
    using More = PrefillOfMore<T>;
    const int rows = rows_of_a_head(p);
    const bool many = rows > kFewQueries;
    choose(choice,
           std::tuple_cat(Menu<Kept, More>{{.best = many && p.kv_len <= kKeptKeys}, {.best = many}},
                          few_queries<FewQueriesOfHeads<T>, FewQueries>(rows)),
           f);
  }

  template <class T, int kHeadDim, int kValues, class F>
  void paged_attention(const PagedAttentionProblem& p, F f) const {
    if constexpr (kHeadDim == kLatentDim) {
      f(Type<LatentQueries<T>>{});
    } else {
      using Kept = OverPages<PrefillOfPages<T>, kValues>;
      using ByUnit = OverPages<FewQueriesOfHeads<T>, kValues>;
      using Few = OverPages<FewQueries, kValues>;
      const int rows = rows_of_a_head(p);
      choose(
          choice,
          std::tuple_cat(Menu<Kept>{{.best = rows > kFewQueries}}, few_queries<ByUnit, Few>(rows)),
          f);
    }
  }

  template <class T, class F>
  static void indexer(const IndexerProblem&, F f) {
    f(Type<IndexerKeys<T>>{});
  }

  template <class T, class F>
  static void reduction(const ReductionProblem&, F f) {
    f(Type<Streaming>{});
  }

  template <class T, class F>
  static void rows(std::int64_t /*cols*/, F f) {
    f(Type<Streaming>{});
  }

 private:
  template <class Two, class Few>
  static Menu<Two, Few> in_place(int m, int most) {
    const bool fits = m <= kMostRowsInPlace;
    return {{.best = m <= 2, .fits = fits}, {.best = m <= most, .fits = fits}};
  }

  // Of attention, of the queries that meet a key.
  template <class P>
  static int rows_of_a_head(const P& p) {
    return p.q_len == 1 ? p.q_heads / p.kv_heads : p.q_len;
  }

  template <class ByUnit, class Few>
  static Menu<ByUnit, Few> few_queries(int rows) {
    const bool fits = rows <= FewQueries::m;
    return {{.best = rows >= kLeastRowsByUnit, .fits = fits}, {.fits = fits}};
  }
};

}  // namespace moat::cpu
