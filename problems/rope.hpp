// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// x and y are dense, tokens × heads × head_dim elements of `dtype`; cos and sin are f32, tokens ×
// head_dim / 2, the rows of an engine's table for the tokens' positions. Every pair (a, b) of a
// head is turned: (a·cos − b·sin, b·cos + a·sin), with pair i taking column i of its token's row
// (J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021).
// Pair i is elements i and i + head_dim / 2 (GPT-NeoX, Llama), or 2·i and 2·i + 1 if `interleaved`
// (RoFormer, DeepSeek). head_dim is even.
struct RopeProblem {
  DType dtype = DType::f32;
  int tokens = 1;
  int heads = 1;
  int head_dim = 64;
  bool interleaved = false;
  const void* x = nullptr;
  const void* cos = nullptr;
  const void* sin = nullptr;
  void* y = nullptr;
};

// Four products and two sums for each pair.
inline double flops(const RopeProblem& p) { return 3.0 * p.tokens * p.heads * p.head_dim; }

// Calls f(operand, its pointer) for x, cos, sin and y.
template <Is<RopeProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const Operand x{
      .name = "x", .type = p.dtype, .rows = p.tokens, .cols = std::int64_t{p.heads} * p.head_dim};
  const Operand cos{.name = "cos", .type = DType::f32, .rows = p.tokens, .cols = p.head_dim / 2};
  Operand sin = cos;
  sin.name = "sin";
  Operand y = x;
  y.name = "y";
  y.role = Role::output;
  f(x, p.x);
  f(cos, p.cos);
  f(sin, p.sin);
  f(y, p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<RopeProblem> kernels_of(Type<RopeProblem>);
Description describe(const RopeProblem& p);
Work work(const RopeProblem& p);
void shape(RopeProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const RopeProblem& p);

}  // namespace moat
