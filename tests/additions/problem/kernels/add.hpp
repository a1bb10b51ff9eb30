// SPDX-License-Identifier: Apache-2.0
// The sum of two matrices.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/add.hpp"

namespace moat {

template <class T>
struct Add {
  template <class S, class B>
  struct Args {
    const T* x;
    const T* y;
    T* z;
    int rows, cols;
  };

  template <class S, class B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows, [&](int row) {
      const std::int64_t begin = std::int64_t{row} * args.cols;
      block.each(args.cols, [&](auto at) {
        at.store(args.z + begin, at.load(args.x + begin) + at.load(args.y + begin));
      });
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_add(Backend& backend, const AddProblem& p) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    backend.template launch<Add<T>, S>(
        p.rows,
        typename Add<T>::template Args<S, B>{static_cast<const T*>(p.x), static_cast<const T*>(p.y),
                                             static_cast<T*>(p.z), p.rows, p.cols});
  });
}

template <class Backend>
void launch(Backend& backend, const AddProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_add<T>(backend, p); });
}

}  // namespace moat
