// SPDX-License-Identifier: Apache-2.0
// Where the rows of tokens go that are sorted by expert. Pointers of the problem are the host's.
#pragma once

#include <cstdint>
#include <vector>

#include "problems/moe_permute.hpp"

namespace moat::reference {

struct SortedRows {
  std::vector<std::int64_t> bounds;     // of each expert's rows
  std::vector<std::int64_t> positions;  // of each index
};

inline SortedRows sorted_by_expert(const MoePermuteProblem& p) {
  const auto* indices = static_cast<const std::int64_t*>(p.indices);
  const std::int64_t count = std::int64_t{p.tokens} * p.top;
  SortedRows sorted{.bounds = std::vector<std::int64_t>(p.experts + 1),
                    .positions = std::vector<std::int64_t>(count)};
  for (std::int64_t i = 0; i < count; ++i) ++sorted.bounds[indices[i] + 1];
  for (int e = 0; e < p.experts; ++e) sorted.bounds[e + 1] += sorted.bounds[e];
  std::vector<std::int64_t> next = sorted.bounds;
  for (std::int64_t i = 0; i < count; ++i) sorted.positions[i] = next[indices[i]]++;
  return sorted;
}

}  // namespace moat::reference
