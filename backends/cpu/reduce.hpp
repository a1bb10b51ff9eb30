// SPDX-License-Identifier: Apache-2.0
// Reductions of memory to one state, and positions of element-wise loops.
#pragma once

#include <hwy/cache_control.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "backends/cpu/convert.hpp"
#include "backends/cpu/math.hpp"
#include "backends/cpu/panels.hpp"
#include "backends/vocabulary/block.hpp"

// Named only: kernels that reduce nothing need not read kernels/monoids.hpp.
namespace moat {
struct ArgMax;
struct Max;
}  // namespace moat

namespace moat::cpu {

template <class T>
FloatLanes load_lanes(const T* p) {
  return load(FloatTag{}, p);
}

// The first `count` < kLanes lanes from memory, the others 0.
template <class T>
FloatLanes load_some(const T* p, int count) {
  alignas(64) float x[kLanes];
  for (int i = 0; i < kLanes; ++i) x[i] = i < count ? to_float(p[i]) : 0.0f;
  return hn::Load(FloatTag{}, x);
}

// Chains of additions that run at once, and streams of memory that they read: two units with a
// latency of four cycles take eight.
inline constexpr int kChains = 8;

// Bytes of one chain from which on every chain reads a stretch of memory of its own: processors
// keep more reads in flight for several streams than for one. Below, a stream would end before it
// is recognised.
inline constexpr std::int64_t kLeastStream = 8192;

// Bytes that a stream fetches ahead: recognised streams end with their page.
inline constexpr int kStreamAhead = 512;

// Elements of a cache line.
template <class T>
inline constexpr int kLine = 64 / static_cast<int>(sizeof(T));

// Where chains read: chain c takes cache lines `step` elements apart, the first at c · apart.
struct Stretches {
  int apart;
  int step;
};

// An element as it is.
struct Itself {
  HWY_INLINE FloatLanes operator()(FloatLanes x) const { return x; }
};

// f of the elements x at p; some also want to know where those were.
template <class T, class F>
HWY_INLINE FloatLanes apply(F& f, const T* p, FloatLanes x) {
  if constexpr (std::is_invocable_v<F&, FloatLanes, const T*>) {
    return f(x, p);
  } else {
    return f(x);
  }
}

// Adds f of `lines` lines of each chain, the first of chain 0 at x[begin].
template <class B, class Monoid, class State, std::size_t kCount, class T, class F>
HWY_INLINE void add_lines(const Monoid& monoid, std::array<State, kCount>& chains, const T* x,
                          int begin, int lines, Stretches in, F f) {
  const T* at = x + begin;
  auto index = IntLanes::iota(begin);
  for (int line = 0; line < lines; ++line, at += in.step, index = index + in.step) {
    unroll<kCount>([&](auto c) __attribute__((always_inline)) {
      const T* p = at + std::int64_t{c} * in.apart;
      __builtin_prefetch(reinterpret_cast<const std::byte*>(p) + kStreamAhead);
      unroll<kLine<T> / kLanes>([&](auto v) __attribute__((always_inline)) {
        monoid.template add<B>(std::get<c>(chains),
                               apply(f, p + v * kLanes, load_lanes(p + v * kLanes)),
                               index + (c * in.apart + v * kLanes));
      });
    });
  }
}

template <class Monoid>
using LaneState = typename Monoid::template State<FloatLanes, IntLanes>;

// A state for each of kChains chains.
template <class Monoid>
std::array<LaneState<Monoid>, kChains> identities() {
  std::array<LaneState<Monoid>, kChains> chains;
  chains.fill(Monoid::template identity<FloatLanes, IntLanes>());
  return chains;
}

// Adds lines that stay in the first cache, again and again.
template <class B, class Monoid>
struct Chains {
  std::array<LaneState<Monoid>, kChains> states = identities<Monoid>();

  template <class T, class F>
  HWY_INLINE void add(const Monoid& monoid, const T* x, int begin, int lines, Stretches in, F f) {
    add_lines<B>(monoid, states, x, begin, lines, in, f);
    unroll<kChains>([&](auto c) { monoid.fold(std::get<c>(states)); });
  }
};

// The monoid that screens elements for another: only one above the screen of all before changes the
// other's state.
template <class Monoid>
struct ScreenOf {};
template <>
struct ScreenOf<ArgMax> {
  using type = Max;
};

// Looks at a chain's lines again only where one exceeds all that the chain saw before.
template <class B, class Monoid>
requires requires { typename ScreenOf<Monoid>::type; }
struct Chains<B, Monoid> {
  using Screen = typename ScreenOf<Monoid>::type;

  std::array<LaneState<Monoid>, kChains> states = identities<Monoid>();
  std::array<LaneState<Screen>, kChains> screens = identities<Screen>();
  std::array<LaneState<Screen>, kChains> seen = identities<Screen>();

  template <class T, class F>
  HWY_INLINE void add(const Monoid& monoid, const T* x, int begin, int lines, Stretches in, F f) {
    add_lines<B>(Screen{}, screens, x, begin, lines, in, f);
    for (int c = 0; c < kChains; ++c) {
      const FloatLanes largest = screens[c].value;
      if (!any(largest > seen[c].value)) continue;
      seen[c].value = hn::MaxOfLanes(FloatTag{}, largest.v);
      std::array<LaneState<Monoid>, 1> one{states[c]};
      add_lines<B>(monoid, one, x, begin + c * in.apart, lines, in, f);
      states[c] = one[0];
    }
  }
};

// x in the first `count` lanes, in the others what changes no state.
template <class Monoid>
FloatLanes padded(FloatLanes x, int count) {
  return select(IntLanes::iota(0) < IntLanes(count), x, FloatLanes(Monoid::kPadding));
}

// One state of those of all chains, in a fixed order.
template <class B, class Monoid, class State, std::size_t kCount>
HWY_INLINE State merged_chains(const Monoid& monoid, std::array<State, kCount>& states) {
  merge_pairwise<static_cast<int>(kCount)>([&](auto to, auto from) {
    monoid.template merge<B>(std::get<to>(states), std::get<from>(states));
  });
  return states[0];
}

// The same of all lanes, too.
template <class B, class Monoid, class State, std::size_t kCount>
HWY_INLINE auto merged(const Monoid& monoid, std::array<State, kCount>& states) {
  auto state = merged_chains<B>(monoid, states);
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    monoid.template merge<B>(state, state.transform([&](auto y) { return rotate(y, distance); }));
  }
  return state.transform([](auto y) { return y.first(); });
}

// State of f(x[0]) … f(x[count − 1]). B is passed on to the monoid. Chains are merged in a fixed
// order.
template <class B, class Monoid, class T, class F = Itself>
auto reduce(const Monoid& monoid, const T* x, int count, F f = {}) {
  const int lines = count / (kChains * kLine<T>);
  const bool streams = std::int64_t{lines} * 64 >= kLeastStream;
  const Stretches in{streams ? lines * kLine<T> : kLine<T>,
                     streams ? kLine<T> : kChains * kLine<T>};
  constexpr int kLinesAtOnce = kFoldInterval * kLanes / kLine<T>;
  Chains<B, Monoid> chains;
  for (int line = 0; line < lines; line += kLinesAtOnce) {
    chains.add(monoid, x, line * in.step, std::min(kLinesAtOnce, lines - line), in, f);
  }
  auto& states = chains.states;
  const int rest = lines * kChains * kLine<T>;
  auto index = IntLanes::iota(rest);
  for (int i = rest; i < count; i += kLanes, index = index + kLanes) {
    const int left = count - i;
    const FloatLanes next = left >= kLanes
                                ? apply(f, x + i, load_lanes(x + i))
                                : padded<Monoid>(apply(f, x + i, load_some(x + i, left)), left);
    monoid.template add<B>(states[0], next, index);
  }

  return merged<B>(monoid, states);
}

// The same of a matrix, with `stride` elements from row to row.
template <class B, class Monoid, class T>
auto reduce(const Monoid& monoid, const T* x, int rows, int cols, std::int64_t stride) {
  auto chains = identities<Monoid>();
  const auto add = [&](auto& chain, FloatLanes v, int position) __attribute__((always_inline)) {
    monoid.template add<B>(chain, v, IntLanes::iota(position));
  };
  for (int row = 0; row < rows; ++row, x += stride) {
    const int begin = row * cols;
    int i = 0;
    for (; i + kChains * kLanes <= cols; i += kChains * kLanes) {
      unroll<kChains>([&](auto c) __attribute__((always_inline)) {
        const int at = i + c * kLanes;
        add(std::get<c>(chains), load_lanes(x + at), begin + at);
      });
    }
    for (; i < cols; i += kLanes) {
      add(chains[0],
          i + kLanes <= cols ? load_lanes(x + i)
                             : padded<Monoid>(load_some(x + i, cols - i), cols - i),
          begin + i);
    }
    unroll<kChains>([&](auto c) { monoid.fold(std::get<c>(chains)); });
  }
  return merged<B>(monoid, chains);
}

// Elements 2·i and 2·i + 1 of memory, for kLanes i.
struct Pairs {
  FloatLanes first, second;
};

// A position of B::each: kLanes elements, or the `count` that are left at the end.
struct FullPosition {
  int offset;

  template <class T>
  FloatLanes load(const T* p) const {
    return load_lanes(p + offset);
  }
  template <class T>
  void store(T* p, FloatLanes x) const {
    cpu::store(FloatTag{}, x.v, p + offset);
  }
  template <class T>
  Pairs load_pairs(const T* p) const {
    const hn::Rebind<Storage<T>, FloatTag> stored;
    BareVec<hn::Rebind<Storage<T>, FloatTag>> first, second;
    hn::LoadInterleaved2(stored, reinterpret_cast<const Storage<T>*>(p) + 2 * std::int64_t{offset},
                         first, second);
    return {widen<T>(FloatTag{}, first), widen<T>(FloatTag{}, second)};
  }
  template <class T>
  void store_pairs(T* p, FloatLanes first, FloatLanes second) const {
    const hn::Rebind<Storage<T>, FloatTag> stored;
    hn::StoreInterleaved2(narrow<T>(FloatTag{}, first.v), narrow<T>(FloatTag{}, second.v), stored,
                          reinterpret_cast<Storage<T>*>(p) + 2 * std::int64_t{offset});
  }
  FloatLanes fill(float x) const { return x; }
};

// Elements of a launch from which on results bypass the caches: they would not fit a worker's own,
// and a store that does not fetch its line first saves a third of the traffic.
inline constexpr std::int64_t kStreamedElements = std::int64_t{1} << 21;

struct StreamedPosition : FullPosition {
  template <class T>
  void store(T* p, FloatLanes x) const {
    const hn::Rebind<Storage<T>, FloatTag> stored;
    auto* to = reinterpret_cast<Storage<T>*>(p + offset);
    if constexpr (kStreams<T>) {
      if (is_aligned(to)) return hn::Stream(narrow<T>(FloatTag{}, x.v), stored, to);
    }
    FullPosition::store(p, x);
  }
  // Whole vectors of pairs are made in memory, out of which they are forwarded.
  template <class T>
  void store_pairs(T* p, FloatLanes first, FloatLanes second) const {
    const hn::Rebind<Storage<T>, FloatTag> stored;
    auto* to = reinterpret_cast<Storage<T>*>(p) + 2 * std::int64_t{offset};
    if constexpr (kStreams<T>) {
      if (is_aligned(to)) {
        alignas(64) Storage<T> pairs[2 * kLanes];
        FullPosition{0}.store_pairs(reinterpret_cast<T*>(pairs), first, second);
        hn::Stream(hn::Load(stored, pairs), stored, to);
        return hn::Stream(hn::Load(stored, pairs + kLanes), stored, to + kLanes);
      }
    }
    FullPosition::store_pairs(p, first, second);
  }

 private:
  // Of less than 16 bytes processors store none past the caches: Highway would store 16 at once.
  template <class T>
  static constexpr bool kStreams = kLanes * sizeof(T) >= 16;

  template <class T>
  static bool is_aligned(const T* to) {
    return reinterpret_cast<std::uintptr_t>(to) % (kLanes * sizeof(T)) == 0;
  }
};

struct LastPosition {
  int offset;
  int count;

  template <class T>
  FloatLanes load(const T* p) const {
    return load_some(p + offset, count);
  }
  template <class T>
  void store(T* p, FloatLanes x) const {
    T stored[kLanes];
    cpu::store(FloatTag{}, x.v, stored);
    for (int i = 0; i < count; ++i) p[offset + i] = stored[i];
  }
  template <class T>
  Pairs load_pairs(const T* p) const {
    T pairs[2 * kLanes] = {};
    std::copy_n(p + 2 * std::int64_t{offset}, 2 * count, pairs);
    return FullPosition{0}.load_pairs(pairs);
  }
  template <class T>
  void store_pairs(T* p, FloatLanes first, FloatLanes second) const {
    T pairs[2 * kLanes];
    FullPosition{0}.store_pairs(pairs, first, second);
    std::copy_n(pairs, 2 * count, p + 2 * std::int64_t{offset});
  }
  FloatLanes fill(float x) const { return x; }
};

// A position of B::each over rows.
template <class At>
struct InRow {
  At at;
  int row;

  template <class T>
  FloatLanes load(const T* p, std::int64_t stride) const {
    return at.load(p + row * stride);
  }
  template <class T>
  void store(T* p, std::int64_t stride, FloatLanes x) const {
    at.store(p + row * stride, x);
  }
  template <class T>
  Pairs load_pairs(const T* p, std::int64_t stride) const {
    return at.load_pairs(p + row * stride);
  }
  template <class T>
  void store_pairs(T* p, std::int64_t stride, FloatLanes first, FloatLanes second) const {
    at.store_pairs(p + row * stride, first, second);
  }
};

}  // namespace moat::cpu
