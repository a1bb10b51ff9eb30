// SPDX-License-Identifier: Apache-2.0
// Grouped GEMM: the rows of each expert of a mixture times the expert's own matrix, products
// accumulated in f32.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/grouped_gemm.hpp"

namespace moat {

// The rows of one expert behind those of another.
struct Contiguous {
  const std::int64_t* bounds;

  MOAT_FN int first(int group) const { return static_cast<int>(bounds[group]); }
  MOAT_FN int count(int group) const { return static_cast<int>(bounds[group + 1] - bounds[group]); }
};

// As many rows for each expert, of which the first ones are used.
struct Masked {
  const std::int64_t* counts;
  int held;

  MOAT_FN int first(int group) const { return group * held; }
  MOAT_FN int count(int group) const { return static_cast<int>(counts[group]); }
};

template <class T, class Groups>
struct GroupedGemm {
  template <class S, class B>
  using PanelA = typename B::template Left<T, S::m, S::k>;
  template <class S, class B>
  using PanelB = typename B::template Right<T, S::k, S::n, Order::transposed>;

  template <class S, class B>
  struct Stage {
    PanelA<S, B> a;
    PanelB<S, B> b;
  };

  template <class S, class B>
  struct Args {
    typename PanelA<S, B>::Source a;
    typename PanelB<S, B>::Source b;  // a head for each group
    Tensor<T> c;
    int k;
    Groups groups;
    int group_count;
    RowRange range;  // groups of other lengths are left out
  };

  template <ProductSchedule S, GroupedProductBlock<S, T> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const auto rows_of = [&](int group) {
      const int count = args.groups.count(group);
      return count < args.range.least || count > args.range.most ? 0 : count;
    };
    block.template group_tiles<S::m, S::n>(
        args.group_count, rows_of, args.c.cols, [&](int group, int row, int col) {
          const int begin = args.groups.first(group) + row;
          const int left = args.groups.count(group) - row;
          block.template pipeline<Stage<S, B>>(
              ceil_div(args.k, S::k),
              [&](auto& stage, int step) {
                block.load_first(left, stage.a, args.a, {.row = begin, .col = step * S::k});
                block.load(stage.b, args.b, {.row = step * S::k, .col = col, .head = group});
              },
              [&](auto& stages) {
                auto acc = block.template zeros<S::m, S::n>();
                stages.for_each([&](const auto& stage) { block.mma(acc, stage.a, stage.b); });
                Tensor<T> c = args.c;
                c.rows = begin + left;
                block.store(c, {.row = begin, .col = col}, acc);
              });
        });
  }
};

template <class T, class Groups, GroupedGemmTarget<T> Backend>
void launch_grouped_gemm(Backend& backend, const GroupedGemmProblem& p, const Groups& groups) {
  const int rows = p.masked > 0 ? p.experts * static_cast<int>(p.masked) : total_rows(p);
  const Tensor<const T> a{static_cast<const T*>(p.a), rows, p.k, p.k};
  const Tensor<const T> b{.data = static_cast<const T*>(p.b),
                          .rows = p.n,
                          .cols = p.k,
                          .row_stride = p.k,
                          .head_stride = std::int64_t{p.n} * p.k,
                          .heads = p.experts};
  const Tensor<T> c{static_cast<T*>(p.c), rows, p.n, p.n};
  backend.schedules().template grouped_gemm<T>(
      p, [&]<ProductSchedule S>(Type<S>, const RowRange& range) {
        using B = typename Backend::template Block<S>;
        using Kernel = GroupedGemm<T, Groups>;
        const typename Kernel::template Args<S, B> args{Kernel::template PanelA<S, B>::bind(a),
                                                        Kernel::template PanelB<S, B>::bind(b),
                                                        c,
                                                        p.k,
                                                        groups,
                                                        p.experts,
                                                        range};
        // A tile of each group may be part of one; how long groups are is known on the device.
        const std::int64_t down = total_rows(p) / S::m + std::min(p.experts, total_rows(p));
        backend.template launch<Kernel, S>(countable(down * ceil_div(p.n, S::n)), args);
      });
}

template <class Backend>
void launch(Backend& backend, const GroupedGemmProblem& p) {
  const auto* rows = static_cast<const std::int64_t*>(p.rows);
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    if (p.masked > 0) {
      launch_grouped_gemm<T>(backend, p, Masked{rows, static_cast<int>(p.masked)});
    } else {
      launch_grouped_gemm<T>(backend, p, Contiguous{rows});
    }
  });
}

}  // namespace moat
