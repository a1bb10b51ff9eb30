// SPDX-License-Identifier: Apache-2.0
// Terms of a sum that later loops over the same elements use again.
#pragma once

#include "backends/cpu/reduce.hpp"
#include "backends/cpu/scratch.hpp"

namespace moat::cpu {

// Bytes of elements and terms together up to which terms are kept: more would leave the second
// cache, and reading terms back would take as long as computing them anew.
inline constexpr std::size_t kMostKept = std::size_t{768} << 10;

// The terms f(x[0]) … f(x[count − 1]) and the state of their reduction. B is passed on to the
// monoid.
template <class B, class Monoid, class T, class F>
class Terms {
 public:
  Terms(Scratch& scratch, const Monoid& monoid, const T* x, int count, F f)
      : x_(x),
        f_(f),
        kept_(count * (sizeof(T) + sizeof(float)) <= kMostKept),
        slot_(scratch, kept_ ? sizeof(float) * count : 0) {
    if (!kept_) {
      state = reduce<B>(monoid, x, count, f);
      return;
    }
    // Of the last ones whole vectors are stored, which a slot has room for.
    state = reduce<B>(
        monoid, x, count,
        [ x, f, y = values() ](FloatLanes v, const T* p) __attribute__((always_inline)) {
          const FloatLanes term = f(v);
          cpu::store(FloatTag{}, term.v, y + (p - x));
          return term;
        });
  }

  template <class At>
  FloatLanes at(At at) const {
    return kept_ ? at.load(values()) : compute(at);
  }

 private:
  template <class At>
  FloatLanes compute(At at) const {
    return f_(at.load(x_));
  }
  float* values() const { return static_cast<float*>(slot_.get()); }

  const T* x_;
  F f_;
  bool kept_;
  Scratch::Slot slot_;

 public:
  typename Monoid::template State<float, int> state;
};

}  // namespace moat::cpu
