// SPDX-License-Identifier: Apache-2.0
// SwiGLU over the rows of a matrix that holds gates and values side by side.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/swiglu.hpp"

namespace moat {

inline constexpr float kSigmoidExponent = -1.44269504f;  // −log2 e

// g·σ(g)·u
struct Silu {
  template <class B, class X>
  MOAT_FN X apply(const X& gate, const X& value) const {
    return gate / (B::exp2(gate * kSigmoidExponent) + 1.0f) * value;
  }
};

// g'·σ(1.702·g')·(u' + 1) of what the limit leaves of both.
struct LimitedSilu {
  float limit;

  template <class B, class X>
  MOAT_FN X apply(const X& gate, const X& value) const {
    const X kept = B::min(gate, X(limit));
    const X inside = B::max(B::min(value, X(limit)), X(-limit));
    return kept / (B::exp2(kept * (kLimitedSlope * kSigmoidExponent)) + 1.0f) * (inside + 1.0f);
  }
};

// Rows fall apart into parts of so many columns, so that a few long ones keep all blocks busy: two
// rounds of 256 lanes with 8 elements each.
inline constexpr int kGatedColumns = 4096;

template <class T, class Gate>
struct Swiglu {
  template <class S, class B>
  struct Args {
    const T* x;
    T* y;
    int rows, cols, parts;
    Gate gate;
  };

  template <class S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows * args.parts, [&](int item) {
      const std::int64_t row = item / args.parts;
      const int begin = item % args.parts * kGatedColumns;
      const T* gates = args.x + row * 2 * args.cols + begin;
      const T* values = gates + args.cols;
      T* y = args.y + row * args.cols + begin;
      block.each(B::min(args.cols - begin, kGatedColumns), [&](auto at) {
        at.store(y, args.gate.template apply<B>(at.load(gates), at.load(values)));
      });
    });
  }
};

template <class T, class Gate, RowsTarget<T> Backend>
void launch_swiglu(Backend& backend, const SwigluProblem& p, const Gate& gate) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Swiglu<T, Gate>;
    const int parts = ceil_div(p.cols, kGatedColumns);
    backend.template launch<Kernel, S>(
        countable(std::int64_t{p.rows} * parts),
        typename Kernel::template Args<S, B>{static_cast<const T*>(p.x), static_cast<T*>(p.y),
                                             p.rows, p.cols, parts, gate});
  });
}

template <class Backend>
void launch(Backend& backend, const SwigluProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    if (p.limit > 0) {
      launch_swiglu<T, LimitedSilu>(backend, p, {p.limit});
    } else {
      launch_swiglu<T, Silu>(backend, p, {});
    }
  });
}

}  // namespace moat
