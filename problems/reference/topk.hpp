// SPDX-License-Identifier: Apache-2.0
// The largest elements of a row. Pointers of the problem are the host's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "problems/reference/estimate.hpp"
#include "problems/topk.hpp"

namespace moat::reference {

// Columns of the k largest elements of a row, in order.
inline std::vector<std::int64_t> largest_of_row(const TopkProblem& p, std::int64_t row) {
  return with_dtype(p.dtype, [&]<class T>(Type<T>) {
    const T* x = static_cast<const T*>(p.x) + row * p.cols;
    std::vector<std::int64_t> columns(p.cols);
    std::iota(columns.begin(), columns.end(), 0);
    const auto comes_first = [&](std::int64_t a, std::int64_t b) {
      const float left = to_float(x[a]);
      const float right = to_float(x[b]);
      if (std::isnan(left) != std::isnan(right)) return std::isnan(left);
      return left > right || (!(left < right) && a < b);
    };
    std::partial_sort(columns.begin(), columns.begin() + p.k, columns.end(), comes_first);
    columns.resize(p.k);
    return columns;
  });
}

}  // namespace moat::reference
