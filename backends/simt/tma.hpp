// SPDX-License-Identifier: Apache-2.0
// Operands that a tensor memory accelerator (TMA) copies as boxes: the hardware walks over rows and
// columns, fills what lies outside the matrix with zeros and swizzles the rows.
#pragma once

#include <cstdint>

#include "backends/simt/atoms.hpp"
#include "problems/tensor.hpp"

namespace moat::simt {

// A row of a box in shared memory. Its 16-byte chunks are permuted: chunk c of row r lies at chunk
// c ^ (r mod 8), so that eight rows read in one column touch all banks.
inline constexpr int kBoxRowBytes = 128;
inline constexpr int kBoxAlignment = 8 * kBoxRowBytes;

// Copies move whole units of this many bytes.
inline constexpr int kBoxUnitBytes = 16;

// What a tensor map says: a stack of matrices and the box that one copy takes from it; innermost
// dimension first: column, row, head, batch. Dimensions and box count elements, strides (of row,
// head, batch) bytes.
struct TmaTensor {
  static constexpr int kRank = 4;
  const void* data = nullptr;
  int element_bytes = 0;
  std::uint64_t dims[kRank] = {};
  std::uint64_t strides[kRank - 1] = {};
  std::uint32_t box[kRank] = {};
};

// Whether boxes can be copied from the tensor.
template <class T>
bool can_box(const Tensor<const T>& t) {
  const auto whole = [](auto elements) { return elements * sizeof(T) % kBoxUnitBytes == 0; };
  return reinterpret_cast<std::uintptr_t>(t.data) % kBoxUnitBytes == 0 && whole(t.row_stride) &&
         whole(t.head_stride) && whole(t.batch_stride);
}

// Boxes of `box_rows` rows. A dimension of one has no stride of its own.
template <class T>
TmaTensor boxed(const Tensor<const T>& t, int box_rows) {
  const auto bytes = [](std::int64_t elements) {
    return static_cast<std::uint64_t>(elements) * sizeof(T);
  };
  const auto count = [](int n) { return static_cast<std::uint64_t>(n); };
  const std::uint64_t row = bytes(t.row_stride);
  return {.data = t.data,
          .element_bytes = sizeof(T),
          .dims = {count(t.cols), count(t.rows), count(t.heads), count(t.batches)},
          .strides = {row, t.heads > 1 ? bytes(t.head_stride) : row,
                      t.batches > 1 ? bytes(t.batch_stride) : row},
          .box = {kBoxRowBytes / sizeof(T), static_cast<std::uint32_t>(box_rows), 1, 1}};
}

// A tensor as copies by TMA want it.
template <class Atoms>
struct TmaSource {
  typename Atoms::TensorMap map;
};

// A tile of kRows × kCols as kBoxes boxes of kRows rows, side by side in the matrix.
template <class T, int kRowCount, int kColCount>
struct TmaPanel {
  static constexpr int kRows = kRowCount;
  static constexpr int kCols = kColCount;
  static constexpr int kBoxCols = kBoxRowBytes / sizeof(T);
  static constexpr int kBoxes = kCols / kBoxCols;
  static constexpr int kBoxBytes = kRows * kBoxRowBytes;
  static_assert(kCols % kBoxCols == 0 && kBoxBytes % kBoxAlignment == 0 && kRows <= 256);

  alignas(kBoxAlignment) T data[kRows * kCols];
};

// kM × kK, rows contiguous.
template <class Atoms, class T, int kM, int kK>
struct TmaLeft : TmaPanel<T, kM, kK> {
  using Value = T;
  using Source = TmaSource<Atoms>;
  static constexpr int k = kK;

  static Source bind(const Tensor<const T>& t) {
    return {Atoms::make_tensor_map(boxed(t, TmaLeft::kRows))};
  }
  static constexpr MOAT_SHARED_FN Position stored(Position at) { return at; }
};

// kK × kN. Transposed it lies in memory as kN × kK, and columns are contiguous.
template <class Atoms, class T, int kK, int kN, Order kOrder>
struct TmaRight
    : TmaPanel<T, kOrder == Order::transposed ? kN : kK, kOrder == Order::transposed ? kK : kN> {
  using Value = T;
  using Source = TmaSource<Atoms>;
  static constexpr int k = kK;
  static constexpr bool kAlongRows = kOrder == Order::transposed;

  static Source bind(const Tensor<const T>& t) {
    return {Atoms::make_tensor_map(boxed(t, TmaRight::kRows))};
  }
  // A tile's rows share a head, that of the coordinate.
  static Source bind(const Tensor<const T>& t, int /*rows_per_head*/) { return bind(t); }
  static constexpr MOAT_SHARED_FN Position stored(Position at) {
    return kAlongRows ? Position{.row = at.col, .col = at.row} : at;
  }
};

// One lane starts the copies of a panel's boxes; `landed` counts their bytes.
template <class Atoms, class P>
MOAT_FN void tma_load_panel(P& panel, const typename P::Source& source, const Coord& at,
                            std::uint64_t* landed) {
  const Position stored = P::stored({.row = at.row, .col = at.col});
  MOAT_UNROLL
  for (int b = 0; b < P::kBoxes; ++b) {
    Atoms::tma_load(panel.data + b * (P::kBoxBytes / sizeof(panel.data[0])), &source.map, landed,
                    {stored.col + b * P::kBoxCols, stored.row, at.head, at.batch});
  }
}

}  // namespace moat::simt
