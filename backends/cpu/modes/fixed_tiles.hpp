// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/in_place.hpp"
#include "backends/cpu/mma.hpp"
#include "backends/cpu/modes/mode.hpp"

namespace moat::cpu {

// What modes share whose tiles have the size that the schedule states, with their sums in a
// SumsOf<rows, columns>.
template <template <int, int> class SumsOf>
class FixedTiles {
 public:
  template <int kM, int kN>
  using Sums = SumsOf<kM, kN>;

  static constexpr bool kSizedForWorkers = false;
  static constexpr bool kByColumns = false;

  explicit FixedTiles(const WorkerContext& worker) : worker_(worker) {}

  TileSize size_tiles(int /*rows*/, int /*cols*/, TileSize most, int /*workers*/) { return most; }

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

 protected:
  WorkerContext worker_;
};

}  // namespace moat::cpu
