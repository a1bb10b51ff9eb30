// SPDX-License-Identifier: Apache-2.0
// Rows of tokens in the order of their experts: a stable counting sort, and the rows' copies.
#pragma once

#include <cstdint>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "problems/moe_permute.hpp"

namespace moat {

// Indices that one block counts. Each is compared with all others of its part.
inline constexpr int kIndicesAPart = 256;

// How many indices before each one in its part, and how many of the whole part, are its expert.
struct CountExperts {
  template <class S, class B>
  struct Args {
    const std::int64_t* indices;
    int* before;
    int* counts;  // parts × experts
    int count, parts, experts;
  };

  template <class S, VisitBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.parts, [&](int part) {
      const int begin = part * kIndicesAPart;
      const int count = B::min(args.count - begin, kIndicesAPart);
      const std::int64_t* indices = args.indices + begin;
      int* counts = args.counts + std::int64_t{part} * args.experts;
      block.visit(args.experts, [&](int expert) { counts[expert] = 0; });
      block.visit(count, [&](int i) {
        const std::int64_t expert = indices[i];
        int before = 0;
        int behind = 0;
        for (int other = 0; other < i; ++other) before += indices[other] == expert ? 1 : 0;
        for (int other = i + 1; other < count; ++other) behind += indices[other] == expert ? 1 : 0;
        args.before[begin + i] = before;
        if (behind == 0) counts[expert] = before + 1;
      });
    });
  }
};

// Sums of the counts: of each expert over the parts before, and of all experts before.
struct SumExperts {
  template <class S, class B>
  struct Args {
    int* counts;  // become the sums of those of earlier parts
    int* totals;  // of each expert
    std::int64_t* bounds;
    int parts, experts;
  };

  template <class S, VisitBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(1, [&](int) {
      block.visit(args.experts, [&](int expert) {
        int sum = 0;
        for (int part = 0; part < args.parts; ++part) {
          int* counts = args.counts + std::int64_t{part} * args.experts;
          const int own = counts[expert];
          counts[expert] = sum;
          sum += own;
        }
        args.totals[expert] = sum;
      });
      block.visit(args.experts + 1, [&](int expert) {
        std::int64_t sum = 0;
        for (int before = 0; before < expert; ++before) sum += args.totals[before];
        args.bounds[expert] = sum;
      });
    });
  }
};

template <class T>
struct PermuteRows {
  template <class S, class B>
  struct Args {
    const T* x;
    const std::int64_t* indices;
    const int* before;
    const int* counts;
    const std::int64_t* bounds;
    T* y;
    std::int64_t* positions;
    int count, experts, top, cols;
  };

  template <class S, CopyBlock B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.count, [&](int i) {
      const std::int64_t expert = args.indices[i];
      const std::int64_t part = i / kIndicesAPart;
      const int* earlier = args.counts + part * args.experts;
      const std::int64_t position = args.bounds[expert] + earlier[expert] + args.before[i];
      const T* x = args.x + std::int64_t{i / args.top} * args.cols;
      T* y = args.y + position * args.cols;
      block.each(args.cols, [&](auto at) { at.store(y, at.load(x)); });
      block.once([&] { args.positions[i] = position; });
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_moe_permute(Backend& backend, const MoePermuteProblem& p) {
  const int count = p.tokens * p.top;
  const int parts = ceil_div(count, kIndicesAPart);
  const std::size_t counts = std::size_t{1} * parts * p.experts;
  auto* memory = static_cast<std::int32_t*>(
      backend.workspace((std::size_t{1} * count + counts + p.experts) * sizeof(float)));
  const auto* indices = static_cast<const std::int64_t*>(p.indices);
  auto* bounds = static_cast<std::int64_t*>(p.bounds);
  int* before = memory;
  int* sums = memory + count;
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    backend.template launch<CountExperts, S>(
        parts, CountExperts::Args<S, B>{indices, before, sums, count, parts, p.experts});
    backend.template launch<SumExperts, S>(
        1, SumExperts::Args<S, B>{sums, sums + counts, bounds, parts, p.experts});
    using Kernel = PermuteRows<T>;
    backend.template launch<Kernel, S>(
        count, typename Kernel::template Args<S, B>{
                   static_cast<const T*>(p.x), indices, before, sums, bounds, static_cast<T*>(p.y),
                   static_cast<std::int64_t*>(p.positions), count, p.experts, p.top, p.cols});
  });
}

template <class Backend>
void launch(Backend& backend, const MoePermuteProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_moe_permute<T>(backend, p); });
}

}  // namespace moat
