// SPDX-License-Identifier: Apache-2.0
// Gather of embeddings, one element at a time. Pointers of the problem are the host's.
#pragma once

#include <cstdint>

#include "problems/gather.hpp"
#include "problems/reference/estimate.hpp"

namespace moat::reference {

// Element `col` of y's row for a token, exactly.
inline double gather_element(const GatherProblem& p, std::int64_t token, std::int64_t col) {
  const std::int64_t row = static_cast<const std::int64_t*>(p.ids)[token];
  return read(p.table, p.dtype, row * p.dim + col);
}

}  // namespace moat::reference
