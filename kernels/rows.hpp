// SPDX-License-Identifier: Apache-2.0
// Row-wise kernels: softmax and RMSNorm (Zhang and Sennrich 2019) over the rows of a matrix.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "problems/rows.hpp"

namespace moat {

inline constexpr float kLog2E = 1.44269504f;

template <class T>
struct Softmax {
  template <class S, class B>
  struct Args {
    const T* x;
    T* y;
    int rows, cols;
  };

  template <class S, RowsBlock<T, Sum> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows, [&](int row) {
      const std::int64_t begin = std::int64_t{row} * args.cols;
      const T* x = args.x + begin;
      const float largest = Max::result(block.reduce(Max{}, x, args.cols));
      const float top = largest > Max::kPadding ? largest : 0.0f;
      const auto weights = block.terms(
          Sum{}, x, args.cols, [top](const auto& v) { return B::exp2((v - top) * kLog2E); });
      const float sum = Sum::result(weights.state);
      const float inverse = sum > 0.0f ? 1.0f / sum : 0.0f;
      block.each(args.cols, [&](auto at) { at.store(args.y + begin, weights.at(at) * inverse); });
    });
  }
};

template <class T>
struct RmsNorm {
  template <class S, class B>
  struct Args {
    const T* x;
    const T* weight;
    T* y;
    int rows, cols;
    float epsilon;
  };

  template <class S, RowsBlock<T, SumSquares> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows, [&](int row) {
      const std::int64_t begin = std::int64_t{row} * args.cols;
      const T* x = args.x + begin;
      const float squares = Sum::result(block.reduce(SumSquares{}, x, args.cols));
      const float scale = B::rsqrt(squares / static_cast<float>(args.cols) + args.epsilon);
      block.each(args.cols, [&](auto at) {
        at.store(args.y + begin, at.load(x) * scale * at.load(args.weight));
      });
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_rows(Backend& backend, const RowsProblem& p) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    const auto* x = static_cast<const T*>(p.x);
    auto* y = static_cast<T*>(p.y);
    switch (p.op) {
      case RowsOp::softmax:
        return backend.template launch<Softmax<T>, S>(
            p.rows, typename Softmax<T>::template Args<S, B>{x, y, p.rows, p.cols});
      case RowsOp::rms_norm:
        return backend.template launch<RmsNorm<T>, S>(
            p.rows, typename RmsNorm<T>::template Args<S, B>{x, static_cast<const T*>(p.weight), y,
                                                             p.rows, p.cols, p.epsilon});
    }
  });
}

template <class Backend>
void launch(Backend& backend, const RowsProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_rows<T>(backend, p); });
}

}  // namespace moat
