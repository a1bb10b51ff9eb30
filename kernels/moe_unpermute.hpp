// SPDX-License-Identifier: Apache-2.0
// Weighted sums of the rows that experts made of each token.
#pragma once

#include <cstdint>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/moe_unpermute.hpp"

namespace moat {

template <class T>
struct MoeUnpermute {
  template <class S, class B>
  struct Args {
    const T* x;
    const std::int64_t* positions;
    const float* weights;
    T* y;
    int tokens, top, cols;
  };

  template <class S, StreamBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.tokens, [&](int token) {
      const std::int64_t first = std::int64_t{token} * args.top;
      T* y = args.y + std::int64_t{token} * args.cols;
      block.each(args.cols, [&](auto at) {
        auto sum = at.fill(0.0f);
        for (int i = 0; i < args.top; ++i) {
          const T* row = args.x + args.positions[first + i] * args.cols;
          sum = sum + at.load(row) * args.weights[first + i];
        }
        at.store(y, sum);
      });
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_moe_unpermute(Backend& backend, const MoeUnpermuteProblem& p) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = MoeUnpermute<T>;
    backend.template launch<Kernel, S>(
        p.tokens,
        typename Kernel::template Args<S, B>{
            static_cast<const T*>(p.x), static_cast<const std::int64_t*>(p.positions),
            static_cast<const float*>(p.weights), static_cast<T*>(p.y), p.tokens, p.top, p.cols});
  });
}

template <class Backend>
void launch(Backend& backend, const MoeUnpermuteProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_moe_unpermute<T>(backend, p); });
}

}  // namespace moat
