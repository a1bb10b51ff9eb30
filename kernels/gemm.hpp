// SPDX-License-Identifier: Apache-2.0
// GEMM: C = A·B, products accumulated in f32.
#pragma once

#include <stdexcept>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/gemm.hpp"

namespace moat {

// B's source holds E.
template <class T, Order kOrderB, class E = T>
struct Gemm {
  template <class S, class B>
  using PanelA = typename B::template Left<T, S::m, S::k>;
  template <class S, class B>
  using PanelB = typename B::template Right<T, S::k, S::n, kOrderB, E>;

  template <class S, class B>
  struct Stage {
    PanelA<S, B> a;
    PanelB<S, B> b;
  };

  template <class S, class B>
  struct Args {
    typename PanelA<S, B>::Source a;
    typename PanelB<S, B>::Source b;
    typename B::template SplitK<T> c;
  };

  template <ProductSchedule S, SplitProductBlock<S, T, kOrderB, T, E> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.template split_tiles<S::m, S::n>(args.c, [&](const auto& part) {
      block.template pipeline<Stage<S, B>>(
          part.steps,
          [&](auto& stage, int step) {
            const int k = (part.first_step + step) * S::k;
            block.load(stage.a, args.a, {.row = part.row, .col = k});
            block.load(stage.b, args.b, {.row = k, .col = part.col});
          },
          [&](auto& stages) {
            auto acc = block.template zeros<S::m, S::n>();
            stages.for_each([&](const auto& stage) { block.mma(acc, stage.a, stage.b); });
            block.store_part(args.c, part, acc);
          });
    });
  }
};

// Binds the operands and launches one block program on `backend`.
template <class T, Order kOrderB, GemmTarget<T> Backend>
void launch_gemm(Backend& backend, const GemmProblem& p) {
  const bool transposed = kOrderB == Order::transposed;
  const int b_rows = transposed ? p.n : p.k;
  const int b_cols = transposed ? p.k : p.n;
  const Tensor<const T> a{static_cast<const T*>(p.a), p.m, p.k, p.lda ? p.lda : p.k};
  const Tensor<const T> b{static_cast<const T*>(p.b), b_rows, b_cols, p.ldb ? p.ldb : b_cols};
  const Tensor<T> c{static_cast<T*>(p.c), p.m, p.n, p.ldc ? p.ldc : p.n};
  backend.schedules().template gemm<T>(p, [&]<ProductSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Gemm<T, kOrderB>;
    const typename Kernel::template Args<S, B> args{
        Kernel::template PanelA<S, B>::bind(a), Kernel::template PanelB<S, B>::bind(b),
        backend.template split_k<S>(c, ceil_div(p.k, S::k))};
    backend.template launch<Kernel, S>(args.c.template parts<S::m, S::n>(), args);
  });
}

template <class Backend>
void launch(Backend& backend, const GemmProblem& p) {
  if (!of_one_type(p)) throw std::invalid_argument("gemm: A, B and C are not of one type");
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    if (p.order_b == Order::transposed) {
      launch_gemm<T, Order::transposed>(backend, p);
    } else {
      launch_gemm<T, Order::row_major>(backend, p);
    }
  });
}

}  // namespace moat
