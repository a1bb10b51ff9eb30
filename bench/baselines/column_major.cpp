// SPDX-License-Identifier: Apache-2.0
#include "bench/baselines/column_major.hpp"

namespace moat {

ColumnMajorProduct column_major(const GemmProblem& p) {
  const auto seen = [](int rows, int cols, std::int64_t leading) {
    return ColumnMajorMatrix{.rows = cols, .cols = rows, .leading = leading != 0 ? leading : cols};
  };
  const bool transposed = p.order_b == Order::transposed;
  return {.transpose_first = transposed,
          .inner = p.k,
          .first = transposed ? seen(p.n, p.k, p.ldb) : seen(p.k, p.n, p.ldb),
          .second = seen(p.m, p.k, p.lda),
          .result = seen(p.m, p.n, p.ldc)};
}

}  // namespace moat
