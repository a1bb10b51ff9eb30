// SPDX-License-Identifier: Apache-2.0
// The values of inputs: random, with rows and elements among them that decide what uniform numbers
// cannot. Pointers of the problem are the host's, its inputs are uniform in (−1, 1) before and are
// changed in place. The result depends on the problem and the seed alone.
#pragma once

#include <cstdint>

#include "problems/problem.hpp"

namespace moat {

// One for each problem; what each plants, and why, stands where it is defined.
#define MOAT_ROW(P) void fill(const P& p, std::uint64_t seed);
MOAT_PROBLEMS(MOAT_ROW)
#undef MOAT_ROW

// Positive and negative elements of a sum take turns in runs of so many.
inline constexpr std::int64_t kSignRun = std::int64_t{1} << 16;

}  // namespace moat
