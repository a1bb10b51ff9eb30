// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/coded_pages.hpp"
#include "backends/cpu/modes/fixed_tiles.hpp"
#include "backends/cpu/pipeline.hpp"

namespace moat::cpu {

// Both operands are packed once and stay so while later items need the same.
class Packed : public FixedTiles<Accumulator> {
 public:
  static constexpr const char* kName = "packed";

  template <class T, int kM, int kK>
  using Left = cpu::Left<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = cpu::Right<T, kK, kN, kOrder>;
  template <class T, int kK, int kN, Order kOrder>
  using PagedRight = cpu::PagedRight<T, kK, kN, kOrder>;
  template <class S, class Key, class Value, class LoadKey, class LoadValue>
  using Stages = AttentionStages<S, Key, Value, LoadKey, LoadValue>;

  using FixedTiles::FixedTiles;

  template <class Panel>
  void load(Panel& panel, const typename Panel::Source& source, Coord at) {
    load_unless_kept(panel, worker_.launch, source, at);
  }
};

}  // namespace moat::cpu
