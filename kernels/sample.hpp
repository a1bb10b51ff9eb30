// SPDX-License-Identifier: Apache-2.0
// Sampling of a token from each row of logits, of which every element is read once.
#pragma once

#include <limits>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "kernels/topk.hpp"
#include "problems/sample.hpp"

namespace moat {

template <class T>
struct Sample {
  template <class S, class B>
  struct Args {
    Candidates<T> candidates;  // where there is one part of each row, best and columns
    T* best;                   // k of each row
    std::int64_t* columns;
    float* weights;
    const float* uniform;
    std::int64_t* tokens;
    int rows;
    float factor;  // of the difference of two logits in the exponent of 2
    float top_p;
    unsigned* arrivals;  // 0 between launches
  };

  // The token of a row whose k largest logits are found: the distribution function turned round.
  template <class B, class A>
  static MOAT_FN void draw(B& block, const A& args, int row) {
    const int k = args.candidates.k;
    const std::int64_t begin = std::int64_t{row} * k;
    const T* best = args.best + begin;
    float* weights = args.weights + begin;
    const float top = Max::result(block.reduce(Max{}, best, 1));
    block.keep(weights, k, [&](auto at) { return B::exp2((at.load(best) - top) * args.factor); });
    const float total = Sum::result(block.reduce(Sum{}, weights, k));
    block.once([&] {
      const float wanted =
          B::select(args.top_p < 1.0f, args.top_p * total, std::numeric_limits<float>::infinity());
      float kept = 0.0f;
      for (int i = 0; i < k; ++i) kept = B::select(kept < wanted, kept + weights[i], kept);
      const float place = args.uniform[row] * kept;
      float sum = 0.0f;
      std::int64_t passed = 0;
      // The last of the kept is not passed, though the place may be rounded up to its sum.
      for (int i = 0; i < k; ++i) {
        sum = sum + weights[i];
        const bool passes = (sum <= place) & (sum < kept);
        passed = passed + B::select(passes, std::int64_t{1}, std::int64_t{0});
      }
      args.tokens[row] = args.columns[begin + passed];
    });
  }

  template <class S, SamplingBlock<T, Max, Sum> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    const Candidates<T>& candidates = args.candidates;
    block.items(args.rows * candidates.parts, [&](int item) {
      candidates.find(block, item);
      if (candidates.parts == 1) draw(block, args, item);
    });
    if (candidates.parts == 1) return;
    block.last_arrival(args.arrivals, [&] {
      for (int row = 0; row < args.rows; ++row) {
        const std::int64_t to = std::int64_t{row} * candidates.k;
        candidates.merge(block, row, args.best + to, args.columns + to);
        draw(block, args, row);
      }
    });
  }
};

template <class T, RowsTarget<T> Backend>
void launch_sample(Backend& backend, const SampleProblem& p) {
  backend.schedules().template rows<T>(p.cols, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = Sample<T>;
    constexpr float kLog2OfE = 1.44269504f;
    const int parts = parts_of_row(p.rows, p.cols, p.k, backend.template concurrent_blocks<S>());
    const std::size_t kept = std::size_t{1} * p.rows * p.k;
    const std::size_t found = parts > 1 ? kept * parts : 0;
    auto* columns = static_cast<std::int64_t*>(
        backend.workspace((kept + found) * (kColumnBytes + sizeof(T)) + kept * sizeof(float)));
    auto* weights = reinterpret_cast<float*>(columns + kept + found);
    auto* best = reinterpret_cast<T*>(weights + kept);
    const std::size_t behind = parts > 1 ? kept : 0;
    const Candidates<T> candidates{
        static_cast<const T*>(p.logits), p.cols, p.k, parts, best + behind, columns + behind};
    backend.template launch<Kernel, S>(
        countable(std::int64_t{p.rows} * parts),
        typename Kernel::template Args<S, B>{
            candidates, best, columns, weights, static_cast<const float*>(p.uniform),
            static_cast<std::int64_t*>(p.tokens), p.rows, kLog2OfE / p.temperature, p.top_p,
            backend.arrivals()});
  });
}

template <class Backend>
void launch(Backend& backend, const SampleProblem& p) {
  with_dtype(p.dtype, [&]<class T>(Type<T>) { launch_sample<T>(backend, p); });
}

}  // namespace moat
