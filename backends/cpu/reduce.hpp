// Reductions of memory to one state, and positions of element-wise loops.
#pragma once

#include <hwy/cache_control.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "backends/block.hpp"
#include "backends/cpu/convert.hpp"
#include "backends/cpu/math.hpp"
#include "backends/cpu/panels.hpp"

namespace moat::cpu {

template <class T>
FloatLanes load_lanes(const T* p) {
  return load(FloatTag{}, p);
}

// The first `count` < kLanes lanes from memory, the others `padding`.
template <class T>
FloatLanes load_some(const T* p, int count, float padding) {
  alignas(64) float x[kLanes];
  for (int i = 0; i < kLanes; ++i) x[i] = i < count ? to_float(p[i]) : padding;
  return hn::Load(FloatTag{}, x);
}

// Chains of additions that run at once: as many as hide the latency of one and fit the registers.
inline constexpr int kChains = kColumns;

// Bytes of one chain from which on every chain reads a stretch of memory of its own: processors
// keep more reads in flight for several streams than for one. Below, a stream would end before it
// is recognised.
inline constexpr std::int64_t kLeastStream = 8192;

// Bytes that a stream fetches ahead: recognised streams end with their page.
inline constexpr int kStreamAhead = 512;

// State of x[0] … x[count − 1]. B is passed on to the monoid. Chains are merged in a fixed order.
template <class B, class Monoid, class T>
auto reduce(const Monoid& monoid, const T* x, int count) {
  using State = typename Monoid::template State<FloatLanes, IntLanes>;
  constexpr int kLine = 64 / static_cast<int>(sizeof(T));
  std::array<State, kChains> chains;
  unroll<kChains>(
      [&](auto c) { std::get<c>(chains) = Monoid::template identity<FloatLanes, IntLanes>(); });

  // Chain c takes `lines` cache lines, the first at c · apart, the next ones `step` further.
  const int lines = count / (kChains * kLine);
  const bool streams = std::int64_t{lines} * 64 >= kLeastStream;
  const int apart = streams ? lines * kLine : kLine;
  const int step = streams ? kLine : kChains * kLine;
  const T* at = x;
  auto index = IntLanes::iota(0);
  for (int line = 0; line < lines;) {
    const int end = std::min(lines, line + kFoldInterval * kLanes / kLine);
    for (; line < end; ++line, at += step, index = index + step) {
      unroll<kChains>([&](auto c) __attribute__((always_inline)) {
        const T* p = at + std::int64_t{c} * apart;
        __builtin_prefetch(reinterpret_cast<const std::byte*>(p) + kStreamAhead);
        unroll<kLine / kLanes>([&](auto v) __attribute__((always_inline)) {
          monoid.template add<B>(std::get<c>(chains), load_lanes(p + v * kLanes),
                                 index + (c * apart + v * kLanes));
        });
      });
    }
    unroll<kChains>([&](auto c) { monoid.fold(std::get<c>(chains)); });
  }
  const int rest = lines * kChains * kLine;
  index = IntLanes::iota(rest);
  for (int i = rest; i < count; i += kLanes, index = index + kLanes) {
    const FloatLanes next =
        i + kLanes <= count ? load_lanes(x + i) : load_some(x + i, count - i, Monoid::kPadding);
    monoid.template add<B>(chains[0], next, index);
  }

  merge_pairwise<kChains>([&](auto to, auto from) {
    monoid.template merge<B>(std::get<to>(chains), std::get<from>(chains));
  });
  State& state = chains[0];
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    monoid.template merge<B>(state, state.transform([&](auto y) { return rotate(y, distance); }));
  }
  return state.transform([](auto y) { return y.first(); });
}

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
    if (reinterpret_cast<std::uintptr_t>(to) % (kLanes * sizeof(T)) == 0) {
      hn::Stream(narrow<T>(FloatTag{}, x.v), stored, to);
    } else {
      FullPosition::store(p, x);
    }
  }
};

struct LastPosition {
  int offset;
  int count;

  template <class T>
  FloatLanes load(const T* p) const {
    return load_some(p + offset, count, 0.0f);
  }
  template <class T>
  void store(T* p, FloatLanes x) const {
    T stored[kLanes];
    cpu::store(FloatTag{}, x.v, stored);
    for (int i = 0; i < count; ++i) p[offset + i] = stored[i];
  }
  FloatLanes fill(float x) const { return x; }
};

}  // namespace moat::cpu
