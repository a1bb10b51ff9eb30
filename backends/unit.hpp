// SPDX-License-Identifier: Apache-2.0
// Arithmetic units of a processor that libraries may use, whatever the kernels here use: what the
// harness needs to measure their ceilings.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "problems/dtype.hpp"

namespace moat {

// A call of a unit's loop. Every thread computes the same.
struct UnitCall {
  const void* a = nullptr;  // m × k, row by row, of the unit's type
  const void* b = nullptr;  // k × n, row by row, of the unit's type
  double* c = nullptr;      // of each thread m × n: rounds · steps_per_round · a · b
  std::int64_t rounds = 1;
};

// One unit. Its loop multiplies two small matrices that stay in registers, again and again, each
// product added to the sums of those before: of integers the result is exact, and tells how many
// products were added up to it.
struct Unit {
  std::string name = {};  // its instructions, and the type
  // Of the factors; none: 8-bit integers, those of `a` not negative.
  std::optional<DType> type = {};
  // Why its loop cannot run; empty if it can. The rest is empty then, but for `reachable`.
  std::string missing = {};
  // Whether other code of this process may use the unit nevertheless: not what the system bars.
  bool reachable = true;
  int m = 0, n = 0, k = 0;
  int steps_per_round = 0;
  int threads = 0;
  // The largest sum that is exact: 2¹¹ in f16, 2²⁴ in f32, and how many steps a sum lasts before it
  // is added to a wider one.
  double largest_sum = 0;
  int steps_per_sum = 0;
  std::function<void(const UnitCall&)> run = {};

  // Multiplications and additions of a call.
  double operations(std::int64_t rounds) const {
    return 2.0 * m * n * k * steps_per_round * threads * static_cast<double>(rounds);
  }
};

}  // namespace moat
