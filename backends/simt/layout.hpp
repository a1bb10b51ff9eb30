// SPDX-License-Identifier: Apache-2.0
// How a panel lies in shared memory.
#pragma once

#include "backends/simt/atoms.hpp"

namespace moat::simt {

// Rows of at most 128 bytes, whose 16-byte chunks change places with the row; longer rows are cut:
// [row bytes / 128][rows][128]. Pattern<row bytes> says how:
//   kAlignment        of the panel, in bytes
//   kRows             rows after which the places repeat
//   place(row, col)   of a byte among those of the first 128 of each row, col in bytes; every
//                     binary digit of it is an XOR of digits of row and col
template <int kRows, int kPanelRowBytes, template <int> class PatternOf>
struct SlicedLayout {
  static constexpr int kRowBytes = kPanelRowBytes < 128 ? kPanelRowBytes : 128;
  using Pattern = PatternOf<kRowBytes>;
  static constexpr int kAlignment = Pattern::kAlignment;
  static constexpr int kBytes = kRows * kPanelRowBytes;
  static_assert(kRowBytes == 32 || kRowBytes == 64 || kRowBytes == 128);
  static_assert(kPanelRowBytes % kRowBytes == 0);

  // Where a byte lies. `at` counts bytes within a row.
  static constexpr MOAT_SHARED_FN int offset(Position at) {
    return Pattern::place(at.row, at.col % kRowBytes) + at.col / kRowBytes * kSlice;
  }

  // Where origin + at lies, if the binary digits of the two do not overlap: what depends on `at`, a
  // lane's part, is computed apart, so that it is the same for all origins in an unrolled loop.
  static constexpr MOAT_SHARED_FN int offset(Position origin, Position at) {
    const int row_in_pattern = origin.row % Pattern::kRows;
    const int in_pattern = Pattern::place(row_in_pattern, origin.col % kRowBytes);
    return (offset(at) ^ in_pattern) + (origin.row - row_in_pattern) * kRowBytes +
           origin.col / kRowBytes * kSlice;
  }

 private:
  static constexpr int kSlice = kRows * kRowBytes;
};

// Eight rows read in the same column touch all banks: the address bits 4 … 6 (as many as a row has)
// are XORed with the bits 7 … 9. TMA and wgmma call it the swizzle of 128, 64 or 32 bytes, which is
// why a panel begins at a multiple of 1024.
template <int kRowBytes>
struct TensorSwizzle {
  static constexpr int kAlignment = 1024;
  static constexpr int kRows = 8;

  static constexpr MOAT_SHARED_FN int place(int row, int col) {
    const int linear = row * kRowBytes + col;
    return linear ^ ((linear >> 7 & (kRowBytes / 16 - 1)) << 4);
  }
};
template <int kRows, int kPanelRowBytes>
using Swizzled = SlicedLayout<kRows, kPanelRowBytes, TensorSwizzle>;

// An architecture may name another layout.
template <class Atoms, int kRows, int kRowBytes>
struct LayoutOf {
  using type = Swizzled<kRows, kRowBytes>;
};
template <class Atoms, int kRows, int kRowBytes>
  requires requires { typename Atoms::template Layout<kRows, kRowBytes>; }
struct LayoutOf<Atoms, kRows, kRowBytes> {
  using type = typename Atoms::template Layout<kRows, kRowBytes>;
};

}  // namespace moat::simt
