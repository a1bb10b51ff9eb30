// SPDX-License-Identifier: Apache-2.0
// Weighted sums of the rows that experts made of a token: what is computed, its operands and its
// work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// x is (tokens · top) × cols and y tokens × cols, dense, of `dtype`; `positions` are tokens × top
// 64-bit numbers of rows of x, as MoePermuteProblem leaves them, and `weights` as many, f32. Row t
// of y is the sum of the rows of x at the positions of t times their weights, added in f32.
struct MoeUnpermuteProblem {
  DType dtype = DType::f32;
  int tokens = 1;
  int top = 1;
  int cols = 1;
  const void* x = nullptr;
  const void* positions = nullptr;
  const void* weights = nullptr;
  void* y = nullptr;
};

// A product and an addition for each element of x.
inline double flops(const MoeUnpermuteProblem& p) { return 2.0 * p.tokens * p.top * p.cols; }

// Calls f(operand, its pointer) for x, the positions, the weights and y.
template <Is<MoeUnpermuteProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "x", .type = p.dtype, .rows = std::int64_t{p.tokens} * p.top, .cols = p.cols},
    p.x);
  f(Operand{.name = "positions", .rows = p.tokens, .cols = p.top, .positions = true}, p.positions);
  f(Operand{.name = "weights", .rows = p.tokens, .cols = p.top}, p.weights);
  f(Operand{.name = "y", .role = Role::output, .type = p.dtype, .rows = p.tokens, .cols = p.cols},
    p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<MoeUnpermuteProblem> kernels_of(Type<MoeUnpermuteProblem>);
Description describe(const MoeUnpermuteProblem& p);
Work work(const MoeUnpermuteProblem& p);
void shape(MoeUnpermuteProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const MoeUnpermuteProblem& p);

}  // namespace moat
