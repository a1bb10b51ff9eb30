// SPDX-License-Identifier: Apache-2.0
// The values of inputs: random, with rows and elements among them that decide what uniform numbers
// cannot. Pointers of the problem are the host's, its inputs are uniform in (−1, 1) before and are
// changed in place. The result depends on the problem and the seed alone.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "problems/problem.hpp"

namespace moat {

// For each problem; what is planted, and why, stands where it is defined. Where rows are of several
// kinds in turn, `first` is the first one's.
#define MOAT_ROW(P)                                         \
  void fill(const P& p, std::uint64_t seed, int first = 0); \
  int row_kinds(const P& p);
MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW

// Kinds that are tried alone, for kernels that promise them. Of softmax, max and argmax: −∞
// throughout. Of max, argmax and quantisation: NaN, which they pass over, between the numbers. Of
// top-k: NaN, which counts as larger than any number, likewise.
inline constexpr int kNothing = -1;
inline constexpr int kNotANumber = -2;
std::vector<int> special_kinds(const Problem& problem);

// How many kinds there are; 0 where rows are alike, or there are none.
inline int row_kinds(const Problem& problem) {
  return std::visit([](const auto& p) { return row_kinds(p); }, problem);
}

// Positive and negative elements of a sum take turns in runs of so many.
inline constexpr std::int64_t kSignRun = std::int64_t{1} << 16;

}  // namespace moat
