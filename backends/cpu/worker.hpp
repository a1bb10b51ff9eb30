// SPDX-License-Identifier: Apache-2.0
// The vocabulary of backends/vocabulary/block.hpp on a CPU: a block is one worker thread, its lanes
// are those of a vector.
#pragma once

#include <atomic>
#include <type_traits>
#include <utility>

#include "backends/cpu/accumulator.hpp"
#include "backends/cpu/ahead.hpp"
#include "backends/cpu/groups.hpp"
#include "backends/cpu/largest.hpp"
#include "backends/cpu/matrix_unit.hpp"
#include "backends/cpu/modes/all_heads.hpp"
#include "backends/cpu/pipeline.hpp"
#include "backends/cpu/reduce.hpp"
#include "backends/cpu/runtime.hpp"
#include "backends/cpu/split_k.hpp"
#include "backends/cpu/terms.hpp"
#include "backends/vocabulary/block.hpp"

namespace moat::cpu {

// A mode's right panel of elements E.
template <class Mode, class E, int kK, int kN, Order kOrder>
struct RightOf {
  using type = typename Mode::template Right<E, kK, kN, kOrder>;
};
template <class Mode, class C, class Scale, int kK, int kN>
struct RightOf<Mode, Grouped<C, Scale>, kK, kN, Order::transposed> {
  using type = typename Mode::template GroupedRight<C, Scale, kK, kN>;
};
template <class Mode, class T, int kK, int kN, Order kOrder>
struct RightOf<Mode, Paged<T>, kK, kN, kOrder> {
  using type = typename Mode::template PagedRight<T, kK, kN, kOrder>;
};

// Schedule: `Mode` is how its tiles lie and are multiplied. `kDynamic` is true if workers that
// become free take a share of the items that are left (guided self-scheduling, Polychronopoulos and
// Kuck 1987), false if each worker takes one contiguous range, which keeps rows near the thread
// that touched them.
template <class Schedule>
class Worker {
  static_assert(
      requires { typename Schedule::Mode; },
      "a schedule names how its tiles lie: using Mode = one of backends/cpu/modes");
  using Mode = typename Schedule::Mode;
  static_assert(TileMode<Mode>, "Mode lacks what backends/cpu/modes/mode.hpp asks of a mode");
  static_assert(
      requires { requires Schedule::all_heads; } == std::is_base_of_v<AllHeads, Mode>,
      "tiles hold rows of all heads in AllHeads and what derives from it, and in no other mode");

 public:
  // Products take f32, so that a panel is of what its source holds.
  template <class T, int kM, int kK, class E = T>
  using Left = typename Mode::template Left<E, kM, kK>;
  template <class T, int kK, int kN, Order kOrder, class E = T>
  using Right = typename RightOf<Mode, E, kK, kN, kOrder>::type;
  template <int kM, int kN>
  using Sums = typename Mode::template Sums<kM, kN>;

  // One of `workers`; `next` counts the items of the launch that were handed out, whose number is
  // `launch`. Packed panels of up to `kept_bytes` are kept for later items.
  Worker(Scratch& scratch, std::atomic<std::int64_t>& next, int worker, int workers,
         std::int64_t launch, std::size_t kept_bytes)
      : mode_({scratch, launch}),
        scratch_(scratch),
        next_(next),
        worker_(worker),
        workers_(workers),
        kept_bytes_(kept_bytes),
        kept_slot_(scratch, kRows ? kMostKeptRow : 0) {}

  ~Worker() { flush(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  template <class F>
  HWY_INLINE void items(std::int64_t count, F f) {
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
      for (std::int64_t i = count * worker_ / workers_; i < end; ++i) {
        kept_ = {};
        ahead_.turn(i + 1 < end);
        f(static_cast<int>(i));
      }
      kept_ = {};
      ahead_.turn(false);
    }
    flush();
  }

  // Group by group: what is packed of a group's memory serves its items one after the other.
  template <class F>
  HWY_INLINE void longest_first(int groups, int count, F f) {
    items(std::int64_t{groups} * count, [&](int item) { f(item / count, item % count); });
  }

  // A panel that is packed for the first tile of a row, or of a column, serves them all.
  template <int kM, int kN, class F>
  void tiles(int rows, int cols, F f) {
    const TileSize tile = mode_.size_tiles(rows, cols, {kM, kN}, workers_);
    const std::int64_t down = ceil_div(rows, tile.rows);
    const std::int64_t across = ceil_div(cols, tile.cols);
    const std::int64_t series = Mode::kByColumns ? down : across;
    if (series == 1) kept_bytes_ = 0;  // nothing is used twice
    items(down * across, [&](std::int64_t i) {
      auto row = static_cast<int>(i / series);
      auto col = static_cast<int>(i % series);
      if (Mode::kByColumns) std::swap(row, col);
      f(row * tile.rows, col * tile.cols);
    });
  }

  template <class T>
  using SplitK = cpu::SplitK<T>;

  template <int kM, int kN, class T, class F>
  void split_tiles(const SplitK<T>& to, F f) {
    tiles<kM, kN>(to.c.rows, to.c.cols, [&](int row, int col) {
      f(typename SplitK<T>::Part{.row = row, .col = col, .steps = to.steps});
    });
  }

  // Groups share the workers, so that tiles of one are as large as if the others did not exist only
  // where those are few. A worker visits groups in their order, and remembers where it is.
  template <int kM, int kN, class RowsOf, class F>
  void group_tiles(int groups, RowsOf rows_of, int cols, F f) {
    int busy = 0;
    for (int g = 0; g < groups; ++g) busy += rows_of(g) > 0 ? 1 : 0;
    const int share = ceil_div(workers_, std::max(busy, 1));
    const auto tiles_of = [&](int g, TileSize& tile) -> std::int64_t {
      const int rows = rows_of(g);
      if (rows == 0) return 0;
      tile = mode_.size_tiles(rows, cols, {kM, kN}, share);
      return std::int64_t{ceil_div(rows, tile.rows)} * ceil_div(cols, tile.cols);
    };
    TileSize tile{kM, kN};
    std::int64_t count = 0;
    for (int g = 0; g < groups; ++g) count += tiles_of(g, tile);
    int group = -1;
    std::int64_t first = 0;  // item of the group
    std::int64_t end = 0;    // and behind it
    items(count, [&](std::int64_t i) {
      while (i >= end) {
        first = end;
        end += tiles_of(++group, tile);
      }
      const std::int64_t series =
          Mode::kByColumns ? ceil_div(rows_of(group), tile.rows) : ceil_div(cols, tile.cols);
      auto row = static_cast<int>((i - first) / series);
      auto col = static_cast<int>((i - first) % series);
      if (Mode::kByColumns) std::swap(row, col);
      f(group, row * tile.rows, col * tile.cols);
    });
  }

  template <class F>
  void once(F f) {
    f();
  }

  template <class F>
  void visit(int count, F f) {
    for (int i = 0; i < count; ++i) f(i);
  }

  template <class F>
  void last_arrival(unsigned* counter, F f) {
    flush();
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
    if (key_count > 0) load_query(*query);
    typename Mode::template Stages<Sums<kM, kN>, Key, Value, LoadKey, LoadValue> stages{
        scratch_, kept_bytes_, key_count, load_key, load_value};
    consume(std::as_const(*query), stages);
  }

  template <class Panel>
  void load(Panel& panel, const typename Panel::Source& source, Coord at) {
    mode_.load(panel, source, at);
  }

  template <class Panel>
  void load_first(int rows, Panel& panel, const typename Panel::Source& source, Coord at) {
    auto first = source;
    first.rows = std::min(source.rows, at.row + rows);
    mode_.load(panel, first, at);
  }

  template <int kM, int kN>
  Sums<kM, kN> zeros() {
    return mode_.template zeros<kM, kN>();
  }

  template <class Acc, class L, class R>
  void mma(Acc& acc, const L& left, const R& right) {
    mode_.mma(acc, left, right);
  }

  template <class T, class Acc>
  void store(const Tensor<T>& to, Coord at, const Acc& acc) {
    mode_.store(to, at, acc);
  }

  template <class T, class Acc>
  void store_part(const SplitK<T>& to, const typename SplitK<T>::Part& part, const Acc& acc) {
    mode_.store(to.c, {.row = part.row, .col = part.col}, acc);
  }

  template <class Acc, class F>
  void map_indexed(Acc& acc, F f) {
    cpu::map_indexed(acc, f);
  }

  template <class Acc, class R, class F>
  void map_rows(Acc& acc, const R& rows, F f) {
    cpu::map_rows(acc, rows, f);
  }

  template <class Acc, class F>
  void map_columns(Acc& acc, const Tensor<const float>& from, Coord at, F f) {
    cpu::map_columns(acc, from, at, f);
  }

  template <class Acc, class R>
  void add_scaled(Acc& sum, Acc& part, const R& rows, float factor) {
    cpu::add_scaled(sum, part, rows, factor);
  }

  template <class Acc>
  auto row_max(const Acc& acc) {
    return fold_columns(acc, [](FloatLanes a, FloatLanes b) { return cpu::max(a, b); });
  }

  template <class Acc>
  auto row_sum(const Acc& acc) {
    return fold_columns(acc, [](FloatLanes a, FloatLanes b) { return a + b; });
  }

  // Products take f32, so nothing is rounded; those of matrix units take bfloat16.
  template <class T, int kM, int kN>
  AccumulatedOperand<kM, kN> as_operand(const Accumulator<kM, kN>& acc) {
    return {acc.values, acc.rows, acc.cols};
  }
  template <class T, int kM, int kN>
  AccumulatedRows<kM, kN> as_operand(const RowAccumulator<kM, kN>& acc) {
    return {acc.values, acc.rows, acc.first};
  }
#if MOAT_CPU_MATRIX_UNIT
  template <class T, int kM, int kN>
  MatrixUnit::Rounded<kM, kN> as_operand(const MatrixUnit::Sums<kM, kN>& acc) {
    static_assert(std::is_same_v<T, bf16>);
    return {scratch_, acc};
  }
#endif

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

  template <int kM, class U>
  Rows<kM> load_rows(const Tensor<const U>& from, Coord at) {
    const U* column = address(from, at);
    const int count = live(from.rows, at.row, kM);
    Rows<kM> result;
    for (int r = 0; r < kM; ++r) {
      result.values[r] = r < count ? decode(column[r * from.row_stride]) : 0.0f;
    }
    return result;
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
    if (const KeptRow row = kept_.of(count); x == row.stored) {
      return cpu::reduce<Worker>(monoid, static_cast<const T*>(row.copy), count);
    }
    ahead_.read(x, count);
    return cpu::reduce<Worker>(monoid, x, count);
  }

  template <class Monoid, class T>
  auto reduce(const Monoid& monoid, const T* x, int rows, int cols, std::int64_t stride) {
    return cpu::reduce<Worker>(monoid, x, rows, cols, stride);
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

  template <class T, class F>
  void largest(const T* x, int count, int k, F f) {
    cpu::largest(scratch_, x, count, k, f);
  }

  template <class F>
  HWY_INLINE void each(int count, F f) {
    const bool streamed = items_ * count >= kStreamedElements;
    if constexpr (kRows) {
      const auto beside = [&, row = kept_.of(count) ](auto at) __attribute__((always_inline)) {
        f(BesideKept<decltype(at)>{at, row});
      };
      int i = 0;
      const bool told = ahead_.told();
      if (streamed && !told && count >= kFetched) {
        beside(TellingPosition{{{0}}, &ahead_, count});
        // Whole lines, as all that follow.
        for (i = kLanes; i < kFetched; i += kLanes) beside(StreamedPosition{{i}});
      }
      if (streamed) {
        const auto row = [&](int r) { return told ? next_row(r) : ahead_.soon(r); };
        const Ahead::Soon first = row(0);
        const Ahead::Soon second = row(1);
        // What lies ahead of the positions that told which rows these are.
        if (!told && i > 0) {
          first.fetch(0);
          second.fetch(0);
        }
        for (; i + kFetched <= count; i += kFetched) {
          first.fetch(i);
          second.fetch(i);
          unroll<kFetched / kLanes>([&](auto v) __attribute__((always_inline)) {
            beside(StreamedPosition{{i + v * kLanes}});
          });
        }
      }
      each_position(i, count, beside);
    } else {
      each_position(count, streamed, f);
    }
    unflushed_ |= streamed;
  }

  // In the caches, where it is read again. A long loop does not write the row from there, which
  // would fetch its lines first, but stores it twice.
  template <class T, class F>
  HWY_INLINE void keep(T* to, int count, F f) {
    if constexpr (kRows) {
      // It may be a part of the row that was kept before.
      kept_ = {};
      if (items_ * count >= kStreamedElements && count * sizeof(T) <= kMostKeptRow) {
        T* copy = static_cast<T*>(kept_slot_.get());
        const auto both = [&](auto at) __attribute__((always_inline)) {
          const auto x = f(at);
          FullPosition{at.offset}.store(copy, x);
          StreamedPosition{{at.offset}}.store(to, x);
        };
        int i = 0;
        if (count >= kFetched) {
          both(TellingPosition{{{0}}, &ahead_, count});
          for (i = kLanes; i < kFetched; i += kLanes) both(FullPosition{i});
        }
        const auto row = [&](int r) { return ahead_.fetched() ? Ahead::Next() : ahead_.soon(r); };
        const Ahead::Soon first = row(0);
        const Ahead::Soon second = row(1);
        if (i > 0) {
          first.fetch(0);
          second.fetch(0);
        }
        for (; i + kFetched <= count; i += kFetched) {
          first.fetch(i);
          second.fetch(i);
          unroll<kFetched / kLanes>([&](auto v) __attribute__((always_inline)) {
            both(FullPosition{i + v * kLanes});
          });
        }
        for (; i + kLanes <= count; i += kLanes) both(FullPosition{i});
        if (i < count) {
          const LastPosition at{.offset = i, .count = count - i};
          const auto x = f(at);
          at.store(copy, x);
          at.store(to, x);
        }
        kept_ = {to, copy, count};
        unflushed_ = true;
        return;
      }
    }
    each_position(count, false, [&](auto at) { at.store(to, f(at)); });
  }

  template <int kGroup, class Monoid, class Value, class Whole, class Use>
  HWY_INLINE void groups(const Monoid& monoid, int count, Value value, Whole whole, Use use) {
    const bool streamed = items_ * count >= kStreamedElements;
    if constexpr (kRows) {
      const Ahead::Next first = streamed ? ahead_.next(0) : Ahead::Next();
      const Ahead::Next second = streamed ? ahead_.next(1) : Ahead::Next();
      if (streamed) ahead_.fetch_next();
      for_each_group<Worker, kGroup>(
          monoid, count, streamed,
          [&, row = kept_.of(count) ](auto at) __attribute__((always_inline)) {
            return value(BesideKept<decltype(at)>{at, row});
          },
          [&](auto group, const auto& state) __attribute__((always_inline)) {
            for (int i = 0; i < kGroup; i += kFetched) {
              first.fetch(group.index * kGroup + i);
              second.fetch(group.index * kGroup + i);
            }
            return whole(group, state);
          },
          use);
    } else {
      for_each_group<Worker, kGroup>(monoid, count, streamed, value, whole, use);
    }
    unflushed_ |= streamed;
  }

  template <class F>
  void each(int rows, int cols, F f) {
    const bool streamed = items_ * rows * cols >= kStreamedElements;
    for (int row = 0; row < rows; ++row) {
      const auto in_row = [&](auto at) __attribute__((always_inline)) {
        f(InRow<decltype(at)>{at, row});
      };
      int i = 0;
      if (streamed) {
        for (; i + kLanes <= cols; i += kLanes) in_row(FetchingPosition{{{i}}});
      }
      each_position(i, cols, in_row);
    }
    unflushed_ |= streamed;
  }

  template <class X>
  static auto abs(X x) {
    return cpu::abs(x);
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
  template <class F>
  HWY_INLINE static void each_position(int count, bool streamed, F f) {
    int i = 0;
    if (streamed) {
      for (; i + kLanes <= count; i += kLanes) f(StreamedPosition{{i}});
    }
    each_position(i, count, f);
  }

  // From position i on.
  template <class F>
  HWY_INLINE static void each_position(int i, int count, F f) {
    for (; i + kLanes <= count; i += kLanes) f(FullPosition{i});
    if (i < count) f(LastPosition{.offset = i, .count = count - i});
  }

  // What a loop over what was read before fetches. Where it was kept, the loop that kept it fetched
  // for itself.
  HWY_INLINE Ahead::Next next_row(int r) const {
    return kept_.stored == nullptr ? ahead_.next(r) : Ahead::Next();
  }

  // What went past the caches becomes visible to others in its order: once for a loop, because it
  // waits for memory.
  void flush() {
    if (unflushed_) hwy::FlushStream();
    unflushed_ = false;
  }

  // Whether items are rows that follow each other in memory.
  static constexpr bool kRows = !Schedule::kDynamic;
  // A row beside the next item's and the weights in the second cache.
  static constexpr std::size_t kMostKeptRow = std::size_t{128} << 10;

  Mode mode_;
  Scratch& scratch_;
  std::atomic<std::int64_t>& next_;
  int worker_;
  int workers_;
  std::size_t kept_bytes_;
  bool handed_out_ = false;
  std::int64_t items_ = 1;  // of the loop that runs now
  Ahead ahead_;
  Scratch::Slot kept_slot_;
  KeptRow kept_;
  bool unflushed_ = false;
};

}  // namespace moat::cpu
