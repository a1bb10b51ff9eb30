// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/grouped.hpp"
#include "backends/cpu/in_place.hpp"
#include "backends/cpu/modes/fixed_tiles.hpp"

namespace moat::cpu {

// Tiles of few rows: the right operand is multiplied where it lies, rows of sums are rows in
// memory.
class InPlace : public FixedTiles<RowAccumulator> {
 public:
  static constexpr const char* kName = "in-place";

  template <class T, int kM, int kK>
  using Left = RowLeft<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = RightInMemory<T, kK, kN, kOrder>;
  template <class C, class Scale, int kK, int kN>
  using GroupedRight = GroupedInMemory<C, Scale, kK, kN>;

  using FixedTiles::FixedTiles;

  template <class Panel>
  void load(Panel& panel, const typename Panel::Source& source, Coord at) {
    panel.load(source, at);
  }
};

}  // namespace moat::cpu
