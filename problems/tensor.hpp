// SPDX-License-Identifier: Apache-2.0
// Views of memory that kernels read and write.
#pragma once

#include <cstdint>

#include "problems/codes.hpp"
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

// How many numbers of a row, one after the other, share a scale: integers of 8 bits and of 4 as
// GPTQ and its kin store them (E. Frantar et al., 2022), MXFP4 as the OCP Microscaling Formats
// Specification has it.
template <class C>
inline constexpr int kGroup = 32;
template <>
inline constexpr int kGroup<int8> = 128;

// A dense matrix of rows × cols numbers, each a code C times the scale of its group; cols is a
// multiple of kGroup<C>. Names what a panel is loaded from, as an element type does.
template <class C, class Scale>
struct Grouped {
  const C* codes = nullptr;       // rows × cols ÷ kPerUnit<C>
  const Scale* scales = nullptr;  // rows × cols ÷ kGroup<C>
  int rows = 0;
  int cols = 0;
};

// What a panel of elements E is loaded from: a tensor of them, or the grouped matrix.
template <class E>
struct ViewOf {
  using type = Tensor<const E>;
};
template <class C, class Scale>
struct ViewOf<Grouped<C, Scale>> {
  using type = Grouped<C, Scale>;
};
template <class E>
using View = typename ViewOf<E>::type;

}  // namespace moat
