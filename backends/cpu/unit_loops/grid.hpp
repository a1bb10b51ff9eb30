// SPDX-License-Identifier: Apache-2.0
// The loop over units that multiply vectors: a grid of sums in registers, to each of which the
// product of its row's factor and its vector of b is added. In an unnamed namespace, so that each
// file has a copy of its own instruction set.
#pragma once

namespace moat::cpu {
namespace {

// UnitLoop::block. U has the types Factor and Sum and, all static,
//   row(a, i), column(b, j)   the factor of a row, a vector of b
//   zero(), add(sum, row, column)
//   store(sums, i, j, sum)
template <class U, int kRows, int kVectors>
void grid_block(const void* a, const void* b, void* sums, int steps) {
  typename U::Factor row[kRows];
  typename U::Factor column[kVectors];
  typename U::Sum sum[kRows][kVectors];
  // Fully, so that the arrays are registers.
#pragma GCC unroll 16
  for (int j = 0; j < kVectors; ++j) column[j] = U::column(b, j);
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    row[i] = U::row(a, i);
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sum[i][j] = U::zero();
  }
  for (int s = 0; s < steps; ++s) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) sum[i][j] = U::add(sum[i][j], row[i], column[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) U::store(sums, i, j, sum[i][j]);
  }
}

}  // namespace
}  // namespace moat::cpu
