// SPDX-License-Identifier: Apache-2.0
// Sampling of tokens from logits: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// logits is a dense matrix of rows × cols elements of `dtype`, uniform a float u in [0, 1) for each
// row, tokens a 64-bit column for each. Of a row the k largest logits x₀ ≥ x₁ ≥ … are kept, in the
// order of top-k, with weights w = exp((x − x₀) ÷ temperature); of those, if top_p < 1, the first
// ones that together weigh at least top_p of all k, and no more. k = cols leaves top-p alone. The
// token is the first of the kept with which those up to it weigh more than u of the kept: token i
// with probability w_i ÷ Σw. Logits are finite or −∞, the largest is finite.
//
// Temperature, then top-k, then top-p over what that leaves are vLLM's (vllm/v1/sample/ops/
// topk_topp_sampler.py, apply_top_k_top_p, which drops logits whose sum with all smaller ones is at
// most 1 − p) and FlashInfer's (flashinfer.sampling.top_k_top_p_sampling_from_logits with
// filter_apply_order "top_k_first"). vLLM keeps all equals of the k-th logit; here there are k. A
// given u makes the result one that can be checked; engines draw it.
struct SampleProblem {
  DType dtype = DType::f32;
  int rows = 1;
  int cols = 1;
  int k = 1;
  float temperature = 1;
  float top_p = 1;
  const void* logits = nullptr;
  const void* uniform = nullptr;
  void* tokens = nullptr;
};

// One comparison per element.
inline double flops(const SampleProblem& p) { return static_cast<double>(p.rows) * p.cols; }

// Calls f(operand, its pointer) for logits, uniform and tokens.
template <Is<SampleProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "logits", .type = p.dtype, .rows = p.rows, .cols = p.cols}, p.logits);
  f(Operand{.name = "uniform", .type = DType::f32, .cols = p.rows}, p.uniform);
  f(Operand{.name = "tokens", .role = Role::output, .cols = p.rows, .positions = true}, p.tokens);
}

// Described for the harness as problem.hpp tells.
std::vector<SampleProblem> kernels_of(Type<SampleProblem>);
Description describe(const SampleProblem& p);
Work work(const SampleProblem& p);
void shape(SampleProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const SampleProblem& p);

}  // namespace moat
