// SPDX-License-Identifier: Apache-2.0
// What a reduction accumulates: an identity, a way to add an element and a way to merge two states.
//
// State<F, I> is written for one lane or for many: F is a float or the backend's vector of floats,
// I an index or a vector of them. `transform` applies a function to every member, with which a
// backend exchanges states between lanes or takes one lane out of a vector. kPadding is an element
// that changes no state.
#pragma once

#include <cstdint>
#include <limits>

#include "problems/dtype.hpp"

namespace moat {

// Sum in two levels: `fold` moves what the last few additions gathered to a compensated
// total (Knuth's TwoSum), so that the error does not grow with the length of the vector.
struct Sum {
  static constexpr float kPadding = 0.0f;
  using Result = float;

  template <class F>
  struct SumState {
    F recent, total, lost;

    template <class Fn>
    MOAT_FN auto transform(Fn fn) const {
      return SumState<decltype(fn(total))>{fn(recent), fn(total), fn(lost)};
    }
  };
  template <class F, class I>
  using State = SumState<F>;

  template <class F, class I>
  static MOAT_FN SumState<F> identity() {
    return {F(0.0f), F(0.0f), F(0.0f)};
  }

  template <class B, class F, class I>
  MOAT_FN void add(SumState<F>& s, F x, I) const {
    s.recent = s.recent + x;
  }

  template <class F>
  static MOAT_FN void fold(SumState<F>& s) {
    const F sum = s.total + s.recent;
    const F kept = sum - s.total;
    s.lost = s.lost + ((s.total - (sum - kept)) + (s.recent - kept));
    s.total = sum;
    s.recent = F(0.0f);
  }

  template <class B, class F>
  static MOAT_FN void merge(SumState<F>& a, const SumState<F>& b) {
    fold(a);
    a.recent = b.recent;
    fold(a);
    a.recent = b.total;
    fold(a);
    a.lost = a.lost + b.lost;
  }

  static MOAT_FN SumState<float> rebase(const SumState<float>& s, std::int64_t) { return s; }

  static MOAT_FN float result(SumState<float> s) {
    fold(s);
    // An infinite sum leaves NaN in what was lost.
    return s.total - s.total == 0.0f ? s.total + s.lost : s.total;
  }
};

// Σ x²
struct SumSquares : Sum {
  template <class B, class F, class I>
  MOAT_FN void add(SumState<F>& s, F x, I) const {
    s.recent = s.recent + x * x;
  }
};

struct Max {
  static constexpr float kPadding = -std::numeric_limits<float>::infinity();
  using Result = float;

  template <class F>
  struct MaxState {
    F value;

    template <class Fn>
    MOAT_FN auto transform(Fn fn) const {
      return MaxState<decltype(fn(value))>{fn(value)};
    }
  };
  template <class F, class I>
  using State = MaxState<F>;

  template <class F, class I>
  static MOAT_FN MaxState<F> identity() {
    return {F(kPadding)};
  }

  template <class B, class F, class I>
  MOAT_FN void add(MaxState<F>& s, F x, I) const {
    s.value = B::max(x, s.value);
  }

  template <class F>
  static MOAT_FN void fold(MaxState<F>&) {}

  template <class B, class F>
  static MOAT_FN void merge(MaxState<F>& a, const MaxState<F>& b) {
    a.value = B::max(b.value, a.value);
  }

  static MOAT_FN MaxState<float> rebase(const MaxState<float>& s, std::int64_t) { return s; }

  static MOAT_FN float result(const MaxState<float>& s) { return s.value; }
};

// max |x|
struct AbsMax : Max {
  static constexpr float kPadding = 0.0f;

  template <class B, class F, class I>
  MOAT_FN void add(MaxState<F>& s, F x, I) const {
    s.value = B::max(B::abs(x), s.value);
  }
};

// Of equal values the first position wins.
template <class B, class Peak>
MOAT_FN void merge_first_largest(Peak& a, const Peak& b) {
  const auto take = (b.value > a.value) | ((b.value == a.value) & (b.index < a.index));
  a.value = B::select(take, b.value, a.value);
  a.index = B::select(take, b.index, a.index);
}

struct ArgMax {
  static constexpr float kPadding = -std::numeric_limits<float>::infinity();
  // Position of a state that has seen nothing above −∞; every real position is smaller.
  static constexpr int kNowhere = std::numeric_limits<int>::max();
  using Result = std::int64_t;

  template <class F, class I>
  struct State {
    F value;
    I index;

    template <class Fn>
    MOAT_FN auto transform(Fn fn) const {
      return State<decltype(fn(value)), decltype(fn(index))>{fn(value), fn(index)};
    }
  };

  template <class F, class I>
  static MOAT_FN State<F, I> identity() {
    return {F(kPadding), I(kNowhere)};
  }

  template <class B, class F, class I>
  MOAT_FN void add(State<F, I>& s, F x, I index) const {
    const auto above = x > s.value;
    s.value = B::select(above, x, s.value);
    s.index = B::select(above, index, s.index);
  }

  template <class F, class I>
  static MOAT_FN void fold(State<F, I>&) {}

  template <class B, class F, class I>
  static MOAT_FN void merge(State<F, I>& a, const State<F, I>& b) {
    merge_first_largest<B>(a, b);
  }

  // A part without any value above −∞ is represented by its first position.
  static MOAT_FN State<float, std::int64_t> rebase(const State<float, int>& s, std::int64_t begin) {
    return {s.value, begin + (s.index == kNowhere ? 0 : s.index)};
  }

  template <class I>
  static MOAT_FN std::int64_t result(const State<float, I>& s) {
    return s.index;
  }
};

// The first position of the largest element of those that come behind another one: smaller
// elements, and equal ones at later positions. Repeated, it visits elements from the largest on.
struct ArgMaxBelow {
  static constexpr float kPadding = -std::numeric_limits<float>::infinity();

  float value;
  int index;

  template <class F, class I>
  using State = ArgMax::State<F, I>;

  template <class F, class I>
  static MOAT_FN State<F, I> identity() {
    return {F(kPadding), I(std::numeric_limits<int>::max())};
  }

  template <class B, class F, class I>
  MOAT_FN void add(State<F, I>& s, F x, I at) const {
    const auto behind = (x < F(value)) | ((x == F(value)) & (I(index) < at));
    const auto take = behind & (x > s.value);
    s.value = B::select(take, x, s.value);
    s.index = B::select(take, at, s.index);
  }

  template <class F, class I>
  static MOAT_FN void fold(State<F, I>&) {}

  template <class B, class F, class I>
  static MOAT_FN void merge(State<F, I>& a, const State<F, I>& b) {
    merge_first_largest<B>(a, b);
  }
};

// The two largest elements.
struct TopTwo {
  static constexpr float kPadding = -std::numeric_limits<float>::infinity();

  template <class F>
  struct TwoState {
    F first, second;

    template <class Fn>
    MOAT_FN auto transform(Fn fn) const {
      return TwoState<decltype(fn(first))>{fn(first), fn(second)};
    }
  };
  template <class F, class I>
  using State = TwoState<F>;

  template <class F, class I>
  static MOAT_FN TwoState<F> identity() {
    return {F(kPadding), F(kPadding)};
  }

  template <class B, class F, class I>
  MOAT_FN void add(TwoState<F>& s, F x, I) const {
    s.second = B::max(s.second, B::min(s.first, x));
    s.first = B::max(s.first, x);
  }

  template <class F>
  static MOAT_FN void fold(TwoState<F>&) {}

  template <class B, class F>
  static MOAT_FN void merge(TwoState<F>& a, const TwoState<F>& b) {
    a.second = B::max(B::min(a.first, b.first), B::max(a.second, b.second));
    a.first = B::max(a.first, b.first);
  }
};

}  // namespace moat
