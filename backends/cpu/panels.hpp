// SPDX-License-Identifier: Apache-2.0
// Operands packed for the microkernel, always as f32.
//
// A left panel is cut into slivers of kSliver rows, stored column by column; a right panel into
// slivers of kColumns columns, stored row by row. So the microkernel reads both from end to end:
// vectors of the left, single elements of the right. Accumulators are cut like left panels, which
// lets one become the left operand of the next product as it lies.
#pragma once

#include <algorithm>

#include "backends/cpu/transpose.hpp"
#include "problems/tensor.hpp"

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

// Where the panel that follows lies, which the next step of a pipeline is likely to pack: rows of
// the matrix in memory.
struct NextPanel {
  const std::byte* from;
  std::int64_t stride;
  int rows;   // 0: nothing follows
  int bytes;  // of each row
};

// What is left of `size` from `begin` on, at most `most`.
constexpr int live(int size, int begin, int most) { return std::clamp(size - begin, 0, most); }

// How the transposed matrix is stored in the same memory.
constexpr Order flipped(Order order) {
  return order == Order::row_major ? Order::transposed : Order::row_major;
}

// The same place in the transposed matrix.
constexpr Coord flipped(Coord at) {
  return {.row = at.col, .col = at.row, .head = at.head, .batch = at.batch};
}

// Which part of which operand a panel holds, and in which launch it was packed.
struct PanelTag {
  std::int64_t launch;
  const void* source;
  int row, col, head, batch;

  bool operator==(const PanelTag&) const = default;
};

// Loads the panel, by panel.load(source, at, most...), unless it holds that part since the same
// launch; true if it had to.
template <class Panel, class... Most>
HWY_INLINE bool load_unless_kept(Panel& panel, std::int64_t launch,
                                 const typename Panel::Source& source, Coord at, Most... most) {
  const PanelTag tag{launch, source.data, at.row, at.col, at.head, at.batch};
  if (panel.tag == tag) return false;
  panel.load(source, at, most...);
  panel.tag = tag;
  return true;
}

// Packs `rows` rows of `cols` contiguous elements so that lane r of the vector at to + c · step is
// element (r, c). There are at most as many rows as D has lanes; what is missing is 0, and columns
// are filled up to a multiple of kPiece.
template <class D, class T>
void pack_transposed(D d, const T* from, std::int64_t stride, int rows, int cols, float* to,
                     std::ptrdiff_t step) {
  constexpr int kRows = static_cast<int>(hn::MaxLanes(D{}));
  constexpr int kWidth = kGroups * kPiece;
  int c = 0;
  if (rows == kRows) {
    for (; c + kWidth <= cols; c += kWidth) {
      for (int r = 0; r < kRows; ++r) __builtin_prefetch(from + (kRows + r) * stride + c);
      hn::Vec<D> x[kGroups][kPiece];
      load_columns(d, from + c, stride, x);
      unroll<kWidth>([&](auto i) { hn::Store(x[i / kPiece][i % kPiece], d, to + (c + i) * step); });
    }
  }
  for (; c < cols; c += kPiece) {
    T edge[kRows * kPiece] = {};
    for (int r = 0; r < rows; ++r) {
      std::copy_n(from + r * stride + c, std::min(kPiece, cols - c), edge + r * kPiece);
    }
    hn::Vec<D> x[1][kPiece];
    load_columns(d, edge, kPiece, x);
    unroll<kPiece>([&](auto i) { hn::Store(x[0][i], d, to + (c + i) * step); });
  }
}

// Rows of a row-major matrix that are packed at once, each by a cache line at a time.
inline constexpr int kRowsTogether = 8;

// Copies kRows rows of `cols` elements into slivers of kColumns columns that lie `step` apart.
template <int kRows, class T>
void pack_rows(const T* from, std::int64_t stride, int cols, float* to, std::int64_t step) {
  constexpr hn::CappedTag<float, kColumns> kTag;
  constexpr int kWidth = static_cast<int>(hn::MaxLanes(kTag));
  constexpr int kLine = 64 / static_cast<int>(sizeof(T));
  int c = 0;
  for (; c + kLine <= cols; c += kLine, to += kLine / kColumns * step) {
    for (std::ptrdiff_t r = 0; r < kRows; ++r) {
      __builtin_prefetch(from + (kRowsTogether + r) * stride + c);
      unroll<kLine / kWidth>([&](auto i) __attribute__((always_inline)) {
        constexpr int kAt = i * kWidth;
        hn::Store(load(kTag, from + r * stride + c + kAt), kTag,
                  to + kAt / kColumns * step + r * kColumns + kAt % kColumns);
      });
    }
  }
  for (; c < cols; c += kColumns, to += step) {
    for (int r = 0; r < kRows; ++r) {
      for (int i = 0; i < kColumns; ++i) {
        to[r * kColumns + i] = c + i < cols ? to_float(from[r * stride + c + i]) : 0.0f;
      }
    }
  }
}

// Copies `count` rows of at most kLanes elements to vectors that lie `step` apart; missing lanes
// are 0.
template <class T>
void pack_columns(const T* from, std::int64_t stride, int count, int lanes, float* to, int step) {
  for (int i = 0; i < count; ++i, from += stride, to += step) {
    if (lanes == kLanes) {
      hn::Store(load(FloatTag{}, from), FloatTag{}, to);
    } else {
      for (int l = 0; l < kLanes; ++l) to[l] = l < lanes ? to_float(from[l]) : 0.0f;
    }
  }
}

// Packs depth × cols elements, stored k × n or n × k, into slivers of kColumns columns that lie
// `step` apart. Columns that are missing in the last sliver are 0.
template <Order kOrder, class T>
void pack_right(const T* from, std::int64_t stride, int depth, int cols, float* to,
                std::int64_t step) {
  if constexpr (kOrder == Order::row_major) {
    std::int64_t k = 0;
    for (; k + kRowsTogether <= depth; k += kRowsTogether) {
      pack_rows<kRowsTogether>(from + k * stride, stride, cols, to + k * kColumns, step);
    }
    for (; k < depth; ++k) pack_rows<1>(from + k * stride, stride, cols, to + k * kColumns, step);
  } else {
    constexpr hn::CappedTag<float, kColumns> kTag;
    constexpr int kWidth = static_cast<int>(hn::MaxLanes(kTag));
    for (int c = 0; c < ceil_div(cols, kColumns) * kColumns; c += kWidth) {
      pack_transposed(kTag, from + c * stride, stride, live(cols, c, kWidth), depth,
                      to + c / kColumns * step + c % kColumns, kColumns);
    }
  }
}

// The part of a left operand that belongs to a panel, where it lies in memory.
template <class E, int kM, int kK>
struct LeftInMemory {
  static constexpr int kRows = kM;
  static constexpr int kDepth = kK;
  using Source = Tensor<const E>;

  const E* from;
  std::int64_t stride;
  int rows;
  int depth;

  static Source bind(Tensor<const E> t) { return t; }

  void load(const Source& source, Coord at) {
    from = address(source, at);
    stride = source.row_stride;
    rows = live(source.rows, at.row, kM);
    depth = live(source.cols, at.col, kK);
  }
};

// The part of a right operand that belongs to a panel, where it lies in memory: depth × cols
// elements, stored k × n or n × k, whose rows are `stride` apart.
template <class T, int kK, int kN, Order kOrder>
struct RightInMemory {
  static constexpr int kDepth = kK;
  static constexpr int kCols = kN;
  static constexpr Order kStored = kOrder;
  using Source = Tensor<const T>;

  const T* from;
  std::int64_t stride;
  int depth;
  int cols;

  static Source bind(Tensor<const T> t) { return t; }
  // A tile's rows share a head, that of the coordinate.
  static Source bind(Tensor<const T> t, int /*rows_per_head*/) { return t; }

  void load(const Source& source, Coord at, int most_cols = kN) {
    const bool transposed = kOrder == Order::transposed;
    from = address(source, transposed ? flipped(at) : at);
    stride = source.row_stride;
    depth = live(transposed ? source.cols : source.rows, at.row, kK);
    cols = live(transposed ? source.rows : source.cols, at.col, most_cols);
  }
};

// Panels span kRows × kDepth and kDepth × kCols; rows, depth and cols count what lies inside the
// source. Products leave out the rest, which reads as 0. A left panel's source is stored m × k or
// k × m.
template <class T, int kM, int kK, Order kOrder = Order::row_major>
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
  NextPanel next;

  static Source bind(Tensor<const T> t) { return t; }

  void load(const Source& source, Coord at, int most_rows = kM) {
    constexpr bool kTransposed = kOrder == Order::transposed;
    const int next_depth = live(kTransposed ? source.rows : source.cols, at.col + kK, kK);
    rows = live(kTransposed ? source.cols : source.rows, at.row, most_rows);
    depth = live(kTransposed ? source.rows : source.cols, at.col, kK);
    const T* from = address(source, kTransposed ? flipped(at) : at);
    next = {reinterpret_cast<const std::byte*>(from + kK * (kTransposed ? source.row_stride : 1)),
            source.row_stride * std::int64_t{sizeof(T)}, kTransposed ? next_depth : rows,
            (kTransposed ? rows : next_depth) * static_cast<int>(sizeof(T))};
    if (next_depth == 0) next.rows = 0;
    if constexpr (kTransposed) {
      for (int k = 0; k < depth; k += kRowsTogether) {
        for (int r = 0; r < rows; r += kLanes) {
          pack_columns(from + k * source.row_stride + r, source.row_stride,
                       std::min(kRowsTogether, depth - k), std::min(kLanes, rows - r),
                       vector(r) + k * kSliver, kSliver);
        }
      }
    } else {
      for (int r = 0; r < rows; r += kLanes) {
        pack_transposed(FloatTag{}, from + r * source.row_stride, source.row_stride,
                        std::min(kLanes, rows - r), depth, vector(r), kSliver);
      }
    }
  }

 private:
  // Address of the vector that holds column 0 of the rows from `row` on.
  float* vector(int row) {
    return values + std::int64_t{row / kSliver} * kSliver * kK + row % kSliver;
  }
};

// Packs all columns of a right operand, kept as f32 or as the units for matrices multiply it.
template <class T, int kK, int kN, Order kOrder>
void pack_whole(const RightInMemory<T, kK, kN, kOrder>& seen, float* to) {
  static_assert(kN % kColumns == 0 && kK % kPiece == 0);
  pack_right<kOrder>(seen.from, seen.stride, seen.depth, seen.cols, to,
                     std::int64_t{kK} * kColumns);
}
template <class Streamed>
void pack_whole(const Streamed& seen, std::uint16_t* to) {
  for (int col = 0; col < seen.cols; col += Streamed::kTogether) {
    seen.pack(col, to + std::int64_t{col} * Streamed::kDepth);
  }
}

// A right operand packed as a whole, to be kept. Seen is what it is packed from.
template <class Seen, class Packed>
struct PackedWhole {
  static constexpr int kDepth = Seen::kDepth;
  static constexpr int kCols = Seen::kCols;
  using Source = typename Seen::Source;

  alignas(64) Packed values[kDepth * kCols];
  int depth;
  int cols;
  PanelTag tag;

  static Source bind(const auto&... source) { return Seen::bind(source...); }

  void load(const Source& source, Coord at) {
    Seen seen;
    seen.load(source, at);
    depth = seen.depth;
    cols = seen.cols;
    pack_whole(seen, values);
  }
};

template <class T, int kK, int kN, Order kOrder>
using Right = PackedWhole<RightInMemory<T, kK, kN, kOrder>, float>;

// Columns of a right operand from `col` on, as units for matrices multiply them: kTogether of them
// packed to `room`, or where they are kept.
template <class R>
HWY_INLINE const std::uint16_t* packed_columns(const R& right, int col, std::uint16_t* room) {
  if constexpr (requires { right.values; }) {
    return right.values + std::int64_t{col} * R::kDepth;
  } else {
    right.pack(col, room);
    return room;
  }
}

// A right operand that is packed while it is multiplied, some columns at a time. Their depth lies
// in one piece: where memory has it so, packing is a copy. They stay in the first cache for all
// rows of the tile.
template <class T, int kK, int kN, Order kOrder>
struct StreamedRight : RightInMemory<T, kK, kN, kOrder> {
  static constexpr int kTogether = 16;
  static_assert(kN % kTogether == 0 && kTogether % kColumns == 0 && kK % kLanes == 0);
  using RightInMemory<T, kK, kN, kOrder>::from;
  using RightInMemory<T, kK, kN, kOrder>::stride;
  using RightInMemory<T, kK, kN, kOrder>::depth;
  using RightInMemory<T, kK, kN, kOrder>::cols;

  // Packs kTogether columns from `col` on; those beyond the last are 0.
  void pack(int col, float* to) const {
    const int count = std::min(kTogether, cols - col);
    if constexpr (kOrder == Order::transposed) {
      for (int c = 0; c < count; ++c) {
        const T* row = from + (col + c) * stride;
        int k = 0;
        for (; k + kLanes <= depth; k += kLanes) {
          hn::Store(load(FloatTag{}, row + k), FloatTag{}, to + c * kK + k);
        }
        for (; k < depth; ++k) to[c * kK + k] = to_float(row[k]);
      }
    } else {
      for (int k = 0; k < depth; k += kLanes) {
        pack_transposed(FloatTag{}, from + k * stride + col, stride, std::min(kLanes, depth - k),
                        count, to + k, kK);
      }
    }
    if (count < kTogether) std::fill_n(to + count * kK, (kTogether - count) * kK, 0.0f);
  }

  // Appends what pack(col) reads to the list.
  template <class Lines>
  void append_lines(int col, Lines& lines) const {
    const int count = std::min(kTogether, cols - col);
    if (kOrder == Order::transposed) {
      lines.append(from + col * stride, stride, count, depth);
    } else {
      lines.append(from + col, stride, depth, count);
    }
  }
};

}  // namespace moat::cpu
