// SPDX-License-Identifier: Apache-2.0
// A block of the vocabulary in backends/vocabulary/block.hpp, executed by the lanes of a GPU's
// thread block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "backends/simt/accumulator.hpp"
#include "backends/simt/dealing.hpp"
#include "backends/simt/decoded_panel.hpp"
#include "backends/simt/largest.hpp"
#include "backends/simt/pack.hpp"
#include "backends/simt/pipeline.hpp"
#include "backends/simt/reduce.hpp"
#include "backends/simt/schedule.hpp"
#include "backends/simt/share_sums.hpp"
#include "backends/simt/split_k.hpp"
#include "backends/simt/turned.hpp"
#include "backends/vocabulary/block.hpp"

namespace moat::simt {

// Lanes that a launch of schedule S needs per block.
template <class Atoms, BlockSchedule S>
inline constexpr int kThreads = S::kWarps* Atoms::kWaveWidth;

// Alignment that a block needs of its shared memory, in bytes.
inline constexpr std::size_t kSharedAlignment = 1024;

// Shared memory of reductions, two states of 16 bytes per wave; not beside the panels of tiles.
template <class S>
inline constexpr std::size_t kScratchBytes = kHasProducts<S> ? 0 : std::size_t{32} * S::kWarps;

// One block. A kernel's entry constructs it in every lane from the block's shared memory:
//   simt::ThreadBlock<Atoms, S> block(arena);
//   Kernel::template run<S>(block, args);
// `arena` holds kSharedBytes<Kernel, S, Atoms> bytes from a multiple of kSharedAlignment on. S is
// a BlockSchedule; where it multiplies tiles it has also what simt::Tiling asks for.
template <class AtomsOf, class S>
class ThreadBlock {
 public:
  using Atoms = AtomsOf;
  static constexpr int kThreads = simt::kThreads<Atoms, S>;
  static constexpr int kStages = simt::kStages<Atoms, S>;

  template <class T, int kM, int kK, class E = T>
  using Left = PanelOf<simt::Left<Atoms, T, kM, kK>, E>;
  template <class T, int kK, int kN, Order kOrder, class E = T>
  using Right =
      PanelOf<std::conditional_t<kOrder == Order::row_major &&
                                     kTurnsRight<Atoms, typename Atoms::template Matrix<T>>,
                                 Turned<Atoms, T, kK, kN>, simt::Right<Atoms, T, kK, kN, kOrder>>,
              E>;

  explicit MOAT_FN ThreadBlock(unsigned char* arena) : arena_(arena) {}

  template <class P>
  MOAT_FN void load(P& panel, const typename P::Source& source, const Coord& at) {
    const int here = Atoms::opaque(thread());
    if constexpr (CopiesAsynchronously<Atoms>) {
      copy<Atoms, kThreads>(panel, source, at, here);
      return;
    }
    if (phase_ == Phase::fetch) {
      fetch<Atoms, kThreads>(panel, staged_ + used_, source, at, here);
    } else {
      commit<Atoms, kThreads>(panel, staged_ + used_, source, at, here);
    }
    used_ += kStagedOf<P, kThreads>;
  }

  // The rows beyond lie in the same matrix, and reading them costs less than asking where they end.
  template <class P>
  MOAT_FN void load_first(int /*rows*/, P& panel, const typename P::Source& source,
                          const Coord& at) {
    load(panel, source, at);
  }

  // Group by group, column by column: blocks that run beside each other share a right operand.
  template <int kM, int kN, class RowsOf, class F>
  MOAT_FN void group_tiles(int groups, RowsOf rows_of, int cols, F f) {
    const int across = ceil_div(cols, kN);
    int tile = Atoms::block();  // counted from the group's first
    MOAT_UNROLL_BY(1)
    for (int group = 0; group < groups; ++group) {
      const int down = ceil_div(rows_of(group), kM);
      MOAT_UNROLL_BY(1)
      for (; tile < down * across; tile += Atoms::blocks()) {
        MOAT_INLINED f(group, tile % down * kM, tile / down * kN);
      }
      tile -= down * across;
    }
  }

  template <int kM, int kN, class F>
  MOAT_FN void tiles(int rows, int cols, F f) {
    deal_tiles(Atoms::block(), Atoms::blocks(), dies<Atoms>(), ceil_div(rows, kM),
               ceil_div(cols, kN),
               [&](int down, int across) { MOAT_INLINED f(down * kM, across * kN); });
  }

  template <class T>
  using SplitK = simt::SplitK<T>;

  template <int kM, int kN, class T, class F>
  MOAT_FN void split_tiles(const SplitK<T>& to, F f) {
    const Tensor<T> c{.data = Atoms::aside(to.c.data),
                      .rows = Atoms::aside(to.c.rows),
                      .cols = Atoms::aside(to.c.cols),
                      .row_stride = Atoms::aside(to.c.row_stride)};
    float* const sums = Atoms::aside(to.sums);
    const int steps = Atoms::aside(to.steps);
    const int each = Atoms::aside(to.each);
    const auto tiles = [](const int& count, int size) {
      return [&count, size] { return ceil_div(Atoms::same_in_wave(count), size); };
    };
    int tile = by_die(Atoms::block(), Atoms::blocks(), dies<Atoms>());
    MOAT_UNROLL_BY(1)
    for (int first = 0; first < Atoms::same_in_wave(steps); first += Atoms::same_in_wave(each)) {
      tile = deal_tiles_from(
          tile, Atoms::blocks(), tiles(c.rows, kM), tiles(c.cols, kN), [&](int down, int across) {
            MOAT_INLINED f(typename SplitK<T>::Part{
                .row = down * kM,
                .col = across * kN,
                .first_step = first,
                .steps = min(Atoms::same_in_wave(each), Atoms::same_in_wave(steps) - first),
                .c = c,
                .sums = sums});
          });
    }
  }

  template <class F>
  MOAT_FN void items(int count, F f) {
    MOAT_UNROLL_BY(1)
    for (int item = Atoms::block(); item < count; item += Atoms::blocks()) MOAT_INLINED f(item);
  }

  template <class F>
  MOAT_FN void longest_first(int groups, int count, F f) {
    deal(Atoms::block(), Atoms::blocks(), groups, count,
         [&](int group, int item) { MOAT_INLINED f(group, item); });
  }

  template <class F>
  MOAT_FN void once(F f) {
    if (thread() == 0) f();
  }

  template <class F>
  MOAT_FN void visit(int count, F f) {
    for (int i = thread(); i < count; i += kThreads) f(i);
    Atoms::barrier();
  }

  // Every lane's stores are visible to the device before its block counts as arrived.
  template <class F>
  MOAT_FN void last_arrival(unsigned* counter, F f) {
    Atoms::fence();
    Atoms::barrier();
    if (thread() == 0) {
      const unsigned before = Atoms::atomic_add(counter, 1u);
      const bool last = before + 1 == static_cast<unsigned>(Atoms::blocks());
      if (last) Atoms::store_global(counter, 0u);
      Atoms::template store_shared<unsigned>(arena_, last ? 1u : 0u);
    }
    Atoms::barrier();
    const bool last = Atoms::template load_shared<unsigned>(arena_) != 0;
    Atoms::barrier();
    if (!last) return;
    Atoms::fence();
    f();
  }

  template <class Stage, class Produce, class Consume>
  MOAT_FN void pipeline(int steps, Produce produce, Consume consume) {
    Pipeline<Stage, ThreadBlock, Produce> stages(*this, tile_memory(), steps, produce);
    MOAT_INLINED consume(stages);
  }

  template <class Q, class K, class V, int kM, int kN, class LoadQ, class LoadK, class LoadV,
            class Consume>
  MOAT_FN void attend(int key_count, LoadQ load_q, LoadK load_k, LoadV load_v, Consume consume) {
    const int steps = ceil_div(key_count, kN);
    using Memory = AttendMemoryOf<Q, K, V, Atoms, S>;
    auto& memory = *reinterpret_cast<Memory*>(tile_memory());
    if (steps > 0 && CopiesAsynchronously<Atoms>) {
      load_q(memory.q);
    } else if (steps > 0) {
      Staging<kStagedChunks<Q, kThreads>> staging;
      stage(Phase::fetch, staging.chunks);
      load_q(memory.q);
      stage(Phase::commit, staging.chunks);
      load_q(memory.q);
    }
    AttendStages<Memory, kM, kN, ThreadBlock, LoadK, LoadV> stages(*this, memory, steps, load_k,
                                                                   load_v);
    MOAT_INLINED consume(memory.q, stages);
  }

  template <int kM, int kN>
  MOAT_FN auto zeros() {
    Accumulator<Tiling<Atoms, S>, kM, kN> acc;
    acc.clear();
    return acc;
  }

  template <class Acc, class L, class R>
  MOAT_FN void mma(Acc& acc, const L& left, const R& right) {
    simt::mma(acc, left, right);
  }

  template <class T, class Acc>
  MOAT_FN void store(const Tensor<T>& to, const Coord& at, const Acc& acc) {
    simt::store(to, at, acc);
  }

  template <class T, class Acc>
  MOAT_FN void store_part(const SplitK<T>& to, const typename SplitK<T>::Part& part, Acc& acc) {
    // Twice, so that the sums need not be in the same registers in both cases, and where the place
    // is computed when it is needed: the products before leave no register free.
    const auto store_sums = [&] {
      const Coord at{.row = Atoms::opaque(part.row), .col = Atoms::opaque(part.col)};
      simt::store(part.c, at, acc);
    };
    if (part.sums == nullptr) {
      MOAT_INLINED store_sums();
    } else if (share_sums(to, part, acc)) {
      MOAT_INLINED store_sums();
    }
  }

  template <class Acc, class F>
  MOAT_FN void map_indexed(Acc& acc, F f) {
    simt::map_indexed(acc, f);
  }

  template <class Acc, class R, class F>
  MOAT_FN void map_rows(Acc& acc, const R& rows, F f) {
    simt::map_rows(acc, rows, f);
  }

  template <class Acc, class F>
  MOAT_FN void map_columns(Acc& acc, const Tensor<const float>& from, const Coord& at, F f) {
    simt::map_columns(acc, from, at, f);
  }

  template <class Acc, class R>
  MOAT_FN void add_scaled(Acc& sum, Acc& part, const R& rows, float factor) {
    simt::add_scaled(sum, part, rows, factor);
    part.clear();
  }

  template <class Acc>
  MOAT_FN auto row_max(const Acc& acc) {
    return combine_rows(acc, -kInfinity, [](float a, float b) { return Atoms::max(a, b); });
  }

  template <class Acc>
  MOAT_FN auto row_sum(const Acc& acc) {
    return combine_rows(acc, 0.0f, [](float a, float b) { return a + b; });
  }

  template <class T, class Acc>
  MOAT_FN auto as_operand(const Acc& acc) {
    return simt::as_operand<T>(acc);
  }

  template <int kM>
  MOAT_FN auto rows(float value) {
    Rows<Tiling<Atoms, S>, kM> out;
    out.for_each([&](int i, int s) { out.values[i][s] = value; });
    return out;
  }

  template <class R, class F>
  MOAT_FN R map(const R& x, F f) {
    R out;
    out.for_each([&](int i, int s) { out.values[i][s] = f(x.values[i][s]); });
    return out;
  }

  template <class R, class F>
  MOAT_FN R zip(const R& x, const R& y, F f) {
    R out;
    out.for_each([&](int i, int s) { out.values[i][s] = f(x.values[i][s], y.values[i][s]); });
    return out;
  }

  template <int kM, class U>
  MOAT_FN auto load_rows(const Tensor<const U>& from, const Coord& at) {
    return simt::load_rows<Tiling<Atoms, S>, kM>(from, at);
  }

  template <class R>
  MOAT_FN void store_rows(const Tensor<float>& to, const Coord& at, const R& x) {
    simt::store_rows(to, at, x);
  }

  template <class Monoid, class T>
  MOAT_FN auto reduce(const Monoid& monoid, const T* x, int count) {
    return merge<Monoid>(reduce_lane<ThreadBlock, Atoms, kThreads>(monoid, x, count, thread()));
  }

  template <class Monoid, class T>
  MOAT_FN auto reduce(const Monoid& monoid, const T* x, int rows, int cols, std::int64_t stride) {
    auto state = Monoid::template identity<float, int>();
    each(rows, cols, [&](const RowPiece<Atoms>& at) {
      const Pack v = at.load(x, stride);
      MOAT_UNROLL
      for (int i = 0; i < kPackSize; ++i) {
        monoid.template add<ThreadBlock>(state, i < at.rest ? v.values[i] : Monoid::kPadding,
                                         at.row * cols + at.begin + i);
      }
      Monoid::fold(state);
    });
    return merge<Monoid>(state);
  }

  template <class Monoid, class T, class F>
  MOAT_FN auto terms(const Monoid& monoid, const T* x, int count, F f) {
    using State = typename Monoid::template State<float, int>;
    const State lane = reduce_lane<ThreadBlock, Atoms, kThreads>(monoid, x, count, thread(), f);
    return Terms<T, State, F>{x, merge<Monoid>(lane), f};
  }

  template <class Monoid, class F>
  MOAT_FN auto collect(const Monoid&, int count, F f) {
    auto state = Monoid::template identity<float, std::int64_t>();
    for (int i = thread(); i < count; i += kThreads)
      Monoid::template merge<ThreadBlock>(state, f(i));
    return merge<Monoid>(state);
  }

  // One barrier for each rank, and one before its own lane stores what others read.
  template <class T, class F>
  MOAT_FN void largest(const T* x, int count, int k, F f) {
    OwnLargest own;
    MOAT_UNROLL_BY(1)
    for (int rank = 0; rank < k; ++rank) {
      const std::int64_t mine = own.first([&](const LargestOfLane& monoid) {
        return reduce_lane<ThreadBlock, Atoms, kThreads>(monoid, x, count, thread());
      });
      const std::int64_t first = merge<FirstPlace>(FirstPlace::State{mine}).place;
      if (mine == first) own.take();
      if (thread() == rank % kThreads) f(rank, position_of(first));
    }
    Atoms::barrier();
  }

  template <class F>
  MOAT_FN void each(int count, F f) {
    for (int i = thread() * kPackSize; i < count; i += kThreads * kPackSize) {
      f(Piece<Atoms>{i, count - i});
    }
  }

  template <class T, class F>
  MOAT_FN void keep(T* to, int count, F f) {
    each(count, [&](const Piece<Atoms>& at) { at.store(to, f(at)); });
    Atoms::barrier();
  }

  // A group is that of neighbouring lanes of a wave, with a pack each.
  template <int kGroup, class Monoid, class Value, class Whole, class Use>
  MOAT_FN void groups(const Monoid& monoid, int count, Value value, Whole whole, Use use) {
    constexpr int kLanes = kGroup / kPackSize;
    static_assert(kGroup % kPackSize == 0 && Atoms::kWaveWidth % kLanes == 0);
    const int all = ceil_div(count, kGroup);
    // Lanes whose group lies beyond the last take part in their wave's exchanges.
    for (int first = 0; first < all; first += kThreads / kLanes) {
      const int group = first + thread() / kLanes;
      const int lane = thread() % kLanes;
      const int begin = group * kGroup + lane * kPackSize;
      const Piece<Atoms> at{begin, count - begin};
      const Pack x = value(at);
      auto state = Monoid::template identity<float, int>();
      MOAT_UNROLL
      for (int i = 0; i < kPackSize; ++i) {
        monoid.template add<ThreadBlock>(state, i < at.rest ? x.values[i] : Monoid::kPadding,
                                         begin + i);
      }
      MOAT_UNROLL
      for (int mask = 1; mask < kLanes; mask *= 2) {
        Monoid::template merge<ThreadBlock>(
            state, state.transform([&](auto s) { return Atoms::shuffle_xor(s, mask); }));
      }
      const auto y = whole(Group<Atoms>{group, lane == 0 && group < all}, state);
      if (at.rest > 0) use(at, x, y);
    }
  }

  template <class F>
  MOAT_FN void each(int rows, int cols, F f) {
    const int across = ceil_div(cols, kPackSize);
    for (int i = thread(); i < rows * across; i += kThreads) {
      const int begin = i % across * kPackSize;
      f(RowPiece<Atoms>{i / across, begin, cols - begin});
    }
  }

  static MOAT_FN float abs(float x) { return __builtin_fabsf(x); }
  static MOAT_FN Pack abs(const Pack& x) {
    return Pack::of([&](int i) { return abs(x.values[i]); });
  }
  static MOAT_FN float exp2(float x) { return Atoms::exp2(x); }
  static MOAT_FN Pack exp2(const Pack& x) {
    return Pack::of([&](int i) { return Atoms::exp2(x.values[i]); });
  }
  static MOAT_FN float log2(float x) { return Atoms::log2(x); }
  static MOAT_FN float rsqrt(float x) { return Atoms::rsqrt(x); }
  static MOAT_FN float max(float a, float b) { return Atoms::max(a, b); }
  static MOAT_FN Pack max(const Pack& a, const Pack& b) {
    return Pack::of([&](int i) { return Atoms::max(a.values[i], b.values[i]); });
  }
  static MOAT_FN Pack min(const Pack& a, const Pack& b) {
    return Pack::of([&](int i) { return min(a.values[i], b.values[i]); });
  }
  template <class T>
  static MOAT_FN T min(T a, T b) {
    return b < a ? b : a;
  }
  template <class T>
  static MOAT_FN T select(bool condition, T a, T b) {
    return condition ? a : b;
  }

  // For the drivers of pipelines: what the following loads do, and with which registers.
  MOAT_FN void stage(Phase phase, Chunk* staged) {
    phase_ = phase;
    staged_ = staged;
    used_ = 0;
  }

 private:
  static MOAT_FN int thread() { return Atoms::wave() * Atoms::kWaveWidth + Atoms::lane(); }
  MOAT_FN unsigned char* tile_memory() { return arena_ + kScratchBytes<S>; }

  // Reductions alternate between two halves of the scratch memory, so that one barrier each is
  // enough: a half is written again only after the barrier that follows its reads.
  template <class Monoid, class State>
  MOAT_FN State merge(const State& state) {
    static_assert(sizeof(State) <= 16 && kScratchBytes<S> > 0);
    auto* slots = reinterpret_cast<State*>(arena_ + (odd_ ? 16 * S::kWarps : 0));
    odd_ = !odd_;
    return merge_lanes<ThreadBlock, Atoms, S::kWarps, Monoid>(state, slots);
  }

  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  unsigned char* arena_;
  Chunk* staged_ = nullptr;
  int used_ = 0;
  Phase phase_ = Phase::fetch;
  bool odd_ = false;
};

template <class Kernel, class S, class B>
constexpr std::size_t tile_bytes() {
  if constexpr (requires { typename Kernel::template Stage<S, B>; }) {
    return kPipelineBytes<typename Kernel::template Stage<S, B>, typename B::Atoms, S>;
  } else if constexpr (requires { typename Kernel::template Query<S, B>; }) {
    return sizeof(
        AttendMemoryOf<typename Kernel::template Query<S, B>, typename Kernel::template Key<S, B>,
                       typename Kernel::template Value<S, B>, typename B::Atoms, S>);
  } else {
    static_assert(!kHasProducts<S>, "a kernel of products names its panels, Stage or Query");
    return 0;
  }
}

// Bytes of dynamic shared memory that a launch of Kernel with schedule S needs: a kernel names its
// pipeline's panels Stage, or Query, Key and Value.
template <class Kernel, class S, class Atoms>
inline constexpr std::size_t kSharedBytes = kScratchBytes<S> +
                                            tile_bytes<Kernel, S, ThreadBlock<Atoms, S>>();

}  // namespace moat::simt
