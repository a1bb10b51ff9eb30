// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/grouped.hpp"
#include "backends/cpu/mma.hpp"
#include "backends/cpu/modes/mode.hpp"

namespace moat::cpu {

// The left operand is packed once for all tiles of a row, the right one as it is multiplied. The
// schedule's m × n is the largest size of a tile.
class Streamed {
 public:
  static constexpr const char* kName = "streamed";

  template <class T, int kM, int kK>
  using Left = cpu::Left<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = StreamedRight<T, kK, kN, kOrder>;
  template <class C, class Scale, int kK, int kN>
  using GroupedRight = StreamedGrouped<C, Scale, kK, kN>;
  template <int kM, int kN>
  using Sums = Accumulator<kM, kN>;

  static constexpr bool kSizedForWorkers = true;
  static constexpr bool kByColumns = false;

  explicit Streamed(const WorkerContext& worker) : worker_(worker) {}

  TileSize size_tiles(int rows, int cols, TileSize most, int workers) {
    return tile_ = tile_size(rows, cols, most, {kLanes, kColumns}, workers);
  }

  template <class T, int kM, int kK>
  void load(Left<T, kM, kK>& panel, const Tensor<const T>& source, Coord at) {
    if (!load_unless_kept(panel, worker_.launch, source, at, tile_.rows)) panel.next.rows = 0;
  }
  template <PackedOnTheWay R>
  void load(R& panel, const typename R::Source& source, Coord at) {
    panel.load(source, at, tile_.cols);
  }

  template <int kM, int kN>
  Sums<kM, kN> zeros() {
    return Sums<kM, kN>(worker_.scratch, tile_.cols);
  }

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    multiply(acc, left, right);
  }

  template <class T, class Acc>
  void store(const Tensor<T>& to, Coord at, const Acc& acc) {
    cpu::store(to, at, acc, tile_.rows);
  }

 private:
  WorkerContext worker_;
  TileSize tile_{};
};

}  // namespace moat::cpu
