// SPDX-License-Identifier: Apache-2.0
// GEMM of 8-bit floats with a scale for each block of both operands: C = A·Bᵀ, sums of 128 products
// scaled and added in f32.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/scaled_gemm.hpp"

namespace moat {

// Codes C are multiplied as they are, or as T, in which they are exact.
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
    typename B::template SplitK<T> c;
    int k;
  };

  template <ScaledSchedule S, ScaledProductBlock<S, T, C, Scale> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.template split_tiles<S::m, S::n>(args.c, [&](const auto& part) {
      const int row = part.row;
      const int col = part.col;
      block.template pipeline<Stage<S, B>>(
          part.steps,
          [&](auto& stage, int step) {
            const int k = (part.first_step + step) * S::k;
            block.load(stage.a, args.a, {.row = row, .col = k});
            block.load(stage.b, args.b, {.row = k, .col = col});
          },
          [&](auto& stages) {
            auto sum = block.template zeros<S::m, S::n>();
            auto of_block = block.template zeros<S::m, S::n>();
            int steps = part.first_step;
            stages.for_each([&](const auto& stage) {
              block.mma(of_block, stage.a, stage.b);
              ++steps;
              const int end = steps * S::k;
              if (end % kPerScale == 0 || end >= args.k) {
                const int in_block = (end - 1) / kPerScale;
                const auto rows = block.template load_rows<S::m>(args.a_scales, {row, in_block});
                const Coord of_b{.row = col / kPerScale, .col = in_block};
                block.add_scaled(sum, of_block, rows, decode(*address(args.b_scales, of_b)));
              }
            });
            block.store_part(args.c, part, sum);
          });
    });
  }
};

template <class T, class C, class Scale, ScaledGemmTarget<T, C> Backend>
void launch_scaled_gemm(Backend& backend, const ScaledGemmProblem& p) {
  const int blocks = ceil_div(p.k, kPerScale);
  const auto scales = [blocks](const void* data, int rows) {
    return Tensor<const Scale>{static_cast<const Scale*>(data), rows, blocks, blocks};
  };
  const Tensor<const C> a{static_cast<const C*>(p.a), p.m, p.k, p.k};
  const Tensor<const C> b{static_cast<const C*>(p.b), p.n, p.k, p.k};
  const Tensor<T> c{static_cast<T*>(p.c), p.m, p.n, p.n};
  backend.schedules().template scaled_gemm<T, C>(p, [&]<ScaledSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = ScaledGemm<T, C, Scale>;
    // Parts are of whole blocks of k.
    const auto to = backend.template split_k<S>(c, ceil_div(p.k, S::k), kPerScale / S::k);
    const typename Kernel::template Args<S, B> args{Kernel::template PanelA<S, B>::bind(a),
                                                    Kernel::template PanelB<S, B>::bind(b),
                                                    scales(p.a_scales, p.m),
                                                    scales(p.b_scales, ceil_div(p.n, kPerScale)),
                                                    to,
                                                    p.k};
    backend.template launch<Kernel, S>(to.template parts<S::m, S::n>(), args);
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
