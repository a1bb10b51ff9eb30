// SPDX-License-Identifier: Apache-2.0
// Routing of a mixture of experts: the best experts of each token and their weights.
#pragma once

#include <cstdint>
#include <limits>

#include "backends/vocabulary/block.hpp"
#include "backends/vocabulary/target.hpp"
#include "kernels/monoids.hpp"
#include "problems/moe_routing.hpp"

namespace moat {

inline constexpr float kLog2E = 1.44269504f;

// Chosen by σ(logit) + bias, with weights ∝ σ(logit).
struct SigmoidScores {
  const float* bias;

  template <class B, class At>
  MOAT_FN auto chosen_by(const At& at, const float* logits) const {
    return at.fill(1.0f) / (B::exp2(at.load(logits) * -kLog2E) + 1.0f) + at.load(bias);
  }
  template <class B>
  MOAT_FN float weight(float logit, float /*best*/) const {
    return 1.0f / (B::exp2(logit * -kLog2E) + 1.0f);
  }
};

// Chosen by the logit, with weights ∝ exp(logit).
struct SoftmaxScores {
  template <class B, class At>
  MOAT_FN auto chosen_by(const At& at, const float* logits) const {
    return at.load(logits);
  }
  template <class B>
  MOAT_FN float weight(float logit, float best) const {
    return B::exp2((logit - best) * kLog2E);
  }
};

template <class Scores>
struct MoeRouting {
  template <class S, class B>
  struct Args {
    const float* logits;
    Scores scores;
    float* chosen_by;  // of each token `row` floats of this launch
    std::int64_t row;
    std::int64_t* indices;
    float* weights;
    int tokens, experts, top;
    int groups;  // 0 or 1: none
    int limit;
    float scale;
  };

  template <class S, KeptRowsBlock<float, ArgMaxBelow> B>
  static MOAT_FN void run(B& block, const Args<S, B>& args) {
    block.items(args.tokens, [&](int token) {
      const float* logits = args.logits + std::int64_t{token} * args.experts;
      float* scores = args.chosen_by + token * args.row;
      block.keep(scores, args.experts,
                 [&](auto at) { return args.scores.template chosen_by<B>(at, logits); });
      if (args.groups > 1) leave_best_groups<B>(block, args, scores);

      std::int64_t* indices = args.indices + std::int64_t{token} * args.top;
      float* weights = args.weights + std::int64_t{token} * args.top;
      ArgMaxBelow below{std::numeric_limits<float>::infinity(), -1};
      float best = 0;
      float sum = 0;
      for (int i = 0; i < args.top; ++i) {
        const auto next = block.reduce(below, scores, args.experts);
        below = {next.value, next.index};
        // Of logits that are no numbers none is found.
        const int index = B::min(next.index, args.experts - 1);
        const float logit = logits[index];
        if (i == 0) best = logit;
        const float weight = args.scores.template weight<B>(logit, best);
        sum = sum + weight;
        block.once([&] {
          indices[i] = index;
          weights[i] = weight;
        });
      }
      block.once([&] {
        for (int i = 0; i < args.top; ++i) weights[i] = weights[i] / sum * args.scale;
      });
    });
  }

 private:
  // The scores of all other groups become −∞. What a group is chosen by is left behind the scores.
  template <class B, class A>
  static MOAT_FN void leave_best_groups(B& block, const A& args, float* scores) {
    const int size = args.experts / args.groups;
    float* best_two = scores + args.experts;
    for (int g = 0; g < args.groups; ++g) {
      const auto best = block.reduce(TopTwo{}, scores + g * size, size);
      block.keep(best_two + g, 1, [&](auto at) { return at.fill(best.first + best.second); });
    }
    for (int g = 0; g < args.groups; ++g) {
      const float own = best_two[g];
      int better = 0;
      for (int other = 0; other < args.groups; ++other) {
        const float its = best_two[other];
        better += its > own || (its == own && other < g) ? 1 : 0;
      }
      if (better < args.limit) continue;
      block.keep(scores + g * size, size,
                 [](auto at) { return at.fill(-std::numeric_limits<float>::infinity()); });
    }
  }
};

template <class Scores, RowsTarget<float> Backend>
void launch_moe_routing(Backend& backend, const MoeRoutingProblem& p, const Scores& scores) {
  backend.schedules().template rows<float>(p.experts, [&]<class S>(Type<S>) {
    using B = typename Backend::template Block<S>;
    using Kernel = MoeRouting<Scores>;
    const std::int64_t row = p.experts + p.groups;
    auto* chosen_by = static_cast<float*>(backend.workspace(sizeof(float) * p.tokens * row));
    backend.template launch<Kernel, S>(
        p.tokens,
        typename Kernel::template Args<S, B>{
            static_cast<const float*>(p.logits), scores, chosen_by, row,
            static_cast<std::int64_t*>(p.indices), static_cast<float*>(p.weights), p.tokens,
            p.experts, p.top, static_cast<int>(p.groups), static_cast<int>(p.limit), p.scale});
  });
}

template <class Backend>
void launch(Backend& backend, const MoeRoutingProblem& p) {
  if (p.softmax) {
    launch_moe_routing(backend, p, SoftmaxScores{});
  } else {
    launch_moe_routing(backend, p, SigmoidScores{static_cast<const float*>(p.bias)});
  }
}

}  // namespace moat
