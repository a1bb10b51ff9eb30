// SPDX-License-Identifier: Apache-2.0
// A row-major product as a column-major library is asked for it.
#pragma once

#include <cstdint>

#include "problems/gemm.hpp"

namespace moat {

// Element (row, column) is at row + column · leading.
struct ColumnMajorMatrix {
  int rows;
  int cols;
  std::int64_t leading;
  bool operator==(const ColumnMajorMatrix&) const = default;
};

// Cᵀ = op(first) · second with first = B, second = A: a row-major matrix is its transpose in column
// order, so that nothing is moved. op transposes if `transpose_first`. The result is rows × cols,
// and `inner` is what the product sums over.
struct ColumnMajorProduct {
  bool transpose_first;
  int inner;
  ColumnMajorMatrix first;
  ColumnMajorMatrix second;
  ColumnMajorMatrix result;
};

ColumnMajorProduct column_major(const GemmProblem& p);

}  // namespace moat
