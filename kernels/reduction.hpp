// SPDX-License-Identifier: Apache-2.0
// Reduction of a vector to one value: sum, maximum, position of the maximum.
#pragma once

#include <algorithm>
#include <limits>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "problems/reduction.hpp"

namespace moat {

// Every part of the vector becomes one partial value; the block that arrives last merges them in
// the order of the parts, so that the result does not depend on which block was faster.
template <class T, class Monoid>
struct Reduction {
  using Partial = typename Monoid::template State<float, std::int64_t>;

  template <class S, class B>
  struct Args {
    const T* x;
    std::int64_t n;
    std::int64_t part_size;
    int parts;
    Partial* partials;   // one per part
    unsigned* arrivals;  // 0 between launches
    typename Monoid::Result* result;
  };

  template <class S, ReductionBlock<T, Monoid> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.parts, [&](int part) {
      const std::int64_t begin = part * args.part_size;
      const auto count = static_cast<int>(B::min(args.part_size, args.n - begin));
      const auto state = block.reduce(Monoid{}, args.x + begin, count);
      block.once([&] { args.partials[part] = Monoid::rebase(state, begin); });
    });
    block.last_arrival(args.arrivals, [&] {
      const auto state =
          block.collect(Monoid{}, args.parts, [&](int part) { return args.partials[part]; });
      block.once([&] { *args.result = Monoid::result(state); });
    });
  }
};

template <class T, class Monoid, ReductionTarget<T> Backend>
void launch_reduction(Backend& backend, const ReductionProblem& p) {
  backend.schedules().template reduction<T>(p, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Reduction<T, Monoid>;
    // A part is whole rounds of 256 lanes that load 16 bytes each, and its length fits an int.
    constexpr std::int64_t kGrain = 1 << 12;
    const std::int64_t wanted =
        ceil_div(p.n, std::int64_t{backend.template concurrent_blocks<S>()});
    const std::int64_t part_size =
        std::min(ceil_div(wanted, kGrain) * kGrain, std::int64_t{1} << 30);
    const auto parts = static_cast<int>(ceil_div(p.n, part_size));
    auto* partials = static_cast<typename Kernel::Partial*>(
        backend.workspace(parts * sizeof(typename Kernel::Partial)));
    backend.template launch<Kernel, S>(
        parts, typename Kernel::template Args<S, B>{
                   static_cast<const T*>(p.x), p.n, part_size, parts, partials, backend.arrivals(),
                   static_cast<typename Monoid::Result*>(p.result)});
  });
}

template <class Backend>
void launch(Backend& backend, const ReductionProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    switch (p.op) {
      case ReductionOp::sum:
        return launch_reduction<T, Sum>(backend, p);
      case ReductionOp::max:
        return launch_reduction<T, Max>(backend, p);
      case ReductionOp::argmax:
        return launch_reduction<T, ArgMax>(backend, p);
    }
  });
}

}  // namespace moat
