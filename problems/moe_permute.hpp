// SPDX-License-Identifier: Apache-2.0
// Rows of tokens in the order of their experts: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// x is tokens × cols and y (tokens · top) × cols, dense, of `dtype`; `indices` are tokens × top
// 64-bit numbers of experts, 0 … experts − 1. y holds the token's row for each of them, those of
// expert 0 first, and of one expert in the order of `indices` (a stable counting sort); `bounds`
// are experts + 1 64-bit numbers, between which the rows of an expert lie, and `positions`, tokens
// × top, say which row of y each index became. Rows are copied bit by bit, unless they are NaN.
struct MoePermuteProblem {
  DType dtype = DType::f32;
  int tokens = 1;
  int experts = 1;
  int top = 1;
  int cols = 1;
  const void* x = nullptr;
  const void* indices = nullptr;
  void* y = nullptr;
  void* bounds = nullptr;
  void* positions = nullptr;
};

// Nothing is computed but places; an addition for each index.
inline double flops(const MoePermuteProblem& p) { return 1.0 * p.tokens * p.top; }

// Calls f(operand, its pointer) for x, the indices, y, the bounds and the positions.
template <Is<MoePermuteProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const Operand indices{.name = "indices", .rows = p.tokens, .cols = p.top, .positions = true};
  Operand positions = indices;
  positions.name = "positions";
  positions.role = Role::output;
  f(Operand{.name = "x", .type = p.dtype, .rows = p.tokens, .cols = p.cols}, p.x);
  f(indices, p.indices);
  f(Operand{.name = "y",
            .role = Role::output,
            .type = p.dtype,
            .rows = std::int64_t{p.tokens} * p.top,
            .cols = p.cols},
    p.y);
  f(Operand{.name = "bounds",
            .role = Role::output,
            .cols = std::int64_t{p.experts} + 1,
            .positions = true},
    p.bounds);
  f(positions, p.positions);
}

// Described for the harness as problem.hpp tells.
std::vector<MoePermuteProblem> kernels_of(Type<MoePermuteProblem>);
Description describe(const MoePermuteProblem& p);
Work work(const MoePermuteProblem& p);
void shape(MoePermuteProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const MoePermuteProblem& p);

}  // namespace moat
