// SPDX-License-Identifier: Apache-2.0
// GEMM of 8-bit floats with a scale for each block of both operands: C = A·Bᵀ, sums of 128 products
// scaled and added in f32.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/scaled_gemm.hpp"

namespace moat {

// Codes C are multiplied as T, in which they are exact.
template <class T, class C, class Scale>
struct ScaledGemm {
  template <class S, class B>
  using PanelA = typename B::template Left<T, S::m, S::k, C>;
  template <class S, class B>
  using PanelB = typename B::template Right<T, S::k, S::n, Order::transposed, C>;

  template <class S, class B>
  struct Stage {
    PanelA<S, B> a;
    PanelB<S, B> b;
  };

  template <class S, class B>
  struct Args {
    typename PanelA<S, B>::Source a;
    typename PanelB<S, B>::Source b;
    Tensor<const Scale> a_scales;  // rows × blocks of k
    Tensor<const Scale> b_scales;  // blocks of columns × blocks of k
    Tensor<T> c;
    int k;
  };

  template <ScaledSchedule S, ScaledProductBlock<S, T, C, Scale> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.template tiles<S::m, S::n>(args.c.rows, args.c.cols, [&](int row, int col) {
      block.template pipeline<Stage<S, B>>(
          ceil_div(args.k, S::k),
          [&](auto& stage, int step) {
            block.load(stage.a, args.a, {.row = row, .col = step * S::k});
            block.load(stage.b, args.b, {.row = step * S::k, .col = col});
          },
          [&](auto& stages) {
            auto sum = block.template zeros<S::m, S::n>();
            auto part = block.template zeros<S::m, S::n>();
            int steps = 0;
            stages.for_each([&](const auto& stage) {
              block.mma(part, stage.a, stage.b);
              ++steps;
              const int depth = B::min(steps * S::k, args.k);
              if (depth % kPerScale == 0 || depth == args.k) {
                const int in_block = (depth - 1) / kPerScale;
                const auto rows = block.template load_rows<S::m>(args.a_scales, {row, in_block});
                const Coord of_b{.row = col / kPerScale, .col = in_block};
                block.add_scaled(sum, part, rows, decode(*address(args.b_scales, of_b)));
              }
            });
            block.store(args.c, {.row = row, .col = col}, sum);
          });
    });
  }
};

template <class T, class C, class Scale, ScaledGemmTarget<T> Backend>
void launch_scaled_gemm(Backend& backend, const ScaledGemmProblem& p) {
  const int blocks = ceil_div(p.k, kPerScale);
  const auto scales = [blocks](const void* data, int rows) {
    return Tensor<const Scale>{static_cast<const Scale*>(data), rows, blocks, blocks};
  };
  const Tensor<const C> a{static_cast<const C*>(p.a), p.m, p.k, p.k};
  const Tensor<const C> b{static_cast<const C*>(p.b), p.n, p.k, p.k};
  const Tensor<T> c{static_cast<T*>(p.c), p.m, p.n, p.n};
  backend.schedules().template scaled_gemm<T>(p, [&]<ScaledSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = ScaledGemm<T, C, Scale>;
    const typename Kernel::template Args<S, B> args{Kernel::template PanelA<S, B>::bind(a),
                                                    Kernel::template PanelB<S, B>::bind(b),
                                                    scales(p.a_scales, p.m),
                                                    scales(p.b_scales, ceil_div(p.n, kPerScale)),
                                                    c,
                                                    p.k};
    backend.template launch<Kernel, S>(std::int64_t{ceil_div(p.m, S::m)} * ceil_div(p.n, S::n),
                                       args);
  });
}

template <class Backend>
void launch(Backend& backend, const ScaledGemmProblem& p) {
  with_half(p.dtype, [&]<class T>(Type<T>) {
    with_scaled_code(p.code, [&]<class C>(Type<C>) {
      with_scale(p.ue8m0,
                 [&]<class Scale>(Type<Scale>) { launch_scaled_gemm<T, C, Scale>(backend, p); });
    });
  });
}

}  // namespace moat
