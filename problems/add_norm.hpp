// SPDX-License-Identifier: Apache-2.0
// Residual addition and RMSNorm in one pass: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

// x, residual, sum and y are dense rows × cols matrices of `dtype`, `weight` has cols elements.
// sum = x + residual, rounded to `dtype`; y = sum ÷ sqrt(mean(sum²) + epsilon) · weight of the
// rounded sum, with Σsum² of a row below 3·10³⁸, as inference engines do between two layers (vLLM's
// fused_add_rms_norm, csrc/layernorm_kernels.cu, which writes both over its inputs).
struct AddNormProblem {
  DType dtype = DType::f32;
  int rows = 1;
  int cols = 1;
  float epsilon = 1e-5f;
  const void* x = nullptr;
  const void* residual = nullptr;
  const void* weight = nullptr;
  void* sum = nullptr;
  void* y = nullptr;
};

// Add, square, add, scale, weight.
inline double flops(const AddNormProblem& p) { return 5.0 * p.rows * p.cols; }

// Calls f(operand, its pointer) for x, residual, weight, sum and y.
template <Is<AddNormProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const auto matrix = [&](std::string_view name, Role role) {
    return Operand{.name = name, .role = role, .type = p.dtype, .rows = p.rows, .cols = p.cols};
  };
  f(matrix("x", Role::input), p.x);
  f(matrix("residual", Role::input), p.residual);
  f(Operand{.name = "weight", .type = p.dtype, .cols = p.cols}, p.weight);
  f(matrix("sum", Role::output), p.sum);
  f(matrix("y", Role::output), p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<AddNormProblem> kernels_of(Type<AddNormProblem>);
Description describe(const AddNormProblem& p);
Work work(const AddNormProblem& p);
void shape(AddNormProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const AddNormProblem& p);

}  // namespace moat
