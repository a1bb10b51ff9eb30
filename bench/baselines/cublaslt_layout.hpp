// SPDX-License-Identifier: Apache-2.0
// A row-major product as the column-major library is asked for it.
#pragma once

#include <cstdint>

#include "problems/gemm.hpp"

namespace moat::cublaslt {

// Column-major: element (row, column) is at row + column · leading.
struct Matrix {
  int rows;
  int cols;
  std::int64_t leading;
  bool operator==(const Matrix&) const = default;
};

// Cᵀ = op(first) · second with first = B, second = A: a row-major matrix is its transpose in column
// order, so that nothing is moved. op transposes if `transpose_first`.
struct Product {
  bool transpose_first;
  Matrix first;
  Matrix second;
  Matrix result;
};

Product column_major(const GemmProblem& p);

}  // namespace moat::cublaslt
