// SPDX-License-Identifier: Apache-2.0
// Quantisation of a matrix to 8-bit floats, with a scale for each 128 numbers of a row or for each
// 128 × 128.
#pragma once

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "problems/quantise.hpp"

namespace moat {

// The scale of a block of codes C from its largest absolute value.
template <class B, class C, class Scale>
MOAT_FN Scale scale_of(const AbsMax::State<float, int>& state) {
  const float amax = B::max(AbsMax::result(state), kLeastAmax);
  return round_up<Scale>(amax / kLargest<C>);
}

// Rows fall apart into parts of so many columns, so that a few long ones keep all blocks busy.
inline constexpr int kQuantisedColumns = 4096;
static_assert(kQuantisedColumns % kPerScale == 0);

template <class T, class C, class Scale>
struct QuantiseRows {
  template <class S, class B>
  struct Args {
    const T* x;
    C* codes;
    Scale* scales;  // rows × groups
    int rows, cols, parts, groups;
  };

  template <class S, GroupsBlock<kPerScale, AbsMax> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.rows * args.parts, [&](int item) {
      const std::int64_t row = item / args.parts;
      const int begin = item % args.parts * kQuantisedColumns;
      const T* x = args.x + row * args.cols + begin;
      C* codes = args.codes + row * args.cols + begin;
      Scale* scales = args.scales + row * args.groups + begin / kPerScale;
      block.template groups<kPerScale>(
          AbsMax{}, B::min(args.cols - begin, kQuantisedColumns),
          [&](auto at) { return at.load(x); },
          [&](auto group, const auto& state) {
            const Scale scale = scale_of<B, C, Scale>(state);
            group.store(scales, scale);
            return 1.0f / decode(scale);
          },
          [&](auto at, const auto& v, float inverse) { at.store(codes, v * inverse); });
    });
  }
};

template <class T, class C, class Scale>
struct QuantiseBlocks {
  template <class S, class B>
  struct Args {
    const T* x;
    C* codes;
    Scale* scales;  // down × across
    int rows, cols, down, across;
  };

  template <class S, MatrixReductionBlock<T, AbsMax> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.down * args.across, [&](int item) {
      const int row = item / args.across * kPerScale;
      const int col = item % args.across * kPerScale;
      const int rows = B::min(args.rows - row, kPerScale);
      const int cols = B::min(args.cols - col, kPerScale);
      const std::int64_t begin = std::int64_t{row} * args.cols + col;
      const T* x = args.x + begin;
      const Scale scale = scale_of<B, C, Scale>(block.reduce(AbsMax{}, x, rows, cols, args.cols));
      block.once([&] { args.scales[item] = scale; });
      const float inverse = 1.0f / decode(scale);
      block.each(rows, cols, [&](auto at) {
        at.store(args.codes + begin, args.cols, at.load(x, args.cols) * inverse);
      });
    });
  }
};

template <class T, class C, class Scale, RowsTarget<T> Backend>
void launch_quantise(Backend& backend, const QuantiseProblem& p) {
  const auto* x = static_cast<const T*>(p.x);
  auto* codes = static_cast<C*>(p.codes);
  auto* scales = static_cast<Scale*>(p.scales);
  const int across = ceil_div(p.cols, kPerScale);
  if (p.per_block) {
    const int down = ceil_div(p.rows, kPerScale);
    backend.schedules().template rows<T>(kPerScale * kPerScale, [&]<class S>(Type<S>) {
      using B = typename Backend::template Block<S>;
      using Kernel = QuantiseBlocks<T, C, Scale>;
      backend.template launch<Kernel, S>(
          countable(std::int64_t{down} * across),
          typename Kernel::template Args<S, B>{x, codes, scales, p.rows, p.cols, down, across});
    });
    return;
  }
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = QuantiseRows<T, C, Scale>;
    const int parts = ceil_div(p.cols, kQuantisedColumns);
    backend.template launch<Kernel, S>(
        countable(std::int64_t{p.rows} * parts),
        typename Kernel::template Args<S, B>{x, codes, scales, p.rows, p.cols, parts, across});
  });
}

template <class Backend>
void launch(Backend& backend, const QuantiseProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) {
    with_scaled_code(p.code, [&]<class C>(Type<C>) {
      with_scale(p.ue8m0,
                 [&]<class Scale>(Type<Scale>) { launch_quantise<T, C, Scale>(backend, p); });
    });
  });
}

}  // namespace moat
