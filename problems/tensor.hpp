// SPDX-License-Identifier: Apache-2.0
// Views of memory that kernels read and write.
#pragma once

#include <cstdint>

#include "problems/dtype.hpp"

namespace moat {

// Matrices of rows × cols elements, stacked along a head and a batch dimension. Strides count
// elements; columns are contiguous. A plain matrix leaves the outer strides at 0.
template <class T>
struct Tensor {
  T* data = nullptr;
  int rows = 0;
  int cols = 0;
  std::int64_t row_stride = 0;
  std::int64_t head_stride = 0;
  std::int64_t batch_stride = 0;
  int heads = 1;
  int batches = 1;
};

// Where a tile begins: row and column within a matrix of the stack.
struct Coord {
  int row = 0;
  int col = 0;
  int head = 0;
  int batch = 0;
};

// Address of the element at `at`.
template <class T>
MOAT_SHARED_FN T* address(const Tensor<T>& t, Coord at) {
  return t.data + at.batch * t.batch_stride + at.head * t.head_stride + at.row * t.row_stride +
         at.col;
}

}  // namespace moat
