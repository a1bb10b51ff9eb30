// SPDX-License-Identifier: Apache-2.0
// The problems over rows, softmax and RMSNorm: what is computed, and how its work is counted.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

enum class RowsOp : std::uint8_t { softmax, rms_norm };

// x and y are dense rows × cols matrices of `dtype`; `weight` has cols elements (RMSNorm only).
// softmax: y = exp(x − max) ÷ Σ exp(x − max); a row of −∞ gives zeros.
// rms_norm: y = x ÷ sqrt(mean(x²) + epsilon) · weight, with |x| < 10¹⁸.
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
  return (p.op == RowsOp::softmax ? 5.0 : 4.0) * p.rows * p.cols;
}

// x read and y written once, the weight read once.
inline double bytes(const RowsProblem& p) {
  return (2.0 * p.rows * p.cols + (p.op == RowsOp::rms_norm ? p.cols : 0)) *
         static_cast<double>(size_of(p.dtype));
}

}  // namespace moat
