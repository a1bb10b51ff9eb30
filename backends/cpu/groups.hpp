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

#ifdef MOAT_CPU_JOINS_CODES
// Vectors whose codes of 8 bits make a line of the caches. Stored in pieces past the caches, they
// cost more than all that is computed for them.
inline constexpr int kJoined = 4;
struct JoinedCodes {
  __m512i words[kJoined];
};

// A position of groups, number kIndex of those that are joined.
template <int kIndex>
struct JoinedPosition : StreamedPosition {
  JoinedCodes* codes;

  template <class T>
  void store(T* p, FloatLanes x) const {
    if constexpr (Float8<T>) {
      codes->words[kIndex] = float8_in_words<T>(x.v.raw);
      if constexpr (kIndex == kJoined - 1) {
        auto* to = reinterpret_cast<__m512i*>(p + offset - kIndex * kLanes);
        const __m512i line = lowest_bytes(codes->words);
        if (reinterpret_cast<std::uintptr_t>(to) % sizeof(line) == 0) {
          _mm512_stream_si512(to, line);
        } else {
          _mm512_storeu_si512(to, line);
        }
      }
    } else {
      StreamedPosition::store(p, x);
    }
  }
};
#endif

// Calls f(position) for the vectors of a group from `begin` on, as At has them.
template <class At, int kVectors, class F>
HWY_INLINE void each_vector(int begin, F f) {
#ifdef MOAT_CPU_JOINS_CODES
  if constexpr (std::is_same_v<At, StreamedPosition> && kVectors % kJoined == 0) {
    JoinedCodes codes;
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      f(JoinedPosition<v % kJoined>{begin + v * kLanes, &codes});
    });
    return;
  }
#endif
  unroll<kVectors>([&](auto v) __attribute__((always_inline)) { f(At{begin + v * kLanes}); });
}

// Groups that are worked on at once: what one makes of its state takes as long as all else that is
// done for it, and processors do not look far enough ahead to do the next one's meanwhile. Four are
// 1.6 × as fast as one; eight are slower out of the caches.
inline constexpr int kGroupsTogether = 4;

// kCount groups of kGroup elements from number `first` on.
template <class B, int kGroup, int kCount, class At, class Monoid, class Value, class Whole,
          class Use>
HWY_INLINE void whole_groups(const Monoid& monoid, int first, Value& value, Whole& whole,
                             Use& use) {
  constexpr int kVectors = kGroup / kLanes;
  constexpr int kTogether = std::min(2, kVectors);
  using State = LaneState<Monoid>;
  std::array<State, kCount> states;
  // Kept for `use`: a store and a load cost less than to widen and multiply once more.
  std::array<std::array<FloatLanes, kVectors>, kCount> values;
  unroll<kCount>([&](auto g) __attribute__((always_inline)) {
    const int begin = (first + g) * kGroup;
    std::array<State, kTogether> chains;
    chains.fill(Monoid::template identity<FloatLanes, IntLanes>());
    unroll<kVectors>([&](auto v) __attribute__((always_inline)) {
      const int at = begin + v * kLanes;
      FloatLanes& x = std::get<v>(std::get<g>(values));
      x = value(FullPosition{at});
      monoid.template add<B>(std::get<v % kTogether>(chains), x, IntLanes::iota(at));
    });
    std::get<g>(states) = merged_chains<B>(monoid, chains);
  });
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    unroll<kCount>([&](auto g) __attribute__((always_inline)) {
      State& state = std::get<g>(states);
      monoid.template merge<B>(state, state.transform([&](auto y) { return rotate(y, distance); }));
    });
  }
  const auto finish = [&](int g) {
    return whole(Group{first + g}, states[g].transform([](auto y) { return y.first(); }));
  };
  std::array<decltype(finish(0)), kCount> made;
  unroll<kCount>([&](auto g) __attribute__((always_inline)) { std::get<g>(made) = finish(g); });
  for (int g = 0; g < kCount; ++g) {
    const int begin = (first + g) * kGroup;
    each_vector<At, kVectors>(
        begin, [&](auto at) __attribute__((always_inline)) {
          use(at, values[g][(at.offset - begin) / kLanes], made[g]);
        });
  }
}

// As block.groups has it; results bypass the caches if `streamed`.
template <class B, int kGroup, class Monoid, class Value, class Whole, class Use>
void for_each_group(const Monoid& monoid, int count, bool streamed, Value value, Whole whole,
                    Use use) {
  static_assert(kGroup % kLanes == 0);
  const int full = count / kGroup;
  const auto run = [&]<class At>(Type<At>) {
    int i = 0;
    for (; i + kGroupsTogether <= full; i += kGroupsTogether) {
      whole_groups<B, kGroup, kGroupsTogether, At>(monoid, i, value, whole, use);
    }
    for (; i < full; ++i) whole_groups<B, kGroup, 1, At>(monoid, i, value, whole, use);
  };
  if (streamed) {
    run(Type<StreamedPosition>{});
  } else {
    run(Type<FullPosition>{});
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
