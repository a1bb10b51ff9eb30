// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: pairs of elements of every head are turned by their token's angles.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/rope.hpp"

namespace moat {

// A pair is half a head apart.
struct Halves {
  template <class At, class T>
  MOAT_FN void turn(const At& at, const T* x, const float* cos, const float* sin, T* y,
                    int dim) const {
    const int half = dim / 2;
    const auto a = at.load(x, dim);
    const auto b = at.load(x + half, dim);
    const auto c = at.load(cos, 0);
    const auto s = at.load(sin, 0);
    at.store(y, dim, a * c - b * s);
    at.store(y + half, dim, b * c + a * s);
  }
};

// A pair is two elements side by side.
struct Interleaved {
  template <class At, class T>
  MOAT_FN void turn(const At& at, const T* x, const float* cos, const float* sin, T* y,
                    int dim) const {
    const auto pairs = at.load_pairs(x, dim);
    const auto c = at.load(cos, 0);
    const auto s = at.load(sin, 0);
    at.store_pairs(y, dim, pairs.first * c - pairs.second * s, pairs.second * c + pairs.first * s);
  }
};

template <class T, class Layout>
struct Rope {
  template <class S, class B>
  struct Args {
    const T* x;
    const float* cos;
    const float* sin;
    T* y;
    int tokens, heads, dim;
    Layout layout;
  };

  template <class S, MatrixBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.tokens, [&](int token) {
      const int half = args.dim / 2;
      const std::int64_t begin = std::int64_t{token} * args.heads * args.dim;
      const float* cos = args.cos + std::int64_t{token} * half;
      const float* sin = args.sin + std::int64_t{token} * half;
      block.each(args.heads, half, [&](auto at) {
        args.layout.turn(at, args.x + begin, cos, sin, args.y + begin, args.dim);
      });
    });
  }
};

template <class T, class Layout, RowsTarget<T> Backend>
void launch_rope(Backend& backend, const RopeProblem& p) {
  const std::int64_t row = std::int64_t{p.heads} * p.head_dim;
  backend.schedules().template rows<T>(row, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Rope<T, Layout>;
    backend.template launch<Kernel, S>(
        p.tokens, typename Kernel::template Args<S, B>{static_cast<const T*>(p.x),
                                                       static_cast<const float*>(p.cos),
                                                       static_cast<const float*>(p.sin),
                                                       static_cast<T*>(p.y),
                                                       p.tokens,
                                                       p.heads,
                                                       p.head_dim,
                                                       {}});
  });
}

template <class Backend>
void launch(Backend& backend, const RopeProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    if (p.interleaved) {
      launch_rope<T, Interleaved>(backend, p);
    } else {
      launch_rope<T, Halves>(backend, p);
    }
  });
}

}  // namespace moat
