// SPDX-License-Identifier: Apache-2.0
// Residual addition, RMSNorm and quantisation in one pass: what is computed, its operands and its
// work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"
#include "problems/scales.hpp"

namespace moat {

// What AddNormProblem has, but y is quantised as QuantiseProblem does it, with a scale for each 128
// numbers of a row, and is not rounded to `dtype` before. y itself is not written, because only a
// product of codes reads it; the sum is, for the next layer: as vLLM's rms_norm_per_block_quant
// (csrc/quantization/fused_kernels/fused_layernorm_dynamic_per_token_quant.cu), which rounds y.
struct AddNormQuantiseProblem {
  DType dtype = DType::bf16;
  Code code = Code::e4m3;
  int rows = 1;
  int cols = 1;
  bool ue8m0 = false;
  float epsilon = 1e-5f;
  const void* x = nullptr;
  const void* residual = nullptr;
  const void* weight = nullptr;
  void* sum = nullptr;
  void* codes = nullptr;
  void* scales = nullptr;
};

// Add, square, add, scale, weight; absolute value, comparison, product.
inline double flops(const AddNormQuantiseProblem& p) { return 8.0 * p.rows * p.cols; }

// Calls f(operand, its pointer) for x, residual, weight, sum, the codes and the scales.
template <Is<AddNormQuantiseProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  const auto matrix = [&](std::string_view name, Role role) {
    return Operand{.name = name, .role = role, .type = p.dtype, .rows = p.rows, .cols = p.cols};
  };
  f(matrix("x", Role::input), p.x);
  f(matrix("residual", Role::input), p.residual);
  f(Operand{.name = "weight", .type = p.dtype, .cols = p.cols}, p.weight);
  f(matrix("sum", Role::output), p.sum);
  f(Operand{.name = "codes", .role = Role::output, .rows = p.rows, .cols = p.cols, .code = p.code},
    p.codes);
  f(scale_operand("scales", Role::output, p.rows, p.cols, p.ue8m0), p.scales);
}

// Described for the harness as problem.hpp tells.
std::vector<AddNormQuantiseProblem> kernels_of(Type<AddNormQuantiseProblem>);
Description describe(const AddNormQuantiseProblem& p);
Work work(const AddNormQuantiseProblem& p);
void shape(AddNormQuantiseProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const AddNormQuantiseProblem& p);

}  // namespace moat
