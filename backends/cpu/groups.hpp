// SPDX-License-Identifier: Apache-2.0
// Groups of elements, each with a state of its own.
#pragma once

#include <algorithm>
#include <array>

#include "backends/cpu/reduce.hpp"

namespace moat::cpu {

// A group of Block::groups.
struct Group {
  int index;

  template <class U>
  void store(U* p, U x) const {
    p[index] = x;
  }
};

// One of kGroup elements, whose values stay in registers, as far as there are some.
template <class B, int kGroup, class At, class Monoid, class Value, class Whole, class Use>
HWY_INLINE void whole_group(const Monoid& monoid, int index, Value& value, Whole& whole, Use& use) {
  constexpr int kVectors = kGroup / kLanes;
  constexpr int kTogether = std::min(4, kVectors);
  const int begin = index * kGroup;
  FloatLanes x[kVectors];
  std::array<LaneState<Monoid>, kTogether> chains;
  chains.fill(Monoid::template identity<FloatLanes, IntLanes>());
  unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
    x[v] = value(FullPosition{begin + v * kLanes});
    monoid.template add<B>(std::get<v % kTogether>(chains), x[v],
                           IntLanes::iota(begin + v * kLanes));
  });
  const auto y = whole(Group{index}, merged<B>(monoid, chains));
  unroll<kVectors>([&](auto v)
                       __attribute__((always_inline)) { use(At{begin + v * kLanes}, x[v], y); });
}

// As block.groups has it; results bypass the caches if `streamed`.
template <class B, int kGroup, class Monoid, class Value, class Whole, class Use>
void for_each_group(const Monoid& monoid, int count, bool streamed, Value value, Whole whole,
                    Use use) {
  static_assert(kGroup % kLanes == 0);
  const int full = count / kGroup;
  for (int i = 0; i < full; ++i) {
    if (streamed) {
      whole_group<B, kGroup, StreamedPosition>(monoid, i, value, whole, use);
    } else {
      whole_group<B, kGroup, FullPosition>(monoid, i, value, whole, use);
    }
  }
  if (full * kGroup == count) return;
  const auto each = [&](auto f) {
    int i = full * kGroup;
    for (; i + kLanes <= count; i += kLanes) f(FullPosition{i}, kLanes);
    if (i < count) f(LastPosition{.offset = i, .count = count - i}, count - i);
  };
  std::array<LaneState<Monoid>, 1> chain{Monoid::template identity<FloatLanes, IntLanes>()};
  each([&](auto at, int lanes) {
    monoid.template add<B>(chain[0], padded<Monoid>(value(at), lanes), IntLanes::iota(at.offset));
  });
  const auto y = whole(Group{full}, merged<B>(monoid, chain));
  each([&](auto at, int) { use(at, value(at), y); });
}

}  // namespace moat::cpu
