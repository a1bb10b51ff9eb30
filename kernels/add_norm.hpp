// SPDX-License-Identifier: Apache-2.0
// Residual addition and RMSNorm over the rows of a matrix: every element comes from memory once.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "problems/add_norm.hpp"

namespace moat {

// What is left of a normalised row: itself, rounded to T.
template <class T>
struct StoredRow {
  T* y;

  // y of `cols` sums times `scale` and the weights.
  template <class B>
  MOAT_FN void finish(B& block, int row, const T* sum, float scale, const T* weight,
                      int cols) const {
    T* to = y + std::int64_t{row} * cols;
    block.each(cols, [&](auto at) { at.store(to, at.load(sum) * scale * at.load(weight)); });
  }
};

template <class T, class Result>
struct AddNorm {
  template <class S, class B>
  struct Args {
    const T* x;
    const T* residual;
    const T* weight;
    T* sum;
    Result result;
    int rows, cols;
    float epsilon;
  };

  template <class S, KeptRowsBlock<T, SumSquares> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows, [&](int row) {
      const std::int64_t begin = std::int64_t{row} * args.cols;
      T* sum = args.sum + begin;
      block.keep(sum, args.cols,
                 [&](auto at) { return at.load(args.x + begin) + at.load(args.residual + begin); });
      const float squares = Sum::result(block.reduce(SumSquares{}, sum, args.cols));
      const float scale = B::rsqrt(squares / static_cast<float>(args.cols) + args.epsilon);
      args.result.finish(block, row, sum, scale, args.weight, args.cols);
    });
  }
};

// P has the operands of AddNormProblem but for y.
template <class T, class Result, class P, RowsTarget<T> Backend>
void launch_add_norm(Backend& backend, const P& p, const Result& result) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = AddNorm<T, Result>;
    backend.template launch<Kernel, S>(
        p.rows, typename Kernel::template Args<S, B>{
                    static_cast<const T*>(p.x), static_cast<const T*>(p.residual),
                    static_cast<const T*>(p.weight), static_cast<T*>(p.sum), result, p.rows, p.cols,
                    p.epsilon});
  });
}

template <class Backend>
void launch(Backend& backend, const AddNormProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    launch_add_norm<T>(backend, p, StoredRow<T>{static_cast<T*>(p.y)});
  });
}

}  // namespace moat
