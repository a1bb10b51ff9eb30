// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/in_place.hpp"
#include "backends/cpu/modes/mode.hpp"

namespace moat::cpu {

// Tiles of few rows: the right operand is multiplied where it lies, rows of sums are rows in
// memory.
class InPlace : public FixedTiles {
 public:
  template <class T, int kM, int kK>
  using Left = RowLeft<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = RightInMemory<T, kK, kN, kOrder>;
  template <int kM, int kN>
  using Sums = RowAccumulator<kM, kN>;

  using FixedTiles::FixedTiles;

  template <class Panel>
  void load(Panel& panel, const typename Panel::Source& source, Coord at) {
    panel.load(source, at);
  }

  template <int kM, int kN>
  Sums<kM, kN> zeros() {
    return Sums<kM, kN>(worker_.scratch);
  }

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    multiply(acc, left, right);
  }

  template <class T, class Acc>
  void store(const Tensor<T>& to, Coord at, const Acc& acc) {
    cpu::store(to, at, acc);
  }
};

}  // namespace moat::cpu
