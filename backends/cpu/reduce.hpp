// Reductions of memory to one state, and positions of element-wise loops.
#pragma once

#include <hwy/cache_control.h>

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

// Bytes that a reduction fetches ahead: processors follow a stream only up to the end of a page.
inline constexpr int kStreamAhead = 4096;

// State of x[0] … x[count − 1]. B is passed on to the monoid. Chains are merged in a fixed order.
template <class B, class Monoid, class T>
auto reduce(const Monoid& monoid, const T* x, int count) {
  using State = typename Monoid::template State<FloatLanes, IntLanes>;
  constexpr int kStep = kChains * kLanes;
  std::array<State, kChains> chains;
  unroll<kChains>(
      [&](auto c) { std::get<c>(chains) = Monoid::template identity<FloatLanes, IntLanes>(); });

  int i = 0;
  auto index = IntLanes::iota(0);
  while (i + kStep <= count) {
    for (int n = 0; n < kFoldInterval && i + kStep <= count; ++n, i += kStep) {
      // Measured to help 16-bit elements only.
      if constexpr (sizeof(T) < sizeof(float)) {
        unroll<kStep* static_cast<int>(sizeof(T)) / 64>([&](auto line) {
          hwy::Prefetch(reinterpret_cast<const std::byte*>(x + i) + kStreamAhead + line * 64);
        });
      }
      unroll<kChains>([&](auto c) {
        monoid.template add<B>(std::get<c>(chains), load_lanes(x + i + c * kLanes),
                               index + c * kLanes);
      });
      index = index + kStep;
    }
    unroll<kChains>([&](auto c) { monoid.fold(std::get<c>(chains)); });
  }
  for (; i < count; i += kLanes) {
    const FloatLanes next =
        i + kLanes <= count ? load_lanes(x + i) : load_some(x + i, count - i, Monoid::kPadding);
    monoid.template add<B>(chains[0], next, index);
    index = index + kLanes;
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
