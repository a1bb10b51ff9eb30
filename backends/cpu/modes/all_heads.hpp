// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/amx/heads.hpp"
#include "backends/cpu/heads.hpp"
#include "backends/cpu/modes/in_place.hpp"
#include "backends/cpu/paged.hpp"

namespace moat::cpu {

// Attention of few queries: a tile holds the rows of all heads, and keys and values are read where
// they lie, head by head.
class AllHeads : public InPlace {
 public:
  static constexpr const char* kName = "all-heads";

  template <class T, int kM, int kK>
  using Left = HeadQueries<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = RightOfHeads<T, kK, kN, kOrder>;
  template <class T, int kK, int kN, Order kOrder>
  using PagedRight = PagedOfHeads<T, kK, kN, kOrder>;
  template <class S, class Key, class Value, class LoadKey, class LoadValue>
  using Stages = HeadStages<S, Key, Value, LoadKey, LoadValue>;

  using InPlace::InPlace;
};

#if MOAT_CPU_TILES
// The same by the matrix unit.
class AllHeadsByUnit : public AllHeads {
 public:
  static constexpr const char* kName = "all-heads-by-unit";

  template <class T, int kM, int kK>
  using Left = TileQueries<T, kM, kK>;

  using AllHeads::AllHeads;

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    multiply_by_unit(acc, left, right);
  }

 private:
  TilesInUse in_use_;
};
#endif

}  // namespace moat::cpu
