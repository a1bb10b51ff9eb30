// SPDX-License-Identifier: Apache-2.0
// GEMM with weights in codes: C = A·Wᵀ, the program of GEMM with a right operand that is decoded on
// its way.
#pragma once

#include "kernels/gemm.hpp"
#include "problems/weight_gemm.hpp"

namespace moat {

template <class T, class C, class Scale, WeightGemmTarget<T> Backend>
void launch_weight_gemm(Backend& backend, const WeightGemmProblem& p) {
  using Weights = Grouped<C, Scale>;
  const Tensor<const T> a{static_cast<const T*>(p.a), p.m, p.k, p.k};
  const Weights w{static_cast<const C*>(p.w), static_cast<const Scale*>(p.scales), p.n, p.k};
  const Tensor<T> c{static_cast<T*>(p.c), p.m, p.n, p.n};
  backend.schedules().template weight_gemm<T>(p, [&]<ProductSchedule S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Gemm<T, Order::transposed, Weights>;
    const typename Kernel::template Args<S, B> args{
        Kernel::template PanelA<S, B>::bind(a), Kernel::template PanelB<S, B>::bind(w),
        backend.template split_k<S>(c, ceil_div(p.k, S::k))};
    backend.template launch<Kernel, S>(args.c.template parts<S::m, S::n>(), args);
  });
}

template <class Backend>
void launch(Backend& backend, const WeightGemmProblem& p) {
  with_half(p.dtype, [&]<class T>(Type<T>) {
    switch (p.code) {
      case Code::int8:
        return launch_weight_gemm<T, int8, T>(backend, p);
      case Code::int4:
        return launch_weight_gemm<T, int4, T>(backend, p);
      case Code::mxfp4:
        return launch_weight_gemm<T, mxfp4, e8m0>(backend, p);
      case Code::e4m3:
      case Code::e4m3fnuz:
      case Code::e5m2:
      case Code::e8m0:
        break;
    }
  });
}

}  // namespace moat
