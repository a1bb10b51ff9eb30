// SPDX-License-Identifier: Apache-2.0
// The vocabulary of backends/vocabulary/block.hpp on a CPU: a block is one worker thread, its lanes
// are those of a vector.
#pragma once

#include <atomic>
#include <utility>

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/heads.hpp"
#include "backends/cpu/in_place.hpp"
#include "backends/cpu/mma.hpp"
#include "backends/cpu/pipeline.hpp"
#include "backends/cpu/reduce.hpp"
#include "backends/cpu/runtime.hpp"
#include "backends/cpu/terms.hpp"
#include "backends/cpu/tiling.hpp"
#include "backends/vocabulary/block.hpp"

namespace moat::cpu {

// Operands and sums of a schedule.
struct InPlaceTypes {
  template <class T, int kM, int kK>
  using Left = RowLeft<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = InPlaceRight<T, kK, kN, kOrder>;
  template <int kM, int kN>
  using Sums = RowAccumulator<kM, kN>;
};

struct AllHeadsTypes : InPlaceTypes {
  template <class T, int kM, int kK>
  using Left = HeadQueries<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = RightOfHeads<T, kK, kN, kOrder>;
};

struct PackedTypes {
  template <class T, int kM, int kK>
  using Left = cpu::Left<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = cpu::Right<T, kK, kN, kOrder>;
  template <int kM, int kN>
  using Sums = Accumulator<kM, kN>;
};

struct StreamedTypes : PackedTypes {
  template <class T, int kK, int kN, Order kOrder>
  using Right = StreamedRight<T, kK, kN, kOrder>;
};

// Of Cᵀ = Bᵀ·Aᵀ.
struct SwappedTypes {
  template <class T, int kM, int kK>
  using Left = StreamedRight<T, kK, kM, Order::transposed>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = cpu::Left<T, kN, kK, flipped(kOrder)>;
  template <int kM, int kN>
  using Sums = Accumulator<kN, kM>;
};

// Schedule: `kDynamic` is true if workers that become free take a share of the items that are left
// (guided self-scheduling, Polychronopoulos and Kuck 1987), false if each worker takes one
// contiguous range, which keeps rows near the thread that touched them. Its tiles are packed unless
// it has `kInPlace`, or `all_heads`, where a tile holds rows of several heads; with `kStreamed`,
// one operand is packed as it is multiplied and m × n is the largest size of a tile. That is the
// right operand, or with `kSwapped` the left one, and Cᵀ = Bᵀ·Aᵀ is computed.
template <class Schedule>
class Worker {
  static constexpr bool kInPlace = requires { Schedule::kInPlace; };
  static constexpr bool kAllHeads = [] {
    if constexpr (AttentionSchedule<Schedule>) return Schedule::all_heads;
    return false;
  }();
  static constexpr bool kStreamed = requires { Schedule::kStreamed; };
  static constexpr bool kSwapped = requires { Schedule::kSwapped; };
  using Types = std::conditional_t<
      kInPlace, InPlaceTypes,
      std::conditional_t<
          kAllHeads, AllHeadsTypes,
          std::conditional_t<kSwapped, SwappedTypes,
                             std::conditional_t<kStreamed, StreamedTypes, PackedTypes>>>>;

 public:
  template <class T, int kM, int kK>
  using Left = typename Types::template Left<T, kM, kK>;
  template <class T, int kK, int kN, Order kOrder>
  using Right = typename Types::template Right<T, kK, kN, kOrder>;
  template <int kM, int kN>
  using Sums = typename Types::template Sums<kM, kN>;

  // One of `workers`; `next` counts the items of the launch that were handed out, whose number is
  // `launch`. Packed panels of up to `kept_bytes` are kept for later items.
  Worker(Scratch& scratch, std::atomic<std::int64_t>& next, int worker, int workers,
         std::int64_t launch, std::size_t kept_bytes)
      : scratch_(scratch),
        next_(next),
        worker_(worker),
        workers_(workers),
        launch_(launch),
        kept_bytes_(kept_bytes) {}

  template <class F>
  void items(std::int64_t count, F f) {
    items_ = count;
    if (Schedule::kDynamic && !handed_out_) {
      handed_out_ = true;
      for (std::int64_t i = next_.load(std::memory_order_relaxed); i < count;) {
        const std::int64_t end = i + std::max<std::int64_t>(1, (count - i) / (2 * workers_));
        if (!next_.compare_exchange_weak(i, end, std::memory_order_relaxed)) continue;
        for (; i < end; ++i) f(static_cast<int>(i));
        i = next_.load(std::memory_order_relaxed);
      }
    } else {
      const std::int64_t end = count * (worker_ + 1) / workers_;
      for (std::int64_t i = count * worker_ / workers_; i < end; ++i) f(static_cast<int>(i));
    }
  }

  // A panel that is packed for the first tile of a row, or if swapped of a column, serves them all.
  template <int kM, int kN, class F>
  void tiles(int rows, int cols, F f) {
    if constexpr (kSwapped) {
      tile_ = tile_size(rows, cols, {kM, kN}, {kColumns, kLanes}, workers_);
    } else if constexpr (kStreamed) {
      tile_ = tile_size(rows, cols, {kM, kN}, {kLanes, kColumns}, workers_);
    } else {
      tile_ = {kM, kN};
    }
    const std::int64_t down = ceil_div(rows, tile_.rows);
    const std::int64_t across = ceil_div(cols, tile_.cols);
    const std::int64_t series = kSwapped ? down : across;
    if (series == 1) kept_bytes_ = 0;  // nothing is used twice
    items(down * across, [&](std::int64_t i) {
      auto row = static_cast<int>(i / series);
      auto col = static_cast<int>(i % series);
      if (kSwapped) std::swap(row, col);
      f(row * tile_.rows, col * tile_.cols);
    });
  }

  template <class F>
  void once(F f) {
    f();
  }

  template <class F>
  void last_arrival(unsigned* counter, F f) {
    const std::atomic_ref arrivals(*counter);
    if (arrivals.fetch_add(1, std::memory_order_acq_rel) + 1 != static_cast<unsigned>(workers_)) {
      return;
    }
    arrivals.store(0, std::memory_order_relaxed);
    f();
  }

  template <class Stage, class Produce, class Consume>
  void pipeline(int steps, Produce produce, Consume consume) {
    const KeptStages<Stage> kept(scratch_, kept_bytes_);
    Stages<Stage, Produce> stages{kept, steps, produce};
    consume(stages);
  }

  template <class Query, class Key, class Value, int kM, int kN, class LoadQuery, class LoadKey,
            class LoadValue, class Consume>
  void attend(int key_count, LoadQuery load_query, LoadKey load_key, LoadValue load_value,
              Consume consume) {
    Scratched<Query> query(scratch_);
    if constexpr (kAllHeads) {
      if (key_count > 0) load_query(*query);
      HeadStages<Sums<kM, kN>, Key, Value, LoadKey, LoadValue> stages{scratch_, key_count, load_key,
                                                                      load_value};
      consume(std::as_const(*query), stages);
      return;
    }
    const KeptStages<Key> keys(scratch_, kept_bytes_ / 2);
    const KeptStages<Value> values(scratch_, kept_bytes_ / 2);
    if (key_count > 0) load_query(*query);
    AttentionStages<Sums<kM, kN>, Key, Value, LoadKey, LoadValue> stages{
        scratch_, keys, values, key_count, load_key, load_value};
    consume(std::as_const(*query), stages);
  }

  template <class Panel>
  void load(Panel& panel, const typename Panel::Source& source, Coord at) {
    const auto load_used = [&] {
      if constexpr (!kStreamed) {
        panel.load(source, at);
      } else if constexpr (kSwapped) {
        const Coord swapped{.row = at.col, .col = at.row, .head = at.head, .batch = at.batch};
        panel.load(
            source, swapped, requires { Panel::kRows; } ? tile_.cols : tile_.rows);
      } else {
        panel.load(
            source, at, requires { Panel::kRows; } ? tile_.rows : tile_.cols);
      }
    };
    if constexpr (requires { panel.tag; }) {
      const PanelTag tag{launch_, source.data, at.row, at.col, at.head, at.batch};
      if (panel.tag == tag) {
        if constexpr (kStreamed) panel.next.rows = 0;
        return;
      }
      load_used();
      panel.tag = tag;
    } else {
      load_used();
    }
  }

  template <int kM, int kN>
  Sums<kM, kN> zeros() {
    if constexpr (kSwapped) {
      return Sums<kM, kN>(scratch_, tile_.rows);
    } else if constexpr (kStreamed) {
      return Sums<kM, kN>(scratch_, tile_.cols);
    } else {
      return Sums<kM, kN>(scratch_);
    }
  }

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    if constexpr (kSwapped) {
      multiply(acc, right, left);
    } else {
      multiply(acc, left, right);
    }
  }

  template <class T, class Acc>
  void store(const Tensor<T>& to, Coord at, const Acc& acc) {
    if constexpr (kSwapped) {
      cpu::store_transposed(to, at, acc, tile_.cols);
    } else if constexpr (kStreamed) {
      cpu::store(to, at, acc, tile_.rows);
    } else {
      cpu::store(to, at, acc);
    }
  }

  template <class Acc, class F>
  void map_indexed(Acc& acc, F f) {
    cpu::map_indexed(acc, f);
  }

  template <class Acc, class R, class F>
  void map_rows(Acc& acc, const R& rows, F f) {
    cpu::map_rows(acc, rows, f);
  }

  template <class Acc>
  auto row_max(const Acc& acc) {
    return fold_columns(acc, [](FloatLanes a, FloatLanes b) { return cpu::max(a, b); });
  }

  template <class Acc>
  auto row_sum(const Acc& acc) {
    return fold_columns(acc, [](FloatLanes a, FloatLanes b) { return a + b; });
  }

  // Products take f32, so nothing is rounded.
  template <class T, int kM, int kN>
  AccumulatedOperand<kM, kN> as_operand(const Accumulator<kM, kN>& acc) {
    return {acc.values, acc.rows, acc.cols};
  }
  template <class T, int kM, int kN>
  AccumulatedRows<kM, kN> as_operand(const RowAccumulator<kM, kN>& acc) {
    return {acc.values, acc.rows, acc.first};
  }

  template <int kM>
  Rows<kM> rows(float value) {
    return map_each_row<kM>([&] { return FloatLanes(value); });
  }

  template <int kM, class F>
  Rows<kM> map(const Rows<kM>& a, F f) {
    return map_each_row<kM>(f, a);
  }

  template <int kM, class F>
  Rows<kM> zip(const Rows<kM>& a, const Rows<kM>& b, F f) {
    return map_each_row<kM>(f, a, b);
  }

  template <class T, int kM>
  void store_rows(const Tensor<T>& to, Coord at, const Rows<kM>& rows) {
    T* out = address(to, at);
    for (int r = 0; r < live(to.rows, at.row, kM); ++r) {
      out[r * to.row_stride] = from_float<T>(rows.values[r]);
    }
  }

  template <class Monoid, class T>
  auto reduce(const Monoid& monoid, const T* x, int count) {
    return cpu::reduce<Worker>(monoid, x, count);
  }

  template <class Monoid, class T, class F>
  auto terms(const Monoid& monoid, const T* x, int count, F f) {
    return Terms<Worker, Monoid, T, F>(scratch_, monoid, x, count, f);
  }

  template <class Monoid, class F>
  auto collect(const Monoid& monoid, int count, F f) {
    auto state = f(0);
    for (int i = 1; i < count; ++i) monoid.template merge<Worker>(state, f(i));
    return state;
  }

  template <class F>
  void each(int count, F f) {
    int i = 0;
    if (items_ * count >= kStreamedElements) {
      for (; i + kLanes <= count; i += kLanes) f(StreamedPosition{{i}});
      hwy::FlushStream();
    }
    for (; i + kLanes <= count; i += kLanes) f(FullPosition{i});
    if (i < count) f(LastPosition{.offset = i, .count = count - i});
  }

  template <class X>
  static auto exp2(X x) {
    return cpu::exp2(x);
  }
  template <class X>
  static auto log2(X x) {
    return cpu::log2(x);
  }
  template <class X>
  static auto rsqrt(X x) {
    return cpu::rsqrt(x);
  }
  template <class X, class Y>
  static auto max(X x, Y y) {
    return cpu::max(x, y);
  }
  template <class X, class Y>
  static auto min(X x, Y y) {
    return cpu::min(x, y);
  }
  template <class C, class X, class Y>
  static auto select(C condition, X x, Y y) {
    return cpu::select(condition, x, y);
  }

 private:
  Scratch& scratch_;
  std::atomic<std::int64_t>& next_;
  int worker_;
  int workers_;
  std::int64_t launch_;
  std::size_t kept_bytes_;
  TileSize tile_{};  // size of all tiles but those at the edges
  bool handed_out_ = false;
  std::int64_t items_ = 1;  // of the loop that runs now
};

}  // namespace moat::cpu
