// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "backends/cpu/amx/paged.hpp"
#include "backends/cpu/matrix_unit.hpp"
#include "backends/cpu/modes/mode.hpp"
#include "backends/cpu/pipeline.hpp"

namespace moat::cpu {

#if MOAT_CPU_MATRIX_UNIT
inline constexpr bool kHasTiles = true;

// Products of bfloat16, and of 8-bit floats, which are exact in it, by the matrix unit. The left
// operand is packed once for all tiles of a row, the right one as it is multiplied. The schedule's
// m × n is the largest size of a tile. The unit is in use while a worker's launch lasts.
class Tiles {
 public:
  static constexpr const char* kName = "tiles";

  template <class E, int kM, int kK>
  using Left = MatrixUnit::Left<E, kM, kK>;
  template <class E, int kK, int kN, Order kOrder>
  using Right = MatrixUnit::Right<E, kK, kN, kOrder>;
  template <class C, class Scale, int kK, int kN>
  using GroupedRight = MatrixUnit::GroupedRight<C, Scale, kK, kN>;
  template <int kM, int kN>
  using Sums = MatrixUnit::Sums<kM, kN>;

  static constexpr bool kSizedForWorkers = true;
  static constexpr bool kByColumns = false;

  explicit Tiles(const WorkerContext& worker) : worker_(worker) {}

  TileSize size_tiles(int rows, int cols, TileSize most, int workers) {
    return tile_ =
               tile_size(rows, cols, most, MatrixUnit::kUnit, workers, MatrixUnit::kPackingCost);
  }

  template <class E, int kM, int kK>
  void load(Left<E, kM, kK>& panel, const Tensor<const E>& source, Coord at) {
    load_unless_kept(panel, worker_.launch, source, at, std::min(kM, tile_.rows));
  }
  template <class R>
  void load(R& panel, const typename R::Source& source, Coord at) {
    panel.load(source, at, std::min(R::kCols, tile_.cols));
  }

  template <int kM, int kN>
  Sums<kM, kN> zeros() {
    return Sums<kM, kN>(worker_.scratch, std::min(kN, tile_.cols));
  }

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    multiply(acc, left, right);
  }

  template <class T, class Acc>
  void store(const Tensor<T>& to, Coord at, const Acc& acc) {
    cpu::store(to, at, acc, std::min(Acc::kRows, tile_.rows));
  }

 protected:
  static constexpr int kAny = 1 << 30;

  WorkerContext worker_;
  TileSize tile_{kAny, kAny};

 private:
  [[no_unique_address]] MatrixUnit::InUse in_use_;
};

// The same with tiles of the size that the schedule states.
class TilesOfOneSize : public Tiles {
 public:
  static constexpr const char* kName = "tiles-of-one-size";

  static constexpr bool kSizedForWorkers = false;

  using Tiles::Tiles;

  TileSize size_tiles(int /*rows*/, int /*cols*/, TileSize most, int /*workers*/) { return most; }
};

// Both operands are packed once and stay so while later items need the same.
class KeptTiles : public TilesOfOneSize {
 public:
  static constexpr const char* kName = "kept-tiles";

  template <class T, int kK, int kN, Order kOrder>
  using Right = MatrixUnit::KeptRight<T, kK, kN, kOrder>;
#if MOAT_CPU_TILES
  template <class T, int kK, int kN, Order kOrder>
  using PagedRight = PagedTiles<T, kK, kN, kOrder>;
#endif
  template <class S, class Key, class Value, class LoadKey, class LoadValue>
  using Stages = AttentionStages<S, Key, Value, LoadKey, LoadValue>;

  using TilesOfOneSize::TilesOfOneSize;

  template <class Panel>
  void load(Panel& panel, const typename Panel::Source& source, Coord at) {
    load_unless_kept(panel, worker_.launch, source, at);
  }
};
#else
inline constexpr bool kHasTiles = false;
#endif

// Whether operands of T are multiplied by the matrix unit.
template <class T>
inline constexpr bool kByTiles = kHasTiles&& std::is_same_v<T, bf16>;

}  // namespace moat::cpu
