// SPDX-License-Identifier: Apache-2.0
// SwiGLU, the gate of a feed-forward layer: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// x is a dense matrix of rows × 2·cols elements, a gate g and a value u for each element of y,
// which is rows × cols: columns 0 … cols of x are the gates, the others the values, as one product
// with the weights of both leaves them. All of `dtype`. limit 0: y = g·σ(g)·u, σ(t) = 1 ÷ (1 +
// exp(−t)) (N. Shazeer, "GLU Variants Improve Transformer", 2020). limit L > 0, as gpt-oss computes
// it (github.com/openai/gpt-oss, gpt_oss/torch/model.py, swiglu): g' = min(g, L), u' = min(max(u,
// −L), L), y = g'·σ(1.702·g')·(u' + 1).
struct SwigluProblem {
  DType dtype = DType::f32;
  int rows = 1;
  int cols = 1;
  float limit = 0;
  const void* x = nullptr;
  void* y = nullptr;
};

// Slope of the gate with a limit.
inline constexpr float kLimitedSlope = 1.702f;

// Negate and scale, exponential, add, divide, two products; with a limit three comparisons and an
// addition more.
inline double flops(const SwigluProblem& p) { return (p.limit > 0 ? 10.0 : 6.0) * p.rows * p.cols; }

// Calls f(operand, its pointer) for x and y.
template <Is<SwigluProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "x", .type = p.dtype, .rows = p.rows, .cols = 2 * std::int64_t{p.cols}}, p.x);
  f(Operand{.name = "y", .role = Role::output, .type = p.dtype, .rows = p.rows, .cols = p.cols},
    p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<SwigluProblem> kernels_of(Type<SwigluProblem>);
Description describe(const SwigluProblem& p);
Work work(const SwigluProblem& p);
void shape(SwigluProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const SwigluProblem& p);

}  // namespace moat
