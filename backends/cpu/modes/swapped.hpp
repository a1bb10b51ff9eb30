// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/mma.hpp"
#include "backends/cpu/modes/mode.hpp"

namespace moat::cpu {

// Computes Cᵀ = Bᵀ·Aᵀ: the right operand is packed once for all tiles of a column, the left one as
// it is multiplied. The schedule's m × n is the largest size of a tile.
class Swapped {
 public:
  static constexpr const char* kName = "swapped";

  template <class T, int kM, int kK>
  using Left = StreamedRight<T, kK, kM, Order::transposed>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = cpu::Left<T, kN, kK, flipped(kOrder)>;
  template <int kM, int kN>
  using Sums = Accumulator<kN, kM>;

  static constexpr bool kSizedForWorkers = true;
  static constexpr bool kByColumns = true;

  explicit Swapped(const WorkerContext& worker) : worker_(worker) {}

  TileSize size_tiles(int rows, int cols, TileSize most, int workers) {
    return tile_ = tile_size(rows, cols, most, {kColumns, kLanes}, workers);
  }

  template <class T, int kM, int kK>
  void load(Left<T, kM, kK>& panel, const Tensor<const T>& source, Coord at) {
    panel.load(source, flipped(at), tile_.rows);
  }
  template <class T, int kN, int kK, Order kStored>
  void load(cpu::Left<T, kN, kK, kStored>& panel, const Tensor<const T>& source, Coord at) {
    const bool loaded = load_unless_kept(panel, worker_.launch, source, flipped(at), tile_.cols);
    if (!loaded) panel.next.rows = 0;
  }

  template <int kM, int kN>
  Sums<kM, kN> zeros() {
    return Sums<kM, kN>(worker_.scratch, tile_.rows);
  }

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    multiply(acc, right, left);
  }

  template <class T, class Acc>
  void store(const Tensor<T>& to, Coord at, const Acc& acc) {
    store_transposed(to, at, acc, tile_.cols);
  }

 private:
  WorkerContext worker_;
  TileSize tile_{};
};

}  // namespace moat::cpu
