// How a panel lies in the fast memory (LDS) of AMD GPUs.
#pragma once

#include "backends/simt/atoms.hpp"

namespace moat::hip {

// Like simt::Swizzled, but 16 rows read in the same or in neighbouring 16-byte columns meet no bank
// twice: ds_read_b128 serves lanes 0 … 3 together with 20 … 23, which are other rows of a fragment
// in the next column, and a transposing write serves rows that are 8 apart. Two more bits of the
// row are therefore XORed into the column. tests/backends/hip/lds_test.cpp counts the conflicts.
template <int kRows, int kPanelRowBytes>
struct LdsLayout {
  static constexpr int kAlignment = 128;
  static constexpr int kRowBytes = kPanelRowBytes < 128 ? kPanelRowBytes : 128;
  static constexpr int kBytes = kRows * kPanelRowBytes;
  static_assert(kRowBytes == 32 || kRowBytes == 64 || kRowBytes == 128);
  static_assert(kPanelRowBytes % kRowBytes == 0);

  // Where a byte lies. `at` counts bytes within a row.
  static constexpr MOAT_SHARED_FN int offset(simt::Position at) {
    return swizzled(at.row, at.col % kRowBytes) + at.col / kRowBytes * kSlice;
  }

  // Where origin + at lies, if the binary digits of the two do not overlap.
  static constexpr MOAT_SHARED_FN int offset(simt::Position origin, simt::Position at) {
    const int row_in_pattern = origin.row % kPatternRows;
    return (offset(at) ^ swizzled(row_in_pattern, origin.col % kRowBytes)) +
           (origin.row - row_in_pattern) * kRowBytes + origin.col / kRowBytes * kSlice;
  }

 private:
  static constexpr int kSlice = kRows * kRowBytes;
  static constexpr int kPatternRows = 32;
  static constexpr int kChunks = kRowBytes / 16;

  static constexpr MOAT_SHARED_FN int swizzled(int row, int col) {
    const int line = row * kRowBytes / 128;
    const int folded = (row >> 3 & 1) * (kChunks / 2) ^ (row >> 4 & 1) * (kChunks / 4);
    return (row * kRowBytes + col) ^ ((line ^ folded) & (kChunks - 1)) << 4;
  }
};

}  // namespace moat::hip
