// Operands packed for the microkernel, always as f32.
//
// A left panel is cut into slivers of kSliver rows, stored column by column; a right panel into
// slivers of kColumns columns, stored row by row. So the microkernel reads both from end to end:
// vectors of the left, single elements of the right. Accumulators are cut like left panels, which
// lets one become the left operand of the next product as it lies.
#pragma once

#include <algorithm>

#include "backends/cpu/transpose.hpp"
#include "backends/tensor.hpp"

namespace moat::cpu {

// Registers: three vectors of rows × kColumns accumulators, three of the left and one of the
// right fit the 32 registers of AVX-512 and NEON, or the 16 of AVX2.
#if HWY_MAX_BYTES == 64 || HWY_ARCH_ARM_A64
inline constexpr int kColumns = 8;
#else
inline constexpr int kColumns = 4;
#endif
inline constexpr int kSliverVectors = 3;

// Rows of a sliver in a tile of `rows` rows: three vectors, or one where that does not divide it.
constexpr int sliver_rows(int rows) {
  return rows % (kSliverVectors * kLanes) == 0 ? kSliverVectors * kLanes : kLanes;
}

// What is left of `size` from `begin` on, at most `most`.
constexpr int live(int size, int begin, int most) { return std::clamp(size - begin, 0, most); }

// Which part of which operand a panel holds, and in which launch it was packed.
struct PanelTag {
  std::int64_t launch;
  const void* source;
  int row, col, head, batch;

  bool operator==(const PanelTag&) const = default;
};

// Packs `rows` rows of `cols` contiguous elements so that lane r of the vector at to + c · step is
// element (r, c). There are at most as many rows as D has lanes; what is missing is 0, and columns
// are filled up to a multiple of kPiece.
template <class D, class T>
void pack_transposed(D d, const T* from, std::int64_t stride, int rows, int cols, float* to,
                     std::ptrdiff_t step) {
  constexpr int kRows = static_cast<int>(hn::MaxLanes(D{}));
  hn::Vec<D> x[kPiece];
  int c = 0;
  if (rows == kRows) {
    for (; c + kPiece <= cols; c += kPiece) {
      load_columns(d, from + c, stride, x);
      for (int i = 0; i < kPiece; ++i) hn::Store(x[i], d, to + (c + i) * step);
    }
  }
  for (; c < cols; c += kPiece) {
    T edge[kRows * kPiece] = {};
    for (int r = 0; r < rows; ++r) {
      std::copy_n(from + r * stride + c, std::min(kPiece, cols - c), edge + r * kPiece);
    }
    load_columns(d, edge, kPiece, x);
    for (int i = 0; i < kPiece; ++i) hn::Store(x[i], d, to + (c + i) * step);
  }
}

// Copies one row of `cols` elements into slivers of kColumns columns that lie `step` apart.
template <class T>
void pack_row(const T* from, int cols, float* to, std::int64_t step) {
  constexpr hn::CappedTag<float, kColumns> kTag;
  constexpr int kWidth = static_cast<int>(hn::MaxLanes(kTag));
  int c = 0;
  for (; c + kColumns <= cols; c += kColumns, to += step) {
    for (int i = 0; i < kColumns; i += kWidth) {
      hn::Store(load(kTag, from + c + i), kTag, to + i);
    }
  }
  if (c == cols) return;
  for (int i = 0; i < kColumns; ++i) to[i] = c + i < cols ? to_float(from[c + i]) : 0.0f;
}

// Panels span kRows × kDepth and kDepth × kCols; rows, depth and cols count what lies inside the
// source. Products leave out the rest, which reads as 0.
template <class T, int kM, int kK>
struct Left {
  static_assert(kM % kLanes == 0 && kK % kPiece == 0);
  static constexpr int kRows = kM;
  static constexpr int kDepth = kK;
  static constexpr int kSliver = sliver_rows(kM);
  using Source = Tensor<const T>;

  alignas(64) float values[kM * kK];
  int rows;
  int depth;
  PanelTag tag;

  static Source bind(Tensor<const T> t) { return t; }

  void load(const Source& source, Coord at) {
    rows = live(source.rows, at.row, kM);
    depth = live(source.cols, at.col, kK);
    const T* from = address(source, at);
    for (int r = 0; r < rows; r += kLanes) {
      float* to = values + std::int64_t{r / kSliver} * kSliver * kK + r % kSliver;
      pack_transposed(FloatTag{}, from + r * source.row_stride, source.row_stride,
                      std::min(kLanes, rows - r), depth, to, kSliver);
    }
  }
};

template <class T, int kK, int kN, Order kOrder>
struct Right {
  static_assert(kN % kColumns == 0 && kK % kPiece == 0);
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  using Source = Tensor<const T>;

  alignas(64) float values[kK * kN];
  int depth;
  int cols;
  PanelTag tag;

  static Source bind(Tensor<const T> t) { return t; }

  void load(const Source& source, Coord at) {
    constexpr std::int64_t kStep = std::int64_t{kK} * kColumns;
    if constexpr (kOrder == Order::row_major) {
      depth = live(source.rows, at.row, kK);
      cols = live(source.cols, at.col, kN);
      const T* from = address(source, at);
      for (int k = 0; k < depth; ++k) {
        pack_row(from + k * source.row_stride, cols, values + k * kColumns, kStep);
      }
    } else {
      constexpr hn::CappedTag<float, kColumns> kTag;
      constexpr int kWidth = static_cast<int>(hn::MaxLanes(kTag));
      depth = live(source.cols, at.row, kK);
      cols = live(source.rows, at.col, kN);
      const T* from = address(source, {at.col, at.row, at.head, at.batch});
      for (int c = 0; c < ceil_div(cols, kColumns) * kColumns; c += kWidth) {
        pack_transposed(kTag, from + c * source.row_stride, source.row_stride,
                        live(cols, c, kWidth), depth, values + c / kColumns * kStep + c % kColumns,
                        kColumns);
      }
    }
  }
};

}  // namespace moat::cpu
