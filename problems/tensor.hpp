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

// Matrices, one for each sequence, whose rows lie in pages: row r of sequence b is row
// r % pages.rows of the matrix table[b · table_stride + r ÷ pages.rows] of the stack `pages`, along
// its batch dimension. pages.rows is a power of two. Sequence b has lengths[b] rows; what the table
// says of others is not read. The batch of a coordinate is the sequence. Names what a panel is
// loaded from. Of CodedKeys (coded_key.hpp) strides of the pages count keys, and their columns
// numbers.
template <class T>
struct Paged {
  Tensor<const T> pages;
  const int* table = nullptr;
  const int* lengths = nullptr;
  std::int64_t table_stride = 0;
};

// Of that power of two.
MOAT_SHARED_FN int log2_of_rows(int rows) {
  int log2 = 0;
  while (rows >> log2 > 1) ++log2;
  return log2;
}

// What a panel of elements E is loaded from: a tensor of them, the grouped matrix or the pages.
template <class E>
struct ViewOf {
  using type = Tensor<const E>;
};
template <class C, class Scale>
struct ViewOf<Grouped<C, Scale>> {
  using type = Grouped<C, Scale>;
};
template <class T>
struct ViewOf<Paged<T>> {
  using type = Paged<T>;
};
template <class E>
using View = typename ViewOf<E>::type;

}  // namespace moat
