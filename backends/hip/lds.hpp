// SPDX-License-Identifier: Apache-2.0
// How a panel lies in the fast memory (LDS) of AMD GPUs.
#pragma once

#include "backends/simt/layout.hpp"

namespace moat::hip {

// 16 rows read in the same or in neighbouring 16-byte columns meet no bank twice, which
// simt::TensorSwizzle does not give: ds_read_b128 serves lanes 0 … 3 together with 20 … 23, which
// are other rows of a fragment in the next column, and a transposing write serves rows that are 8
// apart. Two more bits of the row are therefore XORed into the column.
// tests/backends/hip/lds_test.cpp counts the conflicts.
template <int kRowBytes>
struct LdsSwizzle {
  static constexpr int kAlignment = 128;
  static constexpr int kRows = 32;

  static constexpr MOAT_SHARED_FN int place(int row, int col) {
    const int line = row * kRowBytes / 128;
    const int folded = (row >> 3 & 1) * (kChunks / 2) ^ (row >> 4 & 1) * (kChunks / 4);
    return (row * kRowBytes + col) ^ ((line ^ folded) & (kChunks - 1)) << 4;
  }

 private:
  static constexpr int kChunks = kRowBytes / 16;
};
template <int kRows, int kPanelRowBytes>
using LdsLayout = simt::SlicedLayout<kRows, kPanelRowBytes, LdsSwizzle>;

}  // namespace moat::hip
