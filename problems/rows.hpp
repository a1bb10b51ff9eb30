// SPDX-License-Identifier: Apache-2.0
// The problems over rows, softmax and RMSNorm: what is computed, its operands and its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problems/description.hpp"
#include "problems/operand.hpp"

namespace moat {

enum class RowsOp : std::uint8_t { softmax, rms_norm };

// x and y are dense rows × cols matrices of `dtype`; `weight` has cols elements (RMSNorm only).
// softmax: y = exp(x − max) ÷ Σ exp(x − max); a row of −∞ gives zeros.
// rms_norm: y = x ÷ sqrt(mean(x²) + epsilon) · weight, with Σx² of a row below 3·10³⁸.
struct RowsProblem {
  RowsOp op = RowsOp::softmax;
  DType dtype = DType::f32;
  int rows = 1;
  int cols = 1;
  float epsilon = 1e-5f;
  const void* x = nullptr;
  const void* weight = nullptr;
  void* y = nullptr;
};

// softmax: compare, subtract, exponential, add, scale; rms_norm: square, add, scale, weight.
inline double flops(const RowsProblem& p) {
  switch (p.op) {
    case RowsOp::softmax:
      return 5.0 * p.rows * p.cols;
    case RowsOp::rms_norm:
      return 4.0 * p.rows * p.cols;
  }
  return 0;
}

// Whether there is a weight for every column.
constexpr bool has_weight(RowsOp op) {
  switch (op) {
    case RowsOp::softmax:
      return false;
    case RowsOp::rms_norm:
      return true;
  }
  return false;
}

// Calls f(operand, its pointer) for x, the weight (RMSNorm) and y.
template <Is<RowsProblem> P, class F>
void for_each_operand(P& p, F&& f) {
  f(Operand{.name = "x", .type = p.dtype, .rows = p.rows, .cols = p.cols}, p.x);
  if (has_weight(p.op)) f(Operand{.name = "weight", .type = p.dtype, .cols = p.cols}, p.weight);
  f(Operand{.name = "y", .role = Role::output, .type = p.dtype, .rows = p.rows, .cols = p.cols},
    p.y);
}

// Described for the harness as problem.hpp tells.
std::vector<RowsProblem> kernels_of(Type<RowsProblem>);
Description describe(const RowsProblem& p);
Work work(const RowsProblem& p);
void shape(RowsProblem& p, ShapeKeys& keys);
std::string what_is_wrong(const RowsProblem& p);

}  // namespace moat
