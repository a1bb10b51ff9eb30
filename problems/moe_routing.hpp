// SPDX-License-Identifier: Apache-2.0
// Routing of a mixture of experts, which experts a token goes to and with which weights: what is
// computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// `logits` are tokens × experts, f32, finite; `indices` are tokens × top 64-bit numbers of experts,
// the chosen ones with the best first, `weights` tokens × top, f32. Of equal experts or groups the
// one with the lower number is the better.
// As DeepSeek-V3 does it (github.com/deepseek-ai/DeepSeek-V3, inference/model.py, Gate): an
// expert's score is s = σ(logit), and what it is chosen by is s + bias, of `experts` f32. Where
// there are groups > 0, of as many experts one behind the other, the experts of only `limit` groups
// are chosen from: those with the largest sums of their two best scores with bias. Weights are the
// scores without bias of the chosen experts, divided by their sum, times `scale`. softmax, as Qwen3
// and gpt-oss do it (huggingface/transformers, Qwen3MoeSparseMoeBlock with norm_topk_prob;
// openai/gpt-oss, gpt_oss/torch/model.py): experts are chosen by their logits, and weights are the
// softmax over the chosen ones, times `scale`. `bias` is not read.
struct MoeRoutingProblem {
  DType dtype = DType::f32;
  int tokens = 1;
  int experts = 1;
  int top = 1;
  bool softmax = false;
  std::int64_t groups = 0;
  std::int64_t limit = 0;
  float scale = 1;
  const void* logits = nullptr;
  const void* bias = nullptr;
  void* indices = nullptr;
  void* weights = nullptr;
};

// A score, its bias and a comparison for each choice.
inline double flops(const MoeRoutingProblem& p) { return (5.0 + p.top) * p.tokens * p.experts; }

// Calls f(operand, its pointer) for the logits, the bias, the indices and the weights.
template <Is<MoeRoutingProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "logits", .rows = p.tokens, .cols = p.experts}, p.logits);
  f(Operand{.name = "bias", .cols = p.experts}, p.bias);
  f(Operand{.name = "indices",
            .role = Role::output,
            .rows = p.tokens,
            .cols = p.top,
            .positions = true},
    p.indices);
  f(Operand{.name = "weights", .role = Role::output, .rows = p.tokens, .cols = p.top}, p.weights);
}

// Described for the harness as problem.hpp tells.
std::vector<MoeRoutingProblem> kernels_of(Type<MoeRoutingProblem>);
Description describe(const MoeRoutingProblem& p);
Work work(const MoeRoutingProblem& p);
void shape(MoeRoutingProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const MoeRoutingProblem& p);

}  // namespace moat
