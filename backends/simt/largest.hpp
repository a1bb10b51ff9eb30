// SPDX-License-Identifier: Apache-2.0
// The largest elements of memory, in order: every lane holds a few of its own in registers, and the
// block takes the largest of all lanes' first ones, one after the other. A lane that gave away all
// it held looks through its elements again, which is rare where they lie in no order. Nothing is
// sorted, and no order of arrival is left to chance.
#pragma once

#include "backends/simt/reduce.hpp"
#include "backends/vocabulary/order.hpp"

namespace moat::simt {

// Elements that a lane holds. Of 256 lanes that share 50 elements, 1 in 4 000 has more than four.
inline constexpr int kHeldByLane = 4;

// The places of a lane's elements, in their order.
struct HeldByLane {
  std::int64_t places[kHeldByLane];
};

// A monoid's identity and addition: the largest elements of those behind `below`.
struct LargestOfLane {
  std::int64_t below;

  template <class F, class I>
  static MOAT_FN HeldByLane identity() {
    HeldByLane none;
    MOAT_UNROLL
    for (auto& place : none.places) place = kNoPlace;
    return none;
  }

  template <class B>
  MOAT_FN void add(HeldByLane& held, float x, int position) const {
    std::int64_t place = place_in_order(x, position);
    if (place >= below || place <= held.places[kHeldByLane - 1]) return;
    MOAT_UNROLL
    for (auto& other : held.places) {
      const std::int64_t first = place > other ? place : other;
      place = place > other ? other : place;
      other = first;
    }
  }

  static MOAT_FN void fold(HeldByLane&) {}
};

// The first of the lanes' places.
struct FirstPlace {
  struct State {
    std::int64_t place;

    template <class Fn>
    MOAT_FN State transform(Fn fn) const {
      return {fn(place)};
    }
  };

  template <class B>
  static MOAT_FN void merge(State& a, const State& b) {
    a.place = b.place > a.place ? b.place : a.place;
  }
};

// A lane's part in `largest`: looks through its elements with look(LargestOfLane), and gives away
// the first that it holds.
class OwnLargest {
 public:
  template <class Look>
  MOAT_FN std::int64_t first(Look look) {
    if (left_ == 0) {
      held_ = look(LargestOfLane{below_});
      left_ = held_.places[kHeldByLane - 1] == kNoPlace ? kNoneBehind : kHeldByLane;
    }
    return held_.places[0];
  }

  MOAT_FN void take() {
    below_ = held_.places[0];
    --left_;
    MOAT_UNROLL
    for (int i = 1; i < kHeldByLane; ++i) held_.places[i - 1] = held_.places[i];
    held_.places[kHeldByLane - 1] = kNoPlace;
  }

 private:
  static constexpr int kNoneBehind = std::numeric_limits<int>::max();

  HeldByLane held_;
  std::int64_t below_ = std::numeric_limits<std::int64_t>::max();
  int left_ = 0;
};

}  // namespace moat::simt
