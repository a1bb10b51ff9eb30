// SPDX-License-Identifier: Apache-2.0
// What is done with the sums of matrix units, whose vectors hold columns of a row.
#pragma once

#include <algorithm>
#include <concepts>

#include "backends/cpu/accumulator.hpp"

namespace moat::cpu {

// kRows × kCols sums: the first `rows` rows are in memory, all others are zeros, and the first
// `cols` columns are used, whole vectors. lanes(row, col) is where kLanes columns from `col` on
// lie; reach(rows, cols) is called before a product of that size is added.
template <class S>
concept SumsByRows = requires(S& sums) {
  { S::kRows } -> std::same_as<const int&>;
  { S::kCols } -> std::same_as<const int&>;
  { sums.lanes(0, 0) } -> std::same_as<float*>;
  { sums.reach(1, 1) } -> std::same_as<bool>;
  { sums.rows } -> std::same_as<int&>;
  { sums.cols } -> std::same_as<int&>;
  sums.clear();
};

// Calls f(vector, row, its first column) → vector for all that products have reached.
template <SumsByRows S, class F>
HWY_INLINE void map_lanes(S& acc, F f) {
  for (int row = 0; row < acc.rows; ++row) {
    for (int col = 0; col < acc.cols; col += kLanes) {
      float* x = acc.lanes(row, col);
      hn::Store(f(FloatLanes(hn::Load(FloatTag{}, x)), row, col).v, FloatTag{}, x);
    }
  }
}

template <SumsByRows S, class F>
void map_rows(S& acc, const Rows<S::kRows>& rows, F f) {
  map_lanes(acc, [&](FloatLanes x, int row, int) { return f(x, FloatLanes(rows.values[row])); });
}

template <SumsByRows S, class F>
void map_indexed(S& acc, F f) {
  map_lanes(acc, [&](FloatLanes x, int row, int col) { return f(x, row, IntLanes::iota(col)); });
}

// Of all that products have reached: f(element, the value of its column), 0 beyond the last.
template <SumsByRows S, class F>
void map_columns(S& acc, const Tensor<const float>& from, Coord at, F f) {
  alignas(64) float values[S::kCols] = {};
  std::copy_n(address(from, at), live(from.cols, at.col, S::kCols), values);
  map_lanes(acc, [&](FloatLanes x, int, int col) {
    return f(x, FloatLanes(hn::Load(FloatTag{}, values + col)));
  });
}

// sum += part · the value of its row · factor, of all that a product has reached; part becomes 0.
template <SumsByRows S>
void add_scaled(S& sum, S& part, const Rows<S::kRows>& rows, float factor) {
  sum.reach(part.rows, 0);
  const FloatTag d;
  for (int row = 0; row < part.rows; ++row) {
    const auto scale = hn::Set(d, rows.values[row] * factor);
    for (int col = 0; col < part.cols; col += kLanes) {
      float* to = sum.lanes(row, col);
      hn::Store(hn::MulAdd(hn::Load(d, part.lanes(row, col)), scale, hn::Load(d, to)), d, to);
    }
  }
  part.clear();
}

// Rounds sums to T and writes what lies inside the tensor and the columns in use.
template <class T, SumsByRows S>
void store(const Tensor<T>& to, Coord at, const S& acc, int most_rows = S::kRows) {
  const int rows = live(to.rows, at.row, most_rows);
  const int cols = live(to.cols, at.col, acc.cols);
  const FloatTag d;
  for (int row = 0; row < rows; ++row) {
    T* out = address(to, at) + row * to.row_stride;
    for (int col = 0; col < cols; col += kLanes) {
      const FloatLanes x(row < acc.rows ? hn::Load(d, acc.lanes(row, col)) : hn::Zero(d));
      if (col + kLanes <= cols) {
        store(d, x.v, out + col);
      } else {
        LastPosition{.offset = col, .count = cols - col}.store(out, x);
      }
    }
  }
}

}  // namespace moat::cpu
