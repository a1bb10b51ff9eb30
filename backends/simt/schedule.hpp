// SPDX-License-Identifier: Apache-2.0
// Schedules that the tile layer understands; each GPU's table chooses among them.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include "backends/vocabulary/menu.hpp"
#include "problems/gemm.hpp"
#include "problems/grouped_gemm.hpp"

namespace moat::simt {

// What a block asks of every schedule, so that none of it is left out by a misspelling:
//   kWarps        waves per block
//   kResidency    blocks that a multiprocessor should hold at once
//   kPersistent   whether a grid has no more blocks than the device holds at once
//   Operand       type of what its products multiply; void without products
//   Consumers     schedule of the waves that multiply in a warp-specialised block; else void
template <class S>
concept BlockSchedule = requires {
  { S::kWarps } -> std::same_as<const int&>;
  { S::kResidency } -> std::same_as<const int&>;
  { S::kPersistent } -> std::same_as<const bool&>;
  typename S::Operand;
  typename S::Consumers;
};

// Blocks that a unit runs at once. A unit has four schedulers of waves (two on RDNA), so that
// blocks of fewer waves run two by two also where a schedule asks for no more than one.
template <BlockSchedule S>
inline constexpr int kBlocksBeside = S::kResidency > 1 || S::kWarps >= 4 ? S::kResidency : 2;

template <class S>
inline constexpr bool kHasProducts = !std::is_void_v<typename S::Operand>;

// Of m rows and n columns, that the result falls into.
inline std::int64_t tiles(const GemmProblem& p, int m, int n) {
  return std::int64_t{ceil_div(p.m, m)} * ceil_div(p.n, n);
}

// The rows of an atom. More than kSomeRows are not multiplied in blocks of so few, whose weights
// would be read again for each.
inline constexpr int kFewRows = 16;
inline constexpr int kSomeRows = 4 * kFewRows;

// The schedule of few rows, in a menu whose next ones are for more.
template <class Few>
Offer<Few> few_rows(int m) {
  return {.best = m <= kFewRows, .fits = m <= kSomeRows};
}

// A GEMM like those of a grouped one: of all rows, with one group's weights; where a group has few
// rows, of these.
inline GemmProblem typical_product(const GroupedGemmProblem& p) {
  const int share = ceil_div(total_rows(p), p.experts);
  return {.dtype = p.dtype,
          .m = share <= kFewRows ? share : total_rows(p),
          .n = p.n,
          .k = p.k,
          .order_b = Order::transposed,
          .a = p.a,
          .b = p.b};
}

// Tiles of m × n (× k a step) of operands of type T, shared by kWarpsM × kWarpsN waves. Where loads
// are asynchronous copies, kStageCount steps are in shared memory at once.
template <class T, int kM, int kN, int kK, int kWarpsM, int kWarpsN, int kResidentBlocks,
          int kStageCount = 2>
struct TileSchedule {
  using Operand = T;
  using Consumers = void;
  static constexpr int m = kM;
  static constexpr int n = kN;
  static constexpr int k = kK;
  static constexpr bool all_heads = false;
  static constexpr int kWarpsDown = kWarpsM;
  static constexpr int kWarpsAcross = kWarpsN;
  static constexpr int kWarps = kWarpsM * kWarpsN;
  static constexpr int kResidency = kResidentBlocks;
  static constexpr bool kPersistent = false;
  static constexpr int kStages = kStageCount;
};

// Work on memory without tiles. A value of `each` is several floats, of which few chains fit a
// lane's registers.
template <int kWarpCount, int kResidentBlocks>
struct FlatSchedule {
  using Operand = void;
  using Consumers = void;
  static constexpr int kWarps = kWarpCount;
  static constexpr int kResidency = kResidentBlocks;
  static constexpr bool kPersistent = false;
  static constexpr int chains = 4;
};

// How menus tell schedules apart: "128x64x32-4w-3s" has tiles of m × n × k, so many waves and
// stages; what does not choose k leaves it out.
template <BlockSchedule S>
std::string schedule_name(Type<S>) {
  std::string name = std::to_string(S::kWarps);
  name += 'w';
  if constexpr (kHasProducts<S>) {
    name.insert(0, sizes_text(S::m, S::n, S::k) + '-');
    name += '-';
    name += std::to_string(S::kStages);
    name += 's';
    if (!std::is_void_v<typename S::Consumers>) name += "-specialised";
  }
  return name;
}

}  // namespace moat::simt
