// SPDX-License-Identifier: Apache-2.0
// The products of a grouped GEMM, one by one. Pointers of the problem are the host's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problems/gemm.hpp"
#include "problems/grouped_gemm.hpp"

namespace moat::reference {

// An expert's rows: which of A and C they are, counted through all matrices, and the GEMM that they
// are, which points to A and B; m is 0 where there are none.
struct ExpertProduct {
  std::int64_t first = 0;
  GemmProblem gemm;
};

inline std::vector<ExpertProduct> expert_products(const GroupedGemmProblem& p) {
  const auto* rows = static_cast<const std::int64_t*>(p.rows);
  const auto element = [&](const void* data, std::int64_t index) {
    return static_cast<const std::byte*>(data) +
           index * static_cast<std::int64_t>(size_of(p.dtype));
  };
  std::vector<ExpertProduct> products;
  for (int e = 0; e < p.experts; ++e) {
    const std::int64_t first = p.masked > 0 ? e * p.masked : rows[e];
    const std::int64_t count = p.masked > 0 ? rows[e] : rows[e + 1] - rows[e];
    products.push_back({.first = first,
                        .gemm = {.dtype = p.dtype,
                                 .m = static_cast<int>(count),
                                 .n = p.n,
                                 .k = p.k,
                                 .order_b = Order::transposed,
                                 .a = element(p.a, first * p.k),
                                 .b = element(p.b, std::int64_t{e} * p.n * p.k)}});
  }
  return products;
}

}  // namespace moat::reference
