// SPDX-License-Identifier: Apache-2.0
// What codes and their scales must be, for every kernel that writes them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bench/verify/expected.hpp"
#include "problems/scales.hpp"

namespace moat {

// A number before it is quantised, and how far an implementation's may lie from it.
struct Number {
  double value = 0;
  double error = 0;
};

// Codes of rows × cols numbers, dense, and the scales of blocks of block_rows × kPerScale.
struct Quantised {
  Code code;
  bool ue8m0;
  int rows;
  int cols;
  int block_rows;
  // Fills a row of `cols` numbers; called by all threads.
  std::function<void(std::int64_t row, std::span<Number>)> numbers;
};

// Compares every scale and every code, and enters the loss. A scale is held to the largest absolute
// value of its block's numbers, a code to the scale that was stored: it is the one nearest to
// x ÷ scale, or to what errors, of x and of the quotient, may make of that. −0 counts as 0, and any
// NaN as NaN.
void check_quantised(Check& check, const Quantised& want, const std::byte* codes,
                     const std::byte* scales);

}  // namespace moat
